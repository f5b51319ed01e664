"""Words in pictures that are taken away."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QFont

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtGui import QPainter


def set_type(painter: QPainter, pixels: float, *, bold: bool = False) -> None:
    """Write in letters of a size from now on."""
    font = QFont(painter.font())
    font.setPixelSize(max(round(pixels), 1))
    font.setWeight(QFont.Weight.DemiBold if bold else QFont.Weight.Normal)
    painter.setFont(font)


def fitting(painter: QPainter, forms: Sequence[str], width: float) -> str:
    """The first of these forms that there is room for, or as much as there is of the last."""
    metrics = painter.fontMetrics()
    fits = (form for form in forms if metrics.horizontalAdvance(form) <= width)
    shortened = metrics.elidedText(forms[-1], Qt.TextElideMode.ElideRight, max(int(width), 0))
    return next(fits, shortened)
