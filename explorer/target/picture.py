"""The picture of a raster, kept up to date cell by cell, and where it lies on a widget."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QPointF, QRect, QRectF
from PySide6.QtGui import QImage, QPainter, QTransform

from explorer.panels.colormap import lut, premultiplied
from explorer.target.raster import NOTHING, Raster, Region
from explorer.theme import theme

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from flowengine.project import Extent

COLOURS = "magma"
_FADE = 48  # of 255 steps
_LAYOUT = QImage.Format.Format_ARGB32_Premultiplied


class DensityPicture:
    """A raster through a colour map, as a QImage that shares its memory with an array.

    Only the cells that changed are coloured anew. Row 0 of the image is the top row of cells.
    """

    def __init__(self, raster: Raster) -> None:
        self._allocate(raster.values.shape)
        self.refresh(raster, raster.whole)

    def refresh(self, raster: Raster, region: Region) -> None:
        """Colour a region anew; another shape than before colours everything."""
        if raster.values.shape != self._pixels.shape:
            self._allocate(raster.values.shape)
            region = raster.whole
        self._pixels[::-1][region.slices] = _coloured(raster.values[region.slices])

    def paint(self, painter: QPainter, where: QRectF) -> None:
        """Draw the whole picture into a rectangle; the painter's clip decides what that costs."""
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(where, self._image)

    def _allocate(self, shape: tuple[int, ...]) -> None:
        rows, columns = shape
        self._pixels: NDArray[np.uint32] = np.zeros((rows, columns), np.uint32)
        self._image = QImage(self._pixels.data, columns, rows, 4 * columns, _LAYOUT)


class SquareView:
    """Data units on a widget: equal scales on both axes, the extent centred in the rectangle."""

    def __init__(self, extent: Extent, frame: QRectF) -> None:
        x_min, x_max, y_min, y_max = extent
        self.scale = min(frame.width() / (x_max - x_min), frame.height() / (y_max - y_min))
        size = (self.scale * (x_max - x_min), self.scale * (y_max - y_min))
        corner = frame.center() - QPointF(size[0] / 2, size[1] / 2)
        self.rect = QRectF(corner.x(), corner.y(), *size)
        self._origin = QPointF(
            corner.x() - self.scale * x_min, corner.y() + self.scale * y_max
        )  # where x = y = 0 lies

    def to_data(self, position: QPointF) -> tuple[float, float]:
        """The point of the plane under a position on the widget."""
        offset = position - self._origin
        return offset.x() / self.scale, -offset.y() / self.scale

    def to_widget(self, x: float, y: float) -> QPointF:
        """The position on the widget of a point of the plane."""
        return self._origin + QPointF(self.scale * x, -self.scale * y)

    def transform(self) -> QTransform:
        """The same as `to_widget`, for a painter."""
        return QTransform(self.scale, 0, 0, -self.scale, self._origin.x(), self._origin.y())

    def pixels(self, raster: Raster, region: Region) -> QRect:
        """The pixels whose colour depends on a region of cells, whole and no more than needed."""
        if region == NOTHING:
            return QRect()
        x_min, _, y_min, _ = raster.extent
        width, height = raster.cell_size
        # Colours are interpolated between the centres of cells, so they bleed half a cell out.
        left, right = (x_min + (n * width) for n in (region.left - 0.5, region.right + 0.5))
        bottom, top = (y_min + (n * height) for n in (region.bottom - 0.5, region.top + 0.5))
        corner, opposite = self.to_widget(left, top), self.to_widget(right, bottom)
        x, y = math.floor(corner.x()), math.floor(corner.y())
        return QRect(x, y, math.ceil(opposite.x()) - x, math.ceil(opposite.y()) - y)


def density_image(values: NDArray[np.float32]) -> QImage:
    """A picture of a grid of values from 0 to 1, row 0 at the bottom, one pixel a cell."""
    pixels = np.ascontiguousarray(_coloured(values)[::-1])
    rows, columns = pixels.shape
    density = QImage(pixels.data, columns, rows, 4 * columns, _LAYOUT)
    image = QImage(density.size(), QImage.Format.Format_RGB32)
    image.fill(theme.color("panel"))
    with QPainter(image) as painter:
        painter.drawImage(0, 0, density)
    return image


def _coloured(values: NDArray[np.float32]) -> NDArray[np.uint32]:
    """Values from 0 to 1 as the words of a QImage.

    As in the panels, colour goes by the square root of the density, so that thin parts show, and
    the lowest part fades into the ground.
    """
    return _colours()[(np.sqrt(values) * np.float32(255) + np.float32(0.5)).astype(np.uint8)]


@lru_cache(maxsize=1)
def _colours() -> NDArray[np.uint32]:
    return premultiplied(lut(COLOURS)[:, :3] / 255, np.clip(np.arange(256) / _FADE, 0, 1))
