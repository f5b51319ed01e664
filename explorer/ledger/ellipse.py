"""The Jacobian of a line as a picture: what it makes of the unit circle."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPen, QTransform
from PySide6.QtWidgets import QStyledItemDelegate, QStyleOptionViewItem

from explorer.theme import theme

if TYPE_CHECKING:
    from PySide6.QtGui import QColor

    Jacobian = tuple[float, float, float, float]

JACOBIAN_ROLE: Final = Qt.ItemDataRole.UserRole + 1
COLOUR_ROLE: Final = Qt.ItemDataRole.UserRole + 2
_AIR: Final = 2.0
ELLIPSE_WIDTH: Final = 26


class EllipseDelegate(QStyledItemDelegate):
    """Draws a cell's Jacobian, under `JACOBIAN_ROLE`, in the colour of the role `COLOUR_ROLE`."""

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        """Draw the ground of the cell, then the circle and its image."""
        super().paint(painter, option, index)
        jacobian = index.data(JACOBIAN_ROLE)
        if jacobian is None:
            return
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        draw_jacobian(painter, QRectF(option.rect), jacobian, theme.color(index.data(COLOUR_ROLE)))
        painter.restore()


def draw_jacobian(painter: QPainter, cell: QRectF, jacobian: Jacobian, colour: QColor) -> None:
    """Draw the unit circle faintly and over it its image, both to one scale, within a cell.

    Args:
        painter: Where to.
        cell: The room for both.
        jacobian: Row-major, as a ledger has it; one that is not finite gives no picture.
        colour: Of the image.
    """
    if not all(map(math.isfinite, jacobian)):
        return
    half = min(cell.width(), cell.height()) / 2 - _AIR
    unit = half / max(1.0, largest_stretch(jacobian))
    a, b, c, d = jacobian
    painter.setBrush(Qt.BrushStyle.NoBrush)
    # Pixels count downwards, so the off-diagonal entries change their sign.
    for (m11, m12, m21, m22), stroke, width in (
        ((1.0, 0.0, 0.0, 1.0), theme.color("text_muted"), 0.7),
        ((a, -c, -b, d), colour, 1.5),
    ):
        pen = QPen(stroke, width)
        pen.setCosmetic(True)
        painter.save()
        painter.setPen(pen)
        painter.translate(cell.center())
        painter.setTransform(
            QTransform(m11 * unit, m12 * unit, m21 * unit, m22 * unit, 0, 0), combine=True
        )
        painter.drawEllipse(QPointF(0, 0), 1, 1)
        painter.restore()


def largest_stretch(jacobian: Jacobian) -> float:
    """The larger singular value of a 2x2 matrix: how far the unit circle reaches afterwards."""
    a, b, c, d = jacobian
    return (math.hypot(a + d, b - c) + math.hypot(a - d, b + c)) / 2
