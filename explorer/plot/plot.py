"""A themed plot: the window's letters, colours and numbers about what pyqtgraph draws."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QEvent, QRectF, Qt
from PySide6.QtGui import QFont, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from explorer.plot.loading import loading
from explorer.theme import theme

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtGui import QFocusEvent, QPainter, QPaintEvent, QResizeEvent, QShowEvent

    from explorer.plot.canvas import Canvas
    from explorer.plot.frame import Frame
    from explorer.plot.ticks import Tick

_SMALL: Final = 0.85  # of the window's letters


class Plot(QWidget):
    """A plot that is drawn by pyqtgraph as soon as that is loaded, and takes events itself."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._canvas: Canvas | None = None
        self._stale = True  # what is drawn, of what there is
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        theme.changed.connect(self.refresh)
        loading.done.connect(self.refresh)

    def refresh(self) -> None:
        """Draw anew what is shown; where nobody sees it, once somebody does."""
        self._stale = True
        if self.isVisible() and loading.canvas:
            self._bring_up_to_date()

    def draw(self, painter: QPainter) -> None:
        """Draw the plot, in its own size, onto anything."""
        self._bring_up_to_date().draw(painter)

    # --- what a plot says of itself -------------------------------------------------------------

    def _frame(self) -> Frame:
        raise NotImplementedError

    def _ticks(self, frame: Frame) -> tuple[Sequence[Tick], Sequence[Tick]]:
        """Those of y, and those of x."""
        raise NotImplementedError

    def _fill(self, canvas: Canvas, frame: Frame) -> None:
        """Show curves and points on a canvas."""
        raise NotImplementedError

    def _paint_words(self, painter: QPainter, frame: Frame) -> None:
        """Draw what stands over the curves."""
        raise NotImplementedError

    # --- painting -------------------------------------------------------------------------------

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Have pyqtgraph loaded after this frame, if it is not."""
        if loading.canvas is None:
            loading.begin()

    def showEvent(self, event: QShowEvent) -> None:
        """Draw what has come since somebody looked."""
        super().showEvent(event)
        if self._stale and loading.canvas:
            self._bring_up_to_date()

    def _bring_up_to_date(self) -> Canvas:
        if self._canvas is None:
            self._canvas = loading.load()(self, self._paint_over)
            self._canvas.lower()  # under what else lies on the plot
            self._canvas.show()
        canvas, frame = self._canvas, self._frame()
        canvas.resize(self.size())
        canvas.set_frame(frame, *self._ticks(frame), self._small_font())
        self._fill(canvas, frame)
        canvas.viewport().update()
        self._stale = False
        return canvas

    def _paint_over(self, painter: QPainter) -> None:
        painter.setFont(self._small_font())
        self._paint_words(painter, self._frame())
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(theme.color("text"), 1))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 4, 4)

    def _show_over(self) -> None:
        """Draw cursor and words again, over the curves as they are."""
        if self._canvas is not None:
            self._canvas.viewport().update()

    def _small_font(self) -> QFont:
        font = QFont(self.font())
        if font.pixelSize() > 0:
            font.setPixelSize(round(font.pixelSize() * _SMALL))
        else:
            font.setPointSizeF(font.pointSizeF() * _SMALL)
        return font

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Lay the axes out for the new size."""
        super().resizeEvent(event)
        if loading.canvas:
            self._bring_up_to_date()

    def changeEvent(self, event: QEvent) -> None:
        """Follow the letters of the window."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self.refresh()

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show that the keyboard is here."""
        super().focusInEvent(event)
        self._show_over()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Show that it has gone."""
        super().focusOutEvent(event)
        self._show_over()
