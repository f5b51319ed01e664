"""The grid of cells that a target is drawn on, and where it lies in the plane."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from flowengine.project import Extent

CELLS = 256
POINT_CELLS = 1e-6  # a segment shorter than this share of a cell is a point

Point = tuple[float, float]
Segment = tuple[Point, Point]


class Region(NamedTuple):
    """A rectangle of cells, half-open on both axes: rows bottom … top - 1, row 0 at y_min."""

    bottom: int
    top: int
    left: int
    right: int

    @property
    def cells(self) -> int:
        """How many cells it holds."""
        return max(0, self.top - self.bottom) * max(0, self.right - self.left)

    @property
    def slices(self) -> tuple[slice, slice]:
        """What indexes an array of shape (rows, columns) with it."""
        return slice(self.bottom, self.top), slice(self.left, self.right)

    def within(self, other: Region) -> Region:
        """The same rectangle, counted from the corner of another one around it."""
        bottom, left = other.bottom, other.left
        return Region(self.bottom - bottom, self.top - bottom, self.left - left, self.right - left)

    def united(self, other: Region) -> Region:
        """The smallest rectangle around both; an empty one adds nothing."""
        if not self.cells or not other.cells:
            return self if self.cells else other
        return Region(
            min(self.bottom, other.bottom),
            max(self.top, other.top),
            min(self.left, other.left),
            max(self.right, other.right),
        )


NOTHING = Region(0, 0, 0, 0)


class Raster:
    """Cells of density over a rectangle of the plane, to be painted into.

    Attributes:
        values: Shape (rows, columns), float32, row 0 at y_min, each from 0 to 1.
        extent: (x_min, x_max, y_min, y_max) in data units.
    """

    def __init__(self, values: ArrayLike, extent: Extent) -> None:
        self.values: NDArray[np.float32] = np.array(values, dtype=np.float32, order="C")
        self.extent = extent

    @classmethod
    def blank(cls, extent: Extent, cells: int = CELLS) -> Raster:
        """An empty square grid of `cells` rows and columns."""
        return cls(np.zeros((cells, cells), np.float32), extent)

    @property
    def cell_size(self) -> tuple[float, float]:
        """Width and height of one cell, in data units."""
        x_min, x_max, y_min, y_max = self.extent
        rows, columns = self.values.shape
        return (x_max - x_min) / columns, (y_max - y_min) / rows

    @property
    def whole(self) -> Region:
        """All its cells."""
        rows, columns = self.values.shape
        return Region(0, rows, 0, columns)

    def to_cells(self, x: float, y: float) -> tuple[float, float]:
        """Where a point lies, in rows and columns from the corner (x_min, y_min)."""
        width, height = self.cell_size
        return (y - self.extent[2]) / height, (x - self.extent[0]) / width

    def cell_at(self, x: float, y: float) -> tuple[int, int] | None:
        """Row and column of the cell around a point; None outside the grid."""
        row, column = (math.floor(part) for part in self.to_cells(x, y))
        rows, columns = self.values.shape
        return (row, column) if 0 <= row < rows and 0 <= column < columns else None

    def value_at(self, x: float, y: float) -> float | None:
        """The value of the cell around a point; None outside the grid."""
        cell = self.cell_at(x, y)
        return None if cell is None else float(self.values[cell])

    @property
    def mass(self) -> float:
        """The integral of the values over the plane; 0 of an empty drawing."""
        width, height = self.cell_size
        return float(self.values.sum(dtype=np.float64)) * width * height

    @property
    def entropy(self) -> float | None:
        """−∫ p log p of the density that the cells stand for, exact, in nats.

        None where all cells are empty, and there is no density.
        """
        mass = self.mass
        if mass == 0:
            return None
        full = self.values[self.values > 0].astype(np.float64)
        width, height = self.cell_size
        return math.log(mass) - float((full * np.log(full)).sum()) * width * height / mass

    def around(self, segment: Segment, radius: float) -> Region:
        """The cells whose centres may lie within `radius` of a segment, all in data units."""
        (row_0, column_0), (row_1, column_1) = (self.to_cells(*end) for end in segment)
        width, height = self.cell_size
        rows, columns = self.values.shape
        return Region(
            max(0, math.floor(min(row_0, row_1) - radius / height)),
            min(rows, math.ceil(max(row_0, row_1) + radius / height)),
            max(0, math.floor(min(column_0, column_1) - radius / width)),
            min(columns, math.ceil(max(column_0, column_1) + radius / width)),
        )

    def nearest(
        self, region: Region, segment: Segment
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Where a segment comes closest to each cell of a region.

        Returns:
            How far along the segment that is, from 0 to 1, and its distance to the cell's centre in
            data units; both in the region's shape. A segment too short to tell from a point is one.
        """
        start, end = segment
        row, column = self.to_cells(*start)
        width, height = self.cell_size
        along_x, along_y = end[0] - start[0], end[1] - start[1]
        if math.hypot(along_x, along_y) < POINT_CELLS * min(width, height):
            along_x = along_y = 0.0
        dx = (np.arange(region.left, region.right) + (0.5 - column)) * width
        dy = (np.arange(region.bottom, region.top) + (0.5 - row)) * height
        square = along_x**2 + along_y**2 or 1.0
        share = np.add.outer(
            (dy * (along_y / square)).astype(np.float32),
            (dx * (along_x / square)).astype(np.float32),
        )
        np.clip(share, 0, 1, out=share)
        off_x = dx.astype(np.float32) - share * np.float32(along_x)
        off_y = dy.astype(np.float32)[:, None] - share * np.float32(along_y)
        return share, np.sqrt(off_x * off_x + off_y * off_y)
