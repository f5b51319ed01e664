"""Painting a density: soft round stamps, strung along the pointer's path into strokes.

A stroke keeps the strongest stamp that each of its cells has met and lays that once over what was
there before. So a stroke looks the same however fast it was drawn and however often it crosses
itself, and a second stroke over the first builds the density up. What a stroke costs is the cells
under its stamps, never the grid.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

import numpy as np

from explorer.target.raster import NOTHING, Raster, Region

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from flowengine.project import Extent

_STAMPS_PER_RADIUS = 6
_BLUR_PER_RADIUS = 0.125

Point = tuple[float, float]


class Tool(Enum):
    """What a stroke does to the cells that it touches."""

    BRUSH = "brush"
    ERASER = "eraser"
    SMOOTH = "smooth"


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

    def at(self, x: float, y: float) -> tuple[Region, NDArray[np.float32]]:
        """The cells under a stamp at a point in data units, and their weights from 0 to 1."""
        region = self._raster.around(x, y, self._reach)
        distance = self._raster.distances(region, x, y)
        t = np.clip((self._reach - distance) * np.float32(1 / self._fade), 0, 1)
        return region, t * t * (3 - 2 * t)


class Stroke:
    """One stroke on a raster, from press to release.

    Attributes:
        stamps: How many stamps have fallen on the grid.
        cells: How many cells they have covered, which is what the stroke has cost.
    """

    def __init__(self, raster: Raster, brush: Brush, tool: Tool) -> None:
        self.stamps = 0
        self.cells = 0
        self._raster = raster
        self._brush = brush
        self._tool = tool
        self._before = raster.values.copy()
        self._mask = np.zeros_like(raster.values)
        self._radius = brush.radius(raster.extent)
        self._footprint = _Footprint(raster, brush)
        self._spacing = max(self._radius / _STAMPS_PER_RADIUS, min(raster.cell_size) / 2)
        self._last: tuple[float, float, float] | None = None

    def move_to(self, x: float, y: float, pressure: float = 1.0) -> list[Region]:
        """Carry the stroke on in a straight line, or begin it, and stamp along the way.

        Args:
            x: Where to, in data units.
            y: Where to, in data units.
            pressure: Of a pen, from 0 to 1; it scales the strength.

        Returns:
            The cells that were written: one rectangle for each image under the symmetry.
        """
        images = symmetry_images(self._raster.extent, self._brush.symmetry)
        written = [NOTHING] * len(images)
        for stamp_x, stamp_y, weight, share in self._steps(x, y, pressure):
            for i, image in enumerate(images):
                region = self._stamp(*image(stamp_x, stamp_y), weight, share)
                written[i] = written[i].united(region)
        self._last = (x, y, pressure)
        return [region for region in written if region.cells]

    def _steps(
        self, x: float, y: float, pressure: float
    ) -> Iterator[tuple[float, float, float, float]]:
        """Where stamps fall on the way to a point: x, y, pressure, and their share of the spacing.

        The share makes tools that add up do the same on the same path, whether the pointer came in
        many small moves or in a few large ones.
        """
        if self._last is None:
            yield x, y, pressure, 1.0
            return
        x0, y0, pressure0 = self._last
        length = math.hypot(x - x0, y - y0)
        count = math.ceil(length / self._spacing)
        for i in range(1, count + 1):
            t = i / count
            yield (
                x0 + t * (x - x0),
                y0 + t * (y - y0),
                pressure0 + t * (pressure - pressure0),
                length / count / self._spacing,
            )

    def _stamp(self, x: float, y: float, pressure: float, share: float) -> Region:
        region, weight = self._footprint.at(x, y)
        if not region.cells:
            return NOTHING
        weight = weight * np.float32(pressure)
        if self._tool is Tool.SMOOTH:
            self._smooth(region, weight * np.float32(share * self._brush.strength))
        else:
            self._lay(region, weight)
        self.stamps += 1
        self.cells += region.cells
        return region

    def _lay(self, region: Region, weight: NDArray[np.float32]) -> None:
        window = region.slices
        mask = self._mask[window]
        np.maximum(mask, weight, out=mask)
        before = self._before[window]
        goal = np.float32(1.0 if self._tool is Tool.BRUSH else 0.0)
        self._raster.values[window] = before + (goal - before) * (
            mask * np.float32(self._brush.strength)
        )

    def _smooth(self, region: Region, weight: NDArray[np.float32]) -> None:
        width, height = self._raster.cell_size
        reach = self._radius * _BLUR_PER_RADIUS
        half = max(1, round(reach / height)), max(1, round(reach / width))
        window = self._raster.values[region.slices]
        window += weight * (_box_blur(self._raster.values, region, half) - window)


@dataclass(frozen=True)
class Image:
    """A turn by `angle` after a reflection of x, both about `centre`."""

    centre: Point
    angle: float
    mirror: int

    def __call__(self, x: float, y: float) -> Point:
        """The image of a point."""
        dx, dy = self.mirror * (x - self.centre[0]), y - self.centre[1]
        c, s = math.cos(self.angle), math.sin(self.angle)
        return self.centre[0] + c * dx - s * dy, self.centre[1] + s * dx + c * dy


def symmetry_images(extent: Extent, fold: int) -> list[Image]:
    """The maps that send a point to its images about the centre of `extent`, itself first.

    An even fold mirrors left and right and turns the pair fold / 2 times; an odd one only turns.

    Raises:
        ValueError: `fold` is not from 1 to 8.
    """
    if not 1 <= fold <= 8:
        raise ValueError(f"The symmetry must lie in 1 to 8, got {fold}")
    x_min, x_max, y_min, y_max = extent
    centre = (x_min + x_max) / 2, (y_min + y_max) / 2
    mirrors = (1, -1) if fold % 2 == 0 else (1,)
    turns = fold // len(mirrors)
    return [
        Image(centre, 2 * math.pi * turn / turns, mirror)
        for mirror in mirrors
        for turn in range(turns)
    ]


def _box_blur(
    values: NDArray[np.float32], region: Region, half: tuple[int, int]
) -> NDArray[np.float32]:
    """Means over (2·half + 1) cells in each direction, for a region; the border repeats."""
    rows, columns = values.shape
    near = Region(
        max(0, region.bottom - half[0]),
        min(rows, region.top + half[0]),
        max(0, region.left - half[1]),
        min(columns, region.right + half[1]),
    )
    padding = (
        (half[0] - (region.bottom - near.bottom), half[0] - (near.top - region.top)),
        (half[1] - (region.left - near.left), half[1] - (near.right - region.right)),
    )
    padded = np.pad(values[near.slices], padding, mode="edge")
    blurred = _running_mean(_running_mean(padded, half[0], axis=0), half[1], axis=1)
    return np.maximum(blurred, 0).astype(np.float32)


def _running_mean(values: NDArray[np.floating], half: int, axis: int) -> NDArray[np.float64]:
    """Means over 2·half + 1 neighbours along an axis, which gets 2·half shorter."""
    size = 2 * half + 1
    sums = np.cumsum(values, axis=axis, dtype=np.float64)
    zero = np.zeros_like(np.take(sums, [0], axis=axis))
    sums = np.concatenate([zero, sums], axis=axis)
    length = values.shape[axis] - size + 1
    ends = np.take(sums, range(size, size + length), axis=axis)
    return (ends - np.take(sums, range(length), axis=axis)) / size
