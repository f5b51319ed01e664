"""What is on the canvas, and the gesture that is changing it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

import numpy as np

from explorer.target.brush import Brush, Line, Stroke, Tool
from explorer.target.fill import Fill
from explorer.target.lettering import Lettering
from explorer.target.point_cloud import NO_POINTS, PointCloud, PointDrag, PointEraser
from explorer.target.raster import Point, Raster, Region

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from flowengine.project import Extent

_MANY_POINTS = 5000  # one more or less then makes no difference to the bandwidth
_CLEAR_FIRST = {Tool.BRUSH, Tool.LINE, Tool.TEXT}


class Gesture(Protocol):
    """What happens to the raster from a press to its release.

    Attributes:
        stamps: 0 as long as it has done nothing.
        title: What undo calls it.
    """

    stamps: int
    title: str

    def move_to(self, x: float, y: float, pressure: float = 1.0) -> list[Region]:
        """Go on to a point in data units; gives the cells that were written."""


class Drawing:
    """A raster that gestures change one at a time, each kept whole or taken back whole.

    Attributes:
        raster: What is on the canvas now, the gesture under way included.
        clears_on_first_stroke: Whether the next brush stroke starts on an empty grid, because what
            is there is an example, and not the person's own drawing.
        last_point: Where the last stroke ended, in data units, for a straight line on from there.
    """

    def __init__(self, extent: Extent) -> None:
        self.raster = Raster.blank(extent)
        self.clears_on_first_stroke = False
        self.last_point: Point | None = None
        self._end: Point | None = None
        self._cloud: PointCloud | None = None
        self._kept = self.raster
        self._gesture: Gesture | None = None

    @property
    def painting(self) -> bool:
        """Whether a gesture is under way."""
        return self._gesture is not None

    @property
    def title(self) -> str:
        """What undo calls the gesture under way, in English."""
        return self._gesture.title if self._gesture else ""

    @property
    def changed(self) -> bool:
        """Whether the gesture under way has met the grid and changed anything."""
        if self._gesture is None or self._gesture.stamps == 0:
            return False
        on_points = isinstance(self._gesture, PointDrag | PointEraser)
        return on_points or not np.array_equal(self._kept.values, self.raster.values)

    @property
    def cloud(self) -> PointCloud | None:
        """The points that the density stands for; None where it stands for itself."""
        if isinstance(self._gesture, PointDrag | PointEraser):
            return self._gesture.cloud
        return self._cloud

    def replace(
        self,
        density: ArrayLike,
        extent: Extent,
        *,
        clears: bool,
        cloud: PointCloud | None = None,
    ) -> None:
        """Show another density; a gesture under way is dropped.

        A density that is not the person's own drawing is scaled so that its peak is 1, where a full
        stroke ends too; a drawing keeps its scale, or a faint stroke would brighten by itself.
        """
        values = np.asarray(density, dtype=np.float64)
        peak = values.max(initial=0.0)
        scale = peak if peak > 0 and (clears or peak > 1) else 1.0
        self.raster = Raster(values / scale, extent)
        self.clears_on_first_stroke = clears
        self.last_point = self._end = None
        self._cloud = cloud
        self._gesture = None
        self._kept = self.raster

    def begin(
        self,
        brush: Brush,
        tool: Tool,
        *,
        erases: bool = False,
        text: str = "",
        reach: float = 0.0,
    ) -> None:
        """Begin a gesture.

        Args:
            brush: The tip.
            tool: The eraser, and whatever erases, removes points where there are some.
            erases: Whether the tool takes away what it else gives.
            text: What the text tool writes.
            reach: From how far the points tool meets a point, in data units.
        """
        self._kept = self.raster
        erases = erases or tool is Tool.ERASER
        if tool is Tool.POINTS or (erases and self._cloud is not None):
            cloud = self._cloud or replace(NO_POINTS, extent=self._kept.extent)
            self.raster = Raster(cloud.density(), cloud.extent)
            reach = reach if tool is Tool.POINTS else brush.radius(cloud.extent)
            gesture = PointEraser if erases else PointDrag
            self._gesture = gesture(self.raster, cloud, brush.symmetry, reach)
            return
        clears = self.clears_on_first_stroke and tool in _CLEAR_FIRST and not erases
        self.raster = (
            Raster.blank(self._kept.extent)
            if clears
            else Raster(self._kept.values, self._kept.extent)
        )
        self._gesture = _painted(self.raster, brush, tool, erases=erases, text=text)

    def move_to(
        self, x: float, y: float, pressure: float = 1.0, *, straight: bool = False
    ) -> list[Region]:
        """Carry the gesture on to a point in data units; gives the cells that were written.

        A `straight` line keeps to the nearest of 24 directions.
        """
        if self._gesture is None:
            return []
        if straight and isinstance(self._gesture, Line):
            x, y = self._gesture.straightened(x, y)
        self._end = (x, y)
        return self._gesture.move_to(x, y, pressure)

    def keep(self) -> None:
        """End the gesture and keep what it did; a few points have their bandwidth chosen anew."""
        if isinstance(self._gesture, PointDrag | PointEraser):
            cloud = self._gesture.cloud
            few = len(cloud.points) < _MANY_POINTS
            self.set_cloud(replace(cloud, steady=None if few else cloud.steady))
        else:
            self._cloud = None
            self.last_point = self._end
            self.clears_on_first_stroke = False
        self._gesture = None
        self._kept = self.raster

    def set_cloud(self, cloud: PointCloud) -> None:
        """Show other points, or the same under another bandwidth."""
        self._cloud = cloud
        self.raster = Raster(cloud.density(), cloud.extent)
        self.clears_on_first_stroke = True
        self.last_point = None

    def drop(self) -> None:
        """End the gesture and take back what it did."""
        self._gesture = None
        self.raster = self._kept

    def snapshot(self) -> NDArray[np.float32]:
        """A read-only copy of the values."""
        values = self.raster.values.copy()
        values.flags.writeable = False
        return values


def _painted(raster: Raster, brush: Brush, tool: Tool, *, erases: bool, text: str) -> Gesture:
    match tool:
        case Tool.LINE:
            return Line(raster, brush, erases=erases)
        case Tool.FILL:
            return Fill(raster, brush, erases=erases)
        case Tool.TEXT:
            return Lettering(raster, brush, text, erases=erases)
        case _:
            return Stroke(raster, brush, Tool.ERASER if erases else tool)
