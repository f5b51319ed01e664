"""The contour of a density, as line segments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from flowengine.project import Extent

# The edges of a cell that a contour joins, for each of the 16 ways in which its corners lie above
# or below the level. Corners count 1, 2, 4, 8 anticlockwise from the lower left; edges 0 to 3 are
# bottom, right, top, left (Lorensen and Cline, 1987, in the plane).
_JOINED: Final = (
    (), ((3, 0),), ((0, 1),), ((3, 1),), ((1, 2),), ((3, 2), (0, 1)), ((0, 2),), ((3, 2),),
    ((2, 3),), ((0, 2),), ((3, 0), (1, 2)), ((1, 2),), ((1, 3),), ((0, 1),), ((3, 0),), (),
)  # fmt: skip
_CORNERS: Final = ((0, 0), (0, 1), (1, 1), (1, 0))


def level_holding(density: ArrayLike, share: float) -> float:
    """The density above which the densest cells hold `share` of the whole mass."""
    falling = np.sort(np.asarray(density, np.float64), axis=None)[::-1]
    mass = np.cumsum(falling)
    if not mass.size or mass[-1] <= 0:
        return 0.0
    return float(falling[min(int(np.searchsorted(mass, share * mass[-1])), falling.size - 1)])


def contour(density: ArrayLike, extent: Extent, level: float) -> NDArray[np.float64]:
    """Where a density crosses a level, by marching squares between the centres of its cells.

    Args:
        density: Shape (rows, columns), row 0 at y_min.
        extent: (x_min, x_max, y_min, y_max) in data units.
        level: In the unit of `density`; the outside of the grid counts as below it.

    Returns:
        Line segments, shape (n, 4) of x1, y1, x2, y2 in data units.
    """
    values = np.pad(np.asarray(density, np.float64), 1)
    above = values > level
    case = above[:-1, :-1] * 1 + above[:-1, 1:] * 2 + above[1:, 1:] * 4 + above[1:, :-1] * 8
    segments = []
    for kind, joined in enumerate(_JOINED):
        rows, columns = np.nonzero(case == kind)
        for first, second in joined if rows.size else ():
            ends = [_crossing(values, level, rows, columns, edge) for edge in (first, second)]
            segments.append(np.concatenate(ends, axis=1))
    lines = np.concatenate(segments) if segments else np.empty((0, 4))
    x_min, x_max, y_min, y_max = extent
    height, width = np.asarray(density).shape
    cell = np.array([(x_max - x_min) / width, (y_max - y_min) / height] * 2)
    return np.asarray(lines * cell + np.array([x_min, y_min] * 2))


def _crossing(
    values: NDArray[np.float64],
    level: float,
    rows: NDArray[np.intp],
    columns: NDArray[np.intp],
    edge: int,
) -> NDArray[np.float64]:
    """Where the level crosses one edge of some cells, in cells from the grid's lower left."""
    (r1, c1), (r2, c2) = _CORNERS[edge], _CORNERS[(edge + 1) % 4]
    low, high = values[rows + r1, columns + c1], values[rows + r2, columns + c2]
    share = (level - low) / (high - low)
    y = rows + r1 + (r2 - r1) * share
    x = columns + c1 + (c2 - c1) * share
    # The centre of the first cell is at one half, and has the index 1 in the padded grid.
    return np.stack([x, y], axis=1) - 0.5
