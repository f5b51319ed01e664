"""The exact marginal field of a grid target: what flow matching would learn without any error.

On the path x_t = a x0 + b x1, with a standard normal x0 and a target whose density is constant in
every cell of a grid, the posterior of x1 given x_t = x is a normal bell cut into cells. Its moments
in a cell are a product of one factor along x and one along y, differences of the error function
and of the bell, so that their sums over all cells are matrix products with the grid.
Source for the field: Lipman et al., 2023, arXiv:2210.02747, eq. 8.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor

from flowengine.continuous.paths import Coefficients, path_of
from flowengine.continuous.velocity import Field

if TYPE_CHECKING:
    from flowengine.targets.grid import GridTarget

NARROWEST = 1e-3  # the bell's width a, in data units, from which on the field is held
CHUNK = 512
_FAR = 1e4
_THIN = 0.1  # cells thinner than this part of the bell's width are summed by quadrature
_NODES = (-0.5 * math.sqrt(0.6), 0.0, 0.5 * math.sqrt(0.6))  # Gauss-Legendre on [-1/2, 1/2]
_WEIGHTS = (5 / 18, 8 / 18, 5 / 18)
_ROOT_2PI = math.sqrt(2 * math.pi)


def exact_field(target: GridTarget, spec: object = None) -> ExactField:
    """The field that carries the normal base exactly to a target.

    Args:
        target: The density to reach.
        spec: A continuous flow of the catalogue, whose `path` is taken; linear where it has none.
            Points are paired independently, whatever its coupling.
    """
    return ExactField(target, spec)


class ExactField(Field):
    """u(x, t) = E[a' x0 + b' x1 | x_t = x], for a standard normal x0 and x1 of a grid target.

    Off the target the field grows without bound as t nears 1; it is held from where a has fallen to
    `NARROWEST` on. Where even float64 sees no mass within reach, all of it is taken to lie at the
    nearest cell that has any. Computed in float64 on the CPU, given in the type of the points.

    Args:
        target: The density to reach.
        spec: See `exact_field`.
    """

    def __init__(self, target: GridTarget, spec: object = None) -> None:
        super().__init__()
        from scipy.ndimage import distance_transform_edt  # here: few ever need it

        self._path = path_of(spec)
        self._cells = target.cell_masses()
        rows, columns = self._cells.shape
        x_min, x_max, y_min, y_max = target.extent
        self._axes = (_Axis(x_min, x_max, columns), _Axis(y_min, y_max, rows))
        empty = (self._cells == 0).numpy()
        row, column = distance_transform_edt(empty, return_distances=False, return_indices=True)
        self._nearest = torch.from_numpy(row.astype("int64") * columns + column)

    @torch.no_grad()
    def forward(self, x: Tensor, t: float | Tensor) -> Tensor:
        """See `Field.forward`. Not differentiable; `with_jacobian` has the derivative."""
        return self._evaluate(x, t, slopes=False)[0].to(x)

    @torch.no_grad()
    def with_jacobian(self, x: Tensor, t: float | Tensor) -> tuple[Tensor, Tensor]:
        """See `Field.with_jacobian`; closed too: it follows from the posterior's covariance."""
        v, jacobian = self._evaluate(x, t, slopes=True)
        return v.to(x), jacobian.to(x)

    def _evaluate(self, x: Tensor, t: float | Tensor, *, slopes: bool) -> tuple[Tensor, Tensor]:
        wide = x.to("cpu", torch.float64)
        time = torch.as_tensor(t, dtype=torch.float64, device="cpu").expand(len(x))
        parts = [
            self._of_chunk(points, _held(self._path, moments), slopes=slopes)
            for points, moments in zip(wide.split(CHUNK), time.split(CHUNK), strict=True)
        ]
        return torch.cat([v for v, _ in parts]), torch.cat([j for _, j in parts])

    def _of_chunk(self, x: Tensor, path: Coefficients, *, slopes: bool) -> tuple[Tensor, Tensor]:
        a, b, da, db = path
        early = a > b  # then x1 is known but vaguely; later on x0 is: its moments are the safe ones
        mean, covariance = self._posterior(x, a, b, early, spread=slopes)
        start = torch.where(early[:, None], (x - b[:, None] * mean) / a[:, None], mean)
        end = torch.where(early[:, None], mean, (x - a[:, None] * mean) / b[:, None])
        v = da[:, None] * start + db[:, None] * end

        one = torch.eye(2, dtype=x.dtype)
        a, b, da, db, first = (s[:, None, None] for s in (a, b, da, db, early))
        start_by_x = (one - covariance) / a
        end_by_x = b / a.square() * covariance
        start_by_x = torch.where(first, (one - b * end_by_x) / a, start_by_x)
        end_by_x = torch.where(first, end_by_x, (one - a * start_by_x) / b)
        return v, da * start_by_x + db * end_by_x

    def _posterior(
        self, x: Tensor, a: Tensor, b: Tensor, early: Tensor, *, spread: bool
    ) -> tuple[Tensor, Tensor]:
        """Mean, (batch, 2), and covariance, (batch, 2, 2), given x: of x1 where early, or of x0.

        The covariance is left at zero unless `spread`.
        """
        across, up = (axis.moments(x[:, i], a, b, early) for i, axis in enumerate(self._axes))
        mass, first = up.mass @ self._cells, up.first @ self._cells  # each (batch, columns)
        total = (mass * across.mass).sum(1)
        mx = (mass * across.first).sum(1) / total
        my = (first * across.mass).sum(1) / total
        mean, covariance = torch.stack([mx, my], dim=1), x.new_zeros(len(x), 4)
        if spread:
            xx = (mass * across.second).sum(1) / total - mx * mx
            xy = (first * across.first).sum(1) / total - mx * my
            yy = (up.second @ self._cells * across.mass).sum(1) / total - my * my
            covariance = torch.stack([xx, xy, xy, yy], dim=1)
        lost = ~(total > 0) | (~early & self._is_far(x, a, b))
        if lost.any():
            nearest = self._nearest_mass(x / b[:, None].clamp_min(torch.finfo(x.dtype).tiny))
            start = (x - b[:, None] * nearest) / a[:, None]
            held = torch.where(early[:, None], nearest, start)
            mean = torch.where(lost[:, None], held, mean)
            covariance = covariance.masked_fill(lost[:, None], 0.0)
        return mean, covariance.view(-1, 2, 2)

    def _is_far(self, x: Tensor, a: Tensor, b: Tensor) -> Tensor:
        """Whether a point is so many bell's widths off the grid that rounding decides."""
        beyond = [axis.beyond(x[:, i], b) for i, axis in enumerate(self._axes)]
        return torch.maximum(*beyond) > _FAR * a

    def _nearest_mass(self, points: Tensor) -> Tensor:
        """The centres of the nearest cells with mass, shape (batch, 2)."""
        (column, row) = (axis.cell_of(points[:, i]) for i, axis in enumerate(self._axes))
        cell = self._nearest[row, column]
        columns = self._cells.shape[1]
        centres = (
            self._axes[0].centre_of(cell % columns),
            self._axes[1].centre_of(cell // columns),
        )
        return torch.stack(centres, dim=1)


class _Moments(NamedTuple):
    """Of every cell of an axis, as seen from every point: shape (batch, cells).

    Attributes:
        mass: ∫ of the bell over the cell, up to one factor for each point.
        first, second: The same of the variable and of its square.
    """

    mass: Tensor
    first: Tensor
    second: Tensor


class _Axis:
    """The cells of a grid along one axis."""

    def __init__(self, low: float, high: float, cells: int) -> None:
        self.low, self.high, self.cells = low, high, cells
        self.width = (high - low) / cells
        self._edges = torch.linspace(low, high, cells + 1, dtype=torch.float64)
        self._centres = self._edges[:-1] + 0.5 * self.width

    def cell_of(self, x: Tensor) -> Tensor:
        """The cell under each place, the outermost for those beyond."""
        return ((x - self.low) / self.width).clamp(0, self.cells - 1).long()

    def centre_of(self, cell: Tensor) -> Tensor:
        """The middle of cells."""
        return self._centres[cell]

    def beyond(self, x: Tensor, b: Tensor) -> Tensor:
        """How far places lie outside of b times the axis; 0 within."""
        return torch.relu(x - b * self.high) + torch.relu(b * self.low - x)

    def moments(self, x: Tensor, a: Tensor, b: Tensor, early: Tensor) -> _Moments:
        """The moments of x1 where `early`, elsewhere of x0 = (x − b x1) / a, given x alone."""
        x, a, b, early = (value[:, None] for value in (x, a, b, early))
        lift = (
            0.5 * (self.beyond(x, b) / a).square()
        )  # brings the nearest cell of a far point back to 1
        thin = (b * self.width < _THIN * a).squeeze(1)
        if thin.all():
            return self._summed(x, a, b, early, lift)
        if not thin.any():
            return self._integrated(x, a, b, early, lift)
        both = (self._summed(x, a, b, early, lift), self._integrated(x, a, b, early, lift))
        return _Moments(*(torch.where(thin[:, None], s, i) for s, i in zip(*both, strict=True)))

    def _summed(self, x: Tensor, a: Tensor, b: Tensor, early: Tensor, lift: Tensor) -> _Moments:
        """By three-point quadrature: to 1e-11 where the bell hardly changes in a cell."""
        mass = first = second = torch.zeros(())
        for node, weight in zip(_NODES, _WEIGHTS, strict=True):
            place = self._centres + node * self.width
            z = (x - b * place) / a
            bell = weight * torch.exp(lift - 0.5 * z.square())
            value = torch.where(early, place, z)
            mass = mass + bell
            first = first + value * bell
            second = second + value.square() * bell
        return _Moments(mass, first, second)

    def _integrated(self, x: Tensor, a: Tensor, b: Tensor, early: Tensor, lift: Tensor) -> _Moments:
        """In closed form; per unit of cell length, like `_summed`."""
        z = (x - b * self._edges) / a
        tail = _ROOT_2PI * torch.exp(lift + torch.special.log_ndtr(-z.abs()))
        bell = torch.exp(lift - 0.5 * z.square())
        left, right = z[:, :-1], z[:, 1:]  # z falls as x1 rises
        inside = (left > 0) & (right <= 0)
        whole = _ROOT_2PI * torch.exp(lift) - tail[:, :-1] - tail[:, 1:]
        length = b * self.width / a
        mass = torch.where(inside, whole, (tail[:, 1:] - tail[:, :-1]).abs()) / length
        first = (bell[:, 1:] - bell[:, :-1]) / length
        second = mass + (right * bell[:, 1:] - left * bell[:, :-1]) / length
        end = (x * mass - a * first) / b
        end_squared = (x.square() * mass - 2 * a * x * first + a.square() * second) / b.square()
        return _Moments(
            mass, torch.where(early, end, first), torch.where(early, end_squared, second)
        )


def _held(path: object, t: Tensor) -> Coefficients:
    """The path's coefficients, a no smaller than `NARROWEST`."""
    a, b, da, db = path(t)  # type: ignore[operator]
    return Coefficients(a.clamp_min(NARROWEST), b, da, db)
