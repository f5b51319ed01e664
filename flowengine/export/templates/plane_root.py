"""Template: Newton's method in the plane."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from collections.abc import Callable


def solve_plane(
    plane_map: Callable[[Tensor], tuple[Tensor, Tensor]], goal: Tensor, start: Tensor
) -> Tensor:
    """The points (batch, 2) that a map takes to `goal`; it returns values and 2×2 Jacobians.

    A step that does not come nearer is halved until it does. A point rests once rounding is all
    that is left. The points have the derivatives of the implicit function.
    """
    x = nearest(plane_map, goal, start)
    for _ in range(2):  # steps with gradients: so derivatives are right, up to the third
        value, jacobian = plane_map(x)
        miss = value - goal
        x = x - divide(miss - miss.detach(), jacobian)
    return x


@torch.no_grad()
def nearest(
    plane_map: Callable[[Tensor], tuple[Tensor, Tensor]], goal: Tensor, start: Tensor
) -> Tensor:
    """The points that `solve_plane` finds."""
    x, length = start, torch.ones_like(goal[:, :1])
    rounding = torch.finfo(goal.dtype).eps * goal.abs().amax(1, keepdim=True).clamp(min=0.5)
    value, jacobian = plane_map(x)
    miss, step = (value - goal).abs().amax(1, keepdim=True), divide(value - goal, jacobian)
    rests = miss <= rounding
    for _ in range(60):
        if not torch.compiler.is_compiling() and rests.all():
            break
        there = x - length * step
        value, jacobian = plane_map(there)
        miss_there = (value - goal).abs().amax(1, keepdim=True)
        better = (miss_there < miss) & ~rests
        step = torch.where(better, divide(value - goal, jacobian), step)
        x, miss = torch.where(better, there, x), torch.where(better, miss_there, miss)
        length = torch.where(better, torch.ones_like(length), length / 2)
        rests = rests | (miss <= rounding) | (~better & (miss <= 256 * rounding))
        rests = rests | (length < 1e-6)
    return x


def divide(y: Tensor, jacobian: Tensor) -> Tensor:
    """The vectors that 2×2 matrices take to y."""
    (a, b), (c, d) = jacobian.permute(1, 2, 0)
    solved = torch.stack([d * y[:, 0] - b * y[:, 1], a * y[:, 1] - c * y[:, 0]], -1)
    return solved / determinant(jacobian)[:, None]


def determinant(jacobian: Tensor) -> Tensor:
    """Of 2×2 matrices, (batch, 2, 2) to (batch,)."""
    return jacobian[:, 0, 0] * jacobian[:, 1, 1] - jacobian[:, 0, 1] * jacobian[:, 1, 0]
