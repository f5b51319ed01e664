"""How the error of each solver falls with the evaluations it may make: a small log-log plot."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, NamedTuple

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QFont, QPainter, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from explorer.i18n import number
from explorer.metrics.ticks import log_ticks
from explorer.theme import mix, theme

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from PySide6.QtGui import QColor, QHelpEvent, QPaintEvent

_SMALL: Final = 0.85  # of the window's letters
_AIR: Final = 8.0
_TICK: Final = 4.0
_MARK: Final = 3.2
_NEAR: Final = 12.0
_LEAST_ERROR: Final = 1e-9  # what is exact stands at the foot of the plot
_ROWS: Final = 5
_COLUMNS: Final = 4
# Told apart by shape and stroke as well: corners of the mark (0 for a circle), and the dashes.
_CORNERS: Final = (0, 4, 3, 5, 6)
_STROKES: Final = (
    Qt.PenStyle.SolidLine,
    Qt.PenStyle.DashLine,
    Qt.PenStyle.DotLine,
    Qt.PenStyle.DashDotLine,
    Qt.PenStyle.DashDotDotLine,
)


class Point(NamedTuple):
    """One measurement: evaluations of the field, error, and what to say of it."""

    evaluations: int
    error: float
    words: str


class ErrorPlot(QWidget):
    """A line for every solver, named at its end."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._lines: dict[str, list[Point]] = {}
        self._label = ""
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.update)

    def show_lines(self, lines: Mapping[str, Sequence[Point]], label: str) -> None:
        """Show these points by the name of their line; `label` says what the axes are."""
        self._lines = {
            name: sorted(p for p in points if math.isfinite(p.error))
            for name, points in lines.items()
        }
        self._label = label
        self.update()

    def sizeHint(self) -> QSize:
        """High enough for five lines to be told apart."""
        return QSize(240, 190)

    def minimumSizeHint(self) -> QSize:
        """The same height, at any width."""
        return QSize(140, 190)

    def place_of(self, point: Point) -> QPointF:
        """Where a point lies on the widget."""
        area = self._area()
        (x_low, x_high), (y_low, y_high) = self._ranges()
        x = _share(point.evaluations, x_low, x_high)
        y = _share(max(point.error, _LEAST_ERROR), y_low, y_high)
        return QPointF(area.left() + x * area.width(), area.bottom() - y * area.height())

    # --- painting -------------------------------------------------------------------------------

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the axes and every line with its marks and its name."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(self._small_font())
        self._draw_axes(painter)
        for k, points in enumerate(self._lines.values()):
            self._draw_line(painter, k, points)
        self._draw_names(painter)
        painter.end()

    def _draw_axes(self, painter: QPainter) -> None:
        area, height = self._area(), painter.fontMetrics().height()
        line, text = theme.color("border"), theme.color("text_muted")
        x_range, y_range = self._ranges()
        painter.setPen(line)
        painter.drawLine(area.bottomLeft(), area.bottomRight())
        painter.drawLine(area.topLeft(), area.bottomLeft())
        painter.setPen(text)
        for tick in log_ticks(*x_range, _COLUMNS):
            x = area.left() + _share(tick.value, *x_range) * area.width()
            box = QRectF(x - 30, area.bottom() + _TICK, 60, height)
            painter.drawText(box, Qt.AlignmentFlag.AlignHCenter, tick.text)
        for tick in log_ticks(*y_range, _ROWS):
            y = area.bottom() - _share(tick.value, *y_range) * area.height()
            box = QRectF(0, y - height / 2, area.left() - _TICK, height)
            flags = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
            painter.drawText(box, flags, tick.text)
        box = QRectF(area.left(), self.height() - height, area.width(), height)
        painter.drawText(box, Qt.AlignmentFlag.AlignRight, self._label)

    def _draw_line(self, painter: QPainter, k: int, points: Sequence[Point]) -> None:
        colour, places = _colour(k), [self.place_of(point) for point in points]
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(colour, 1.5, _STROKES[k % len(_STROKES)]))
        painter.drawPolyline(QPolygonF(places))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        for place in places:
            _draw_mark(painter, place, _CORNERS[k % len(_CORNERS)])

    def _draw_names(self, painter: QPainter) -> None:
        """Name every line at its end, from the top down and none over another."""
        line = painter.fontMetrics().height()
        ends = [
            (self.place_of(points[-1]), k, name)
            for k, (name, points) in enumerate(self._lines.items())
            if points
        ]
        below = 0.0
        for place, k, name in sorted(ends, key=lambda end: end[0].y()):
            width = painter.fontMetrics().horizontalAdvance(name)
            left = min(place.x() + 2 * _MARK, self.width() - width - 2)
            below = max(below, place.y() - line / 2)
            painter.setPen(_colour(k))
            painter.drawText(QRectF(left, below, width + 2, line), name)
            below += line

    def _small_font(self) -> QFont:
        font = QFont(self.font())
        font.setPointSizeF(font.pointSizeF() * _SMALL)
        return font

    def _area(self) -> QRectF:
        line = self.fontMetrics().height()
        left = self.fontMetrics().horizontalAdvance("2·10⁻⁷") + _TICK
        return QRectF(self.rect()).adjusted(left, _AIR, -7 * _AIR, -(2 * line + _TICK))

    def _ranges(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """From the least to the largest of both axes, never nothing."""
        points = [point for line in self._lines.values() for point in line]
        xs = [float(point.evaluations) for point in points] or [1.0, 100.0]
        ys = [max(point.error, _LEAST_ERROR) for point in points] or [1e-6, 1.0]
        return _around(xs), _around(ys)

    # --- the mouse ------------------------------------------------------------------------------

    def event(self, event: QEvent) -> bool:
        """Say what is measured under the mouse."""
        if event.type() == QEvent.Type.ToolTip:
            self._explain(event)
            return True
        return super().event(event)

    def _explain(self, event: QHelpEvent) -> None:
        points = [point for line in self._lines.values() for point in line]
        gaps = [
            ((self.place_of(point) - QPointF(event.pos())).manhattanLength(), point.words)
            for point in points
        ]
        gap, words = min(gaps, default=(_NEAR, ""))
        QToolTip.showText(event.globalPos(), words if gap < _NEAR else "", self)


def error_text(error: float) -> str:
    """An error to two digits; what is exact is 0."""
    return number(float(error), 2)


def _colour(k: int) -> QColor:
    """The colour of the k-th line: the lane's own, ever nearer to that of words."""
    return mix(theme.color("continuous"), theme.color("text"), (0.0, 0.75, 0.35, 1.0, 0.55)[k % 5])


def _draw_mark(painter: QPainter, place: QPointF, corners: int) -> None:
    if corners == 0:
        painter.drawEllipse(place, _MARK, _MARK)
        return
    turns = [2 * math.pi * k / corners for k in range(corners)]
    tips = [place + 1.2 * _MARK * QPointF(math.sin(turn), -math.cos(turn)) for turn in turns]
    painter.drawPolygon(QPolygonF(tips))


def _around(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    return (low / 1.5, high * 1.5)


def _share(value: float, low: float, high: float) -> float:
    return math.log(value / low) / math.log(high / low)
