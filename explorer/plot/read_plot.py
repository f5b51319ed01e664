"""A plot that is read along x: a cursor for mouse and keyboard, and zoom."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QEvent, QPointF, Qt, Signal
from PySide6.QtGui import QPen

from explorer.plot.plot import Plot
from explorer.theme import theme
from explorer.widgets.keys import asked_key

if TYPE_CHECKING:
    from PySide6.QtGui import QFocusEvent, QKeyEvent, QMouseEvent, QPainter, QWheelEvent
    from PySide6.QtWidgets import QWidget

    from explorer.plot.frame import Frame

_KEY_STEPS: Final = {Qt.Key.Key_Left: -0.02, Qt.Key.Key_Right: 0.02}  # of the range, a press
_CLOSER: Final = 0.8  # of what was seen, at a notch of the wheel
_ZOOM_KEYS: Final = {Qt.Key.Key_Plus: 1, Qt.Key.Key_Equal: 1, Qt.Key.Key_Minus: -1}  # in notches
_NOTCH: Final = 120.0  # as Qt counts
_CLOSEST: Final = 1e-3  # of the whole range


class ReadPlot(Plot):
    """The arrow keys move a cursor; the wheel, + and − zoom, and 0 or a double click shows all.

    Attributes:
        cursor_x: Pixels from the left to the cursor; None where there is none.

    Signals:
        hovered: x of the cursor in data units, or None when the mouse or the keyboard has left.
    """

    hovered = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.cursor_x: float | None = None
        self._zoomed: tuple[float, float] | None = None
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)

    def _whole_x(self) -> tuple[float, float]:
        """The range of x that shows everything."""
        raise NotImplementedError

    @property
    def shown_x(self) -> tuple[float, float]:
        """The range of x that is shown."""
        return self._zoomed or self._whole_x()

    def _paint_words(self, painter: QPainter, frame: Frame) -> None:
        if (x := self.cursor_x) is not None:
            painter.setPen(QPen(theme.color("text_muted"), 1))
            painter.drawLine(QPointF(x, frame.area.top()), QPointF(x, frame.area.bottom()))

    # --- mouse and keys -------------------------------------------------------------------------

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Say what the mouse is over."""
        self._point_at(event.position().x())

    def leaveEvent(self, event: QEvent) -> None:
        """Say that the mouse has gone."""
        super().leaveEvent(event)
        self._point_at(None)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom about the mouse."""
        self._zoom(event.angleDelta().y() / _NOTCH, event.position().x())
        event.accept()

    def mouseDoubleClickEvent(self, _event: QMouseEvent) -> None:
        """Show everything again."""
        self.show_all()

    def show_all(self) -> None:
        """End the zoom."""
        self._zoomed = None
        self.refresh()

    def event(self, event: QEvent) -> bool:
        """Keep the keys of the plot from the window."""
        key = asked_key(event)
        if key is not None and self._has_use_for(key):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Move the cursor with the arrows, from the end at first; Escape takes it away."""
        key = Qt.Key(event.key())
        area = self._frame().area
        if not self._has_use_for(event):
            super().keyPressEvent(event)
        elif key == Qt.Key.Key_Escape:
            self._point_at(None)
        elif key == Qt.Key.Key_0:
            self.show_all()
        elif key in _ZOOM_KEYS:
            self._zoom(
                _ZOOM_KEYS[key], area.center().x() if self.cursor_x is None else self.cursor_x
            )
        else:
            step = _KEY_STEPS[key] * area.width()
            self._point_at(area.right() if self.cursor_x is None else self.cursor_x + step)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Show that the keyboard has gone."""
        super().focusOutEvent(event)
        self._point_at(None)

    def _has_use_for(self, event: QKeyEvent) -> bool:
        key = event.key()
        if key == Qt.Key.Key_Escape:
            return self.cursor_x is not None
        if key == Qt.Key.Key_0:
            return self._zoomed is not None
        spare = Qt.KeyboardModifier.KeypadModifier | Qt.KeyboardModifier.ShiftModifier
        if key in _ZOOM_KEYS:
            return not event.modifiers() & ~spare
        plain = not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        return plain and key in _KEY_STEPS

    def _zoom(self, notches: float, x: float) -> None:
        """Go so much closer, and keep in its place what is at a pixel."""
        factor = _CLOSER**notches
        whole, (low, high) = self._whole_x(), self.shown_x
        middle = min(max(self._frame().moment(x), low), high)
        left = max(whole[0], middle + (low - middle) * factor)
        right = min(whole[1], middle + (high - middle) * factor)
        if right - left >= _CLOSEST * (whole[1] - whole[0]):
            self._zoomed = None if (left, right) == whole else (left, right)
            self.refresh()

    def _point_at(self, x: float | None) -> None:
        """Put the cursor as near to a pixel from the left as there are curves, or nowhere."""
        frame = self._frame()
        if x is not None:
            x = min(max(x, frame.area.left()), frame.area.right())
        self.cursor_x = x
        self.hovered.emit(None if x is None else frame.moment(x))
        self._show_over()
