"""Layers and stacks for tests: all that the catalogue has, without naming one."""

from __future__ import annotations

import math

import torch
from hypothesis import strategies as st
from msgspec.structs import replace

from flowengine import catalogue
from flowengine.catalogue import LAYER_SPECS, Field, LayerSpec, fields_of, kind_of
from flowengine.project import with_ids

__all__ = [
    "all_layer_specs",
    "described",
    "kind_of",
    "layer_specs",
    "points",
    "randomised",
    "stacks",
]


def all_layer_specs() -> list[LayerSpec]:
    """Every kind as it comes, and once more with every setting at another value."""
    specs: list[LayerSpec] = [cls() for cls in LAYER_SPECS]
    otherwise: list[LayerSpec] = [
        replace(cls(), **{field.name: _another(field) for field in fields_of(cls)})
        for cls in LAYER_SPECS
        if fields_of(cls)
    ]
    return [*specs, *otherwise]


def described(spec: LayerSpec) -> str:
    """An id for a test: the kind, and whether its settings are the usual ones."""
    return kind_of(spec) if spec == type(spec)() else f"{kind_of(spec)}-otherwise"


def randomised(module: torch.nn.Module, seed: int = 0, strength: float = 0.5) -> torch.nn.Module:
    """The module with weights as after some training: an identity would pass most tests."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for weight in module.parameters():
            fan_in = weight.shape[1] if weight.ndim == 2 else 1
            noise = torch.randn(weight.shape, generator=generator)
            weight.add_(strength / math.sqrt(fan_in) * noise)
    return module


def points(n: int, *, seed: int = 0, spread: float = 1.5) -> torch.Tensor:
    """A float64 batch of normal points, shape (n, 2)."""
    generator = torch.Generator().manual_seed(seed)
    return spread * torch.randn(n, 2, generator=generator, dtype=torch.float64)


def layer_specs() -> st.SearchStrategy[LayerSpec]:
    """Any layer with any settings; networks and splines small, so that tests are quick."""
    return st.one_of([_specs_of(cls) for cls in LAYER_SPECS])


def stacks(max_size: int = 6) -> st.SearchStrategy[tuple[LayerSpec, ...]]:
    """Stacks with at least one layer that is switched on."""
    some = st.lists(layer_specs(), min_size=1, max_size=max_size)
    return some.filter(lambda layers: any(layer.enabled for layer in layers)).map(
        lambda layers: with_ids(tuple(layers))
    )


def _specs_of(cls: type[LayerSpec]) -> st.SearchStrategy[LayerSpec]:
    settings = {field.name: _values_of(field) for field in fields_of(cls)}
    return st.builds(cls, **settings, enabled=st.booleans(), frozen=st.booleans())


def _values_of(field: Field) -> st.SearchStrategy[object]:
    if field.choices:
        return st.sampled_from(field.choices)
    if field.type is bool:
        return st.booleans()
    low, high = field.minimum, field.maximum
    assert low is not None
    assert high is not None
    if field.type is int:
        numbers = st.integers(int(low), min(int(high), int(low) + 6))
        return st.just(field.word) | numbers if field.word else numbers
    low = 0.2 if field.exclusive_minimum else max(low, -2.0)
    return st.floats(low, min(high, 5.0))


def _another(field: Field) -> object:
    """A value that is not the default, near the lower limit."""
    if field.choices:
        return field.choices[-1]
    if field.type is bool:
        return not field.default
    assert field.minimum is not None
    if field.type is int:
        return int(field.minimum) + 2
    return 0.5 * (field.minimum + field.default) if field.minimum > 0 else 0.75


assert catalogue.LAYER_SPECS, "the catalogue is empty"
