"""Small pictures: what a layer does to a square mesh, and the density of a base."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QImage, QPainter, QPainterPath, QPen, QPixmap, QPolygonF

from explorer.panels.colormap import HEAT_TOP, SEQUENTIAL, lut, premultiplied
from explorer.theme import mix, theme

if TYPE_CHECKING:
    from numpy.typing import NDArray

REACH: Final = 4.2  # the picture shows [-REACH, REACH]², a little more than the mesh itself
_MESH: Final = 3.0
_LINES: Final = 9
_RADIUS: Final = 5.0
_VISIBLE: Final = 0.03  # a fifth of a pixel of a card's thumbnail, in data units


def plain_grid(points: int = _LINES) -> NDArray[np.float64]:
    """A square mesh of [-3, 3]² that no layer has touched, shape (points, points, 2)."""
    axis = np.linspace(-_MESH, _MESH, points)
    return np.stack(np.meshgrid(axis, axis), axis=-1)


def grid_pixmap(grid: NDArray[Any], side: int, ratio: float) -> QPixmap:
    """Draw a mesh as lines on the ground of the panels.

    Args:
        grid: Shape (rows, columns, 2), in data units; a line ends where it is not finite.
        side: Width and height of the picture, in logical pixels.
        ratio: Device pixels to a logical pixel.
    """
    pixmap, painter = _empty(side, ratio)
    painter.setPen(QPen(mix(theme.color("discrete"), theme.color("panel_text"), 0.3), 0.8))
    painter.drawPath(_path(np.asarray(grid, dtype=np.float64), side))
    painter.end()
    return pixmap


def density_pixmap(density: NDArray[Any], side: int, ratio: float) -> QPixmap:
    """Draw a density in the colours of the panels.

    Args:
        density: Shape (rows, columns), row 0 lowest, of any sum.
        side: Width and height of the picture, in logical pixels.
        ratio: Device pixels to a logical pixel.
    """
    pixmap, painter = _empty(side, ratio)
    height = np.asarray(density)[::-1] / max(float(np.max(density)), 1e-300)
    colours = np.asarray(lut(SEQUENTIAL[0])[np.rint(height * HEAT_TOP).astype(int), :3] / 255)
    words = np.ascontiguousarray(premultiplied(colours, np.clip(4 * height, 0, 1)))
    rows, columns = words.shape
    image = QImage(words.data, columns, rows, QImage.Format.Format_ARGB32_Premultiplied)
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    painter.drawImage(QRectF(0, 0, side, side), image)
    painter.end()
    return pixmap


def _empty(side: int, ratio: float) -> tuple[QPixmap, QPainter]:
    """The ground of a thumbnail, and a painter that keeps to it."""
    pixmap = QPixmap(round(side * ratio), round(side * ratio))
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    frame = QPainterPath()
    frame.addRoundedRect(QRectF(0, 0, side, side), _RADIUS, _RADIUS)
    painter.fillPath(frame, theme.color("panel"))
    painter.setClipPath(frame)
    return pixmap, painter


def looks_like(first: NDArray[Any], second: NDArray[Any]) -> bool:
    """Whether two meshes give pictures that an eye cannot tell apart."""
    if first is second:
        return True
    same_shape = first.shape == second.shape
    return same_shape and np.allclose(first, second, rtol=0.0, atol=_VISIBLE, equal_nan=True)


def _path(grid: NDArray[np.float64], side: int) -> QPainterPath:
    """The lines of a mesh in one path: drawn in one call, which a busy window can afford."""
    # Far points are drawn where they leave the picture; Qt is slow on huge coordinates.
    pixels = (np.clip(grid, -4 * REACH, 4 * REACH) + REACH) * (side / (2 * REACH))
    pixels[..., 1] = side - pixels[..., 1]
    rows = pixels[_spread(grid.shape[0])]
    columns = pixels[:, _spread(grid.shape[1])].swapaxes(0, 1)
    whole = np.isfinite(pixels).all()
    path = QPainterPath()
    for line in (*rows, *columns):
        for run in [line] if whole else _finite_runs(line):
            path.addPolygon(QPolygonF([QPointF(x, y) for x, y in run.tolist()]))
    return path


def _finite_runs(line: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    """The parts of a line, shape (n, 2), between points that are not finite."""
    there = np.isfinite(line).all(axis=1)
    runs = np.split(line, np.flatnonzero(np.diff(there)) + 1)
    return [run for run in runs if np.isfinite(run).all()]


def _spread(count: int) -> list[int]:
    """About `_LINES` of `count` lines, evenly spread, with both ends."""
    step = max(1, round((count - 1) / (_LINES - 1)))
    return sorted({*range(0, count, step), count - 1})
