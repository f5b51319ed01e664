"""The picture itself: draws a film at a moment, and turns the mouse into intentions."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QEvent, QPointF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QNativeGestureEvent, QPainter, QPen
from PySide6.QtWidgets import QApplication, QSizePolicy, QWidget

from explorer.lanes import LANE_ORDER
from explorer.panels.film import Film
from explorer.panels.fineness import Fineness
from explorer.panels.rasterizer import Rasterizer
from explorer.panels.shot import Marker, Shot, Shown, shot_at
from explorer.theme import theme

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray
    from PySide6.QtGui import (
        QFocusEvent,
        QImage,
        QKeyEvent,
        QMouseEvent,
        QPaintEvent,
        QWheelEvent,
    )

    from explorer.panels.camera import Camera, View
    from explorer.panels.difference import Reference
    from flowengine.frame import Frame
    from flowengine.project import Lane

_REACH: Final = 14.0  # logical pixels from a click to the particle that it means
_WHEEL_ZOOM: Final = 0.85  # for each notch
_KEY_ZOOM: Final = 0.8
_KEY_PAN: Final = 0.05  # of the side of the square that is surely in view
_PANS: Final = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, 1),
    Qt.Key.Key_Down: (0, -1),
}
# Those who have a mouse use these as well.
_PLAIN: Final = {Qt.Key.Key_Plus, Qt.Key.Key_Equal, Qt.Key.Key_Minus, Qt.Key.Key_0}
_CROSS: Final = 7  # logical pixels from its middle to an end
_SHARPEN_MS: Final = 250  # from the last picture that was drawn coarsely: more than any frame takes
_BY_KEYBOARD: Final = (
    Qt.FocusReason.TabFocusReason,
    Qt.FocusReason.BacktabFocusReason,
    Qt.FocusReason.ShortcutFocusReason,
)


class FlowView(QWidget):
    """A film at a moment of the clock; no frame, no words.

    Attributes:
        film: What is shown.
        shown: What of it is switched on.
        pace: The moment shown at a moment of the clock.
        fineness: When it is drawn coarsely.
    """

    point_picked = Signal(float, float)
    hovered = Signal(float, float)
    left = Signal()

    def __init__(self, lane: Lane, camera: Camera, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.film = Film(lane)
        self.shown = Shown()
        self.pace: Callable[[float], float] = float
        self._clock_tau = 0.0
        self._now = 0.0
        self._marker: Marker | None = None
        self._rasterizer = Rasterizer(lane, late=LANE_ORDER.index(lane) % 2 == 1)
        self.fineness = Fineness()
        self._sharpen = QTimer(self)
        self._sharpen.setSingleShot(True)
        self._sharpen.setInterval(_SHARPEN_MS)
        self._sharpen.timeout.connect(self.update)
        self._pressed: QPointF | None = None
        self._dragged_from: QPointF | None = None
        self._by_keyboard = False
        self._camera = camera
        camera.changed.connect(self.update)
        theme.changed.connect(self._restyle)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.CrossCursor)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    # --- what it shows ----------------------------------------------------------------------------

    @property
    def tau(self) -> float:
        """The moment that is shown."""
        return self.pace(self._clock_tau)

    @property
    def now(self) -> float:
        """The time that it is shown for."""
        return self._now

    @property
    def moving_until(self) -> float:
        """The time until which the picture changes although the clock stands."""
        return max(self.film.moving_until, self._rasterizer.ground.exact_from)

    def show_moment(self, tau: float, now: float) -> None:
        """Show a moment of the clock."""
        self._clock_tau, self._now = tau, now
        self.update()

    @property
    def frame(self) -> Frame:
        """Leads from the picture's coordinates to data units."""
        return self._camera.frame

    @property
    def outline(self) -> NDArray[np.float64]:
        """The target's contour, segments of shape (n, 4) in data units."""
        return self._rasterizer.ground.outline

    def set_outline(self, segments: NDArray[np.float64]) -> None:
        """Draw the target's contour, segments of shape (n, 4) in data units."""
        self._rasterizer.ground.set_outline(segments)
        self.update()

    @property
    def reference(self) -> Reference | None:
        """What the density is compared with where the difference is shown."""
        return self._rasterizer.ground.reference

    def set_reference(self, reference: Reference | None) -> None:
        """Compare the density with another one, where the difference is shown."""
        self._rasterizer.ground.reference = reference
        self.update()

    def set_marker(self, marker: Marker | None) -> None:
        """Point out a point, or none."""
        self._marker = marker
        self.update()

    @property
    def colours(self) -> str:
        """The density's colour map, one of `colormap.SEQUENTIAL`."""
        return self._rasterizer.ground.colours

    def set_colours(self, name: str) -> None:
        """Choose the density's colour map, one of `colormap.SEQUENTIAL`."""
        self._rasterizer.ground.colours = name
        self.update()

    def picture(self, view: View) -> QImage:
        """What is shown now, drawn onto a surface of any size."""
        return self._rasterizer.render(view, self._shot())

    def _shot(self) -> Shot:
        return shot_at(
            self.film,
            self._clock_tau,
            self._now,
            self.shown,
            pace=self.pace,
            forward=self.film.direction == "generate",
            marker=self._marker,
        )

    def to_data(self, position: QPointF) -> tuple[float, float]:
        """A position within the widget in data coordinates."""
        return self._logical_view().data(position.x(), position.y())

    def _logical_view(self) -> View:
        return self._camera.view(self.width(), self.height())

    def _restyle(self) -> None:
        self._rasterizer.restyle()
        self.update()

    # --- Qt ---------------------------------------------------------------------------------------

    def sizeHint(self) -> QSize:
        """A square that is worth looking at."""
        return QSize(360, 360)

    def minimumSizeHint(self) -> QSize:
        """As small as anything can still be seen."""
        return QSize(120, 120)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the picture at the raster of the screen."""
        ratio = self.devicePixelRatioF()
        painter = QPainter(self)
        painter.scale(1 / ratio, 1 / ratio)
        view = self._camera.view(self.width(), self.height(), ratio)
        view = view._replace(boldness=theme.scale)
        self._draw(painter, view)
        painter.resetTransform()
        if self._by_keyboard and self.hasFocus():
            painter.setPen(theme.on_panel("accent"))
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
            self._draw_cross(painter)
        painter.end()

    def _draw_cross(self, painter: QPainter) -> None:
        """Show the point that Enter picks, on bright and on dark ground."""
        middle = self._middle()
        for colour, width in ((theme.color("panel"), 4), (theme.on_panel("accent"), 2)):
            painter.setPen(QPen(colour, width))
            for end in (QPointF(_CROSS, 0), QPointF(0, _CROSS)):
                painter.drawLine(middle - end, middle + end)

    def _draw(self, painter: QPainter, view: View) -> None:
        """Draw as finely as there is time for; a coarse picture is drawn finely once it rests."""
        film = self.film
        content = (view, film, film.revision, self._clock_tau, min(self._now, film.moving_until))
        coarse = self.fineness.wants_coarse(view, content)
        began = time.perf_counter()
        if coarse:
            self._rasterizer.paint_coarsely(painter, view, self._shot())
            self._sharpen.start()
        else:
            self._rasterizer.paint(painter, view, self._shot())
        self.fineness.took(time.perf_counter() - began, coarse=coarse)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin a click or a drag."""
        if event.button() is Qt.MouseButton.LeftButton:
            self._pressed = event.position()
            self._by_keyboard = False
            self.update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Pan while dragging, else say where the mouse is."""
        position = event.position()
        if self._dragged_from is not None:
            self._pan(position)
        elif self._pressed is not None:
            moved = (position - self._pressed).manhattanLength()
            if moved >= QApplication.startDragDistance():
                self._dragged_from = self._pressed
                self.setCursor(Qt.CursorShape.ClosedHandCursor)
                self._pan(position)
        else:
            self.hovered.emit(*self.to_data(position))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Pick the point unless it was a drag."""
        if event.button() is not Qt.MouseButton.LeftButton:
            return
        if self._pressed is not None and self._dragged_from is None:
            self.pick(event.position())
        self._pressed = self._dragged_from = None
        self.setCursor(Qt.CursorShape.CrossCursor)

    def mouseDoubleClickEvent(self, _event: QMouseEvent) -> None:
        """Show the whole picture again."""
        self._pressed = None
        self._camera.home()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom about the mouse."""
        notches = event.angleDelta().y() / 120
        self._camera.zoom(_WHEEL_ZOOM**notches, self.to_data(event.position()))
        event.accept()

    def event(self, event: QEvent) -> bool:
        """Zoom by a pinch on a touch pad."""
        if isinstance(event, QNativeGestureEvent):
            return self._gesture(event)
        return super().event(event)

    def _gesture(self, event: QNativeGestureEvent) -> bool:
        if event.gestureType() is not Qt.NativeGestureType.ZoomNativeGesture:
            return False
        self._camera.zoom(math.exp(-event.value()), self.to_data(event.position()))
        return True

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Zoom with + and −, pan with Shift and an arrow, show all with 0, pick with Enter."""
        key = Qt.Key(event.key())
        if key in _PANS and event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            step = 2 * self._camera.half_span * _KEY_PAN
            self._camera.pan(*(way * step for way in _PANS[key]))
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal):
            self._camera.zoom(_KEY_ZOOM)
        elif key == Qt.Key.Key_Minus:
            self._camera.zoom(1 / _KEY_ZOOM)
        elif key == Qt.Key.Key_0:
            self._camera.home()
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.pick(self._middle())
        else:
            super().keyPressEvent(event)
            return
        if self._by_keyboard or key not in _PLAIN:
            self._use_keyboard()

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show where the keyboard is, but only to those who use it."""
        super().focusInEvent(event)
        self._by_keyboard = event.reason() in _BY_KEYBOARD
        if self._by_keyboard:
            self._use_keyboard()
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Say that the keyboard has gone."""
        super().focusOutEvent(event)
        if self._by_keyboard:
            self.left.emit()
        self.update()

    def _use_keyboard(self) -> None:
        """Show the middle, and say what is there, as for the mouse."""
        self._by_keyboard = True
        self.hovered.emit(*self.to_data(self._middle()))
        self.update()

    def _middle(self) -> QPointF:
        return QPointF(self.width() / 2, self.height() / 2)

    def leaveEvent(self, event: QEvent) -> None:
        """Say that the mouse has gone."""
        super().leaveEvent(event)
        self.left.emit()

    # --- intentions -----------------------------------------------------------------------------

    def pick(self, position: QPointF) -> None:
        """Ask for the point of data space that is meant by a position in the picture.

        On the way between base and target that is where the particle under the mouse ends up.
        """
        point = self.to_data(position)
        if self.tau < 1:
            reach = _REACH / self._logical_view().scale
            point = self.film.destination(point, self.tau, self._now, reach) or point
        self.point_picked.emit(*point)

    def _pan(self, position: QPointF) -> None:
        assert self._dragged_from is not None
        (x1, y1), (x2, y2) = self.to_data(self._dragged_from), self.to_data(position)
        self._dragged_from = position
        self._camera.pan(x1 - x2, y1 - y2)
