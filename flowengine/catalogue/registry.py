"""All entries, in the order in which people see them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Union

from flowengine.catalogue import (
    autoregressive,
    baselines,
    bases,
    continuous,
    coupling,
    elementwise,
    linear,
    residual,
)
from flowengine.catalogue.specs import BaselineSpec, BaseSpec, ContinuousSpec, LayerSpec

if TYPE_CHECKING:
    from types import ModuleType

    from msgspec import Struct

FAMILIES = (elementwise, linear, coupling, autoregressive, residual)


def _entries(base: type[Struct], module: ModuleType) -> list[type[Any]]:
    """The specs that a module declares; those without a tag of their own are only bases."""
    return [
        cls
        for cls in vars(module).values()
        if isinstance(cls, type)
        and issubclass(cls, base)
        and cls.__module__ == module.__name__
        and cls.__struct_config__.tag != cls.__name__
    ]


LAYER_SPECS: tuple[type[LayerSpec], ...] = tuple(
    cls for family in FAMILIES for cls in _entries(LayerSpec, family)
)
CONTINUOUS_SPECS: tuple[type[ContinuousSpec], ...] = tuple(_entries(ContinuousSpec, continuous))
BASE_SPECS: tuple[type[BaseSpec], ...] = tuple(_entries(BaseSpec, bases))
BASELINE_SPECS: tuple[type[BaselineSpec], ...] = tuple(_entries(BaselineSpec, baselines))

if TYPE_CHECKING:
    AnyLayer = LayerSpec
    AnyContinuous = ContinuousSpec
    AnyBase = BaseSpec
else:
    AnyLayer = Union[LAYER_SPECS]  # noqa: UP007  the union is built from the classes above
    AnyContinuous = Union[CONTINUOUS_SPECS]  # noqa: UP007
    AnyBase = Union[BASE_SPECS]  # noqa: UP007
