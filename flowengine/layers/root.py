"""Roots of increasing functions of one number, each point by itself, with implicit gradients."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from flowengine.layers.implicit import REFINEMENTS, implicit
from flowengine.modes import needs_plain

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Curve = Callable[..., tuple[Tensor, Tensor]]

STEPS = 64
"""Enough for the last digits of a double, also on a curve of steps; a smooth one needs eight."""
FLATTEST = 1e-12
"""A curve flatter than this gives the gradients of this slope, which are finite."""


def solve_monotone(
    curve: Curve,
    goal: Tensor,
    low: Tensor,
    high: Tensor,
    given: Sequence[Tensor] = (),
    steps: int = STEPS,
) -> Tensor:
    """The root u of curve(u) = goal, for a curve that increases.

    Newton's method in a bracket. Derivatives of the root with respect to the goal, and to all that
    is given to the curve, are those of the implicit function theorem; up to the third also with
    respect to whatever else the curve was made of, if nothing is given.

    Args:
        curve: Takes u, of the shape of `goal`, and what is given to the value there and the slope,
            which is positive.
        goal: What the curve should reach at each point.
        low: Where the curve is not above its goal. Needs no gradient.
        high: Where it is not below.
        given: All tensors that the curve depends on: if they are named, gradients cost less.
        steps: At most so many are taken; on a CPU no more once every point rests. A point that
            rests is left alone, so that it does not depend on its neighbours.
    """

    def at(u: Tensor) -> tuple[Tensor, Tensor]:
        return curve(u, *given)

    def equation(u: tuple[Tensor, ...], given: Sequence[Tensor]) -> Any:  # noqa: ANN401
        value, slope = curve(*u, *given)
        return (value,), lambda g: (g[0] / slope.clamp(min=FLATTEST),)

    with torch.no_grad():
        root = _newton_in_bracket(at, goal.detach(), low.detach(), high.detach(), steps).detach()
    plain = needs_plain()
    if not torch.is_grad_enabled() and not plain:
        return root
    if given and not plain:
        return implicit(equation, (root,), (goal,), given)[0]
    for _ in range(REFINEMENTS):
        value, slope = at(root)
        miss = value - goal
        root = root - (miss - miss.detach()) / slope.clamp(min=FLATTEST)
    return root


def _newton_in_bracket(curve: Curve, goal: Tensor, low: Tensor, high: Tensor, steps: int) -> Tensor:
    """Newton's step where it stays in the bracket and is at most half the last one, else halving.

    A point rests once the curve meets its goal up to rounding, or a step hardly moves it: where it
    is one of Newton's, which squares the error, much more than rounding will do. To wait for less
    is to wait for luck, where the rounding of the curve itself moves a point about.
    """
    tiny = torch.finfo(goal.dtype).eps
    enough = tiny * goal.abs().clamp(min=0.5)
    root, last = 0.5 * (low + high), high - low
    rests = torch.zeros_like(root, dtype=torch.bool)
    early = root.is_cpu and not needs_plain()
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
        still = torch.where(good, 64 * root.abs().clamp(min=1.0), root.abs())
        rests = rests | (last <= tiny * still)
        if early and bool(rests.all()):
            break
    return root
