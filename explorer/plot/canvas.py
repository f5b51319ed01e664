"""What pyqtgraph draws of a plot: axes, curves and points. Nothing else imports pyqtgraph."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPen
from PySide6.QtWidgets import QGraphicsView

from explorer.plot.polylines import DOT
from explorer.theme import theme

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from PySide6.QtGui import QFont, QPainter
    from PySide6.QtWidgets import QStyleOptionGraphicsItem, QWidget

    from explorer.plot.frame import Floats, Frame
    from explorer.plot.ticks import Tick

_Item = TypeVar("_Item", bound="pg.GraphicsObject")
_Data = TypeVar("_Data")
TICK: Final = 4
_TEXT_GAP: Final = 3
_BESIDE: Final = 40  # by which a number at the end of an axis may stand out


class _Axis(pg.AxisItem):  # type: ignore[misc]  # pyqtgraph has no types
    """An axis drawn straight onto the painter: a recorded picture has letters of another size."""

    def paint(
        self, painter: QPainter, _option: QStyleOptionGraphicsItem, _widget: QWidget | None = None
    ) -> None:
        specs = self.generateDrawSpecs(painter)
        if specs is not None:
            painter.save()
            self.drawPicture(painter, *specs)
            painter.restore()


class Canvas(pg.PlotWidget):  # type: ignore[misc]
    """A themed pyqtgraph plot that leaves mouse and keys to the widget that it lies in.

    What stands over the curves in pixels (words, marks, cursor) is drawn by `paint_over`.
    """

    def __init__(self, parent: QWidget, paint_over: Callable[[QPainter], None]) -> None:
        axes = {side: _Axis(side) for side in ("left", "bottom")}
        super().__init__(parent, background=None, axisItems=axes)
        self._paint_over = paint_over
        self._curves: list[pg.PlotCurveItem] = []
        self._dots: list[pg.ScatterPlotItem] = []
        self.setStyleSheet("border: none; background: transparent")
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.viewport().setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setViewportUpdateMode(QGraphicsView.ViewportUpdateMode.FullViewportUpdate)
        self.setAntialiasing(True)
        plot = self.getPlotItem()
        plot.hideButtons()
        plot.setMenuEnabled(False)
        plot.getViewBox().setDefaultPadding(0)
        plot.getViewBox().disableAutoRange()
        plot.layout.setSpacing(0)
        for axis in axes.values():
            axis.setStyle(
                tickLength=TICK,
                tickTextOffset=_TEXT_GAP,
                autoExpandTextSpace=False,
                hideOverlappingLabels=_BESIDE,
            )

    def set_frame(
        self, frame: Frame, rows: Sequence[Tick], columns: Sequence[Tick], font: QFont
    ) -> None:
        """Lay the axes about the area of a frame, with ticks in data units, or without any."""
        plot, area, size = self.getPlotItem(), frame.area, self.size()
        whole = QRectF(0, 0, size.width(), size.height())
        # that of the scene, which `PlotWidget.setRange` is not
        pg.GraphicsView.setRange(self, whole, padding=0, disableAutoPixel=False)
        plot.setGeometry(whole)
        plot.layout.setContentsMargins(0, area.top(), size.width() - area.right(), 0)
        left, bottom = plot.getAxis("left"), plot.getAxis("bottom")
        left.setWidth(area.left())
        bottom.setHeight(size.height() - area.bottom())
        for axis, ticks, logarithmic in (
            (left, rows, frame.y_logarithmic),
            (bottom, columns, frame.x_logarithmic),
        ):
            axis.setTickFont(font)
            axis.setPen(theme.color("border") if ticks else QPen(Qt.PenStyle.NoPen))
            axis.setTextPen(theme.color("text_muted"))
            places = [np.log10(tick.value) if logarithmic else tick.value for tick in ticks]
            axis.setTicks([[(x, tick.text) for x, tick in zip(places, ticks, strict=True)]])
        plot.layout.activate()
        plot.getViewBox().setRange(xRange=frame.x_view, yRange=frame.y_view, padding=0)

    def show_lines(self, lines: Sequence[tuple[Floats, Floats, QPen]]) -> None:
        """Draw curves that break off at NaN, in the units of the view, in the place of all others.

        Items are used again: making them takes longer than filling them.
        """
        for item, (x, y, pen) in self._filled(self._curves, lines, _curve_item):
            pen.setCosmetic(True)  # its width is in pixels
            item.setData(x, y, pen=pen, connect="finite")

    def show_dots(self, dots: Sequence[tuple[Floats, Floats, QPen]]) -> None:
        """Draw lone points in the colours of pens, in the place of all others."""
        for item, (x, y, pen) in self._filled(self._dots, dots, _dots_item):
            item.setData(x=x, y=y, brush=pen.color(), pen=None)

    def draw(self, painter: QPainter) -> None:
        """Draw all of it, in the canvas's own size, onto anything."""
        whole = QRectF(0, 0, self.width(), self.height())
        self.scene().render(painter, whole, whole)
        painter.save()
        painter.setClipRect(whole)
        self._paint_over(painter)
        painter.restore()

    def drawForeground(self, painter: QPainter, _rect: QRectF) -> None:
        """Draw what stands over the curves: the scene's units are pixels."""
        self._paint_over(painter)

    def _filled(
        self, items: list[_Item], wanted: Sequence[_Data], make: Callable[[], _Item]
    ) -> Iterator[tuple[_Item, _Data]]:
        """An item for each that is wanted; the others are hidden."""
        for item in items[len(wanted) :]:
            item.hide()
        for index, data in enumerate(wanted):
            if index == len(items):
                items.append(make())
                self.addItem(items[index])
            items[index].show()
            yield items[index], data


def _curve_item() -> pg.PlotCurveItem:
    return pg.PlotCurveItem(antialias=True)


def _dots_item() -> pg.ScatterPlotItem:
    return pg.ScatterPlotItem(size=2 * DOT, antialias=True)
