"""A model in one line, for a person at a prompt."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flowengine.catalogue import kind_of
from flowengine.shorthand import stack_text

if TYPE_CHECKING:
    from torch import nn


def description(model: nn.Module) -> str:
    """What a model is made of, how many weights it has, and their type and device."""
    weights = list(model.parameters())
    parts = [repr(_kinds(model))]
    base: Any = getattr(model, "base", None)
    if base is not None:
        parts.append(f"base={kind_of(base.spec)!r}")
    parts.append(f"{sum(weight.numel() for weight in weights):,} weights")
    if weights:
        parts.append(f"{str(weights[0].dtype).removeprefix('torch.')} on {weights[0].device}")
    return f"{type(model).__name__}({', '.join(parts)})"


def _kinds(model: nn.Module) -> str:
    """The layers of a stack, or the kind of another model, as the command line writes them."""
    layers: Any = getattr(model, "layers", None)
    if layers is None:
        return kind_of(model.spec)  # type: ignore[arg-type]
    return stack_text([layer.spec for layer in layers.children()])
