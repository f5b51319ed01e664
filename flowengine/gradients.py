"""Where gradients are added up, and what stands in for those that are written by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from flowengine.modes import needs_plain

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def gradient_of(parameter: Tensor) -> Tensor:
    """The `.grad` of a parameter, zero to begin with."""
    gradient: Tensor | None = parameter.grad
    if gradient is None:
        gradient = parameter.grad = torch.zeros_like(parameter)
    return gradient


def places_for(parameters: Sequence[Tensor]) -> tuple[Tensor, ...] | None:
    """Where the gradients of a layer's weights are added to; None if none of them learns.

    A weight that does not learn beside others that do gets a place that is thrown away.
    """
    if not any(parameter.requires_grad for parameter in parameters):
        return None
    return tuple(gradient_of(p) if p.requires_grad else torch.zeros_like(p) for p in parameters)


def wants_plain(g: Sequence[Tensor]) -> bool:
    """Whether a `backward` must leave its work to `plain_gradients`.

    It must if its result is to be differentiated again, or if many backward passes are one.

    Args:
        g: The gradients that it is given.
    """
    batched = torch._C._functorch.is_legacy_batchedtensor  # as `is_grads_batched` makes them
    return torch.is_grad_enabled() or needs_plain() or any(map(batched, g))


def plain_gradients(
    function: Callable[..., Sequence[Tensor]],
    inputs: Sequence[Tensor],
    wanted: Sequence[bool],
    g: Sequence[Tensor],
) -> list[Tensor | None]:
    """The gradients of a function by its inputs, by autograd, for a `backward` to return.

    They can be differentiated again where gradients are being recorded.

    Args:
        function: Gives tensors, by torch's own operations.
        inputs: What it takes, as they were saved.
        wanted: Of which the gradient is asked for; None comes back for the others.
        g: The gradients of what it gives.
    """
    again = torch.is_grad_enabled()
    with torch.enable_grad():
        own = copies_of(inputs, wanted, again=again)
        results = [(y, by) for y, by in zip(function(*own), g, strict=True) if y.requires_grad]
        asked = [x for x, w in zip(own, wanted, strict=True) if w]
        outputs, by_outputs = zip(*results, strict=True)
        found = iter(
            torch.autograd.grad(outputs, asked, by_outputs, create_graph=again, allow_unused=True)
        )
    return [next(found) if w else None for w in wanted]


def copies_of(inputs: Sequence[Tensor], wanted: Sequence[bool], *, again: bool) -> list[Tensor]:
    """The inputs of a function by themselves, for a gradient by those that are wanted.

    Args:
        inputs: No way may lead from one of them through the past of another.
        wanted: Which of them the gradient is asked for.
        again: Whether it is to be differentiated again, by the inputs.
    """
    if again:
        return [x.view_as(x) for x in inputs]
    return [x.detach().requires_grad_(w) for x, w in zip(inputs, wanted, strict=True)]
