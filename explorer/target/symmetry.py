"""The images of a point under the symmetry that a drawing is multiplied by."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from explorer.target.raster import Point
    from flowengine.project import Extent


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
