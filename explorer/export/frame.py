"""One frame of a film: the panels beside each other, their words, and where the clock is."""

from __future__ import annotations

import math
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QImage, QPainter, QPen

from explorer.export.lettering import fitting, set_type
from explorer.export.scene import columns_for
from explorer.theme import theme
from explorer.words.languages import tr

if TYPE_CHECKING:
    from collections.abc import Iterator

    from explorer.export.scene import Scene
    from explorer.panels.panel_copy import PanelCopy

_USUAL_AREA: Final = 960 * 540  # logical pixels: what words and dots are sized for
_LEAST_RATIO: Final = 0.8
# In logical pixels.
_MARGIN: Final = 16
_GAP: Final = 14
_HEAD: Final = 26
_FOOT: Final = 26
_CLOCK: Final = 22
_SQUARE: Final = 10
_TYPE: Final = 14
_SMALL: Final = 12
_TALLEST: Final = 1.1  # a panel's longer side, of its shorter one

_LEFT: Final = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
_RIGHT: Final = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight


class FramePainter:
    """Draws frames of one size, one after the other, in the same memory.

    Args:
        scene: What to draw.
        size: Width and height in pixels.
        colours: The theme to draw it in.
    """

    def __init__(self, scene: Scene, size: tuple[int, int], colours: str) -> None:
        self.image = QImage(*size, QImage.Format.Format_RGB32)
        self._scene = scene
        self._colours = colours
        self._ratio = max(math.sqrt(size[0] * size[1] / _USUAL_AREA), _LEAST_RATIO)
        self._areas = self._places(*size)
        with theme.painting_in(colours):
            self._rasterizers = [panel.rasterizer() for panel in scene.panels]
        self._frame = 0

    def draw(self, tau: float, *, forward: bool = True) -> Iterator[None]:
        """Draw the frame of a moment into `image`, in parts that take a few milliseconds each.

        Args:
            tau: The moment of the clock.
            forward: Whether the clock goes from the base to the target.
        """
        self._frame += 1
        with _painting(self.image, self._colours) as painter:
            painter.fillRect(self.image.rect(), theme.color("window"))
            self._draw_clock(painter, tau)
        yield
        for k in range(len(self._scene.panels)):
            with _painting(self.image, self._colours) as painter:
                self._draw_panel(painter, k, tau, forward=forward)
            yield

    # --- where things are -----------------------------------------------------------------------

    def _places(self, width: int, height: int) -> list[QRect]:
        """The pictures' places, in pixels; their words stand over and under them."""
        ratio, count = self._ratio, len(self._scene.panels)
        margin, gap = _MARGIN * ratio, _GAP * ratio
        words = (_HEAD + _FOOT) * ratio
        room = QRectF(0, 0, width, height).adjusted(margin, margin / 2, -margin, 0)
        room.setBottom(height - (_CLOCK + _MARGIN / 2) * ratio)
        columns = columns_for(count, room.width(), room.height(), words)
        rows = math.ceil(count / columns)
        across = (room.width() - gap * (columns - 1)) / columns
        down = room.height() / rows - words
        wide, high = min(across, _TALLEST * down), min(down, _TALLEST * across)
        used = wide * columns + gap * (columns - 1), (high + words) * rows
        left = room.left() + (room.width() - used[0]) / 2
        top = room.top() + (room.height() - used[1]) / 2 + _HEAD * ratio
        return [
            QRect(
                round(left + (wide + gap) * (k % columns)),
                round(top + (high + words) * (k // columns)),
                max(round(wide), 1),
                max(round(high), 1),
            )
            for k in range(count)
        ]

    # --- what is drawn --------------------------------------------------------------------------

    def _draw_panel(self, painter: QPainter, k: int, tau: float, *, forward: bool) -> None:
        panel, area = self._scene.panels[k], self._areas[k]
        view = self._scene.sight.view(area.width(), area.height(), self._ratio)
        shot = panel.shot(tau, self._frame, forward=forward)
        painter.drawImage(area.topLeft(), self._rasterizers[k].render(view, shot))
        self._draw_head(painter, panel, area, tau)
        self._draw_foot(painter, panel, area)
        if panel.caption:
            self._draw_caption(painter, panel.caption, area)

    def _draw_head(self, painter: QPainter, panel: PanelCopy, area: QRect, tau: float) -> None:
        ratio = self._ratio
        line = QRectF(area.left(), area.top() - _HEAD * ratio, area.width(), _HEAD * ratio)
        square = _SQUARE * ratio
        middle = line.center().y()
        painter.fillRect(
            QRectF(line.left(), middle - square / 2, square, square), theme.color(panel.lane)
        )
        line.setLeft(line.left() + square + 8 * ratio)
        self._type(painter, _TYPE, bold=True)
        painter.setPen(theme.color("text"))
        title = fitting(painter, [panel.title, panel.title.split(" · ")[0]], line.width())
        painter.drawText(line, _LEFT, title)
        taken = painter.fontMetrics().horizontalAdvance(title) + 12 * ratio
        self._type(painter, _SMALL)
        painter.setPen(theme.color("text_muted"))
        painter.drawText(
            line, _RIGHT, fitting(painter, [*panel.places(tau), ""], line.width() - taken)
        )

    def _draw_foot(self, painter: QPainter, panel: PanelCopy, area: QRect) -> None:
        line = QRectF(area.left(), area.bottom() + 1, area.width(), _FOOT * self._ratio)
        self._type(painter, _TYPE, bold=True)
        painter.setPen(theme.color("text"))
        painter.drawText(line, _LEFT, panel.figure)

    def _draw_caption(self, painter: QPainter, caption: str, area: QRect) -> None:
        self._type(painter, _SMALL)
        painter.setPen(theme.color("panel_text"))
        inside = QRectF(area).adjusted(*[edge * 8 * self._ratio for edge in (1, 1, -1, -1)])
        flags = Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignBottom
        painter.drawText(inside, flags | Qt.TextFlag.TextWordWrap, caption)

    def _draw_clock(self, painter: QPainter, tau: float) -> None:
        """A line from the base to the target, with a mark for each layer and a dot for now."""
        ratio, width, height = self._ratio, self.image.width(), self.image.height()
        line = QRectF(0, height - (_CLOCK + _MARGIN / 2) * ratio, width, _CLOCK * ratio)
        line.adjust(_MARGIN * ratio, 0, -_MARGIN * ratio, 0)
        self._type(painter, _SMALL)
        painter.setPen(theme.color("text_muted"))
        ends = tr("base"), tr("target")
        painter.drawText(line, _LEFT, ends[0])
        painter.drawText(line, _RIGHT, ends[1])
        advance = painter.fontMetrics().horizontalAdvance
        line.adjust(advance(ends[0]) + 10 * ratio, 0, -advance(ends[1]) - 10 * ratio, 0)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        y, now = line.center().y(), line.left() + tau * line.width()
        painter.setPen(QPen(theme.color("control"), 2 * ratio))
        painter.drawLine(QPointF(line.left(), y), QPointF(line.right(), y))
        painter.setPen(QPen(theme.color("accent"), 2 * ratio))
        painter.drawLine(QPointF(line.left(), y), QPointF(now, y))
        layers = max((len(panel.layers) for panel in self._scene.panels), default=0)
        painter.setPen(QPen(theme.color("text_muted"), ratio))
        for k in range(layers + 1 if layers else 0):
            x = line.left() + line.width() * k / layers
            painter.drawLine(QPointF(x, y - 3 * ratio), QPointF(x, y + 3 * ratio))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color("accent"))
        painter.drawEllipse(QPointF(now, y), 5 * ratio, 5 * ratio)

    def _type(self, painter: QPainter, size: float, *, bold: bool = False) -> None:
        set_type(painter, size * self._ratio, bold=bold)


@contextmanager
def _painting(image: QImage, colours: str) -> Iterator[QPainter]:
    """A painter on an image, with the colours of a theme, for one part of a frame."""
    with theme.painting_in(colours):
        painter = QPainter(image)
        try:
            yield painter
        finally:
            painter.end()
