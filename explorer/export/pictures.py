"""What each choice gives, as a small picture: of the models that are shown now, where it can be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPen, QPolygonF

from explorer.panels.ground import coloured
from explorer.panels.sheet import image_over
from explorer.theme import mix, theme

if TYPE_CHECKING:
    from collections.abc import Sequence

    from explorer.export.scene import Scene
    from explorer.panels.panel_copy import PanelCopy

_MOST: Final = 2  # panels: more would be specks
_MOMENTS: Final = (0.0, 0.55, 1.0)
_DOTS: Final = 260
_CODE: Final = (
    (0, 0.42, "accent"),
    (0, 0.7, ""),
    (1, 0.55, "discrete"),
    (1, 0.36, ""),
    (0, 0.6, ""),
)


def draw_model(painter: QPainter, area: QRectF, scene: Scene) -> None:
    """A page of code beside what it computes."""
    _ground(painter, area)
    page = QRectF(area.left() + 10, area.top() + 8, 46, area.height() - 16)
    painter.setPen(QPen(theme.color("border"), 1))
    painter.setBrush(theme.color("surface"))
    painter.drawRoundedRect(page, 3, 3)
    for k, (indent, length, role) in enumerate(_CODE):
        colour = (
            theme.color(role)
            if role
            else mix(theme.color("text_muted"), theme.color("surface"), 0.3)
        )
        y = page.top() + 8 + 7 * k
        painter.setPen(QPen(colour, 2, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        left = page.left() + 6 + 6 * indent
        painter.drawLine(
            QPointF(left, y), QPointF(left + length * (page.width() - 12 - 6 * indent), y)
        )
    side = 34.0
    square = QRectF(area.right() - side - 10, area.center().y() - side / 2, side, side)
    panels = _dense(scene)
    if panels:
        _draw_density(painter, square, panels[0], 1.0)


def draw_film(painter: QPainter, area: QRectF, scene: Scene) -> None:
    """A strip of film: the way from the base to the target."""
    painter.fillRect(area, theme.color("panel"))
    hole = mix(theme.color("panel"), theme.color("panel_text"), 0.45)
    for k in range(9):
        for y in (area.top() + 3, area.bottom() - 7):
            painter.fillRect(QRectF(area.left() + 4 + 11.3 * k, y, 6, 4), hole)
    panels = _dense(scene)
    side = (area.width() - 4 * 4) / 3
    for k, tau in enumerate(_MOMENTS):
        frame = QRectF(area.left() + 4 + k * (side + 4), area.center().y() - side / 2, side, side)
        if panels:
            _draw_density(painter, frame, panels[-1], tau)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme.color("accent"))
    x, y = area.center().x(), area.center().y()
    painter.drawPolygon(
        QPolygonF([QPointF(x - 6, y - 8), QPointF(x + 9, y), QPointF(x - 6, y + 8)])
    )


def draw_figure(painter: QPainter, area: QRectF, scene: Scene) -> None:
    """Two plots with axes on white paper."""
    with theme.painting_in("paper"):
        painter.fillRect(area, theme.color("window"))
        panels: Sequence[PanelCopy | None] = _dense(scene)[:_MOST] or [None]
        side = min(38.0, (area.width() - 20) / len(panels) - 8)
        room = area.width() / len(panels)
        for k, panel in enumerate(panels):
            middle = area.left() + room * (k + 0.5) + 3
            plot = QRectF(middle - side / 2, area.center().y() - side / 2 - 2, side, side)
            if panel is not None:
                _draw_density(painter, plot, panel, scene.tau, paper=True)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(theme.color("text_muted"), 1))
            painter.drawLine(plot.topLeft(), plot.bottomLeft())
            painter.drawLine(plot.bottomLeft(), plot.bottomRight())
            for tick in (0.1, 0.5, 0.9):
                x, y = plot.left() + tick * side, plot.top() + tick * side
                painter.drawLine(QPointF(x, plot.bottom()), QPointF(x, plot.bottom() + 3))
                painter.drawLine(QPointF(plot.left(), y), QPointF(plot.left() - 3, y))


def draw_samples(painter: QPainter, area: QRectF, scene: Scene) -> None:
    """Points, and the rows of a table."""
    _ground(painter, area)
    side = area.height() - 12
    square = QRectF(area.left() + 6, area.top() + 6, side, side)
    known = [panel for panel in scene.panels if not panel.film.empty]
    if known:
        _draw_points(painter, square, known[0], scene)
    line = mix(theme.color("text_muted"), theme.color("surface_raised"), 0.45)
    painter.setPen(QPen(line, 2, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
    for row in range(5):
        y = area.top() + 12 + 9 * row
        for column in range(2):
            x = square.right() + 12 + 18 * column
            painter.drawLine(QPointF(x, y), QPointF(x + 10, y))


def draw_page(painter: QPainter, area: QRectF, scene: Scene) -> None:
    """A browser with the panels, a line to drag and words."""
    _ground(painter, area)
    frame = area.adjusted(16, 6, -16, -6)
    painter.setPen(QPen(theme.color("border"), 1))
    painter.setBrush(theme.color("window"))
    painter.drawRoundedRect(frame, 3, 3)
    bar = QRectF(frame.left() + 1, frame.top() + 1, frame.width() - 2, 7)
    painter.fillRect(bar, theme.color("surface"))
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme.color("text_muted"))
    for k in range(3):
        painter.drawEllipse(QPointF(frame.left() + 6 + 5 * k, frame.top() + 4.5), 1.3, 1.3)
    panels = _dense(scene)[:_MOST]
    side = 24.0
    left = frame.center().x() - (side + 2) * len(panels) / 2 + 1
    for k, panel in enumerate(panels):
        area_of = QRectF(left + k * (side + 2), frame.top() + 11, side, side)
        _draw_density(painter, area_of, panel, 1.0)
    for y, role, share in ((39, "accent", 0.6), (44, "border", 1.0)):
        line = QRectF(frame.left() + 8, frame.top() + y, share * (frame.width() - 16), 2)
        if line.bottom() < frame.bottom() - 1:
            painter.fillRect(line, theme.color(role))


def draw_project(painter: QPainter, area: QRectF, scene: Scene) -> None:
    """The window: its panels, its bar and what stands beside them."""
    _ground(painter, area)
    frame = area.adjusted(9, 7, -9, -7)
    painter.setPen(QPen(theme.color("border"), 1))
    painter.setBrush(theme.color("window"))
    painter.drawRoundedRect(frame, 3, 3)
    bar = QRectF(frame.left() + 1, frame.top() + 1, frame.width() - 2, 6)
    painter.fillRect(bar, theme.color("surface"))
    painter.fillRect(QRectF(frame.right() - 14, frame.top() + 2.5, 10, 3), theme.color("accent"))
    for left in (frame.left() + 4, frame.right() - 15):
        painter.fillRect(
            QRectF(left, frame.top() + 11, 11, frame.height() - 15), theme.color("surface_raised")
        )
    panels = _dense(scene)[:_MOST]
    side = 25.0
    for k, panel in enumerate(panels):
        left = frame.left() + 18 + k * (side + 2)
        _draw_density(painter, QRectF(left, frame.top() + 13, side, side), panel, 1.0)


def _ground(painter: QPainter, area: QRectF) -> None:
    painter.fillRect(area, theme.color("surface_raised"))


def _dense(scene: Scene) -> list[PanelCopy]:
    """The panels that have a density to show."""
    return [panel for panel in scene.panels if panel.film.heat_known]


def _draw_density(
    painter: QPainter, area: QRectF, panel: PanelCopy, tau: float, *, paper: bool = False
) -> None:
    shot = panel.shot(tau)
    heat = panel.film.heat(shot.tau, shot.now)
    if not paper:
        painter.fillRect(area, theme.color("panel"))
    if heat is not None:
        words, _ = coloured(heat, panel.colours, None, paper=paper)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(area, image_over(words))


def _draw_points(painter: QPainter, area: QRectF, panel: PanelCopy, scene: Scene) -> None:
    tau = 1.0 if scene.direction == "generate" else 0.0
    shot = panel.shot(tau)
    particles = panel.film.positions(shot.tau, shot.now, _DOTS)
    if particles is None:
        return
    view = scene.sight.view(round(area.width()), round(area.height()), 1.0)
    points = view.pixels(particles.positions)
    pen = QPen(theme.color(panel.lane), 1.6, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap)
    painter.setPen(pen)
    for x, y in points.tolist():
        if 0 < x < area.width() and 0 < y < area.height():
            painter.drawPoint(QPointF(area.left() + x, area.top() + y))
