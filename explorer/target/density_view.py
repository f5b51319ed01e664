"""A density on the screen, with the brush's footprint and the figures under the pointer over it."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QFont,
    QFontMetricsF,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPolygonF,
    QResizeEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from explorer.target import overlay
from explorer.target.footprint import Footprint
from explorer.target.picture import DensityPicture, SquareView
from explorer.target.raster import NOTHING, Region
from explorer.theme import theme
from explorer.words.languages import MINUS, number, tr, translator

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from explorer.target.raster import Point, Raster

_FRAME = 1
_MOST_POINTS: Final = 2000
_CAPTION_SCALE: Final = 0.85


class DensityView(QWidget):
    """Shows a raster, square in data units, and repaints only what has changed.

    Attributes:
        hovered: Coordinates under the pointer in data units, and the probability density there.
        pointer_left: The pointer has left the canvas.
    """

    hovered = Signal(float, float, float)
    pointer_left = Signal()

    def __init__(self, raster: Raster, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._raster = raster
        self._mass = raster.mass  # of a large grid it takes too long for every move
        self._picture = DensityPicture(raster)
        self._footprint = Footprint(QPainterPath())
        self._points = QPolygonF()
        self._pointer: Point | None = None
        self._by_keyboard = False
        self._line_start: Point | None = None
        self._caption = ""
        self._hint_shown = not raster.values.any()
        self._inviting = False
        self._drawn_over: list[QRect] = []
        self._set_up()
        theme.changed.connect(self.update)
        translator.changed.connect(self.update)

    def _set_up(self) -> None:
        self.setMouseTracking(True)
        self.setCursor(Qt.CursorShape.CrossCursor)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setMinimumSize(140, 140)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    # --- what it shows -----------------------------------------------------------------------

    def view(self) -> SquareView:
        """How data units lie on the widget."""
        frame = QRectF(self.rect()).adjusted(_FRAME, _FRAME, -_FRAME, -_FRAME)
        return SquareView(self._raster.extent, frame)

    def show_raster(self, raster: Raster, *, hint: bool) -> None:
        """Show another raster, and whether the invitation to draw stands over it."""
        self._raster = raster
        self._mass = raster.mass
        self._hint_shown = hint
        self._picture.refresh(raster, raster.whole)
        self._measure_pointer()
        self._update_overlay()
        self.update()

    @property
    def inviting(self) -> bool:
        """Whether the picture asks to be drawn over, while no pointer is on it."""
        return self._inviting

    def invite(self, inviting: bool) -> None:
        """Ask for a stroke, in a few words low on the picture, or leave it in peace."""
        if inviting != self._inviting:
            self._inviting = inviting
            self.update()

    def refresh(self, regions: list[Region]) -> None:
        """Show what has changed in some regions of the raster."""
        view = self.view()
        around = reduce(Region.united, regions, NOTHING)
        if sum(region.cells for region in regions) > around.cells:
            regions = [around]
        for region in regions:
            self._picture.refresh(self._raster, region)
            self.update(view.pixels(self._raster, region))

    def set_footprint(self, footprint: Footprint) -> None:
        """Let another outline follow the pointer."""
        self._footprint = footprint
        self._update_overlay()
        self.update()

    def show_points(self, points: NDArray[np.float64]) -> None:
        """Show points, shape (n, 2), over the density; of very many an even choice."""
        shown = points[:: -(-len(points) // _MOST_POINTS) or 1]
        self._points = QPolygonF([QPointF(x, y) for x, y in shown.tolist()])
        self.update()

    def sizeHint(self) -> QSize:
        """A square that fits a narrow dock."""
        return QSize(240, 240)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Stay no taller than wide: the density is square, and more height would be a void."""
        super().resizeEvent(event)
        self._update_overlay()
        self.setMaximumHeight(max(self.minimumHeight(), self.width()))

    # --- the pointer -------------------------------------------------------------------------

    def move_pointer(self, point: Point, *, by_keyboard: bool = False) -> None:
        """Put the brush over a point in data units, and tell the density there."""
        if self._inviting and self._pointer is None:
            self.update()  # the words stand aside
        self._pointer = point
        self._by_keyboard = by_keyboard
        self._measure_pointer()
        self._update_overlay()

    def lose_pointer(self) -> None:
        """Take the brush off the canvas."""
        self._pointer = None
        if self._inviting:
            self.update()
        self._measure_pointer()
        self._update_overlay()
        self.pointer_left.emit()

    def aim_line(self, start: Point | None) -> None:
        """Show a straight line from a point to the pointer, or none."""
        if start != self._line_start:
            self._line_start = start
            self._update_overlay()

    def leaveEvent(self, event: QEvent) -> None:
        """Take the brush's footprint away with the pointer."""
        super().leaveEvent(event)
        if not self._by_keyboard:
            self.lose_pointer()

    def _measure_pointer(self) -> None:
        self._caption = ""
        if self._pointer is None or self._held_back():
            return
        x, y = self._pointer
        value = self._raster.value_at(x, y)
        density = value / self._mass if value else 0.0
        parts = f"({_fixed(x)}, {_fixed(y)})", f"p = {number(density)}"
        metrics = QFontMetricsF(self._caption_font())
        self._caption = overlay.broken_caption(self.view().rect, metrics, parts)
        self.hovered.emit(x, y, density)

    def _held_back(self) -> bool:
        """Whether figures would be in the way now."""
        return False

    # --- paint -------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the density and what lies over it; Qt clips both to what has changed."""
        view = self.view()
        with QPainter(self) as painter:
            painter.fillRect(event.rect(), theme.color("surface"))
            painter.fillRect(view.rect, theme.color("panel"))
            self._picture.paint(painter, view.rect)
            if self._footprint.fold > 1:
                overlay.paint_axes(painter, view.rect, self._footprint.fold)
            if self._hint_shown:
                overlay.paint_hint(painter, view.rect, tr("Draw here"))
            elif self._inviting and self._pointer is None:
                overlay.paint_invitation(painter, view.rect, tr("Draw your own here"))
            if self._points:
                overlay.paint_points(painter, view.transform(), self._points)
            painter.save()
            self._paint_pointer(painter, view)
            painter.restore()
            self._paint_frame(painter, view)

    def _paint_pointer(self, painter: QPainter, view: SquareView) -> None:
        if self._pointer is None:
            return
        here = view.to_widget(*self._pointer)
        painter.setClipRect(view.rect)  # beside the plane nothing will be left
        if self._line_start is not None:
            overlay.paint_line_ahead(painter, view.to_widget(*self._line_start), here)
        overlay.paint_footprints(painter, self._outlines(view), dashed=self._footprint.dashed)
        if self._by_keyboard:
            overlay.paint_cross(painter, here)
        if self._caption:
            painter.setFont(self._caption_font())
            overlay.paint_caption(painter, self._caption_rect(view), self._caption)

    def _paint_frame(self, painter: QPainter, view: SquareView) -> None:
        """Show where the plane that can be drawn on ends, and where the keyboard is."""
        colour = theme.color("text" if self.hasFocus() else "control")
        overlay.paint_frame(painter, view.rect, colour, _FRAME)

    def _outlines(self, view: SquareView) -> list[QPainterPath]:
        if self._pointer is None:
            return []
        return self._footprint.around(self._pointer, view, self._raster.extent)

    def _caption_font(self) -> QFont:
        font = self.font()
        font.setPointSizeF(font.pointSizeF() * _CAPTION_SCALE)
        return font

    def _caption_rect(self, view: SquareView) -> QRectF:
        """The lower left corner, unless the brush is there."""
        metrics = QFontMetricsF(self._caption_font())
        low = overlay.caption_rect(view.rect, metrics, self._caption, at_top=False)
        margin = 2 * low.height()
        if self._pointer is not None and self._near(self._pointer, view).intersects(
            low.adjusted(-margin, -margin, margin, margin)
        ):
            return overlay.caption_rect(view.rect, metrics, self._caption, at_top=True)
        return low

    def _near(self, pointer: Point, view: SquareView) -> QRectF:
        outline = self._outlines(view)[0]
        cross = overlay.cross_rect(view.to_widget(*pointer))
        return QRectF(cross if outline.isEmpty() else cross.united(overlay.footprint_rect(outline)))

    def _update_overlay(self) -> None:
        """Have repainted where the pointer's drawings were and where they are now."""
        view = self.view()
        rects = [overlay.footprint_rect(o) for o in self._outlines(view) if not o.isEmpty()]
        if self._pointer is not None:
            rects.append(overlay.cross_rect(view.to_widget(*self._pointer)))
        if self._pointer is not None and self._caption:
            rects.append(self._caption_rect(view).toAlignedRect())
        if self._pointer is not None and self._line_start is not None:
            line = QRectF(view.to_widget(*self._line_start), view.to_widget(*self._pointer))
            rects.append(line.normalized().toAlignedRect().adjusted(-1, -1, 1, 1))
        for rect in (*self._drawn_over, *rects):
            self.update(rect)
        self._drawn_over = rects


def _fixed(value: float) -> str:
    """A coordinate with as many decimals as a pixel is worth, so that it does not dance."""
    return f"{round(value, 2) + 0.0:.2f}".replace("-", MINUS)
