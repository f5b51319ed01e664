"""Filling: everything that hangs together with a cell and is about as dense."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from explorer.target.brush import Coat
from explorer.target.symmetry import symmetry_images
from explorer.words.languages import mark

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from explorer.target.brush import Brush
    from explorer.target.raster import Raster, Region

    Mask = NDArray[np.bool_]

_TOLERANCE = np.float32(0.1)
_SLOPE = np.float32(1e-3)
_HIGHEST_RIM = 64  # cells


class Fill:
    """Fills the place of the press and its images under the symmetry.

    Attributes:
        stamps: How many places were filled.
        title: What undo calls it.
    """

    def __init__(self, raster: Raster, brush: Brush, *, erases: bool) -> None:
        self.stamps = 0
        self.title = mark("Emptied area") if erases else mark("Fill")
        self._raster = raster
        self._brush = brush
        self._uphill = np.float32(-1 if erases else 1)
        self._coat = Coat(raster, brush.strength, erases=erases)
        self._done = False

    def move_to(self, x: float, y: float, pressure: float = 1.0) -> list[Region]:
        """Fill at the first point; the pointer may then go where it will."""
        if self._done:
            return []
        self._done = True
        images = symmetry_images(self._raster.extent, self._brush.symmetry)
        seeds = [
            cell for image in images if (cell := self._raster.cell_at(*image(x, y))) is not None
        ]
        filled = np.zeros(self._raster.values.shape, dtype=np.bool_)
        for seed in seeds:
            if not filled[seed]:
                filled |= self._area(seed)
        self.stamps = len(seeds)
        self._coat.lay(self._raster.whole, filled * np.float32(pressure))
        return [self._raster.whole] if seeds else []

    def _area(self, seed: tuple[int, int]) -> Mask:
        values = self._raster.values
        area = flooded(np.abs(values - values[seed]) <= _TOLERANCE, seed)
        return _up_the_rim(values * self._uphill, area)


def flooded(free: Mask, seed: tuple[int, int]) -> Mask:
    """The free cells that a path over free sides joins with `seed`.

    Whole runs of a row or a column are taken at once, so that the count of passes is that of the
    turns on the way, not of the cells.
    """
    runs = (_runs(free), _runs(free.T).T)
    filled = np.zeros_like(free)
    filled[seed] = free[seed]
    count = 0
    while (now := int(np.count_nonzero(filled))) > count:
        count = now
        for run in runs:
            hit = np.zeros(int(run[-1, -1]) + 1, dtype=np.bool_)
            hit[run[filled]] = True
            filled = free & hit[run]
    return filled


def _runs(free: Mask) -> NDArray[np.int64]:
    """A number for each run of free cells along the rows, counted up from the first cell."""
    starts = free.copy()
    starts[:, 1:] &= ~free[:, :-1]
    runs: NDArray[np.int64] = np.cumsum(starts, dtype=np.int64).reshape(free.shape)
    return runs


def _up_the_rim(height: NDArray[np.float32], area: Mask) -> Mask:
    """Grow an area over the slopes that rise from it, so that a soft rim leaves no seam."""
    for _ in range(_HIGHEST_RIM):
        floor = np.pad(np.where(area, height, np.float32(np.inf)), 1, constant_values=np.inf)
        lowest = np.minimum.reduce(
            [floor[:-2, 1:-1], floor[2:, 1:-1], floor[1:-1, :-2], floor[1:-1, 2:]]
        )
        slope = ~area & (height > lowest + _SLOPE)
        if not slope.any():
            break
        area = area | slope
    return area
