"""Roots of increasing functions of one number, each point by itself, with implicit gradients."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from collections.abc import Callable

    Curve = Callable[[Tensor], tuple[Tensor, Tensor]]

STEPS = 64
"""Enough for the last digits of a double, also on a curve of steps; a smooth one needs eight."""
FLATTEST = 1e-12
"""A curve flatter than this gives the gradients of this slope, which are finite."""


def solve_monotone(
    curve: Curve, goal: Tensor, low: Tensor, high: Tensor, steps: int = STEPS
) -> Tensor:
    """The root u of curve(u) = goal, for a curve that increases.

    Newton's method in a bracket. Gradients of the root with respect to the goal, and to all that
    the curve was made of, are those of the implicit function theorem.

    Args:
        curve: Takes u, of the shape of `goal`, to the value there and the slope, which is positive;
            it is called with gradients once, at the root.
        goal: What the curve should reach at each point.
        low: Where the curve is not above its goal. Needs no gradient.
        high: Where it is not below.
        steps: At most so many are taken; on a CPU no more once every point rests. A point that
            rests is left alone, so that it does not depend on its neighbours.
    """
    with torch.no_grad():
        root = _newton_in_bracket(curve, goal, low, high, steps)
    if not torch.is_grad_enabled():
        return root
    value, slope = curve(root)
    miss = (value - goal) / slope.detach().clamp(min=FLATTEST)
    return root - (miss - miss.detach())


def _newton_in_bracket(curve: Curve, goal: Tensor, low: Tensor, high: Tensor, steps: int) -> Tensor:
    """Newton's step where it stays in the bracket and is at most half the last one, else halving.

    A point rests once the curve meets its goal up to rounding, or a step hardly moves it: after one
    of Newton's, which squares the error, a little more than rounding will do.
    """
    tiny = torch.finfo(goal.dtype).eps
    enough = tiny * goal.abs().clamp(min=0.5)
    root, last = 0.5 * (low + high), high - low
    rests = torch.zeros_like(root, dtype=torch.bool)
    early = root.is_cpu and not torch.compiler.is_compiling()
    for _ in range(steps):
        value, slope = curve(root)
        miss = value - goal
        rests = rests | (miss.abs() <= enough)
        low, high = torch.where(miss > 0, low, root), torch.where(miss > 0, root, high)
        then = root - miss / slope
        good = (then >= low) & (then <= high) & ((then - root).abs() <= 0.5 * last)
        then = torch.where(good, then, 0.5 * (low + high))
        last = (then - root).abs()
        root = torch.where(rests, root, then)
        rests = rests | (last <= torch.where(good, 64 * tiny, tiny) * root.abs())
        if early and bool(rests.all()):
            break
    return root
