"""The target, to be drawn on with mouse, pen and keyboard."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from PySide6.QtCore import QEvent, QPointF, Qt, QTimer, Signal
from PySide6.QtGui import (
    QFocusEvent,
    QHideEvent,
    QKeyEvent,
    QMouseEvent,
    QPointingDevice,
    QResizeEvent,
    QTabletEvent,
)

from explorer.target.brush import Brush, Tool
from explorer.target.density_view import DensityView
from explorer.target.drawing import Drawing
from explorer.target.footprint import Footprint
from explorer.target.outline import tool_outline
from explorer.words.languages import tr, translator
from flowengine.project import DEFAULT_EXTENT

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray
    from PySide6.QtWidgets import QWidget

    from explorer.target.point_cloud import PointCloud
    from explorer.target.raster import Point
    from flowengine.project import Extent

CHANGE_INTERVAL_MS: Final = 100
_ARROWS: Final = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, 1),
    Qt.Key.Key_Down: (0, -1),
}
_STROKES: Final = {Tool.BRUSH, Tool.ERASER, Tool.SMOOTH}
_POINT_REACH = 9  # pixels
_ARROW_STEP = 1 / 64
_FINE_STEP = 1 / 256
_TAB_REASONS: Final = {Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason}


class TargetCanvas(DensityView):
    """A density that can be painted into: the left button paints, the right button erases.

    A stroke lasts from press to release, or until its button is lost, the focus goes or the canvas
    is hidden; Escape takes it back. Shift with a press draws a straight line from where the last
    stroke ended, and keeps the line tool to steps of 15°. Arrow keys move the brush, in finer steps
    with Ctrl; then Space paints. The points tool adds, moves and removes points in the same way;
    over points the eraser removes those that it meets.

    Attributes:
        stroke_started: A stroke begins.
        density_changed: The grid so far, float32 and read-only, at most ten times a second.
        stroke_finished: The grid after a stroke that changed it, and what undo calls the stroke.
        stroke_cancelled: A stroke ended and left everything as it was.
    """

    stroke_started = Signal()
    density_changed = Signal(object)
    stroke_finished = Signal(object, str)
    stroke_cancelled = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        self._drawing = Drawing(DEFAULT_EXTENT)
        super().__init__(self._drawing.raster, parent)
        self._brush = Brush()
        self._tool = Tool.BRUSH
        self._text = ""
        self._straight = False
        self._held: Qt.MouseButton | Qt.Key | None = None
        self._changes = QTimer(self)
        self._changes.setSingleShot(True)
        self._changes.setInterval(CHANGE_INTERVAL_MS)
        self._changes.timeout.connect(self._send_changes)
        self.setTabletTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._show_footprint()
        translator.changed.connect(self.retranslate)
        self.retranslate()

    def retranslate(self) -> None:
        """Say everything anew in the language of the window."""
        self.setAccessibleName(tr("Target canvas"))
        self.setAccessibleDescription(
            tr(
                "Draw the target density. Arrow keys move the brush, Space paints, Shift draws a "
                "straight line from the last point, Escape takes the stroke back."
            )
        )

    # --- what is drawn -----------------------------------------------------------------------

    @property
    def extent(self) -> Extent:
        """The rectangle of the plane that the grid covers."""
        return self._drawing.raster.extent

    @property
    def clears_on_first_stroke(self) -> bool:
        """Whether the next brush stroke starts on an empty grid."""
        return self._drawing.clears_on_first_stroke

    @property
    def painting(self) -> bool:
        """Whether a stroke is under way."""
        return self._drawing.painting

    @property
    def entropy(self) -> float | None:
        """Of the density shown, exact, in nats; None while the grid is empty."""
        return self._drawing.raster.entropy

    @property
    def brush(self) -> Brush:
        """The tip."""
        return self._brush

    @property
    def tool(self) -> Tool:
        """What the left button and Space do."""
        return self._tool

    @property
    def cloud(self) -> PointCloud | None:
        """The points that the density stands for; None where it stands for itself."""
        return self._drawing.cloud

    def density(self) -> NDArray[np.float32]:
        """A read-only copy of the grid, row 0 at y_min, values from 0 to 1."""
        return self._drawing.snapshot()

    def set_density(
        self,
        density: ArrayLike,
        extent: Extent,
        *,
        clears: bool,
        cloud: PointCloud | None = None,
    ) -> None:
        """Show another density; a stroke under way is dropped.

        Args:
            density: Shape (rows, columns), row 0 at y_min, non-negative.
            extent: (x_min, x_max, y_min, y_max) in data units.
            clears: Whether the first brush stroke starts on an empty grid.
            cloud: The points that the density stands for, if it does.
        """
        self._end()
        self._drawing.replace(density, extent, clears=clears, cloud=cloud)
        self._show_footprint()
        self._show_drawing()

    def set_cloud(self, cloud: PointCloud) -> None:
        """Show other points, or the same under another bandwidth; a stroke is dropped."""
        self._cancel()
        self._drawing.set_cloud(cloud)
        self._show_drawing()

    def set_brush(self, brush: Brush) -> None:
        """Draw with another tip, from the next stroke on."""
        self._brush = brush
        self._show_footprint()

    def set_tool(self, tool: Tool) -> None:
        """Let the left button and Space do something else, from the next stroke on."""
        self._tool = tool
        self._show_footprint()

    def set_text(self, text: str) -> None:
        """Lay these words with the text tool."""
        self._text = text
        self._show_footprint()

    def _show_footprint(self) -> None:
        radius = self._brush.radius(self.extent)
        outline = tool_outline(self._tool, radius, self._text, self._reach())
        dashed = self._tool is Tool.ERASER
        self.set_footprint(Footprint(outline, fold=self._brush.symmetry, dashed=dashed))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the reach of the points tool as large as it is in pixels."""
        super().resizeEvent(event)
        self._show_footprint()

    # --- a stroke ----------------------------------------------------------------------------

    def _begin(
        self, held: Qt.MouseButton | Qt.Key, *, erases: bool = False, pressure: float = 1.0
    ) -> None:
        if self.painting or self._pointer is None:
            return
        self._held = held
        line_start = self._line_start
        self._drawing.begin(
            self._brush, self._tool, erases=erases, text=self._text, reach=self._reach()
        )
        self._show_drawing()
        self.stroke_started.emit()
        if line_start is not None:
            self._paint_to(line_start, pressure)
        self.aim_line(None)
        self._paint_to(self._pointer, pressure)

    def _reach(self) -> float:
        """From how far the points tool meets a point, in data units."""
        return _POINT_REACH / self.view().scale

    def _paint_to(self, point: Point, pressure: float) -> None:
        regions = self._drawing.move_to(*point, pressure, straight=self._straight)
        if regions and self.cloud is not None:
            self.show_points(self.cloud.points)
        self.refresh(regions)
        if regions:
            self.tell_soon()

    def tell_soon(self) -> None:
        """Send `density_changed` within an interval."""
        if not self._changes.isActive():
            self._changes.start()

    def _send_changes(self) -> None:
        self.density_changed.emit(self._drawing.snapshot())

    def _finish(self) -> None:
        if not self.painting:
            return
        if not self._drawing.changed:
            self._cancel()
            return
        self._end()
        title = tr(self._drawing.title)
        self._drawing.keep()
        self._show_drawing()
        self.stroke_finished.emit(self._drawing.snapshot(), title)

    def _cancel(self) -> None:
        if not self.painting:
            return
        self._end()
        self._drawing.drop()
        self._show_drawing()
        self.stroke_cancelled.emit()

    def _end(self) -> None:
        self._held = None
        self._changes.stop()

    def _show_drawing(self) -> None:
        raster, cloud = self._drawing.raster, self.cloud
        self.show_points(np.empty((0, 2)) if cloud is None else cloud.points)
        self.show_raster(raster, hint=not self.painting and not raster.values.any())

    def _held_back(self) -> bool:
        return self.painting

    # --- mouse and pen -----------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin a stroke: the right button erases."""
        if event.button() not in (Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton):
            super().mousePressEvent(event)
            return
        self._point_at(event.position(), event.modifiers())
        self._begin(event.button(), erases=event.button() == Qt.MouseButton.RightButton)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Follow the pointer, painting while the stroke's button is down."""
        self._point_at(event.position(), event.modifiers())
        if not isinstance(self._held, Qt.MouseButton):
            return
        if event.buttons() & self._held:
            self._carry_on()
        else:
            self._finish()  # the release went to someone else

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """End the stroke that this button began."""
        if event.button() == self._held:
            self._finish()

    def tabletEvent(self, event: QTabletEvent) -> None:
        """Draw with a pen: pressure is strength, its other end erases."""
        self._point_at(event.position(), event.modifiers())
        if event.type() == QEvent.Type.TabletPress:
            eraser_end = event.pointerType() == QPointingDevice.PointerType.Eraser
            erases = eraser_end or event.button() == Qt.MouseButton.RightButton
            self._begin(event.button(), erases=erases, pressure=event.pressure())
        elif event.type() == QEvent.Type.TabletRelease:
            self._finish()
        elif event.buttons() and isinstance(self._held, Qt.MouseButton):
            self._carry_on(event.pressure())
        event.accept()

    def _point_at(self, position: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        self.move_pointer(self.view().to_data(position))
        self._aim(shift=bool(modifiers & Qt.KeyboardModifier.ShiftModifier))

    def _aim(self, *, shift: bool) -> None:
        self._straight = shift
        aims = shift and not self.painting and self._tool in _STROKES
        self.aim_line(self._drawing.last_point if aims else None)

    def _carry_on(self, pressure: float = 1.0) -> None:
        if self._pointer is not None:
            self._paint_to(self._pointer, pressure)

    # --- keyboard ----------------------------------------------------------------------------

    def event(self, event: QEvent) -> bool:
        """Keep the keys that draw from the window's shortcuts."""
        if (
            event.type() == QEvent.Type.ShortcutOverride
            and isinstance(event, QKeyEvent)
            and self._draws_with(event)
        ):
            event.accept()
            return True
        return super().event(event)

    def _draws_with(self, event: QKeyEvent) -> bool:
        if event.key() == Qt.Key.Key_Escape:
            return self.painting
        others = Qt.KeyboardModifier.AltModifier | Qt.KeyboardModifier.MetaModifier
        if event.modifiers() & others:
            return False
        # While the mouse steers the brush, Space stays what it is in the rest of the window.
        return event.key() in _ARROWS or (event.key() == Qt.Key.Key_Space and self._by_keyboard)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Move the brush with the arrows, paint with Space, take a stroke back with Escape."""
        if event.key() == Qt.Key.Key_Shift:
            self._aim(shift=True)
        if not self._draws_with(event):
            super().keyPressEvent(event)
        elif event.key() == Qt.Key.Key_Escape:
            self._cancel()
        elif event.key() in _ARROWS:
            self._nudge(event)
        elif not event.isAutoRepeat():
            self._begin_with_space(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        """End the stroke that Space began."""
        if event.key() == Qt.Key.Key_Shift:
            self._aim(shift=False)
        if event.key() != Qt.Key.Key_Space:
            super().keyReleaseEvent(event)
        elif self._held == Qt.Key.Key_Space and not event.isAutoRepeat():
            self._finish()

    def _begin_with_space(self, event: QKeyEvent) -> None:
        self._aim(shift=bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier))
        self._begin(Qt.Key.Key_Space)

    def _nudge(self, event: QKeyEvent) -> None:
        x_min, x_max, y_min, y_max = self.extent
        fine = event.modifiers() & Qt.KeyboardModifier.ControlModifier
        step = max(x_max - x_min, y_max - y_min) * (_FINE_STEP if fine else _ARROW_STEP)
        dx, dy = _ARROWS[Qt.Key(event.key())]
        x, y = self._pointer or self._centre()
        x, y = min(max(x + dx * step, x_min), x_max), min(max(y + dy * step, y_min), y_max)
        self.move_pointer((x, y), by_keyboard=True)
        if self._held == Qt.Key.Key_Space:
            self._carry_on()

    def _centre(self) -> Point:
        x_min, x_max, y_min, y_max = self.extent
        return (x_min + x_max) / 2, (y_min + y_max) / 2

    # --- focus -------------------------------------------------------------------------------

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show the brush to those who come by the keyboard."""
        super().focusInEvent(event)
        if event.reason() in _TAB_REASONS:
            self.move_pointer(self._pointer or self._centre(), by_keyboard=True)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """End a stroke whose release would go elsewhere."""
        super().focusOutEvent(event)
        self._finish()
        if self._by_keyboard:
            self.lose_pointer()

    def hideEvent(self, event: QHideEvent) -> None:
        """End the stroke: nobody can see it."""
        super().hideEvent(event)
        self._finish()
