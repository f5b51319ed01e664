"""Words as a density."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QFont, QFontMetricsF, QImage, QPainter, QPainterPath, QTransform

from explorer.target.brush import Coat, box_blur
from explorer.target.footprint import transform_of
from explorer.target.raster import NOTHING, Region
from explorer.target.symmetry import symmetry_images
from explorer.words.languages import mark

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from explorer.target.brush import Brush
    from explorer.target.raster import Raster

LONGEST: Final = 60  # letters
_FONT_PIXELS = 100
_BLUR_PER_HEIGHT = 1 / 12


class Lettering:
    """Lays words about the pointer until it is released: a drag moves them.

    Attributes:
        stamps: 1 as soon as the words have met the grid.
        title: What undo calls it.
    """

    def __init__(self, raster: Raster, brush: Brush, text: str, *, erases: bool) -> None:
        self.stamps = 0
        self.title = mark("Erased text") if erases else mark("Text")
        self._raster = raster
        self._brush = brush
        self._outline = text_outline(text, 2 * brush.radius(raster.extent))
        self._coat = Coat(raster, brush.strength, erases=erases)
        self._laid = NOTHING

    def move_to(self, x: float, y: float, pressure: float = 1.0) -> list[Region]:
        """Put the words elsewhere; gives the cells that they have left, too."""
        left = self._laid
        self._coat.lift([left])
        weight = self._softened(self._covered(x, y))
        self._laid = _full_part(weight)
        self._coat.lay(self._laid, weight[self._laid.slices] * np.float32(pressure))
        self.stamps = max(self.stamps, bool(self._laid.cells))
        return [region for region in (left, self._laid) if region.cells]

    def _covered(self, x: float, y: float) -> NDArray[np.float32]:
        """How much of each cell lies inside a letter, row 0 at y_min."""
        raster = self._raster
        rows, columns = raster.values.shape
        image = QImage(columns, rows, QImage.Format.Format_Grayscale8)
        image.fill(Qt.GlobalColor.black)
        width, height = raster.cell_size
        cells = QTransform.fromTranslate(-raster.extent[0], -raster.extent[2])
        cells *= QTransform.fromScale(1 / width, 1 / height)
        with QPainter(image) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            for place in symmetry_images(raster.extent, self._brush.symmetry):
                painter.setTransform(QTransform.fromTranslate(x, y) * transform_of(place) * cells)
                painter.fillPath(self._outline, Qt.GlobalColor.white)
        lines = np.frombuffer(image.constBits(), np.uint8).reshape(rows, image.bytesPerLine())
        return lines[:, :columns].astype(np.float32) / np.float32(255)

    def _softened(self, weight: NDArray[np.float32]) -> NDArray[np.float32]:
        reach = 2 * self._brush.radius(self._raster.extent) * self._brush.softness
        width, height = self._raster.cell_size
        half = round(reach * _BLUR_PER_HEIGHT / height), round(reach * _BLUR_PER_HEIGHT / width)
        if not any(half):
            return weight
        blurred = box_blur(weight, self._raster.whole, half)
        blurred[blurred < 1 / 512] = 0  # what rounding leaves is no letter
        return blurred


@lru_cache(maxsize=16)
def text_outline(text: str, height: float) -> QPainterPath:
    """The outline of a line of words, centred, with capitals of some height; y goes up."""
    font = QFont()
    font.setPixelSize(_FONT_PIXELS)
    font.setWeight(QFont.Weight.DemiBold)
    path = QPainterPath()
    path.addText(0, 0, font, text[:LONGEST])
    capital = QFontMetricsF(font).capHeight()
    box = path.boundingRect()
    scale = height / capital
    centred = QTransform.fromTranslate(-box.center().x(), capital / 2)
    return (centred * QTransform.fromScale(scale, -scale)).map(path)


def _full_part(weight: NDArray[np.float32]) -> Region:
    """The smallest rectangle around all cells above 0."""
    rows, columns = np.flatnonzero(weight.any(axis=1)), np.flatnonzero(weight.any(axis=0))
    if not len(rows):
        return NOTHING
    return Region(int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1)
