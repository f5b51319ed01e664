"""Which cell of a grid lies under a point."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flowengine.project import Extent


def cell_at(
    point: tuple[float, float], extent: Extent, shape: tuple[int, ...]
) -> tuple[int, int] | None:
    """The row and column of the cell that a point lies in; None outside of the grid.

    Args:
        point: x and y in data units.
        extent: (x_min, x_max, y_min, y_max) of the grid, in data units.
        shape: Its rows, row 0 at y_min, and its columns; whatever follows is not looked at.
    """
    x_min, x_max, y_min, y_max = extent
    rows, columns = shape[:2]
    column = math.floor((point[0] - x_min) / (x_max - x_min) * columns)
    row = math.floor((point[1] - y_min) / (y_max - y_min) * rows)
    return (row, column) if 0 <= row < rows and 0 <= column < columns else None
