"""The layers of a discrete stack, one family a file.

Importing the package imports every module in it, so that a layer exists as soon as its file does.
"""

from __future__ import annotations

import importlib
import pkgutil

from flowengine.layers.base import Columns, Layer, build_layer, implements

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")

__all__ = ["Columns", "Layer", "build_layer", "implements"]
