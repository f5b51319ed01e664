"""The running −∫ div v dt of a continuous flow's ledger, as a small curve over t."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFont, QFontMetricsF, QHelpEvent, QKeyEvent, QPainter, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from explorer.theme import theme
from explorer.widgets.keys import asked_key
from explorer.words.languages import number, signed, tr, translator

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from PySide6.QtGui import QFocusEvent, QMouseEvent, QPaintEvent

    from flowengine.protocol import LedgerRow

_HEIGHT: Final = 46
_AIR: Final = 5.0
_LEAST_RANGE: Final = 0.05  # nats; a change below that is drawn as the flat line it is
_SMALL: Final = 0.85
_DOT: Final = 3.0
_CLEAR: Final = 2.0  # logical pixels between the curve and its name
_NAME: Final = "−∫₀ᵗ div v dt"
_Numbers = TypeVar("_Numbers", np.float64, "NDArray[np.float64]")


class ChangeCurve(QWidget):
    """How the log-density changes on the way from base to target; a moment of it can be asked for.

    A click, or the arrow keys, ask for a moment of the ledger.
    """

    tau_picked = Signal(float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._tau = np.zeros(1)
        self._change = np.zeros(1)
        self._chosen: int | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        theme.changed.connect(self.update)
        translator.changed.connect(self._describe)
        self._describe()

    @property
    def points(self) -> list[tuple[float, float]]:
        """The curve: t, and −∫ div v dt from the base up to it, in nats."""
        return list(zip(self._tau.tolist(), self._change.tolist(), strict=True))

    def set_rows(self, rows: Sequence[LedgerRow]) -> None:
        """Show the rows of a continuous flow's ledger, base first.

        A change that is not finite ends the curve: there is nothing to draw beyond it.
        """
        change = -np.cumsum([row.log_det for row in rows]) + 0.0  # no negative zero
        known = int(np.isfinite(change).cumprod().sum()) or 1
        self._tau = np.array([row.tau for row in rows])[:known]
        self._change = np.nan_to_num(change[:known])
        if self._chosen is not None and self._chosen >= known:
            self._chosen = None
        self._describe()
        self.update()

    def words(self, index: int) -> str:
        """A moment in words: "t = 0.5: log p +0.40"."""
        return tr("t = {t}: log p has changed by {change} nats").format(
            t=number(float(self._tau[index])), change=signed(float(self._change[index]))
        )

    # --- painting -------------------------------------------------------------------------------

    def sizeHint(self) -> QSize:
        """A curve of a few lines' height."""
        return QSize(200, _HEIGHT)

    def minimumSizeHint(self) -> QSize:
        """The same height, at any width."""
        return QSize(80, _HEIGHT)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the zero line, the curve, its end in figures and the chosen moment."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area = self._area()
        zero = self.place(0.0, 0.0).y()
        painter.setPen(QPen(theme.color("border"), 1))
        painter.drawLine(QPointF(area.left(), zero), QPointF(area.right(), zero))
        curve = [self.place(t, y) for t, y in self.points]
        painter.setPen(QPen(theme.color("continuous"), 2))
        painter.drawPolyline(QPolygonF(curve))
        if self._chosen is not None:
            painter.setBrush(theme.color("accent"))
            painter.setPen(Qt.PenStyle.NoPen)
            painter.drawEllipse(curve[self._chosen], _DOT, _DOT)
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(theme.color("text"), 1))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 4, 4)
        self._write(painter)
        painter.end()

    def _write(self, painter: QPainter) -> None:
        """The name of the curve, where there is a place for it."""
        box = self.name_box()
        if box is not None:
            painter.setFont(self._small_font())
            painter.setPen(theme.color("text_muted"))
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, _NAME)

    def name_box(self) -> QRectF | None:
        """Where the name of the curve stands: in a corner that lines leave free, if there is any.

        It stands on the right where it can, as far from the curve as it can.
        """
        size = QFontMetricsF(self._small_font()).boundingRect(_NAME).size()
        room, zero = QRectF(self.rect()).adjusted(_AIR, 1, -_AIR, -1), self.place(0.0, 0.0).y()
        lefts = (room.right() - size.width(), room.left())
        tops = (room.top(), room.bottom() - size.height(), zero + 1, zero - 1 - size.height())
        boxes = [QRectF(QPointF(x, y), size) for x in lefts for y in tops]
        x, y = self._drawn()
        free = [
            (box.left() > room.left(), clearance, box)
            for box in boxes
            if room.contains(box)
            and not box.top() < zero < box.bottom()
            and (clearance := _clearance(box, x, y)) >= _CLEAR
        ]
        return max(free, key=lambda entry: entry[:2])[2] if free else None

    def _drawn(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Where the curve lies, at about every pixel of its width."""
        tau = np.linspace(self._tau[0], self._tau[-1], max(2, self.width()))
        return self._coordinates(tau, np.interp(tau, self._tau, self._change))

    def _small_font(self) -> QFont:
        font = QFont(self.font())
        font.setPointSizeF(font.pointSizeF() * _SMALL)
        return font

    def _area(self) -> QRectF:
        return QRectF(self.rect()).adjusted(_AIR, _AIR, -_AIR, -_AIR)

    def place(self, t: float, change: float) -> QPointF:
        """Where a moment lies on the widget."""
        x, y = self._coordinates(np.float64(t), np.float64(change))
        return QPointF(float(x), float(y))

    def _coordinates(self, t: _Numbers, change: _Numbers) -> tuple[_Numbers, _Numbers]:
        area = self._area()
        low, high = min(0.0, float(self._change.min())), max(0.0, float(self._change.max()))
        span = max(high - low, _LEAST_RANGE)
        return area.left() + t * area.width(), area.bottom() - (change - low) / span * area.height()

    # --- asking ---------------------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Ask for the moment that is clicked."""
        if event.button() == Qt.MouseButton.LeftButton:
            self._choose(self._nearest(event.position().x()))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Ask for the moment before or after the chosen one."""
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()))
        if step is None:
            super().keyPressEvent(event)
            return
        here = -1 if self._chosen is None else self._chosen
        self._choose(min(max(here + step, 0), len(self._tau) - 1))

    def event(self, event: QEvent) -> bool:
        """Keep the arrow keys from the window, and say what is under the mouse."""
        arrows = (Qt.Key.Key_Left, Qt.Key.Key_Right)
        key = asked_key(event)
        if key is not None and key.key() in arrows:
            event.accept()
            return True
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            self._explain(event)
            return True
        return super().event(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show that the keyboard is here."""
        super().focusInEvent(event)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Show that the keyboard has gone."""
        super().focusOutEvent(event)
        self.update()

    def _explain(self, event: QHelpEvent) -> None:
        QToolTip.showText(event.globalPos(), self.words(self._nearest(event.pos().x())), self)

    def _nearest(self, x: float) -> int:
        area = self._area()
        return int(np.abs(self._tau - (x - area.left()) / area.width()).argmin())

    def _choose(self, index: int) -> None:
        self._chosen = index
        self._describe()
        self.update()
        self.tau_picked.emit(float(self._tau[index]))

    def _describe(self) -> None:
        self.setAccessibleName(tr("Running −∫div v dt of the continuous flow"))
        index = len(self._tau) - 1 if self._chosen is None else self._chosen
        self.setAccessibleDescription(self.words(index))


def _clearance(box: QRectF, x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    """How far a box stays above or below a curve; 0 where the curve runs through it."""
    beside = y[(x >= box.left() - _CLEAR) & (x <= box.right() + _CLEAR)]
    if not beside.size:
        return box.height()
    return max(0.0, float(beside.min()) - box.bottom(), box.top() - float(beside.max()))
