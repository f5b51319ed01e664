"""The ways of taking something away, one a file: its picture, its form and its maker.

Another way is another module with a `FORMAT`: it is found here.
"""

from __future__ import annotations

import importlib
import pkgutil
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from explorer.export.format import Format


def _found() -> tuple[Format, ...]:
    modules = (
        importlib.import_module(f"{__name__}.{found.name}")
        for found in pkgutil.iter_modules(__path__)
    )
    return tuple(sorted((module.FORMAT for module in modules), key=lambda found: found.place))


FORMATS: Final = _found()
