"""Coordinates in which a continuous flow has nothing left to do but to bend.

The path x_t = a x0 + b x1 between independent points of base and target has, at every time, a mean
and a covariance that are known beforehand. In whitened coordinates, x_t = mean_t + root_t y_t, they
are zero and one throughout: shift, scale and shear are carried exactly, whatever the target's
units, and what a network learns is the rest. Where its velocity ends, far from all data, points
rest in these coordinates, so that the plane is never folded there.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor, nn

from flowengine.catalogue import RectifiedFlow
from flowengine.continuous.paths import Path, path_of
from flowengine.modes import in_full_precision
from flowengine.targets.streams import sobol_points

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flowengine.bases import Base
    from flowengine.targets.grid import GridTarget

BASE_POINTS = 1 << 12
LEAST_REACH = 4.5
ROOM = 1.15  # a window reaches so much farther than the data
LEAST_VARIANCE = 1e-10  # of the widest direction: a target may lie on a line
LEAST_MASS = 1e-7  # of a cell that the window must reach


class Spread(NamedTuple):
    """Mean and covariance of a distribution, shapes (2,) and (2, 2), float64."""

    mean: Tensor
    covariance: Tensor


class Whitening(nn.Module):
    """y and x at every time: x = mean_t + root_t y, with root_t = S U diag(s_t) Uᵀ.

    S is the symmetric root of the base's covariance and U diag(D) Uᵀ the covariance of the target
    seen through S⁻¹; s_t = √(a² + b² D). For two normal distributions and independent pairs the
    flow is then y_t = y_0: the closed-form field between them. A rectified flow, whose pairs become
    those of transport, has s_t = a + b √D: the same for pairs that are joined by straight lines.

    All is kept in buffers, and so in the file of weights. Before `meet` the target counts as one
    with the base's own mean and covariance.

    Args:
        base: Where the paths begin.
        spec: A continuous flow of the catalogue, whose `path` is taken.

    Attributes:
        base_mean, base_root: m₀, shape (2,), and S, shape (2, 2).
        mean: m₁ of the target, shape (2,).
        axes, variances: U, shape (2, 2), and D, shape (2,).
        reach: The radius in y within which base and target lie; a scalar.
    """

    base_mean: Tensor
    base_root: Tensor
    mean: Tensor
    axes: Tensor
    variances: Tensor
    reach: Tensor

    def __init__(self, base: Base, spec: object = None) -> None:
        super().__init__()
        self._path: Path = path_of(spec)
        self._straight = isinstance(spec, RectifiedFlow)
        self._end_slopes = [_slopes(self._path, t) for t in (0.0, 1.0)]
        start = spread_of_base(base)
        root = _symmetric_root(start.covariance)
        self._base_reach = base.reach / math.sqrt(float(start.covariance.trace()) / 2)
        for name, values in {
            "base_mean": start.mean,
            "base_root": root,
            "mean": start.mean,
            "axes": torch.eye(2),
            "variances": torch.ones(2),
            "reach": torch.tensor(max(LEAST_REACH, self._base_reach)),
        }.items():
            self.register_buffer(name, values.float())

    @torch.no_grad()
    def meet(self, target: GridTarget) -> None:
        """Take up the mean, the covariance and the reach of a target."""
        end = spread_of_target(target)
        seen = _inverse(self.base_root.double().cpu())
        covariance = seen @ end.covariance @ seen.T
        variances, axes = torch.linalg.eigh(covariance)
        variances = variances.clamp_min(LEAST_VARIANCE * float(variances.max()))
        whiten = axes @ torch.diag(variances.rsqrt()) @ axes.T @ seen
        reach = ROOM * _farthest(target, end.mean, whiten)
        self.mean.copy_(end.mean)
        self.axes.copy_(axes)
        self.variances.copy_(variances)
        self.reach.fill_(max(LEAST_REACH, self._base_reach, reach))

    @in_full_precision
    def enter(self, x: Tensor, t: float) -> Tensor:
        """From x, shape (batch, 2), to y at one time."""
        shift, root = self._map(t, x)
        return (x - shift) @ _inverse(root).T

    @in_full_precision
    def leave(self, y: Tensor, t: float) -> Tensor:
        """From y, shape (batch, 2), to x at one time."""
        shift, root = self._map(t, y)
        return y @ root.T + shift

    @in_full_precision
    def enter_state(self, state: Tensor, t: float) -> Tensor:
        """The same of points and their tangents, shape (2, 1 + k, batch); see `tangents`."""
        shift, root = self._map(t, state)
        inverse = _inverse(root)
        moved = _applied(inverse, state)
        return torch.cat([moved[:, :1] - (inverse @ shift)[:, None, None], moved[:, 1:]], dim=1)

    @in_full_precision
    def leave_state(self, state: Tensor, t: float) -> Tensor:
        """The way back of `enter_state`."""
        shift, root = self._map(t, state)
        moved = _applied(root, state)
        return torch.cat([moved[:, :1] + shift[:, None, None], moved[:, 1:]], dim=1)

    @in_full_precision
    def slope_in_x(self, state: Tensor, rate: Tensor, t: float) -> Tensor:
        """The rates in x of a state that has these rates in y; all of shape (2, 1 + k, batch)."""
        (drift, turn), (_, root) = self._drift(t, state), self._map(t, state)
        slope = _applied(turn, state) + _applied(root, rate)
        return torch.cat([slope[:, :1] + drift[:, None, None], slope[:, 1:]], dim=1)

    @in_full_precision
    def velocity_in_x(self, y: Tensor, rate: Tensor, t: float) -> Tensor:
        """dx/dt of points that have y and dy/dt = `rate`, all of shape (batch, 2)."""
        (drift, turn), (_, root) = self._drift(t, y), self._map(t, y)
        return drift + y @ turn.T + rate @ root.T

    @in_full_precision
    def jacobian_in_x(self, rate_by_y: Tensor, t: float) -> Tensor:
        """d(dx/dt)/dx from d(dy/dt)/dy, both of shape (batch, 2, 2)."""
        (_, turn), (_, root) = self._drift(t, rate_by_y), self._map(t, rate_by_y)
        return (turn + root @ rate_by_y) @ _inverse(root)

    @in_full_precision
    def rows_to_y(self, x: Tensor, velocity: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
        """y and dy/dt of points that have x and dx/dt, each at its own time, shape (batch,)."""
        a, b, da, db = (value.unsqueeze(1) for value in self._path(t))
        base_mean, mean, variances = (
            value.to(x) for value in (self.base_mean, self.mean, self.variances)
        )
        into = (_inverse(self.base_root.to(x)).T @ self.axes.to(x)).contiguous()
        scale = self._scale(a, b, variances)
        growth = self._growth((a, b, da, db), variances) / scale
        y = ((x - a * base_mean - b * mean) @ into) / scale
        rate = ((velocity - da * base_mean - db * mean) @ into) / scale - growth * y
        back = self.axes.to(x).T
        return y @ back, rate @ back

    def _map(self, t: float, like: Tensor) -> tuple[Tensor, Tensor]:
        """mean_t and root_t at one time."""
        a, b, _, _ = self._coefficients(t)
        scale = self._scale(a, b, self.variances.to(like))
        axes = self.axes.to(like)
        root = self.base_root.to(like) @ (axes * scale) @ axes.T
        return a * self.base_mean.to(like) + b * self.mean.to(like), root

    def _drift(self, t: float, like: Tensor) -> tuple[Tensor, Tensor]:
        """The time derivatives of mean_t and root_t."""
        a, b, da, db = self._coefficients(t)
        axes, variances = self.axes.to(like), self.variances.to(like)
        growth = self._growth((a, b, da, db), variances)
        turn = self.base_root.to(like) @ (axes * growth) @ axes.T
        return da * self.base_mean.to(like) + db * self.mean.to(like), turn

    def _scale(self, a: float | Tensor, b: float | Tensor, variances: Tensor) -> Tensor:
        """s_t."""
        if self._straight:
            return a + b * variances.sqrt()
        return torch.sqrt(a * a + b * b * variances)

    def _growth(self, path: Sequence[float | Tensor], variances: Tensor) -> Tensor:
        """ds_t/dt, from a, b and their slopes."""
        a, b, da, db = path
        if self._straight:
            return da + db * variances.sqrt()
        return (a * da + b * db * variances) / self._scale(a, b, variances)

    def _coefficients(self, t: float) -> tuple[float, float, float, float]:
        """The path's numbers at one time; its ends ask no tensor, so that they can be traced."""
        if t in (0, 1):
            return 1.0 - t, float(t), *self._end_slopes[int(t)]
        a, b, da, db = (float(value) for value in self._path(torch.tensor(t, dtype=torch.float64)))
        return a, b, da, db


def spread_of_base(base: Base) -> Spread:
    """Of a base, from evenly spread points; exact for the standard normal."""
    from flowengine.bases.standard_normal import StandardNormal

    if isinstance(base, StandardNormal):
        return Spread(torch.zeros(2, dtype=torch.float64), torch.eye(2, dtype=torch.float64))
    with torch.no_grad():
        z = base.from_uniform(sobol_points(BASE_POINTS, 2, seed=0)).double()
    return Spread(z.mean(0), torch.cov(z.T))


def spread_of_target(target: GridTarget) -> Spread:
    """Of a target, exactly: that of its cells, each of even density."""
    cells = target.cell_masses()
    xs, ys, cell = _centres(target)
    across, up = cells.sum(0), cells.sum(1)
    mean = torch.stack([across @ xs, up @ ys])
    dx, dy = xs - mean[0], ys - mean[1]
    xx = across @ dx.square() + cell[0] ** 2 / 12
    yy = up @ dy.square() + cell[1] ** 2 / 12
    xy = dy @ cells @ dx
    return Spread(mean, torch.stack([torch.stack([xx, xy]), torch.stack([xy, yy])]))


def _farthest(target: GridTarget, mean: Tensor, whiten: Tensor) -> float:
    """How far from the middle, in y, there is any mass to speak of."""
    cells = target.cell_masses()
    xs, ys, _ = _centres(target)
    row, column = (cells > LEAST_MASS).nonzero().unbind(1)
    away = torch.stack([xs[column], ys[row]], dim=1) - mean
    return float((away @ whiten.T).norm(dim=1).amax()) if len(away) else 0.0


def _centres(target: GridTarget) -> tuple[Tensor, Tensor, tuple[float, float]]:
    """The middles of a grid's columns and rows, float64, and the sides of a cell."""
    rows, columns = target.shape
    x_min, x_max, y_min, y_max = target.extent
    width, height = (x_max - x_min) / columns, (y_max - y_min) / rows
    xs = x_min + width * (torch.arange(columns, dtype=torch.float64) + 0.5)
    ys = y_min + height * (torch.arange(rows, dtype=torch.float64) + 0.5)
    return xs, ys, (width, height)


def _slopes(path: Path, t: float) -> tuple[float, float]:
    _, _, da, db = path(torch.tensor(t, dtype=torch.float64))
    return float(da), float(db)


def _symmetric_root(covariance: Tensor) -> Tensor:
    values, vectors = torch.linalg.eigh(covariance)
    root: Tensor = vectors @ torch.diag(values.sqrt()) @ vectors.T
    return root


def _inverse(matrix: Tensor) -> Tensor:
    """Of one 2×2 matrix, in closed form."""
    (a, b), (c, d) = matrix
    turned = torch.stack([torch.stack([d, -b]), torch.stack([-c, a])])
    inverse: Tensor = turned / (a * d - b * c)
    return inverse


def _applied(matrix: Tensor, state: Tensor) -> Tensor:
    return torch.mm(matrix, state.flatten(1)).view_as(state)
