"""The derivatives of a root that was found without gradients."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from flowengine.gradients import copies_of
from flowengine.modes import in_full_precision

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    Tensors = tuple[Tensor, ...]
    Equation = Callable[[Tensors, Sequence[Tensor]], tuple[Tensors, Callable[[Tensors], Tensors]]]

REFINEMENTS = 2
"""Newton's steps with gradients: each doubles the order to which derivatives of a root are right.

One is right for the first alone, two are right up to the third.
"""


def implicit(equation: Equation, root: Tensors, goal: Tensors, given: Sequence[Tensor]) -> Tensors:
    """A root, with derivatives of any order by what it is a root of.

    By the implicit function theorem: the map is looked at once, when the gradient is asked for.

    Args:
        equation: Takes a place and tensors to the values of the map there, and to what solves its
            transposed Jacobian.
        root: The place where the values are the goal, found without gradients.
        goal: Those values.
        given: The tensors that the map is made of.
    """
    found: Tensors = _Implicit.apply(equation, len(root), *root, *goal, *given)  # type: ignore[no-untyped-call]
    return found


class _Implicit(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, equation: Equation, count: int, *tensors: Tensor) -> Tensors:  # noqa: ANN401
        root = tuple(column.clone() for column in tensors[:count])
        ctx.equation, ctx.count = equation, count
        ctx.save_for_backward(*root, *tensors[2 * count :])
        return root

    @staticmethod
    @in_full_precision
    def backward(ctx: Any, *g: Tensor) -> tuple[Tensor | None, ...]:  # noqa: ANN401
        count, saved, again = ctx.count, ctx.saved_tensors, torch.is_grad_enabled()
        wanted = ctx.needs_input_grad[2 + 2 * count :]
        with torch.enable_grad():
            root = tuple(column if again else column.detach() for column in saved[:count])
            own = copies_of(saved[count:], wanted, again=again)
            values, solve = ctx.equation(root, own)
        g_goal = solve(g)
        asked = [x for x, w in zip(own, wanted, strict=True) if w]
        found: Iterator[Tensor] = iter(())
        if asked:
            by_values = [-column for column in g_goal]
            found = iter(
                torch.autograd.grad(values, asked, by_values, create_graph=again, allow_unused=True)
            )
        by_given = (next(found) if w else None for w in wanted)
        return None, None, *(None,) * count, *g_goal, *by_given
