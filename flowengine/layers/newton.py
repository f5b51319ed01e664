"""Newton's method in the plane, each point by itself, with implicit gradients."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch import Tensor

from flowengine.errors import NumericsError
from flowengine.layers.implicit import REFINEMENTS, implicit
from flowengine.modes import needs_plain

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from flowengine.layers.base import Columns

STEPS = 60
"""Enough for the last digits of a double wherever halved steps can come near; most need five."""
SHORTEST = 2.0**-20
"""No smaller part of Newton's step is tried."""


class Jacobian(NamedTuple):
    """The 2×2 Jacobian [[a, b], [c, d]] of a map at every point, each entry of shape (batch,)."""

    a: Tensor
    b: Tensor
    c: Tensor
    d: Tensor

    def det(self) -> Tensor:
        """Its determinant, shape (batch,)."""
        return self.a * self.d - self.b * self.c

    def transposed(self) -> Jacobian:
        """Rows and columns exchanged."""
        return Jacobian(self.a, self.c, self.b, self.d)

    def solve(self, y: Columns) -> Columns:
        """The vectors that it takes to y."""
        det = self.det()
        return (self.d * y[0] - self.b * y[1]) / det, (self.a * y[1] - self.c * y[0]) / det


if TYPE_CHECKING:
    PlaneMap = Callable[..., tuple[Columns, Jacobian]]


def solve_plane(
    plane_map: PlaneMap,
    goal: Columns,
    start: Columns,
    *,
    name: str,
    given: Sequence[Tensor] = (),
) -> Columns:
    """The points that a map of the plane takes to `goal`.

    Newton's method with the exact Jacobian; a step that does not come nearer is halved until it
    does. Derivatives are those of the implicit function theorem; up to the third if nothing is
    given.

    Args:
        plane_map: Takes columns and what is given to the columns there and the Jacobian, which must
            nowhere be singular.
        goal: Columns of shape (batch,).
        start: Where to begin, near the root where that is known. Needs no gradient.
        name: What the map is called in an error.
        given: All tensors that the map depends on: if they are named, gradients cost less.

    Raises:
        NumericsError: the method stops short of a root. Asked only where no gradient is wanted.
    """

    def at(p: Columns) -> tuple[Columns, Jacobian]:
        return plane_map(p, *given)

    def equation(p: Any, given: Sequence[Tensor]) -> Any:  # noqa: ANN401
        values, jacobian = plane_map(p, *given)
        return values, jacobian.transposed().solve

    with torch.no_grad():
        root, miss = _newton(at, _bare(goal), _bare(start))
    plain = needs_plain()
    if not torch.is_grad_enabled() and not plain:
        _check(root, miss, goal, name)
        return root
    root = _bare(root)
    if given and not plain:
        x, y = implicit(equation, root, goal, given)
        return x, y
    for _ in range(REFINEMENTS):
        value, jacobian = at(root)
        away = value[0] - goal[0], value[1] - goal[1]
        step = jacobian.solve((away[0] - away[0].detach(), away[1] - away[1].detach()))
        root = root[0] - step[0], root[1] - step[1]
    return root


def _newton(plane_map: PlaneMap, goal: Columns, start: Columns) -> tuple[Columns, Tensor]:
    """Points at least as near as the start, and how far their images are from the goal.

    A point rests once its image meets the goal up to rounding, or near that gains nothing more, or
    where no part of a step helps. Then it is left alone, and so does not depend on its neighbours.
    """
    rounding = torch.finfo(goal[0].dtype).eps * _size(goal).clamp(min=0.5)
    x = start
    miss, step = _state(plane_map, x, goal)
    length = torch.ones_like(miss)
    rests = miss <= rounding
    early = not needs_plain()
    for _ in range(STEPS):
        if early and bool(rests.all()):
            break
        there = x[0] - length * step[0], x[1] - length * step[1]
        miss_there, step_there = _state(plane_map, there, goal)
        better = (miss_there < miss) & ~rests
        x, step = _where(better, there, x), _where(better, step_there, step)
        miss = torch.where(better, miss_there, miss)
        length = torch.where(better, 1.0, 0.5 * length)
        rests = rests | (miss <= rounding) | (~better & (miss <= 256 * rounding))
        rests = rests | (length < SHORTEST)
    return x, miss


def _state(plane_map: PlaneMap, x: Columns, goal: Columns) -> tuple[Tensor, Columns]:
    """How far the images are from the goal, and the step that would bring them there."""
    value, jacobian = plane_map(x)
    away = value[0] - goal[0], value[1] - goal[1]
    return _size(away), jacobian.solve(away)


def _bare(p: Columns) -> Columns:
    return p[0].detach(), p[1].detach()


def _size(p: Columns) -> Tensor:
    return torch.maximum(p[0].abs(), p[1].abs())


def _where(choice: Tensor, one: Columns, other: Columns) -> Columns:
    return torch.where(choice, one[0], other[0]), torch.where(choice, one[1], other[1])


def _check(root: Columns, miss: Tensor, goal: Columns, name: str) -> None:
    """Refuse a root that is none.

    Raises:
        NumericsError: at some point; the message names the first.
    """
    size = _size(goal)
    allowed = torch.finfo(miss.dtype).eps ** 0.6 * (1 + size)
    bad = ~(miss <= allowed) & size.isfinite()
    if bool(bad.any()):
        k = int(bad.nonzero()[0])
        raise NumericsError(
            "The layer {name} cannot be inverted numerically at ({goal}, {goal_}): "
            "its image must come within {allowed} of the point, got {miss}",
            name=name,
            goal=f"{float(goal[0][k]):.6g}",
            goal_=f"{float(goal[1][k]):.6g}",
            allowed=f"{float(allowed[k]):.1e}",
            miss=f"{float(miss[k]):.1e}",
        )
