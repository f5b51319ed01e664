"""A density made from points. Loads no torch."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from flowengine.project import DEFAULT_EXTENT
from flowengine.targets.checks import check_bandwidth

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from flowengine.project import Extent

    Array = NDArray[np.float64]

_MARGIN = 0.1
_AT_HOME = 0.2
_NOTHING = 1e-13  # of a coordinate: what is less is rounding, not a spread
NARROWEST = 1.5  # cells: below this the grid itself would show
_CANDIDATES = 16
_COARSE = 3  # which of them are looked at first


def points_extent(points: Array, *, square: bool = False) -> Extent:
    """The box about all points with a tenth to spare on each axis, whatever their units.

    Points that are at home in [-4, 4]², reaching over a fifth of it each way, keep it, and so do
    those in it that lie at one place.

    Args:
        points: Shape (n, 2).
        square: As wide as high, for units that are the same on both axes.
    """
    low, high = points.min(axis=0), points.max(axis=0)
    x_min, x_max, y_min, y_max = DEFAULT_EXTENT
    half = (high - low) * (0.5 + _MARGIN)
    half[half < _NOTHING * np.abs(points).max(axis=0)] = 0.0
    if square or not half.all():  # a line has the same room across as along
        half[:] = half.max()
    inside = (low >= (x_min, y_min)).all() and (high <= (x_max, y_max)).all()
    at_home = ((high - low) >= _AT_HOME * (x_max - x_min)).all()
    if inside and (at_home or not half.any()):
        return DEFAULT_EXTENT
    if not half.any():
        half[:] = (x_max - x_min) / 2  # one place, far out: a square about it
    (x, y), (across, up) = (low + (high - low) / 2).tolist(), half.tolist()
    return (x - across, x + across, y - up, y + up)


def points_density(
    points: Array,
    extent: Extent,
    size: int,
    bandwidth: float | None,
    weights: Array | None = None,
) -> Array:
    """A Gaussian bell about each point, on a grid.

    Args:
        points: Shape (n, 2), all within `extent`.
        extent: In data units.
        size: Rows and columns of the grid.
        bandwidth: Standard deviation along x in data units, along y the same share of the extent;
            None chooses by leaving points out.
        weights: How much each point counts, shape (n,), above zero in all; None for all alike.

    Returns:
        Shape (size, size), row 0 at y_min, which sums to 1. A bell that reaches over the border
        is folded back in.

    Raises:
        TargetError: the bandwidth is not a finite number above zero.
    """
    counts = cell_counts(points, extent, size, weights)
    if bandwidth is None:
        bandwidth = chosen_bandwidth(counts, extent)
    return spread_counts(counts, extent, bandwidth)


def spread_counts(counts: Array, extent: Extent, bandwidth: float) -> Array:
    """A Gaussian bell of that standard deviation about each of the counted points.

    Args:
        counts: As `cell_counts` gives them, not all 0.
        extent: What they lie in.
        bandwidth: Along x in data units, along y the same share of the extent.

    Returns:
        Like `points_density`.

    Raises:
        TargetError: the bandwidth is not a finite number above zero.
    """
    check_bandwidth(bandwidth)
    cell = (extent[1] - extent[0]) / len(counts)
    kernel = _Kernel(len(counts), max(bandwidth / cell, 1e-3))
    rows, columns, held = _held(counts)
    every = np.arange(len(counts))
    spread: Array = kernel(every, rows) @ (held / held.sum()) @ kernel(every, columns).T
    return spread


def cell_counts(points: Array, extent: Extent, size: int, weights: Array | None = None) -> Array:
    """How many points fall into each cell, shape (size, size), row 0 at y_min.

    With weights it is as many in all as independent points of equal weight would say as much:
    (Σw)² / Σw² (Kish, 1965).
    """
    x_min, x_max, y_min, y_max = extent
    shares = (points - (x_min, y_min)) / (x_max - x_min, y_max - y_min)
    inside = ((shares >= 0) & (shares <= 1)).all(axis=1)
    column, row = np.minimum((shares[inside] * size).astype(np.int64), size - 1).T
    counts = None
    if weights is not None:
        counts = weights[inside] * (weights.sum() / np.square(weights).sum())
    held = np.bincount(row * size + column, weights=counts, minlength=size * size)
    return held.reshape(size, size).astype(float)


def chosen_bandwidth(counts: Array, extent: Extent) -> float:
    """The bandwidth, along x in data units, under which each point is most likely given all others.

    Source: Duin, 1976, doi:10.1109/TC.1976.1674577 (leave-one-out likelihood).
    """
    size = len(counts)
    cell = (extent[1] - extent[0]) / size
    if counts.sum() <= 1 + 1e-9:
        return cell * size / 32
    candidates = np.geomspace(NARROWEST, size / 8, _CANDIDATES)
    likelihood = lru_cache(lambda i: _left_out_likelihood(counts, float(candidates[i])))
    near = max(range(0, _CANDIDATES, _COARSE), key=likelihood)
    around = range(max(0, near - _COARSE + 1), min(_CANDIDATES, near + _COARSE))
    return cell * float(candidates[max(around, key=likelihood)])


def _left_out_likelihood(counts: Array, sigma: float) -> float:
    """Mean log-density of each point under the bells of all others, but for a constant."""
    rows, columns, held = _held(counts)
    kernel = _Kernel(len(counts), sigma)
    along, across = kernel(rows, rows), kernel(columns, columns)
    n = held.sum()
    own = np.outer(np.diag(along), np.diag(across)) * np.minimum(held, 1)
    others = (along @ held @ across.T - own)[held > 0] / (n - 1)
    tiny = np.finfo(np.float64).tiny
    return float((held[held > 0] * np.log(np.maximum(others, tiny))).sum() / n)


def _held(counts: Array) -> tuple[NDArray[np.int64], NDArray[np.int64], Array]:
    """The rows and the columns that hold points, and the counts where they cross."""
    rows, columns = np.flatnonzero(counts.any(axis=1)), np.flatnonzero(counts.any(axis=0))
    return rows, columns, counts[np.ix_(rows, columns)]


class _Kernel:
    """What spreads an axis of cells by a Gaussian of `sigma` cells, keeping all of it inside."""

    def __init__(self, size: int, sigma: float) -> None:
        self._bell = np.exp(-0.5 * (np.arange(size) / sigma) ** 2)
        sums = np.cumsum(self._bell)
        self._total = sums + sums[::-1] - self._bell[0]  # of the bell about each cell

    def __call__(self, to: NDArray[np.int64], of: NDArray[np.int64]) -> Array:
        """The share of each cell in `of` that comes to each in `to`, shape (to, of)."""
        shares: Array = self._bell[np.abs(to[:, None] - of)] / self._total[of]
        return shares
