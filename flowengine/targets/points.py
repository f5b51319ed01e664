"""A density made from points. Loads no torch."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from flowengine.errors import TargetError
from flowengine.project import DEFAULT_EXTENT

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from flowengine.project import Extent

    Array = NDArray[np.float64]

_MARGIN = 0.1
NARROWEST = 1.5  # cells: below this the grid itself would show
_CANDIDATES = 16


def points_extent(points: Array) -> Extent:
    """[-4, 4]² if it holds all points, or else the square about them with a tenth to spare."""
    low, high = points.min(axis=0), points.max(axis=0)
    x_min, x_max, y_min, y_max = DEFAULT_EXTENT
    if (low >= (x_min, y_min)).all() and (high <= (x_max, y_max)).all():
        return DEFAULT_EXTENT
    half = float((high - low).max()) * (0.5 + _MARGIN)
    if half < 1e-3 * float(np.abs(points).max()):
        half = (x_max - x_min) / 2  # one place, far out: a square about it
    x, y = ((low + high) / 2).tolist()
    return (x - half, x + half, y - half, y + half)


def points_density(points: Array, extent: Extent, size: int, bandwidth: float | None) -> Array:
    """A Gaussian bell about each point, on a grid.

    Args:
        points: Shape (n, 2), all within `extent`.
        extent: A square, in data units.
        size: Rows and columns of the grid.
        bandwidth: Standard deviation in data units; None chooses by leaving points out.

    Returns:
        Shape (size, size), row 0 at y_min, which sums to 1. A bell that reaches over the border
        is folded back in.

    Raises:
        TargetError: the bandwidth is not a finite number above zero.
    """
    counts = cell_counts(points, extent, size)
    if bandwidth is None:
        bandwidth = chosen_bandwidth(counts, extent)
    return spread_counts(counts, extent, bandwidth)


def spread_counts(counts: Array, extent: Extent, bandwidth: float) -> Array:
    """A Gaussian bell of that standard deviation, in data units, about each of the counted points.

    Args:
        counts: As `cell_counts` gives them, not all 0.
        extent: The square that they lie in.
        bandwidth: In data units.

    Returns:
        Like `points_density`.

    Raises:
        TargetError: the bandwidth is not a finite number above zero.
    """
    if not (math.isfinite(bandwidth) and bandwidth > 0):
        raise TargetError(f"The bandwidth must be a finite number above 0, got {bandwidth}")
    cell = (extent[1] - extent[0]) / len(counts)
    return _spread(counts, _kernel(len(counts), max(bandwidth / cell, 1e-3)))


def cell_counts(points: Array, extent: Extent, size: int) -> Array:
    """How many points fall into each cell, shape (size, size), row 0 at y_min."""
    x_min, x_max, y_min, y_max = extent
    counts, _, _ = np.histogram2d(
        points[:, 1], points[:, 0], bins=size, range=((y_min, y_max), (x_min, x_max))
    )
    return counts


def chosen_bandwidth(counts: Array, extent: Extent) -> float:
    """The bandwidth, in data units, under which each point is most likely given all others.

    Source: Duin, 1976, doi:10.1109/TC.1976.1674577 (leave-one-out likelihood).
    """
    size = len(counts)
    cell = (extent[1] - extent[0]) / size
    if counts.sum() == 1:
        return cell * size / 32
    candidates = np.geomspace(NARROWEST, size / 8, _CANDIDATES)
    likelihoods = [_left_out_likelihood(counts, _kernel(size, sigma)) for sigma in candidates]
    return cell * float(candidates[np.argmax(likelihoods)])


def _left_out_likelihood(counts: Array, kernel: Array) -> float:
    """Mean log-density of each point under the bells of all others, but for a constant."""
    n = counts.sum()
    own = np.outer(np.diag(kernel), np.diag(kernel))
    others = (n * _spread(counts, kernel) - own)[counts > 0] / (n - 1)
    tiny = np.finfo(np.float64).tiny
    return float((counts[counts > 0] * np.log(np.maximum(others, tiny))).sum() / n)


def _kernel(size: int, sigma: float) -> Array:
    """The matrix that spreads an axis of cells by a Gaussian of `sigma` cells; columns sum to 1."""
    cells = np.arange(size)
    kernel: Array = np.exp(-0.5 * ((cells[:, None] - cells) / sigma) ** 2)
    kernel /= kernel.sum(axis=0)
    return kernel


def _spread(counts: Array, kernel: Array) -> Array:
    spread: Array = kernel @ (counts / counts.sum()) @ kernel.T
    return spread
