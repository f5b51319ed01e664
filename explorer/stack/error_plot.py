"""How the error of each solver falls with the evaluations it may make: a small log-log plot."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetricsF, QHelpEvent, QPainter
from PySide6.QtWidgets import QSizePolicy, QToolTip

from explorer.plot.frame import Frame
from explorer.plot.plot import Plot
from explorer.plot.ticks import log_ticks
from explorer.stack.names import choice_name
from explorer.stack.solver_marks import draw_mark, line_of
from explorer.theme import theme
from explorer.words.languages import number

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from PySide6.QtWidgets import QWidget

    from explorer.plot.canvas import Canvas
    from explorer.plot.frame import Floats
    from explorer.plot.ticks import Tick

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


class ErrorPlot(Plot):
    """A line for every solver, over a legend."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._lines: dict[str, list[Point]] = {}
        self._label = ""
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_lines(self, lines: Mapping[str, Sequence[Point]], label: str) -> None:
        """Show these points by the solver that they are of; `label` says what is across."""
        self._lines = {
            solver: sorted(p for p in points if math.isfinite(p.error))
            for solver, points in lines.items()
        }
        self._label = label
        self.refresh()

    def sizeHint(self) -> QSize:
        """High enough for six lines to be told apart."""
        return QSize(240, _HEIGHT)

    def minimumSizeHint(self) -> QSize:
        """The same height, at any width."""
        return QSize(140, _HEIGHT)

    def place_of(self, point: Point) -> QPointF:
        """Where a point lies on the widget."""
        (x,), (y,) = _places(self._frame(), [point])
        return QPointF(float(x), float(y))

    # --- painting -------------------------------------------------------------------------------

    def _frame(self) -> Frame:
        return Frame(self._area(), *self._ranges(), x_logarithmic=True, y_logarithmic=True)

    def _ticks(self, frame: Frame) -> tuple[list[Tick], list[Tick]]:
        return log_ticks(*frame.y_range, _ROWS), log_ticks(*frame.x_range, _COLUMNS)

    def _fill(self, canvas: Canvas, frame: Frame) -> None:
        canvas.show_lines(
            [
                (*frame.view_of(*_places(frame, points)), line_of(solver))
                for solver, points in self._lines.items()
                if points
            ]
        )

    def _paint_words(self, painter: QPainter, frame: Frame) -> None:
        """Draw the legend, the marks of every line, and what is across."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._draw_legend(painter)
        for solver, points in self._lines.items():
            for point in points:
                draw_mark(painter, solver, self.place_of(point))
        painter.setPen(theme.color("text_muted"))
        height = painter.fontMetrics().height()
        box = QRectF(frame.area.left(), self.height() - height, frame.area.width(), height)
        painter.drawText(box, Qt.AlignmentFlag.AlignRight, self._label)

    def _draw_legend(self, painter: QPainter) -> None:
        for solver, box in self.legend().items():
            middle = QPointF(box.left() + _SAMPLE / 2, box.center().y())
            half = QPointF(_SAMPLE / 2 - 1, 0)
            painter.setPen(line_of(solver))
            painter.drawLine(middle - half, middle + half)
            draw_mark(painter, solver, middle)
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


def _places(frame: Frame, points: Sequence[Point]) -> tuple[Floats, Floats]:
    """Where points lie on the widget."""
    evaluations = np.array([point.evaluations for point in points], float)
    errors = np.array([max(point.error, _LEAST_ERROR) for point in points])
    return frame.x(evaluations), frame.y(errors)


def _around(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    return (low / 1.5, high * 1.5)
