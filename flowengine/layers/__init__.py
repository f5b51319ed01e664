"""The layers of a discrete stack, one family a file.

Importing the package imports every module in it, so that a layer exists as soon as its file does.
What a stack is described with, such as `AffineCoupling(width=32)`, is here by name too; see
`flowengine.catalogue`.
"""

from __future__ import annotations

import importlib
import pkgutil
from typing import Any

from flowengine.catalogue import LAYER_SPECS
from flowengine.layers.base import Columns, Layer, build_layer, implements

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")

_SPECS = {spec.__name__: spec for spec in LAYER_SPECS}
__all__ = ["Columns", "Layer", "build_layer", "implements"]


def __getattr__(name: str) -> Any:  # noqa: ANN401
    if name in _SPECS:
        return _SPECS[name]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*__all__, *_SPECS})
