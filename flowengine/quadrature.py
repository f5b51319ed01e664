"""Integrals over the plane that find out by themselves where to look closely."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

_ROOTS = 16  # cells along each side of the box to begin with
_DEEPEST = 24  # halvings after which a cell is taken as it is
_CROWD = 3  # a cell that holds more of the known points than this is looked into


def integrate(
    density: Callable[[Tensor], Tensor],
    low: Tensor,
    high: Tensor,
    *,
    crowd: Tensor,
    tolerance: float = 3e-4,
    budget: int = 400_000,
) -> float:
    """∫ density over a box, by splitting cells until splitting changes nothing.

    Each cell is measured by 2 × 2 Gauss-Legendre points and compared with its quarters together.
    At every size the cells that differ least are done, as many as together differ by no more than
    `tolerance`: many small errors of one sign add up. A cell that holds many of the `crowd` is
    split in any case: otherwise a narrow peak could slip between all points.

    Args:
        density: From points, shape (n, 2) float64, to values, shape (n,).
        low: Lower corner of the box, shape (2,), float64.
        high: Upper corner.
        crowd: Points near which most of the integral lies, shape (m, 2), float64.
        tolerance: Of all cells of one size together. What their quarters give is nearer by far.
        budget: About how many points may be evaluated; what is not settled by then counts as it is.
    """
    side = (high - low) / _ROOTS
    index = torch.arange(_ROOTS)
    cells = torch.cartesian_prod(index, index)
    values = _measure(density, cells, low, side)
    total, spent = 0.0, 4 * len(cells)
    for _ in range(_DEEPEST):
        side = side / 2
        children = _quarters(cells)
        parts = _measure(density, children, low, side)
        spent += 4 * len(children)
        crowded = _count(crowd, children, low, side).view(-1, 4).sum(1) > _CROWD
        open_ = crowded | _unsettled((parts.view(-1, 4).sum(1) - values).abs(), tolerance)
        total += float(parts.view(-1, 4)[~open_].sum())
        still = open_.repeat_interleave(4)
        cells, values = children[still], parts[still]
        if not len(cells) or spent + 16 * len(cells) > budget:
            break
    return total + float(values.sum())


def _unsettled(differences: Tensor, tolerance: float) -> Tensor:
    """Which differences are left when the smallest are taken away, `tolerance` in all."""
    ascending, order = differences.sort()
    left = torch.empty_like(order, dtype=torch.bool)
    left[order] = ascending.cumsum(0) > tolerance
    return left


def _measure(
    density: Callable[[Tensor], Tensor], cells: Tensor, low: Tensor, side: Tensor
) -> Tensor:
    """The integral over each cell, shape (k,), by 2 × 2 Gauss-Legendre points."""
    node = 0.5 / math.sqrt(3)
    offsets = torch.cartesian_prod(*[torch.tensor([0.5 - node, 0.5 + node]).double()] * 2)
    points = low + (cells[:, None] + offsets) * side  # (k, 4, 2)
    values = density(points.view(-1, 2)).view(-1, 4)
    return values.mean(1) * side.prod()


def _quarters(cells: Tensor) -> Tensor:
    """The four quarters of each cell, in the numbering of a grid twice as fine, shape (4 k, 2)."""
    corner = torch.cartesian_prod(torch.arange(2), torch.arange(2))
    return (2 * cells[:, None] + corner).view(-1, 2)


def _count(crowd: Tensor, cells: Tensor, low: Tensor, side: Tensor) -> Tensor:
    """How many points of the crowd lie in each cell, shape (k,)."""
    stride = 1 << 31
    homes = ((crowd - low) / side).floor().long()
    keys, counts = (homes[:, 0] * stride + homes[:, 1]).unique(return_counts=True)
    wanted = cells[:, 0] * stride + cells[:, 1]
    place = torch.searchsorted(keys, wanted).clamp(max=len(keys) - 1)
    return torch.where(keys[place] == wanted, counts[place], 0)
