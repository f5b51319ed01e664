"""What is on the canvas, and the stroke that is being added to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from explorer.target.brush import Brush, Stroke, Tool
from explorer.target.raster import Point, Raster, Region

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from flowengine.project import Extent


class Drawing:
    """A raster that strokes change one at a time, each kept whole or taken back whole.

    Attributes:
        raster: What is on the canvas now, the stroke under way included.
        clears_on_first_stroke: Whether the next brush stroke starts on an empty grid, because what
            is there is an example, and not the person's own drawing.
        last_point: Where the last stroke ended, in data units, for a straight line on from there.
    """

    def __init__(self, extent: Extent) -> None:
        self.raster = Raster.blank(extent)
        self.clears_on_first_stroke = False
        self.last_point: Point | None = None
        self._end: Point | None = None
        self._kept = self.raster
        self._stroke: Stroke | None = None

    @property
    def painting(self) -> bool:
        """Whether a stroke is under way."""
        return self._stroke is not None

    @property
    def changed(self) -> bool:
        """Whether the stroke under way has met the grid and changed any cell."""
        met = self._stroke is not None and self._stroke.stamps > 0
        return met and not np.array_equal(self._kept.values, self.raster.values)

    def replace(self, density: ArrayLike, extent: Extent, *, clears: bool) -> None:
        """Show another density; a stroke under way is dropped.

        A density that is not the person's own drawing is scaled so that its peak is 1, where a full
        stroke ends too; a drawing keeps its scale, or a faint stroke would brighten by itself.
        """
        values = np.asarray(density, dtype=np.float64)
        peak = values.max(initial=0.0)
        scale = peak if peak > 0 and (clears or peak > 1) else 1.0
        self.raster = Raster(values / scale, extent)
        self.clears_on_first_stroke = clears
        self.last_point = self._end = None
        self._stroke = None
        self._kept = self.raster

    def begin(self, brush: Brush, tool: Tool) -> None:
        """Begin a stroke, on a copy of the raster or, where it clears, on an empty one."""
        self._kept = self.raster
        clears = self.clears_on_first_stroke and tool is Tool.BRUSH
        self.raster = (
            Raster.blank(self._kept.extent)
            if clears
            else Raster(self._kept.values, self._kept.extent)
        )
        self._stroke = Stroke(self.raster, brush, tool)

    def move_to(self, x: float, y: float, pressure: float = 1.0) -> list[Region]:
        """Carry the stroke on to a point in data units; gives the cells that were written."""
        if self._stroke is None:
            return []
        self._end = (x, y)
        return self._stroke.move_to(x, y, pressure)

    def keep(self) -> None:
        """End the stroke and keep what it did."""
        self._stroke = None
        self._kept = self.raster
        self.last_point = self._end
        self.clears_on_first_stroke = False

    def drop(self) -> None:
        """End the stroke and take back what it did."""
        self._stroke = None
        self.raster = self._kept

    def snapshot(self) -> NDArray[np.float32]:
        """A read-only copy of the values."""
        values = self.raster.values.copy()
        values.flags.writeable = False
        return values
