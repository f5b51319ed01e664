"""Painting a density: stamps of a soft round tip, each swept along a short piece of the path.

A stroke keeps the strongest stamp that each of its cells has met and lays that once over what was
there before. So a stroke looks the same however fast it was drawn and however often it crosses
itself, and a second stroke over the first builds the density up. What a stroke costs is the cells
under its stamps, never the grid.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum
from functools import reduce
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import numpy as np

from explorer.target.raster import NOTHING, Raster, Region, Segment
from explorer.target.symmetry import symmetry_images
from explorer.words.languages import mark

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from flowengine.project import Extent

# Over how many radii a stamp is swept. What is laid down may be swept over any length, and a
# diameter keeps the rectangle about a slanting piece small; what adds up goes by small steps.
_SWEEP = 2.0
_SMOOTHING_SWEEP = 1 / 3
_BLUR_PER_RADIUS = 1 / 8
_ANGLE = math.pi / 12


class Tool(Enum):
    """What the pointer does on the canvas."""

    BRUSH = "brush"
    ERASER = "eraser"
    SMOOTH = "smooth"
    LINE = "line"
    FILL = "fill"
    TEXT = "text"
    POINTS = "points"


_TITLES: Final = {
    Tool.BRUSH: mark("Brush stroke"),
    Tool.ERASER: mark("Eraser stroke"),
    Tool.SMOOTH: mark("Smoothing stroke"),
}


@dataclass(frozen=True)
class Brush:
    """A round tip.

    Attributes:
        size: Diameter, in 256ths of the grid's larger side, so that it means the same on every
            grid.
        softness: Share of the radius over which it fades out, from 0 (hard) to 1.
        strength: What one stroke does at its centre line, from 0 to 1.
        symmetry: Into how many images about the grid's centre a stroke is multiplied, from 1 to 8.
            Even numbers mirror it as a kaleidoscope does, odd ones turn it.
    """

    size: float = 18.0
    softness: float = 0.5
    strength: float = 1.0
    symmetry: int = 1

    def radius(self, extent: Extent) -> float:
        """Half its diameter, in data units."""
        x_min, x_max, y_min, y_max = extent
        return self.size / 512 * max(x_max - x_min, y_max - y_min)


class _Footprint:
    """The weights of one stamp of a brush on a raster."""

    def __init__(self, raster: Raster, brush: Brush) -> None:
        self._raster = raster
        # A hard tip fades over one cell all the same, so that its rim has no stairs.
        edge = max(raster.cell_size)
        radius = brush.radius(raster.extent)
        soft = radius * brush.softness >= edge
        self._reach = radius if soft else max(radius, edge / 2) + edge / 2
        self._fade = radius * brush.softness if soft else edge

    def along(
        self, segment: Segment, pressures: tuple[float, float]
    ) -> tuple[Region, NDArray[np.float32]]:
        """The cells under a stamp swept along a segment, and their weights from 0 to 1."""
        region = self._raster.around(segment, self._reach)
        share, distance = self._raster.nearest(region, segment)
        t = np.clip((self._reach - distance) * np.float32(1 / self._fade), 0, 1)
        weight = t * t * (3 - 2 * t)
        first, last = (np.float32(pressure) for pressure in pressures)
        return region, weight * (first + (last - first) * share if last != first else first)


class Coat:
    """What one gesture lays over a raster: in each cell once, by the strongest weight it has met.

    Args:
        raster: Painted into.
        strength: Share of the way to full or empty that a weight of 1 goes.
        erases: Whether it takes density away.
    """

    def __init__(self, raster: Raster, strength: float, *, erases: bool) -> None:
        self._raster = raster
        self._before = raster.values.copy()
        self._mask = np.zeros_like(raster.values)
        self._strength = np.float32(strength)
        self._goal = np.float32(0.0 if erases else 1.0)

    def lay(self, region: Region, weight: NDArray[np.float32]) -> None:
        """Lay a weight from 0 to 1, in the region's shape, over a region."""
        window = region.slices
        mask = self._mask[window]
        np.maximum(mask, weight, out=mask)
        before = self._before[window]
        self._raster.values[window] = before + (self._goal - before) * (mask * self._strength)

    def lift(self, regions: list[Region]) -> None:
        """Take off what was laid over some regions."""
        for region in regions:
            self._mask[region.slices] = 0
            self._raster.values[region.slices] = self._before[region.slices]


class Stroke:
    """One stroke on a raster, from press to release.

    Attributes:
        stamps: How many stamps have fallen on the grid.
        cells: How many cells they have covered, which is what the stroke has cost.
        title: What undo calls it.
    """

    def __init__(self, raster: Raster, brush: Brush, tool: Tool) -> None:
        self.stamps = 0
        self.cells = 0
        self.title = _TITLES[tool]
        self._raster = raster
        self._brush = brush
        self._tool = tool
        self._coat = Coat(raster, brush.strength, erases=tool is Tool.ERASER)
        self._radius = brush.radius(raster.extent)
        self._footprint = _Footprint(raster, brush)
        sweep = _SMOOTHING_SWEEP if tool is Tool.SMOOTH else _SWEEP
        self._sweep = max(sweep * self._radius, min(raster.cell_size))
        self._last: tuple[float, float, float] | None = None

    def move_to(self, x: float, y: float, pressure: float = 1.0) -> list[Region]:
        """Carry the stroke on in a straight line, or begin it, and stamp along the way.

        Args:
            x: Where to, in data units.
            y: Where to, in data units.
            pressure: Of a pen, from 0 to 1; it scales the strength.

        Returns:
            The cells that were written: rectangles about the images under the symmetry.
        """
        images = symmetry_images(self._raster.extent, self._brush.symmetry)
        written = [NOTHING] * len(images)
        for (start, end), pressures in self._pieces(x, y, pressure):
            stamps = [
                self._footprint.along((image(*start), image(*end)), pressures) for image in images
            ]
            for i, (region, weight) in enumerate(joined(stamps)):
                self._stamp(region, weight, self._share((start, end)))
                written[i] = written[i].united(region)
        self._last = (x, y, pressure)
        return [region for region in written if region.cells]

    def _pieces(
        self, x: float, y: float, pressure: float
    ) -> Iterator[tuple[Segment, tuple[float, float]]]:
        """The way to a point in pieces for one stamp each, with the pressures at their ends."""
        if self._last is None:
            yield ((x, y), (x, y)), (pressure, pressure)
            return
        length = math.hypot(x - self._last[0], y - self._last[1])
        count = math.ceil(length / self._sweep)
        if not count:
            return
        stops = [_between(self._last, (x, y, pressure), i / count) for i in range(count + 1)]
        for (x0, y0, pressure0), (x1, y1, pressure1) in pairwise(stops):
            yield ((x0, y0), (x1, y1)), (pressure0, pressure1)

    def _stamp(self, region: Region, weight: NDArray[np.float32], share: float) -> None:
        if not region.cells:
            return
        if self._tool is Tool.SMOOTH:
            self._smooth(region, weight * np.float32(share))
        else:
            self._coat.lay(region, weight)
        self.stamps += 1
        self.cells += region.cells

    def _share(self, segment: Segment) -> float:
        """How much of a full stamp a piece of the path is due; the first dab is one.

        So that what adds up does the same on the same path, whether the pointer came in many small
        moves or in a few large ones.
        """
        length = math.dist(*segment)
        return length / self._sweep if length else 1.0

    def _smooth(self, region: Region, weight: NDArray[np.float32]) -> None:
        width, height = self._raster.cell_size
        reach = self._radius * _BLUR_PER_RADIUS
        half = max(1, round(reach / height)), max(1, round(reach / width))
        window = self._raster.values[region.slices]
        weight *= np.float32(self._brush.strength)
        window += weight * (box_blur(self._raster.values, region, half) - window)


def joined(
    stamps: list[tuple[Region, NDArray[np.float32]]],
) -> list[tuple[Region, NDArray[np.float32]]]:
    """One stamp in place of several that overlap so much that it costs less; the strongest counts.

    Large tips under a symmetry would otherwise write the same cells many times over.
    """
    around = reduce(Region.united, (region for region, _ in stamps), NOTHING)
    if sum(region.cells for region, _ in stamps) <= around.cells:
        return stamps
    weight = np.zeros((around.top - around.bottom, around.right - around.left), np.float32)
    for region, own in stamps:
        window = weight[region.within(around).slices]
        np.maximum(window, own, out=window)
    return [(around, weight)]


class Line(Stroke):
    """A straight stroke from the press to where the pointer is, laid anew with every move."""

    def __init__(self, raster: Raster, brush: Brush, *, erases: bool) -> None:
        super().__init__(raster, brush, Tool.ERASER if erases else Tool.BRUSH)
        self.title = mark("Erased line") if erases else mark("Line")
        self._start: tuple[float, float, float] | None = None
        self._laid: list[Region] = []

    def move_to(self, x: float, y: float, pressure: float = 1.0) -> list[Region]:
        """Lay the line to another end; gives the cells that it has left, too."""
        left = self._laid
        self._coat.lift(left)
        self._start = self._start or (x, y, pressure)
        self._last = self._start if (x, y) != self._start[:2] else None
        self._laid = super().move_to(x, y, pressure)
        return left + self._laid

    def straightened(self, x: float, y: float) -> tuple[float, float]:
        """The point as far from the start as (x, y), in the nearest of 24 directions."""
        if self._start is None:
            return x, y
        dx, dy = x - self._start[0], y - self._start[1]
        angle = round(math.atan2(dy, dx) / _ANGLE) * _ANGLE
        length = math.hypot(dx, dy)
        return self._start[0] + length * math.cos(angle), self._start[1] + length * math.sin(angle)


def _between(
    start: tuple[float, float, float], end: tuple[float, float, float], share: float
) -> tuple[float, float, float]:
    x, y, pressure = (a + share * (b - a) for a, b in zip(start, end, strict=True))
    return x, y, pressure


def box_blur(
    values: NDArray[np.float32], region: Region, half: tuple[int, int]
) -> NDArray[np.float32]:
    """Means over (2·half + 1) cells in each direction, for a region; the border repeats."""
    rows, columns = (2 * n + 1 for n in half)
    # One row and column more than the means need: their sums are what is taken off the others'.
    row_index = np.arange(region.bottom - half[0] - 1, region.top + half[0])
    column_index = np.arange(region.left - half[1] - 1, region.right + half[1])
    near = values[
        np.clip(row_index, 0, values.shape[0] - 1)[:, None],
        np.clip(column_index, 0, values.shape[1] - 1),
    ]
    sums = near.cumsum(axis=0, dtype=np.float64)
    sums = (sums[rows:] - sums[:-rows]).cumsum(axis=1)
    means = (sums[:, columns:] - sums[:, :-columns]) / (rows * columns)
    risen: NDArray[np.float32] = np.maximum(means, 0).astype(np.float32)  # not below 0 by an ulp
    return risen
