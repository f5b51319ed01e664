"""The page of a figure: panels with axes and scales beside each other, over the curves."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QFont, QLinearGradient, QPainter, QPen

from explorer.export.drawing import PanelDrawing, colour_of
from explorer.export.lettering import fitting, set_plain, set_type
from explorer.i18n import mark, tr
from explorer.lanes import ALL_TITLES
from explorer.panels import colormap
from explorer.plot.ticks import linear_ticks
from explorer.theme import theme

if TYPE_CHECKING:
    from collections.abc import Iterator

    from PySide6.QtGui import QImage

    from explorer.export.scene import Scene
    from explorer.metrics.curves import CurvesCopy
    from explorer.panels.camera import View
    from explorer.panels.legend import Scale
    from explorer.panels.panel_copy import PanelCopy

# In units of the figure: pixels of a PNG at 1×, points of a PDF.
SIDE: Final = 340
_MARGIN: Final = 16
_GAP: Final = 22
_LEFT: Final = 26  # for the numbers of the y axis, if they are short
_LETTER: Final = 6.5
_HEAD: Final = 30
_BELOW: Final = 22  # for the numbers of the x axis
_FOOT: Final = 40
_CURVES: Final = 190
_TITLE: Final = 14
_SMALL: Final = 11
_TICK: Final = 4
_TICKS: Final = 7
_BAR: Final = (86, 6)
_STOPS: Final = 24  # of a bar's colours: a gradient that every format knows
_UNITS: Final = {"density": mark("density in 1/unit²")}

_START: Final = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
_END: Final = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight
_MIDDLE: Final = Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop


class FigurePage:
    """A figure, to be drawn with any painter in the colours of the theme.

    Args:
        scene: The panels.
        curves: The curves below them; None for none.
        paper: Whether the planes are white.
    """

    def __init__(self, scene: Scene, curves: CurvesCopy | None, *, paper: bool) -> None:
        self._scene = scene
        self._curves = curves
        self._paper = paper
        self._view = scene.sight.view(SIDE, SIDE, 1.0)
        count = len(scene.panels)
        longest = max((len(text) for _, text in _rows(self._view)), default=0)
        plain = self._view.frame.is_identity
        self._left = _LEFT if plain else max(_LEFT, round(_LETTER * longest) + 2 * _TICK)
        self._columns = count if count <= 3 else math.ceil(count / 2)
        self._rows = math.ceil(count / self._columns)
        self._areas = [self._area(*divmod(k, self._columns)) for k in range(count)]

    @property
    def size(self) -> QSize:
        """Width and height."""
        across = self._columns * (self._left + SIDE) + (self._columns - 1) * _GAP
        down = self._rows * (_HEAD + SIDE + _BELOW + _FOOT)
        down += _HEAD + _CURVES if self._curves else 0
        return QSize(across + 2 * _MARGIN, down + 2 * _MARGIN)

    def draw(self, painter: QPainter) -> Iterator[None]:
        """Draw it, in parts that take some tens of milliseconds at the most."""
        yield from self.draw_ground(painter)
        for area, density in self.densities():
            painter.drawImage(area, density)
            yield
        yield from self.draw_over(painter)

    def draw_ground(self, painter: QPainter) -> Iterator[None]:
        """Draw, in parts, what lies below the densities."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.fillRect(QRectF(QPointF(0, 0), self.size.toSizeF()), theme.color("window"))
        for area in self._areas:
            painter.fillRect(area, theme.color("panel"))
            self._draw_grid(painter, self._view, area)
        yield

    def densities(self) -> Iterator[tuple[QRectF, QImage]]:
        """The panels' densities and where they lie; they are pictures in all kinds of files."""
        for panel, area in zip(self._scene.panels, self._areas, strict=True):
            drawing = PanelDrawing(panel, paper=self._paper)
            density = drawing.density(self._view, self._scene.tau)
            if density is not None:
                yield area, density

    def draw_over(self, painter: QPainter) -> Iterator[None]:
        """Draw, in parts, what lies above the densities."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        set_plain(painter)
        for panel, area in zip(self._scene.panels, self._areas, strict=True):
            yield from self._draw_panel(painter, panel, area)
        if self._curves is not None:
            self._draw_curves(painter, self._curves)
        yield

    def _area(self, row: int, column: int) -> QRectF:
        """Where the plane of a panel lies."""
        left = _MARGIN + column * (self._left + SIDE + _GAP) + self._left
        top = _MARGIN + row * (_HEAD + SIDE + _BELOW + _FOOT) + _HEAD
        return QRectF(left, top, SIDE, SIDE)

    def _draw_panel(self, painter: QPainter, panel: PanelCopy, area: QRectF) -> Iterator[None]:
        drawing = PanelDrawing(panel, paper=self._paper)
        painter.save()
        painter.translate(area.topLeft())
        yield from drawing.draw(painter, self._view, self._scene.tau)
        painter.restore()
        self._draw_axes(painter, self._view, area)
        self._draw_head(painter, panel, area)
        unit = math.exp(self._view.frame.log_area)
        self._draw_foot(painter, panel, drawing.scales(self._scene.tau, unit), area)
        yield

    # --- around a panel -------------------------------------------------------------------------

    def _draw_grid(self, painter: QPainter, view: View, area: QRectF) -> None:
        line = theme.color("grid_line")
        line.setAlphaF(0.6)
        painter.setPen(QPen(line, 0.6))
        for x, _ in _columns(view):
            painter.drawLine(
                QPointF(area.left() + x, area.top()), QPointF(area.left() + x, area.bottom())
            )
        for y, _ in _rows(view):
            painter.drawLine(
                QPointF(area.left(), area.top() + y), QPointF(area.right(), area.top() + y)
            )

    def _draw_axes(self, painter: QPainter, view: View, area: QRectF) -> None:
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(theme.color("text_muted"), 0.8))
        painter.drawRect(area)
        set_type(painter, _SMALL)
        for x, text in _columns(view):
            at = QPointF(area.left() + x, area.bottom())
            painter.drawLine(at, at + QPointF(0, _TICK))
            painter.drawText(QRectF(at.x() - 50, at.y() + _TICK + 1, 100, 16), _MIDDLE, text)
        for y, text in _rows(view):
            at = QPointF(area.left(), area.top() + y)
            painter.drawLine(at, at - QPointF(_TICK, 0))
            painter.drawText(QRectF(at.x() - _TICK - 3 - 100, at.y() - 8, 100, 16), _END, text)

    def _draw_head(self, painter: QPainter, panel: PanelCopy, area: QRectF) -> None:
        line = QRectF(area.left(), area.top() - _HEAD, area.width(), _HEAD)
        square = QRectF(line.left(), line.center().y() - 5, 10, 10)
        painter.fillRect(square, theme.color(panel.lane))
        line.setLeft(square.right() + 8)
        set_type(painter, _TITLE, bold=True)
        painter.setPen(theme.color("text"))
        title = fitting(painter, [panel.title, panel.title.split(" · ")[0]], line.width())
        painter.drawText(line, _START, title)
        room = line.width() - painter.fontMetrics().horizontalAdvance(title) - 12
        set_type(painter, _SMALL)
        painter.setPen(theme.color("text_muted"))
        place = fitting(painter, [*panel.places(self._scene.tau), ""], room)
        painter.drawText(line, _END, place)

    def _draw_foot(
        self, painter: QPainter, panel: PanelCopy, scales: list[Scale], area: QRectF
    ) -> None:
        line = QRectF(area.left(), area.bottom() + _BELOW, area.width(), _FOOT)
        right = line.right()
        for scale in reversed(scales):
            self._draw_scale(painter, scale, QPointF(right - _BAR[0], line.top()))
            right -= _BAR[0] + 18
        line.setRight(right)
        set_type(painter, _TITLE, bold=True)
        painter.setPen(theme.color("text"))
        painter.drawText(line, _START, fitting(painter, [panel.figure], line.width()))
        if panel.caption:
            set_type(painter, _SMALL)
            painter.setPen(theme.color("panel_muted"))
            inside = area.adjusted(8, 8, -8, -8)
            flags = Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignBottom
            painter.drawText(inside, flags | Qt.TextFlag.TextWordWrap, panel.caption)

    def _draw_scale(self, painter: QPainter, scale: Scale, at: QPointF) -> None:
        width, height = _BAR
        bar = QRectF(at.x(), at.y() + 15, width, height)
        gradient = QLinearGradient(bar.topLeft(), bar.topRight())
        colours = colormap.bar(scale.colours, paper=self._paper)
        for k in range(_STOPS + 1):
            entry = colours[round(k / _STOPS * (len(colours) - 1))]
            gradient.setColorAt(k / _STOPS, colour_of(entry))
        painter.fillRect(bar, gradient)
        set_type(painter, _SMALL - 1)
        painter.setPen(theme.color("text_muted"))
        title = tr(_UNITS.get(scale.title, scale.title))
        painter.drawText(QRectF(at.x() - 60, at.y() - 1, width + 60, 14), _END, title)
        below = QRectF(at.x(), bar.bottom() + 1, width, 14)
        for k, label in enumerate(scale.labels):
            last = k == len(scale.labels) - 1
            side = _START if k == 0 else _END if last else Qt.AlignmentFlag.AlignCenter
            painter.drawText(below, side, label)

    # --- below the panels -----------------------------------------------------------------------

    def _draw_curves(self, painter: QPainter, curves: CurvesCopy) -> None:
        width = self.size.width() - 2 * _MARGIN
        top = self.size.height() - _MARGIN - _CURVES
        line = QRectF(_MARGIN, top - _HEAD, width, _HEAD)
        set_type(painter, _TITLE, bold=True)
        painter.setPen(theme.color("text"))
        painter.drawText(line, _START, curves.title)
        self._draw_names(painter, curves, line)
        font = QFont(painter.font())
        font.setPixelSize(_TITLE - 1)
        font.setWeight(QFont.Weight.Normal)
        curves.chart.setFont(font)
        curves.chart.resize(width, _CURVES)
        painter.save()
        painter.translate(_MARGIN, top)
        curves.chart.draw(painter)
        painter.restore()

    def _draw_names(self, painter: QPainter, curves: CurvesCopy, line: QRectF) -> None:
        """The lanes' names, each after a piece of its curve, from the right."""
        set_type(painter, _SMALL)
        right = line.right()
        lanes = [lane for lane in ALL_TITLES if lane in curves.chart.curves]
        for lane in reversed(lanes):
            curve, name = curves.chart.curves[lane], tr(ALL_TITLES[lane])
            painter.setPen(theme.color("text_muted"))
            painter.drawText(
                QRectF(line.left(), line.top(), right - line.left(), line.height()), _END, name
            )
            right -= painter.fontMetrics().horizontalAdvance(name) + 6
            painter.setPen(QPen(theme.color(curve.role), 2, curve.style))
            y = line.center().y()
            painter.drawLine(QPointF(right - 24, y), QPointF(right, y))
            right -= 24 + 14


def _columns(view: View) -> list[tuple[float, str]]:
    """Where the ticks of the x axis are, in units from the left, and their numbers."""
    half = view.width / 2 / view.scale
    ticks = _ticks(view, 0, view.x - half, view.x + half)
    return [(view.width / 2 + (x - view.x) * view.scale, text) for x, text in ticks]


def _rows(view: View) -> list[tuple[float, str]]:
    """The same for the y axis, from the top."""
    half = view.height / 2 / view.scale
    ticks = _ticks(view, 1, view.y - half, view.y + half)
    return [(view.height / 2 - (y - view.y) * view.scale, text) for y, text in ticks]


def _ticks(view: View, axis: int, low: float, high: float) -> list[tuple[float, str]]:
    """Round values of data units between two coordinates: the coordinate of each, and the value."""
    center, scale = view.frame.center[axis], view.frame.scale[axis]
    most = _TICKS if view.frame.is_identity else _TICKS // 2 + 1  # their numbers may be long
    ticks = linear_ticks(center + scale * low, center + scale * high, most)
    return [((tick.value - center) / scale, tick.text) for tick in ticks]
