"""How the error of each solver falls with the evaluations it may make: a small log-log plot."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, NamedTuple

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QFont, QFontMetricsF, QHelpEvent, QPainter, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from explorer.plot.ticks import log_ticks
from explorer.stack.names import choice_name
from explorer.stack.solver_marks import draw_mark, line_of
from explorer.theme import theme
from explorer.words.languages import number

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from PySide6.QtGui import QPaintEvent

_SMALL: Final = 0.85  # of the window's letters
_AIR: Final = 8.0
_TICK: Final = 4.0
_SAMPLE: Final = 18.0  # of a line, in the legend
_GAP: Final = 10.0  # between two of its names
_NEAR: Final = 12.0
_HEIGHT: Final = 216
_LEAST_ERROR: Final = 1e-9  # what is exact stands at the foot of the plot
_ROWS: Final = 5
_COLUMNS: Final = 4


class Point(NamedTuple):
    """One measurement: evaluations of the field, error, and what to say of it."""

    evaluations: int
    error: float
    words: str


class ErrorPlot(QWidget):
    """A line for every solver, over a legend."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._lines: dict[str, list[Point]] = {}
        self._label = ""
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.update)

    def show_lines(self, lines: Mapping[str, Sequence[Point]], label: str) -> None:
        """Show these points by the solver that they are of; `label` says what is across."""
        self._lines = {
            solver: sorted(p for p in points if math.isfinite(p.error))
            for solver, points in lines.items()
        }
        self._label = label
        self.update()

    def sizeHint(self) -> QSize:
        """High enough for six lines to be told apart."""
        return QSize(240, _HEIGHT)

    def minimumSizeHint(self) -> QSize:
        """The same height, at any width."""
        return QSize(140, _HEIGHT)

    def place_of(self, point: Point) -> QPointF:
        """Where a point lies on the widget."""
        area = self._area()
        (x_low, x_high), (y_low, y_high) = self._ranges()
        x = _share(point.evaluations, x_low, x_high)
        y = _share(max(point.error, _LEAST_ERROR), y_low, y_high)
        return QPointF(area.left() + x * area.width(), area.bottom() - y * area.height())

    # --- painting -------------------------------------------------------------------------------

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the legend, the axes and every line with its marks."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(self._small_font())
        self._draw_legend(painter)
        self._draw_axes(painter)
        for solver, points in self._lines.items():
            _draw_line(painter, solver, [self.place_of(point) for point in points])
        painter.end()

    def _draw_legend(self, painter: QPainter) -> None:
        for solver, box in self.legend().items():
            middle = QPointF(box.left() + _SAMPLE / 2, box.center().y())
            half = QPointF(_SAMPLE / 2 - 1, 0)
            _draw_line(painter, solver, [middle - half, middle + half], [middle])
            painter.setPen(theme.color("text_muted"))
            words = box.adjusted(_SAMPLE + 3, 0, 0, 0)
            painter.drawText(words, Qt.AlignmentFlag.AlignVCenter, choice_name(solver))

    def legend(self) -> dict[str, QRectF]:
        """Where each solver is named, in rows like words in a paragraph."""
        metrics = QFontMetricsF(self._small_font())
        boxes, left, top = {}, 0.0, 0.0
        for solver in self._lines:
            width = _SAMPLE + 3 + metrics.horizontalAdvance(choice_name(solver)) + 1
            if left and left + width > self.width():
                left, top = 0.0, top + metrics.height()
            boxes[solver] = QRectF(left, top, width, metrics.height())
            left += width + _GAP
        return boxes

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

    def _small_font(self) -> QFont:
        font = QFont(self.font())
        font.setPointSizeF(font.pointSizeF() * _SMALL)
        return font

    def _area(self) -> QRectF:
        line = self.fontMetrics().height()
        left = self.fontMetrics().horizontalAdvance("2·10⁻⁷") + _TICK
        top = max((box.bottom() for box in self.legend().values()), default=0.0)
        return QRectF(self.rect()).adjusted(left, top + _AIR, -_AIR, -(2 * line + _TICK))

    def _ranges(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """From the least to the largest of both axes, never nothing."""
        points = [point for line in self._lines.values() for point in line]
        xs = [float(point.evaluations) for point in points] or [1.0, 100.0]
        ys = [max(point.error, _LEAST_ERROR) for point in points] or [1e-6, 1.0]
        return _around(xs), _around(ys)

    # --- the mouse ------------------------------------------------------------------------------

    def event(self, event: QEvent) -> bool:
        """Say what is measured under the mouse."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
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


def _draw_line(
    painter: QPainter, solver: str, places: list[QPointF], marks: list[QPointF] | None = None
) -> None:
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(line_of(solver))
    painter.drawPolyline(QPolygonF(places))
    for place in places if marks is None else marks:
        draw_mark(painter, solver, place)


def _around(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    return (low / 1.5, high * 1.5)


def _share(value: float, low: float, high: float) -> float:
    return math.log(value / low) / math.log(high / low)
