"""Words in pictures that are taken away."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt
from PySide6.QtGui import QFont

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtGui import QPainter

_FORMS: Final = ("tnum", "calt")


def set_plain(painter: QPainter) -> None:
    """Write every character in its plain form from now on.

    A PDF knows no character for a form that only a feature of the font gives, such as digits of
    equal width: what is copied from it would lack them.
    """
    font = QFont(painter.font())
    for feature in _FORMS:
        font.setFeature(QFont.Tag(feature), 0)
    painter.setFont(font)


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
