"""The parts of a panel's picture, one a file.

Another part is another module with an `OVERLAY`, and a field of `Shown`: it is found here.
"""

from __future__ import annotations

import importlib
import pkgutil
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from explorer.panels.overlay import Overlay


def _found() -> dict[str, Overlay]:
    modules = (
        importlib.import_module(f"{__name__}.{found.name}")
        for found in pkgutil.iter_modules(__path__)
    )
    overlays = sorted((module.OVERLAY for module in modules), key=lambda found: found.place)
    return {overlay.name: overlay for overlay in overlays}


OVERLAYS: Final = _found()
"""By name, in the order of their switches."""
