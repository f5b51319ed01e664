"""Where a target lies in the plane: the affine map between its units and normalized ones.

Models learn in normalized coordinates, in which every target fills the square [-4, 4]²: a density
over metres, degrees or dollars then trains as one over the standard extent does. Loads no torch.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from flowengine.project import DEFAULT_EXTENT

if TYPE_CHECKING:
    from flowengine.project import Extent, TargetSpec

    Pair = tuple[float, float]

_FINE = 100.0
"""Scales from the origin from which on float32 no longer tells neighbouring points apart."""

_ORDINARY, _LEAST_SIDE = 16.0, 4.0


class Frame(NamedTuple):
    """x = center + scale · n, per axis: data units x of normalized coordinates n.

    Attributes:
        center: What lies at the normalized origin, in data units.
        scale: Data units per normalized one, both above zero.
    """

    center: Pair = (0.0, 0.0)
    scale: Pair = (1.0, 1.0)

    @classmethod
    @lru_cache(maxsize=256)
    def of(cls, extent: Extent) -> Frame:
        """The frame in which an extent is the standard one, [-4, 4]²; of that one, the identity."""
        x_min, x_max, y_min, y_max = extent
        side = DEFAULT_EXTENT[1] - DEFAULT_EXTENT[0]
        center = x_min + (x_max - x_min) / 2, y_min + (y_max - y_min) / 2
        return cls(center, ((x_max - x_min) / side, (y_max - y_min) / side))

    @property
    def is_identity(self) -> bool:
        """Whether data units are the normalized ones."""
        return self == IDENTITY

    @property
    def is_fine(self) -> bool:
        """Whether data lies so far from zero, for its size, that its points need float64."""
        return any(abs(c) > _FINE * s for c, s in zip(self.center, self.scale, strict=True))

    @property
    def log_area(self) -> float:
        """The log of a normalized unit square's area in data units, in nats."""
        return math.log(self.scale[0]) + math.log(self.scale[1])

    def data(self, point: Pair) -> Pair:
        """A normalized point in data units."""
        (cx, cy), (sx, sy) = self
        return cx + sx * point[0], cy + sy * point[1]

    def normal(self, point: Pair) -> Pair:
        """A point of data units in normalized coordinates."""
        (cx, cy), (sx, sy) = self
        return (point[0] - cx) / sx, (point[1] - cy) / sy

    def data_extent(self, extent: Extent) -> Extent:
        """A normalized extent in data units."""
        (left, bottom), (right, top) = self.data(extent[::2]), self.data(extent[1::2])
        return left, right, bottom, top

    def normal_extent(self, extent: Extent) -> Extent:
        """An extent of data units in normalized coordinates: [-4, 4]² if it is the frame's own."""
        if self == Frame.of(extent):
            return DEFAULT_EXTENT
        (left, bottom), (right, top) = self.normal(extent[::2]), self.normal(extent[1::2])
        return left, right, bottom, top

    def seen_from(self, other: Frame) -> Frame:
        """This frame, where what `other` normalizes to counts as data units."""
        if self == other:
            return IDENTITY
        sx, sy = other.scale
        return Frame(other.normal(self.center), (self.scale[0] / sx, self.scale[1] / sy))


IDENTITY = Frame()


def frame_of(target: TargetSpec) -> Frame:
    """The frame of whatever learns a target: that of its extent.

    But a formula over a plane of ordinary size says itself where it lies: there x and z are
    measured alike, and x = 2z + 1 can be built by hand.
    """
    x_min, x_max, y_min, y_max = target.extent
    ordinary = max(map(abs, target.extent)) <= _ORDINARY
    if target.source == "formula" and ordinary and min(x_max - x_min, y_max - y_min) >= _LEAST_SIDE:
        return IDENTITY
    return Frame.of(target.extent)
