"""A small chart of curves over time: painted by hand, so that it costs next to nothing."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, QSizeF, Qt, Signal
from PySide6.QtGui import QFont, QFontMetricsF, QKeyEvent, QPainter, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from explorer.plot.polylines import DOT, Polylines, draw_part, polylines
from explorer.plot.ticks import linear_ticks, log_ticks
from explorer.theme import theme
from explorer.widgets.keys import asked_key

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from PySide6.QtGui import QFocusEvent, QFontMetrics, QMouseEvent, QPaintEvent

    from explorer.plot.ticks import Tick

    Floats = NDArray[np.float64]

_SMALL: Final = 0.85  # of the window's letters
_PLACES: Final = 7  # along a line, where its words may stand
_AIR: Final = 6.0
_TICK: Final = 4.0
_ROOM: Final = 0.06  # of the range, above and below the curves
_LEAST_FACTOR: Final = 4.0  # shown at least on a logarithmic scale: noise is no progress
_LEAST_RANGE: Final = 0.05  # the same on a linear one
_PAST_THE_TOP: Final = 2.0  # of the range: a line is no longer for going on beyond the picture
_FAINT: Final = 0.55
_PIXELS_A_ROW: Final = 26
_PIXELS_A_COLUMN: Final = 56
_KEY_STEPS: Final = {Qt.Key.Key_Left: -0.02, Qt.Key.Key_Right: 0.02}  # of the range, a press
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


class _Frame(NamedTuple):
    """Where data units lie on the widget."""

    area: QRectF
    x_range: tuple[float, float]
    y_range: tuple[float, float]
    logarithmic: bool

    def x(self, values: Floats) -> Floats:
        low, high = self.x_range
        return self.area.left() + (values - low) / (high - low) * self.area.width()

    def y(self, values: Floats) -> Floats:
        low, high = self.y_range
        if self.logarithmic:
            values, low, high = np.log(np.maximum(values, 1e-300)), math.log(low), math.log(high)
        share = np.minimum((values - low) / (high - low), _PAST_THE_TOP)
        return self.area.bottom() - share * self.area.height()


class Chart(QWidget):
    """Curves, a dotted floor with its words, and a line under the mouse or moved by the arrow keys.

    Attributes:
        cursor_x: Pixels from the left to that line; None where there is none.

    Signals:
        hovered: x of that line in data units, or None when the mouse or the keyboard has left.
    """

    hovered = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._curves: dict[str, Curve] = {}
        self._floor: tuple[float, str] | None = None
        self._logarithmic = False
        self._most: float | None = None
        self._relative = False
        self._label = ""
        self.cursor_x: float | None = None
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        theme.changed.connect(self.update)

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
        self.update()

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
        self.update()

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

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the chart onto the window."""
        painter = QPainter(self)
        self.draw(painter)
        if self.hasFocus():
            painter.setClipping(False)
            painter.setPen(QPen(theme.color("text"), 1))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 4, 4)
        painter.end()

    def draw(self, painter: QPainter) -> None:
        """Draw axes, floor, curves and cursor, in the chart's own size, onto anything."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(self._small_font())
        frame = self._frame()
        self._draw_axes(painter, frame)
        painter.setClipRect(frame.area.adjusted(0, -1, DOT, 1))
        curves = list(self._curves.values())
        lines = [polylines(frame.x(curve.x), frame.y(curve.y)) for curve in curves]
        labels = label_boxes(frame, curves, lines, painter.fontMetrics())
        self._draw_floor(painter, frame, lines, [box for box, _ in labels])
        for curve, line in zip(curves, lines, strict=True):
            self._draw_curve(painter, curve, line)
        for box, curve in labels:
            painter.setPen(theme.color(curve.role))
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, curve.label)
        if (x := self.cursor_x) is not None:
            painter.setPen(QPen(theme.color("text_muted"), 1))
            painter.drawLine(QPointF(x, frame.area.top()), QPointF(x, frame.area.bottom()))

    @staticmethod
    def _draw_curve(painter: QPainter, curve: Curve, lines: Polylines) -> None:
        pens = _pen(curve, faint=curve.faint), _pen(curve, faint=True)
        for polygon, past in lines.polygons():
            painter.setPen(pens[past])
            draw_part(painter, polygon)

    def _small_font(self) -> QFont:
        font = QFont(self.font())
        if font.pixelSize() > 0:
            font.setPixelSize(round(font.pixelSize() * _SMALL))
        else:
            font.setPointSizeF(font.pointSizeF() * _SMALL)
        return font

    def _frame(self) -> _Frame:
        metrics = QFontMetricsF(self._small_font())
        line = metrics.height()
        left = metrics.horizontalAdvance("0.005") + _TICK + 4
        area = QRectF(self.rect()).adjusted(left, _AIR, -_AIR, -(2 * line + _TICK + 4))
        xs = np.concatenate([curve.x for curve in self._curves.values()] or [np.zeros(0)])
        seconds = float(xs.max()) if xs.size and xs.max() > 0 else 10.0
        return _Frame(area, (0.0, seconds), self._y_range(), self._logarithmic)

    def _y_range(self) -> tuple[float, float]:
        values = [curve.y for curve in self._curves.values()]
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

    def _draw_axes(self, painter: QPainter, frame: _Frame) -> None:
        area = frame.area
        line, text = theme.color("border"), theme.color("text_muted")
        height = painter.fontMetrics().height()
        painter.setPen(line)
        painter.drawLine(area.bottomLeft(), area.bottomRight())
        painter.drawLine(area.topLeft(), area.bottomLeft())
        rows, columns = self._ticks(frame)
        for tick in rows:
            y = float(frame.y(np.array([tick.value]))[0])
            painter.setPen(line)
            painter.drawLine(QPointF(area.left() - _TICK, y), QPointF(area.left(), y))
            painter.setPen(text)
            box = QRectF(0, y - height / 2, area.left() - _TICK - 3, height)
            painter.drawText(
                box, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, tick.text
            )
        for tick in columns:
            x = float(frame.x(np.array([tick.value]))[0])
            painter.setPen(line)
            painter.drawLine(QPointF(x, area.bottom()), QPointF(x, area.bottom() + _TICK))
            painter.setPen(text)
            box = QRectF(x - 40, area.bottom() + _TICK + 1, 80, height)
            painter.drawText(box, Qt.AlignmentFlag.AlignHCenter, tick.text)
        box = QRectF(area.left(), self.height() - height - 1, area.width(), height)
        painter.drawText(box, Qt.AlignmentFlag.AlignRight, self._label)

    def _ticks(self, frame: _Frame) -> tuple[list[Tick], list[Tick]]:
        most_rows = max(2, int(frame.area.height() / _PIXELS_A_ROW))
        most_columns = max(2, int(frame.area.width() / _PIXELS_A_COLUMN))
        rows = log_ticks if self._logarithmic else linear_ticks
        columns = linear_ticks(*frame.x_range, most_columns)
        inside = [t for t in columns if t.value <= frame.x_range[1] * _LAST_COLUMN]
        return rows(*frame.y_range, most_rows), inside

    def _draw_floor(
        self, painter: QPainter, frame: _Frame, lines: list[Polylines], labels: list[QRectF]
    ) -> None:
        if self._floor is None:
            return
        value, words = self._floor
        y = float(frame.y(np.array([value]))[0])
        painter.setPen(QPen(theme.color("text_muted"), 1, Qt.PenStyle.DotLine))
        painter.drawLine(QPointF(frame.area.left(), y), QPointF(frame.area.right(), y))
        box = self._words_box(frame, y, words, lines, labels)
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, words)

    def _words_box(
        self,
        frame: _Frame,
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

    # --- mouse and keys -------------------------------------------------------------------------

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Say which moment the mouse is over."""
        self._point_at(event.position().x())

    def leaveEvent(self, event: QEvent) -> None:
        """Say that the mouse has gone."""
        super().leaveEvent(event)
        self._point_at(None)

    def event(self, event: QEvent) -> bool:
        """Keep the keys that move the line from the window."""
        key = asked_key(event)
        if key is not None and self._has_use_for(key):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Move the line with the arrows, from the end at first; Escape takes it away."""
        if not self._has_use_for(event):
            super().keyPressEvent(event)
        elif event.key() == Qt.Key.Key_Escape:
            self._point_at(None)
        else:
            area = self._frame().area
            step = _KEY_STEPS[Qt.Key(event.key())] * area.width()
            self._point_at(area.right() if self.cursor_x is None else self.cursor_x + step)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show that the keyboard is here."""
        super().focusInEvent(event)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Show that the keyboard has gone."""
        super().focusOutEvent(event)
        self._point_at(None)

    def _has_use_for(self, event: QKeyEvent) -> bool:
        if event.key() == Qt.Key.Key_Escape:
            return self.cursor_x is not None
        plain = not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        return plain and event.key() in _KEY_STEPS

    def _point_at(self, x: float | None) -> None:
        """Draw the line as near to a pixel from the left as there are curves, or nowhere."""
        frame = self._frame()
        moment = None
        if x is not None:
            x = min(max(x, frame.area.left()), frame.area.right())
            share = (x - frame.area.left()) / frame.area.width()
            moment = frame.x_range[0] + share * (frame.x_range[1] - frame.x_range[0])
        self.cursor_x = x
        self.hovered.emit(moment)
        self.update()


def label_boxes(
    frame: _Frame, curves: list[Curve], lines: list[Polylines], metrics: QFontMetrics
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
