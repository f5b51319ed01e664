"""The outline of what the next press will leave, which follows the pointer."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtGui import QPainterPath, QTransform

from explorer.target.symmetry import symmetry_images

if TYPE_CHECKING:
    from explorer.target.picture import SquareView
    from explorer.target.raster import Point
    from explorer.target.symmetry import Image
    from flowengine.project import Extent


@dataclass(frozen=True)
class Footprint:
    """An outline and its images under a symmetry.

    Attributes:
        outline: In data units, about the pointer; y goes up.
        fold: How often the symmetry repeats it.
        dashed: Whether the tool takes away.
    """

    outline: QPainterPath
    fold: int = 1
    dashed: bool = False

    def around(self, pointer: Point, view: SquareView, extent: Extent) -> list[QPainterPath]:
        """The outlines on a widget, the pointer's own first."""
        there = QTransform.fromTranslate(*pointer)
        return [
            (there * transform_of(image) * view.transform()).map(self.outline)
            for image in symmetry_images(extent, self.fold)
        ]


def transform_of(image: Image) -> QTransform:
    """The image of a plane as Qt's painter wants it."""
    c, s = math.cos(image.angle), math.sin(image.angle)
    x, y = image.centre
    turned = QTransform(c * image.mirror, s * image.mirror, -s, c, x, y)
    return QTransform.fromTranslate(-x, -y) * turned
