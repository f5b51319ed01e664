"""A small picture of what a layer does to a square mesh."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPainterPath, QPen, QPixmap, QPolygonF

from explorer.theme import mix, theme

if TYPE_CHECKING:
    from numpy.typing import NDArray

REACH: Final = 4.2  # the picture shows [-REACH, REACH]², a little more than the mesh itself
_MESH: Final = 3.0
_LINES: Final = 9
_RADIUS: Final = 5.0


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
    pixmap = QPixmap(round(side * ratio), round(side * ratio))
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    frame = QPainterPath()
    frame.addRoundedRect(QRectF(0, 0, side, side), _RADIUS, _RADIUS)
    painter.fillPath(frame, theme.color("panel"))
    painter.setClipPath(frame)
    painter.setPen(QPen(mix(theme.color("discrete"), theme.color("panel_text"), 0.3), 0.8))
    for line in _lines(np.asarray(grid, dtype=np.float64)):
        painter.drawPolyline(_polygon(line, side))
    painter.end()
    return pixmap


def _lines(grid: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    rows = grid[_spread(grid.shape[0])]
    columns = grid[:, _spread(grid.shape[1])].swapaxes(0, 1)
    whole = [*rows, *columns]
    return [line[np.isfinite(line).all(axis=1)] for line in whole]


def _spread(count: int) -> list[int]:
    """About `_LINES` of `count` lines, evenly spread, with both ends."""
    step = max(1, round((count - 1) / (_LINES - 1)))
    return sorted({*range(0, count, step), count - 1})


def _polygon(line: NDArray[np.float64], side: int) -> QPolygonF:
    # Far points are drawn where they leave the picture; Qt's painter is slow on huge coordinates.
    inside = np.clip(line, -4 * REACH, 4 * REACH)
    x = (inside[:, 0] + REACH) * (side / (2 * REACH))
    y = (REACH - inside[:, 1]) * (side / (2 * REACH))
    return QPolygonF([QPointF(a, b) for a, b in zip(x.tolist(), y.tolist(), strict=True)])
