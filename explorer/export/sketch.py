"""What the small pictures of the export dialog have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPen

from explorer.panels.ground import coloured
from explorer.panels.sheet import image_over
from explorer.theme import theme

if TYPE_CHECKING:
    from explorer.export.scene import Scene
    from explorer.panels.panel_copy import PanelCopy

MOST_PANELS: Final = 2  # panels: more would be specks
_DOTS: Final = 260


def fill_ground(painter: QPainter, area: QRectF) -> None:
    """The colour of a card."""
    painter.fillRect(area, theme.color("surface_raised"))


def dense_panels(scene: Scene) -> list[PanelCopy]:
    """The panels that have a density to show."""
    return [panel for panel in scene.panels if panel.film.heat_known]


def draw_density(
    painter: QPainter, area: QRectF, panel: PanelCopy, tau: float, *, paper: bool = False
) -> None:
    """What a panel's density is at a moment."""
    shot = panel.shot(tau)
    heat = panel.film.heat(shot.tau, shot.now)
    if not paper:
        painter.fillRect(area, theme.color("panel"))
    if heat is not None:
        words, _ = coloured(heat, panel.colours, None, paper=paper)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(area, image_over(words))


def draw_points(painter: QPainter, area: QRectF, panel: PanelCopy, scene: Scene) -> None:
    """Some particles of a panel where they arrive."""
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
