"""The grid of cells that a target is drawn on, and where it lies in the plane."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from flowengine.project import Extent

CELLS = 256


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

    def value_at(self, x: float, y: float) -> float | None:
        """The value of the cell around a point; None outside the grid."""
        row, column = (int(np.floor(part)) for part in self.to_cells(x, y))
        rows, columns = self.values.shape
        if not (0 <= row < rows and 0 <= column < columns):
            return None
        return float(self.values[row, column])

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

    def density_at(self, x: float, y: float) -> float:
        """The probability density at a point; 0 outside and where all is empty."""
        value = self.value_at(x, y)
        return value / self.mass if value else 0.0

    def around(self, x: float, y: float, radius: float) -> Region:
        """The cells whose centres may lie within `radius` of a point, all in data units."""
        row, column = self.to_cells(x, y)
        width, height = self.cell_size
        reach_rows, reach_columns = radius / height, radius / width
        rows, columns = self.values.shape
        return Region(
            max(0, int(np.floor(row - reach_rows))),
            min(rows, int(np.ceil(row + reach_rows))),
            max(0, int(np.floor(column - reach_columns))),
            min(columns, int(np.ceil(column + reach_columns))),
        )

    def distances(self, region: Region, x: float, y: float) -> NDArray[np.float32]:
        """From a point to the centres of a region's cells, in data units, in the region's shape."""
        row, column = self.to_cells(x, y)
        width, height = self.cell_size
        dy = (np.arange(region.bottom, region.top, dtype=np.float32) + (0.5 - row)) * height
        dx = (np.arange(region.left, region.right, dtype=np.float32) + (0.5 - column)) * width
        return np.sqrt(np.square(dy)[:, None] + np.square(dx)[None, :], dtype=np.float32)
