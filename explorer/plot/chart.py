"""Curves over time, with what is written beside them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, QSizeF, Qt
from PySide6.QtGui import QFontMetricsF, QPen

from explorer.plot.frame import Frame
from explorer.plot.polylines import polylines
from explorer.plot.read_plot import ReadPlot
from explorer.plot.ticks import linear_ticks, log_ticks
from explorer.theme import theme

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from PySide6.QtGui import QFontMetrics, QPainter
    from PySide6.QtWidgets import QWidget

    from explorer.plot.canvas import Canvas
    from explorer.plot.polylines import Polylines
    from explorer.plot.ticks import Tick

    Floats = NDArray[np.float64]

_SMALL: Final = 0.85  # of the window's letters
_PLACES: Final = 7  # along a line, where its words may stand
_AIR: Final = 6.0
_TICK: Final = 4.0
_ROOM: Final = 0.06  # of the range, above and below the curves
_LEAST_FACTOR: Final = 4.0  # shown at least on a logarithmic scale: noise is no progress
_LEAST_RANGE: Final = 0.05  # the same on a linear one
_FAINT: Final = 0.55
_PIXELS_A_ROW: Final = 26
_PIXELS_A_COLUMN: Final = 56
_LAST_COLUMN: Final = 0.94  # of the range; the words of a later tick would be cut off


class Curve(NamedTuple):
    """One curve: x and y of shape (n,), the role of its colour, its stroke, its strength.

    Attributes:
        label: Written at its end.
    """

    x: Floats
    y: Floats
    role: str
    style: Qt.PenStyle
    faint: bool = False
    label: str = ""


class Chart(ReadPlot):
    """Curves, and a dotted floor with its words."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._curves: dict[str, Curve] = {}
        self._floor: tuple[float, str] | None = None
        self._logarithmic = False
        self._most: float | None = None
        self._relative = False
        self._label = ""
        self._lines: list[Polylines] = []  # of the curves, as they were drawn last

    def show_curves(
        self,
        curves: dict[str, Curve],
        floor: tuple[float, str] | None,
        *,
        logarithmic: bool,
        most: float | None = None,
        relative: bool = False,
    ) -> None:
        """Show these curves; values on a logarithmic scale must be positive.

        Args:
            curves: The curves by name; those without points only have a name.
            floor: A value to draw a dotted line at, and its words.
            logarithmic: The scale of y.
            most: What lies above runs off the top, so that all else can be told apart; unless
                there is nothing below. None where everything is to be seen.
            relative: Whether values are in units of any size: then what is noise is told by their
                own.
        """
        self._most = most
        self._relative = relative
        self._curves = curves
        self._floor = floor
        self._logarithmic = logarithmic
        self.refresh()

    def copy(self) -> Chart:
        """Another chart of the same curves, without a window."""
        other = Chart()
        other.show_curves(
            dict(self._curves),
            self._floor,
            logarithmic=self._logarithmic,
            most=self._most,
            relative=self._relative,
        )
        other.set_label(self._label)
        return other

    @property
    def curves(self) -> dict[str, Curve]:
        """All curves, by name."""
        return dict(self._curves)

    def set_label(self, text: str) -> None:
        """Say what x is."""
        self._label = text
        self.refresh()

    def curve(self, name: str) -> Curve:
        """A curve as it is drawn."""
        return self._curves[name]

    def sizeHint(self) -> QSize:
        """Wide enough for a curve to be read."""
        return QSize(240, 160)

    def minimumSizeHint(self) -> QSize:
        """As small as a curve still says something."""
        return QSize(140, 56)

    # --- painting -------------------------------------------------------------------------------

    def _frame(self) -> Frame:
        metrics = QFontMetricsF(self._small_font())
        line = metrics.height()
        left = metrics.horizontalAdvance("0.005") + _TICK + 4
        area = QRectF(self.rect()).adjusted(left, _AIR, -_AIR, -(2 * line + _TICK + 4))
        return Frame(area, self.shown_x, self._y_range(), y_logarithmic=self._logarithmic)

    def _whole_x(self) -> tuple[float, float]:
        xs = np.concatenate([curve.x for curve in self._curves.values()] or [np.zeros(0)])
        return (0.0, float(xs.max()) if xs.size and xs.max() > 0 else 10.0)

    def _fill(self, canvas: Canvas, frame: Frame) -> None:
        self._lines = [polylines(frame.x(c.x), frame.y(c.y)) for c in self._curves.values()]
        parts = [
            (*line.joined(past=past), _pen(curve, faint=curve.faint or past))
            for curve, line in zip(self._curves.values(), self._lines, strict=True)
            for past in (True, False)
        ]
        canvas.show_lines([(*frame.view_of(*xy), pen) for xy, _, pen in parts if xy[0].size])
        canvas.show_dots([(*frame.view_of(*xy), pen) for _, xy, pen in parts if xy[0].size])

    def _paint_words(self, painter: QPainter, frame: Frame) -> None:
        painter.setPen(theme.color("text_muted"))
        height = painter.fontMetrics().height()
        below = QRectF(frame.area.left(), self.height() - height - 1, frame.area.width(), height)
        painter.drawText(below, Qt.AlignmentFlag.AlignRight, self._label)
        curves = list(self._curves.values())
        labels = label_boxes(frame, curves, self._lines, painter.fontMetrics())
        self._draw_floor(painter, frame, self._lines, [box for box, _ in labels])
        for box, curve in labels:
            painter.setPen(theme.color(curve.role))
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, curve.label)
        super()._paint_words(painter, frame)

    def _y_range(self) -> tuple[float, float]:
        low, high = self.shown_x
        values = [c.y[(c.x >= low) & (c.x <= high)] for c in self._curves.values()]
        floor = [] if self._floor is None else [np.array([self._floor[0]])]
        ys = np.concatenate([*values, *floor] or [np.zeros(0)])
        ys = ys[~np.isnan(ys)]
        measured = np.concatenate([*values] or [np.zeros(0)])
        if self._most is not None and (measured <= self._most).any():
            ys = ys[ys <= self._most]
        if ys.size <= 1:
            return (0.02, 2.0) if self._logarithmic else (0.0, 2.0)
        low, high = float(ys.min()), float(ys.max())
        if self._logarithmic:
            low, high = _at_least_factor(low, high)
            room = (high / low) ** _ROOM
            return low / room, high * room
        least = _LEAST_RANGE * (high if self._relative and high > 0 else 1)
        room = max(high - low, least) * _ROOM
        return low - room, max(high, low + least) + room

    def _ticks(self, frame: Frame) -> tuple[list[Tick], list[Tick]]:
        most_rows = max(2, int(frame.area.height() / _PIXELS_A_ROW))
        most_columns = max(2, int(frame.area.width() / _PIXELS_A_COLUMN))
        rows = log_ticks if self._logarithmic else linear_ticks
        columns = linear_ticks(*frame.x_range, most_columns)
        low, high = frame.x_range
        inside = [t for t in columns if t.value <= low + (high - low) * _LAST_COLUMN]
        return rows(*frame.y_range, most_rows), inside

    def _draw_floor(
        self, painter: QPainter, frame: Frame, lines: list[Polylines], labels: list[QRectF]
    ) -> None:
        if self._floor is None:
            return
        value, words = self._floor
        y = float(frame.y(np.array([value]))[0])
        painter.setPen(QPen(theme.color("text_muted"), 1, Qt.PenStyle.DotLine))
        if not frame.area.top() <= y <= frame.area.bottom():
            return
        painter.drawLine(QPointF(frame.area.left(), y), QPointF(frame.area.right(), y))
        box = self._words_box(frame, y, words, lines, labels)
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, words)

    def _words_box(
        self,
        frame: Frame,
        y: float,
        words: str,
        lines: list[Polylines],
        labels: Sequence[QRectF] = (),
    ) -> QRectF:
        """Where the words beside a line at `y` hide no curve or label, or else at its end, over it.

        The further to the right the better.
        """
        metrics = QFontMetricsF(self._small_font())
        size = QSizeF(metrics.horizontalAdvance(words) + _AIR, metrics.height())
        ends = (frame.area.right() - size.width(), frame.area.left())
        lefts = np.linspace(*ends, _PLACES).tolist()
        boxes = [QRectF(QPointF(x, top), size) for x in lefts for top in (y - size.height(), y)]
        inside = [box for box in boxes if frame.area.contains(box)]
        apart = [box for box in inside if not any(box.intersects(label) for label in labels)]
        free = [box for box in apart if not any(line.cross(box) for line in lines)]
        return (free or apart or inside or boxes)[0]


def label_boxes(
    frame: Frame, curves: list[Curve], lines: list[Polylines], metrics: QFontMetrics
) -> list[tuple[QRectF, Curve]]:
    """Where the labels of curves stand: at their ends, and beside those that stand there already.

    Where curves of one label end together, one of them bears it for all.
    """
    placed: list[tuple[QRectF, Curve]] = []
    for curve, line in zip(curves, lines, strict=True):
        if not curve.label or not line.x.size:
            continue
        end = QPointF(float(line.x[-1]), float(line.y[-1]))
        size = QSizeF(metrics.horizontalAdvance(curve.label) + 4, metrics.height())
        box = QRectF(end - QPointF(size.width(), size.height()), size)
        box.moveTop(max(box.top(), frame.area.top()))
        while there := next((other for other in placed if other[0].intersects(box)), None):
            if there[1].label == curve.label:
                break
            box.moveRight(there[0].left())
        else:
            placed.append((box, curve))
    return placed


def _pen(curve: Curve, *, faint: bool) -> QPen:
    colour = theme.color(curve.role)
    colour.setAlphaF(_FAINT if faint else 1.0)
    return QPen(colour, 1 if faint else 2, curve.style)


def _at_least_factor(low: float, high: float) -> tuple[float, float]:
    missing = _LEAST_FACTOR / (high / low)
    return (low, high) if missing <= 1 else (low / math.sqrt(missing), high * math.sqrt(missing))
