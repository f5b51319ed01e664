"""What flow matching regresses on: the mean velocity of all pairs that meet at a point.

A pair (x0, x1) gives the velocity a' x0 + b' x1 at x_t = a x0 + b x1. What the field should learn
is the mean of it over all pairs that pass there, E[a' x0 + b' x1 | x_t]; regression on single pairs
finds it too, but has to average away a noise that is larger than the field. For independent pairs
the mean can be had: to some 10⁻³ from the cells of a grid target where the base is normal, and from
the batch's own points, weighed by their posterior, for any other base.
Source: Lipman et al., 2023, arXiv:2210.02747, eq. 8; from a batch: Xu et al., 2023,
arXiv:2302.00670.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor

if TYPE_CHECKING:
    from flowengine.bases import Base
    from flowengine.targets.grid import GridTarget

CHUNK = 2_048
COARSEST = 64  # cells along a side, below which nothing is won
LEAST = 1e-12  # of a cell's mass: less would only slow the products down
NARROWEST = 1e-3  # the bell's width a, from which on it is held
SMOOTH = 0.15  # cells thinner than this part of the bell's width may be joined
THIN = 0.3  # likewise: cells no thicker are measured at their middle
FAINTEST = -30.0  # the bell's logarithm; fainter it would be no normal number when squared
POOL = 256  # points of a batch that are weighed for each of them

Measure = Callable[[Tensor, Tensor, Tensor, Tensor, float], tuple[Tensor, Tensor]]


class Ends(NamedTuple):
    """E[x0 | x_t] and E[x1 | x_t], each of shape (batch, 2)."""

    start: Tensor
    end: Tensor


class GridPosterior:
    """The ends' means for a standard normal base and a grid target, in float32.

    Given x_t, x1 is distributed as the target times a bell of width a / b about x_t / b, and the
    bell is a product of one factor along x and one along y: sums over all cells are matrix products
    with the grid. Where the bell is wide, coarser grids serve. `ExactField` is the same in float64,
    for any point; this is for points of the path, and thirty times as fast.

    Args:
        target: The density to learn.
    """

    def __init__(self, target: GridTarget) -> None:
        cells = target.cell_masses().float().to(target.device)
        cells = torch.where(cells > LEAST, cells, 0.0)
        self._levels = [_Level(cells, target.extent)]
        while max(cells.shape) > COARSEST and not (cells.shape[0] % 2 or cells.shape[1] % 2):
            rows, columns = cells.shape
            cells = cells.view(rows // 2, 2, columns // 2, 2).sum((1, 3))
            self._levels.append(_Level(cells, target.extent))

    def __call__(self, x: Tensor, a: Tensor, b: Tensor, pair: Ends) -> Ends:
        """The means at points of the path.

        Args:
            x: x_t, shape (batch, 2).
            a: What x0 counts for, shape (batch,).
            b: What x1 counts for, likewise.
            pair: Points that lead there, which stand in where no mass is within sight.
        """
        parts = zip(x.split(CHUNK), a.split(CHUNK), b.split(CHUNK), strict=True)
        starts, ends = zip(*(self._of_chunk(*part) for part in parts), strict=True)
        start, end = torch.cat(starts), torch.cat(ends)
        known = (start.isfinite() & end.isfinite()).all(1, keepdim=True)
        return Ends(torch.where(known, start, pair.start), torch.where(known, end, pair.end))

    def _of_chunk(self, x: Tensor, a: Tensor, b: Tensor) -> Ends:
        a = a.clamp_min(NARROWEST)
        found = Ends(torch.empty_like(x), torch.empty_like(x))
        thickness = torch.stack([level.side * b / a for level in self._levels])
        which = (thickness <= SMOOTH).sum(0)  # of the levels, the finest come first
        for k, level in enumerate(self._levels, start=1):
            mine = which == k if k > 1 else which <= 1
            thick = thickness[k - 1] > THIN
            for chosen, measure in (
                (mine & (a > b), _early),
                (mine & (a <= b) & ~thick, _late),
                (mine & (a <= b) & thick, _narrow),
            ):
                rows = chosen.nonzero()[:, 0]
                if len(rows):
                    start, end = level.ends(x[rows], a[rows], b[rows], measure)
                    found.start[rows], found.end[rows] = start, end
        return found


class BatchPosterior:
    """The ends' means for any base, from the target points of the same batch.

    Args:
        base: Where the paths begin; its density weighs the points.
    """

    def __init__(self, base: Base) -> None:
        self._base = base

    def __call__(self, x: Tensor, a: Tensor, b: Tensor, pair: Ends) -> Ends:
        """See `GridPosterior`; row i's own pair is among those that are weighed."""
        a = a.clamp_min(NARROWEST)
        parts = zip(*(v.split(POOL) for v in (x, a, b, pair.end)), strict=True)
        starts, ends = zip(*(self._of_chunk(*part) for part in parts), strict=True)
        return Ends(torch.cat(starts), torch.cat(ends))

    @torch.no_grad()
    def _of_chunk(self, x: Tensor, a: Tensor, b: Tensor, there: Tensor) -> Ends:
        n = x.shape[0]
        a, b = a[:, None], b[:, None]
        origin = (x[:, None] - b[:, :, None] * there) / a[:, :, None]  # (n, n, 2): whence to j
        weights = self._base.log_prob(origin.view(-1, 2)).view(n, n).softmax(1)
        end = weights @ there
        return Ends((x - b * end) / a, end)


class _Level:
    """A grid of cells of even density."""

    def __init__(self, cells: Tensor, extent: tuple[float, float, float, float]) -> None:
        rows, columns = cells.shape
        x_min, x_max, y_min, y_max = extent
        self._cells = cells.contiguous()
        self._sides = (x_max - x_min) / columns, (y_max - y_min) / rows
        self._xs = x_min + self._sides[0] * (
            torch.arange(columns, dtype=cells.dtype, device=cells.device) + 0.5
        )
        self._ys = y_min + self._sides[1] * (
            torch.arange(rows, dtype=cells.dtype, device=cells.device) + 0.5
        )
        self.side = max(self._sides)

    def ends(self, x: Tensor, a: Tensor, b: Tensor, measure: Measure) -> Ends:
        """See `Ends`; not finite where no mass is within sight of a point."""
        width, height = self._sides
        across, first_across = measure(x[:, 0], a, b, self._xs, width)
        up, first_up = measure(x[:, 1], a, b, self._ys, height)
        mass = up @ self._cells
        total = torch.linalg.vecdot(mass, across)
        sums = [
            torch.linalg.vecdot(mass, first_across),
            torch.linalg.vecdot(first_up @ self._cells, across),
        ]
        mean = torch.stack(sums, dim=1) / torch.where(total > LEAST, total, torch.nan)[:, None]
        a, b = a[:, None], b[:, None]
        if measure is _early:
            return Ends((x - b * mean) / a, mean)
        return Ends(mean, (x - a * mean) / b)


def _early(x: Tensor, a: Tensor, b: Tensor, middles: Tensor, _: float) -> tuple[Tensor, Tensor]:
    """Of every cell of an axis: the bell's mass, up to a factor, and its first moment of x1."""
    mass = _late(x, a, b, middles, 0.0)[0]
    return mass, mass * middles


def _late(x: Tensor, a: Tensor, b: Tensor, middles: Tensor, _: float) -> tuple[Tensor, Tensor]:
    """The same, with the first moment of x0; both at the cell's middle."""
    z = torch.addmm((x / a)[:, None], (-b / a)[:, None], middles[None])
    mass = z.square().mul_(-0.5).clamp_(min=FAINTEST).exp_()
    return mass, mass * z


def _narrow(x: Tensor, a: Tensor, b: Tensor, middles: Tensor, side: float) -> tuple[Tensor, Tensor]:
    """As `_late`, integrated over cells that are not thin beside the bell."""
    z = torch.addmm((x / a)[:, None], (-b / a)[:, None], middles[None])
    half = (0.5 * side * b / a)[:, None]
    edges = torch.cat([z[:, :1] + half, z - half], dim=1).clamp_(-6, 6)  # z falls as x1 rises
    tail = torch.erf(edges * math.sqrt(0.5))
    bell = edges.square().mul_(-0.5).exp_().mul_(math.sqrt(2 / math.pi))
    return tail[:, :-1] - tail[:, 1:], bell[:, 1:] - bell[:, :-1]
