"""Points and the density that they stand for; gestures that add, move and remove them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Final

import numpy as np

from explorer.target.raster import CELLS
from explorer.target.symmetry import symmetry_images
from explorer.words.languages import mark
from flowengine.project import DEFAULT_EXTENT
from flowengine.targets.checks import MAX_POINTS
from flowengine.targets.points import cell_counts, chosen_bandwidth, spread_counts

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from explorer.target.raster import Point, Raster, Region
    from flowengine.project import Extent

    Points = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class PointCloud:
    """Points within a square, and how wide the bell about each of them is.

    Attributes:
        points: Shape (n, 2), in data units.
        extent: The square.
        bandwidth: Standard deviation of a bell, in data units; None to have it chosen.
        steady: The bandwidth to keep while points are on the move, instead of choosing anew.
    """

    points: Points
    extent: Extent = DEFAULT_EXTENT
    bandwidth: float | None = None
    steady: float | None = None

    @cached_property
    def width(self) -> float | None:
        """The bandwidth that the density has; None while there are no points."""
        if not len(self.points):
            return None
        return self.bandwidth or self.steady or chosen_bandwidth(self._counts, self.extent)

    @cached_property
    def _counts(self) -> NDArray[np.float64]:
        return cell_counts(self.points, self.extent, CELLS)

    def density(self) -> NDArray[np.float32]:
        """Shape (256, 256), row 0 at y_min, scaled to a peak of 1; all 0 without points."""
        if self.width is None:
            return np.zeros((CELLS, CELLS), np.float32)
        density = spread_counts(self._counts, self.extent, self.width)
        scaled: NDArray[np.float32] = (density / density.max()).astype(np.float32)
        return scaled

    def nearest(self, x: float, y: float, reach: float) -> int | None:
        """The index of the point nearest to (x, y), if one lies within `reach`."""
        if not len(self.points):
            return None
        distance = np.hypot(*(self.points - (x, y)).T)
        index = int(distance.argmin())
        return index if distance[index] <= reach else None

    def added(self, points: Points) -> PointCloud:
        """With more points behind the others: those in the square, as far as there is room."""
        x_min, x_max, y_min, y_max = self.extent
        inside = ((points >= (x_min, y_min)) & (points <= (x_max, y_max))).all(axis=1)
        new = points[inside][: MAX_POINTS - len(self.points)]
        return replace(self, points=np.concatenate([self.points, new]))

    def holds(self, x: float, y: float) -> bool:
        """Whether a point lies in the square."""
        x_min, x_max, y_min, y_max = self.extent
        return x_min <= x <= x_max and y_min <= y <= y_max

    def moved(self, indices: slice, points: Points) -> PointCloud:
        """With some points elsewhere, at the border if that is outside the square."""
        x_min, x_max, y_min, y_max = self.extent
        moved = self.points.copy()
        moved[indices] = np.clip(points, (x_min, y_min), (x_max, y_max))
        return replace(self, points=moved)

    def without(self, x: float, y: float, reach: float) -> PointCloud:
        """Without the points within `reach` of (x, y)."""
        far = np.hypot(*(self.points - (x, y)).T) > reach
        return self if far.all() else replace(self, points=self.points[far])


NO_POINTS: Final = PointCloud(np.empty((0, 2)))


class _PointGesture:
    """A gesture on points, shown in a raster.

    Attributes:
        cloud: The points as they are now.
        stamps: How many moves have changed them.
        title: What undo calls it.
    """

    title = ""

    def __init__(self, raster: Raster, cloud: PointCloud, fold: int) -> None:
        self.cloud = replace(cloud, steady=cloud.width)
        self.stamps = 0
        self._raster = raster
        self._images = symmetry_images(raster.extent, fold)

    def _show(self, cloud: PointCloud) -> list[Region]:
        if np.array_equal(cloud.points, self.cloud.points):
            return []
        self.cloud = cloud
        self.stamps += 1
        self._raster.values[:] = cloud.density()
        return [self._raster.whole]


class PointDrag(_PointGesture):
    """Takes up the point under the press, or adds one there, and moves it with the pointer."""

    def __init__(self, raster: Raster, cloud: PointCloud, fold: int, reach: float) -> None:
        super().__init__(raster, cloud, fold)
        self.title = mark("Add a point")
        self._reach = reach
        self._move: Callable[[float, float], PointCloud] | None = None

    def move_to(self, x: float, y: float, pressure: float = 1.0) -> list[Region]:
        """Take a point up at the first place, carry it to any other."""
        if self._move is None:
            return self._take_up(x, y)
        return self._show(self._move(x, y))

    def _take_up(self, x: float, y: float) -> list[Region]:
        index = self.cloud.nearest(x, y, self._reach)
        if index is not None:
            self.title = mark("Move a point")
            grip = self.cloud.points[index] - np.array((x, y))  # it does not jump to the pointer
            held = slice(index, index + 1)
            self._move = lambda x, y: self.cloud.moved(held, grip + np.array((x, y)))
            return []
        before = len(self.cloud.points)
        self._images = [image for image in self._images if self.cloud.holds(*image(x, y))]
        cloud = self.cloud.added(self._places(x, y))
        new = slice(before, len(cloud.points))
        self._move = lambda x, y: self.cloud.moved(new, self._places(x, y)[: new.stop - new.start])
        return self._show(cloud)

    def _places(self, x: float, y: float) -> Points:
        return np.array([image(x, y) for image in self._images]).reshape(-1, 2)


class PointEraser(_PointGesture):
    """Removes the points that it passes over."""

    def __init__(self, raster: Raster, cloud: PointCloud, fold: int, reach: float) -> None:
        super().__init__(raster, cloud, fold)
        self.title = mark("Remove points")
        self._reach = reach
        self._last: Point | None = None

    def move_to(self, x: float, y: float, pressure: float = 1.0) -> list[Region]:
        """Remove what lies on the straight way to a point."""
        start = np.array(self._last or (x, y))
        way = np.array((x, y)) - start
        self._last = (x, y)
        cloud = self.cloud
        steps = int(np.hypot(*way) / self._reach) + 1
        for step in range(1, steps + 1):
            for image in self._images:
                cloud = cloud.without(*image(*(start + way * step / steps)), self._reach)
        return self._show(cloud)
