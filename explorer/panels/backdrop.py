"""The empty plane behind a picture: background, a line for every unit; and the axes' numbers."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import numpy as np
from PySide6.QtCore import QPoint, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetrics, QGuiApplication, QImage, QPainter, QPen, QRegion

from explorer.theme import theme
from explorer.words.languages import coordinate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from explorer.panels.camera import View
    from flowengine.project import Extent

_CLOSEST: Final = 56  # logical pixels between two lines, at least
_FONT_SIZE: Final = 10
_MARGIN: Final = 4
_INK: Final = 0.75  # opacity of the numbers
_GROUND: Final = 0.72  # opacity below the numbers, which lines would strike through
_FRAME: Final = 0.6  # of the strength of the numbers' colour


def draw_backdrop(view: View) -> QImage:
    """The backdrop of a view, as an opaque image of its size."""
    backdrop = QImage(view.width, view.height, QImage.Format.Format_RGB32)
    backdrop.fill(theme.color("panel"))
    painter = QPainter(backdrop)
    _draw_lines(painter, view)
    painter.end()
    return backdrop


def draw_frame(backdrop: QImage, view: View, square: Extent) -> None:
    """Frame, on a backdrop, the square beyond which nothing is computed."""
    x_min, x_max, y_min, y_max = square
    corners = view.pixels(np.array([[x_min, y_max], [x_max, y_min]])).round().tolist()
    colour = theme.color("panel_muted")
    colour.setAlphaF(_FRAME)
    painter = QPainter(backdrop)
    painter.setPen(QPen(colour, max(1, round(view.ratio)), Qt.PenStyle.DotLine))
    painter.drawRect(QRectF(QPointF(*corners[0]), QPointF(*corners[1])))
    painter.end()


def draw_numbers(painter: QPainter, view: View) -> QRegion:
    """Write the numbers of the axes over a picture of the view; tells where."""
    numbers, region = _numbers(view, theme.name, theme.scale)
    for corner, number in numbers:
        painter.drawImage(corner, number)
    return region


def tick_step(scale: float) -> float:
    """The distance between two lines: 1, 2 or 5 times a power of ten.

    Args:
        scale: Logical pixels per unit.
    """
    least = _CLOSEST / scale
    power = 10.0 ** math.floor(math.log10(least))
    return next(n * power for n in (1, 2, 5, 10) if n * power >= least)


def _draw_lines(painter: QPainter, view: View) -> None:
    axis = theme.color("grid_line")
    faint = theme.color("grid_line")
    faint.setAlphaF(0.4)
    for value, x in _columns(view):
        painter.fillRect(QRectF(x, 0, view.ratio, view.height), faint if value else axis)
    for value, y in _rows(view):
        painter.fillRect(QRectF(0, y, view.width, view.ratio), faint if value else axis)


@lru_cache(maxsize=8)
def _numbers(view: View, style: str, size: float) -> tuple[list[tuple[QPoint, QImage]], QRegion]:
    """The upper left corner of each number, and the number; and where they all are."""
    numbers = []
    margin, taken = round(_MARGIN * view.ratio), 0
    letters = round(_FONT_SIZE * view.ratio * size)
    corner = 3 * letters  # where the axes meet there is room for one number only
    for value, x in _columns(view):
        if corner < x < view.width - margin:
            number = _written(value, _step(view, 0), letters, style)
            left = round(x) - number.width() // 2
            if left < taken or left + number.width() > view.width:  # far from zero they are long
                continue
            taken = left + number.width()
            numbers.append((QPoint(left, view.height - margin - number.height()), number))
    for value, y in _rows(view):
        if margin < y < view.height - corner:
            number = _written(value, _step(view, 1), letters, style)
            numbers.append((QPoint(margin // 2, round(y) - number.height() // 2), number))
    region = QRegion()
    for place, number in numbers:
        region += QRect(place, number.size())
    return numbers, region


@lru_cache(maxsize=256)
def _written(value: float, step: float, letters: int, _theme: str) -> QImage:
    """A number on its ground, kept: letters are dear to draw anew with every picture."""
    text = coordinate(value, step) if value else "0"
    font = QGuiApplication.font()
    font.setPixelSize(letters)
    metrics = QFontMetrics(font)
    size = QSize(metrics.horizontalAdvance(text + " "), metrics.height())
    image = QImage(size, QImage.Format.Format_ARGB32_Premultiplied)
    ink, ground = theme.color("panel_muted"), theme.color("panel")
    ink.setAlphaF(_INK)
    ground.setAlphaF(_GROUND)
    image.fill(ground)
    painter = QPainter(image)
    painter.setFont(font)
    painter.setPen(ink)
    painter.drawText(image.rect(), Qt.AlignmentFlag.AlignCenter, text)
    painter.end()
    return image


def _step(view: View, axis: int) -> float:
    return tick_step(view.scale / view.frame.scale[axis] / view.ratio)


def _columns(view: View) -> Iterator[tuple[float, float]]:
    """The lines across, as values in data units and as pixels."""
    for value, x in axis_lines(view, 0):
        yield value, round(view.width / 2 + (x - view.x) * view.scale)


def _rows(view: View) -> Iterator[tuple[float, float]]:
    for value, y in axis_lines(view, 1):
        yield value, round(view.height / 2 - (y - view.y) * view.scale)


def axis_lines(view: View, axis: int) -> Iterator[tuple[float, float]]:
    """The round values of data units that are seen, and the coordinate of each in the picture."""
    middle, side = ((view.x, view.width), (view.y, view.height))[axis]
    step, center, scale = _step(view, axis), view.frame.center[axis], view.frame.scale[axis]
    digits = max(0, -math.floor(math.log10(step)))
    low, high = (center + scale * (middle + end * side / 2 / view.scale) for end in (-1, 1))
    for k in range(math.ceil(low / step), math.floor(high / step) + 1):
        value = round(k * step, digits)
        yield value, (value - center) / scale
