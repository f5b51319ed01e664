"""What the colours of a picture mean: a bar with its values for each scale, in a corner."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from PySide6.QtCore import QPoint, QRect, QRectF, Qt
from PySide6.QtGui import QFont, QImage, QPainter

from explorer.panels import colormap
from explorer.theme import theme
from explorer.words.languages import tr

if TYPE_CHECKING:
    from explorer.panels.camera import View

# In logical pixels.
_MARGIN: Final = 7
_WIDTH: Final = 92
_BAR: Final = 5
_FONT_SIZE: Final = 10
_LINE: Final = 13
_GAP: Final = 5
_GROUND: Final = 0.72  # of the plane's colour, over lines that would strike the words through
_LEAST: Final = (230, 190)  # a smaller picture is worth more than what its colours mean


class Scale(NamedTuple):
    """A bar of colours.

    Attributes:
        title: What is measured, with its unit, in English.
        labels: Values at equal distances, from the low end to the high one.
        colours: As `colormap.bar` takes it.
    """

    title: str
    labels: tuple[str, ...]
    colours: str


def draw_legend(painter: QPainter, view: View, scales: tuple[Scale, ...]) -> QRect:
    """Draw the scales into the upper right corner, if the picture is large enough; tells where."""
    if not scales or view.width < _LEAST[0] * view.ratio or view.height < _LEAST[1] * view.ratio:
        return QRect()
    titles = tuple(tr(scale.title) for scale in scales)
    legend = _drawn(scales, titles, view.ratio * theme.scale, theme.name)
    margin = round(_MARGIN * view.ratio)
    corner = QPoint(view.width - legend.width() - margin, margin)
    around = QRect(corner, legend.size()).adjusted(-margin, -margin, margin, margin // 2)
    ground = theme.color("panel")
    ground.setAlphaF(_GROUND)
    painter.fillRect(around, ground)
    painter.drawImage(corner, legend)
    return around


@lru_cache(maxsize=16)
def _drawn(scales: tuple[Scale, ...], titles: tuple[str, ...], ratio: float, _theme: str) -> QImage:
    each = 2 * _LINE + _BAR + _GAP
    size = (round(_WIDTH * ratio), round((each * len(scales) - _GAP) * ratio))
    legend = QImage(*size, QImage.Format.Format_ARGB32_Premultiplied)
    legend.fill(Qt.GlobalColor.transparent)
    painter = QPainter(legend)
    painter.scale(ratio, ratio)
    font = QFont(painter.font())
    font.setPixelSize(_FONT_SIZE)
    painter.setFont(font)
    painter.setPen(theme.color("panel_muted"))
    for k, (scale, title) in enumerate(zip(scales, titles, strict=True)):
        _draw_scale(painter, each * k, title, scale)
    painter.end()
    return legend


def _draw_scale(painter: QPainter, top: float, title: str, scale: Scale) -> None:
    aligned = Qt.AlignmentFlag
    painter.drawText(QRectF(0, top, _WIDTH, _LINE), aligned.AlignRight | aligned.AlignTop, title)
    painter.drawImage(QRectF(0, top + _LINE, _WIDTH, _BAR), _bar(scale.colours))
    last = len(scale.labels) - 1
    below = QRectF(0, top + _LINE + _BAR + 1, _WIDTH, _LINE)
    for k, label in enumerate(scale.labels):
        side = aligned.AlignLeft if k == 0 else aligned.AlignRight
        painter.drawText(below, side if k in (0, last) else aligned.AlignHCenter, label)


@lru_cache(maxsize=8)
def _bar(name: str) -> QImage:
    rgb = np.rint(255 * colormap.bar(name)).astype(np.uint32)
    words = np.ascontiguousarray(0xFF000000 | rgb[:, 0] << 16 | rgb[:, 1] << 8 | rgb[:, 2])
    strip = QImage(words.astype(np.uint32).data, len(words), 1, QImage.Format.Format_RGB32)
    return strip.copy()
