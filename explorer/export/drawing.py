"""One panel as lines and dots that stay sharp at any size; only its density is a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPainterPath, QPen

from explorer.panels import colormap, strokes
from explorer.panels.ground import TINTS, coloured, resting_lines
from explorer.panels.rasterizer import moving_lines
from explorer.panels.sheet import image_over
from explorer.theme import theme

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from explorer.panels.camera import View
    from explorer.panels.film import Particles
    from explorer.panels.legend import Scale
    from explorer.panels.panel_copy import PanelCopy
    from explorer.panels.rasterizer import Shot
    from explorer.panels.splat import Lines

_LEVELS: Final = 6  # of light: lines of one colour and light are one path
_HUES: Final = 32  # of the wheel's 256 that are told apart
_WIDTH: Final = 0.8
_BOLD: Final = 1500
_MOST: Final = 20_000  # dots: more would make a file that no program opens gladly
_DOT: Final = 2.4
_HALO: Final = 3.6
_DUST: Final = 1.2
_FINE: Final = 2  # pixels of a density's picture to a unit of the figure


class PanelDrawing:
    """Draws a panel with any painter, within a view whose units are the painter's.

    Args:
        panel: What to draw.
        paper: Whether the plane is white; the theme's role `panel` is the plane's colour.
    """

    def __init__(self, panel: PanelCopy, *, paper: bool) -> None:
        self._panel = panel
        self._paper = paper
        self._ink = colormap.INK if paper else 1.0
        field, target = (theme.color(role) for role in (panel.lane, "target"))
        colours = strokes.line_colours(_rgb(field), _rgb(target))
        wheel = slice(0, strokes.FIELD_ROW)
        colours[wheel, :3] *= self._ink
        self._colours = colours

    def draw(self, painter: QPainter, view: View, tau: float) -> Iterator[None]:
        """Draw a moment of the clock, in parts; the painter's origin is the view's upper left."""
        shot = self._panel.shot(tau)
        film, shown = shot.film, shot.shown
        self._draw_heat(painter, view, shot)
        yield
        self._draw_lines(painter, view, resting_lines(view, shot, self._panel.outline))
        yield
        particles = film.positions(shot.tau, shot.now, _MOST) if shown.points else None
        if particles is not None:
            self._draw_dots(painter, view, particles, slice(_BOLD, None), _DUST, 0.45)
        yield
        self._draw_lines(painter, view, moving_lines(view, shot))
        yield
        if particles is not None:
            self._draw_halo(painter, view, particles)
            self._draw_dots(painter, view, particles, slice(0, _BOLD), _DOT, 0.95)
        yield

    def scales(self, tau: float) -> list[Scale]:
        """What the colours mean."""
        shot = self._panel.shot(tau)
        heat = self._heat(shot)
        scales = [] if heat is None else [heat[1]]
        return [*scales, TINTS] if shot.shown.grid and shot.film.has_grid else scales

    def _heat(self, shot: Shot) -> tuple[NDArray[np.uint32], Scale] | None:
        shown = shot.shown
        if not (shown.density or shown.difference):
            return None
        heat = shot.film.heat(shot.tau, shot.now)
        if heat is None:
            return None
        reference = self._panel.reference if shown.difference else None
        return coloured(heat, self._panel.colours, reference, paper=self._paper)

    def _draw_heat(self, painter: QPainter, view: View, shot: Shot) -> None:
        found, heat = self._heat(shot), shot.film.heat(shot.tau, shot.now)
        if found is None or heat is None:
            return
        x_min, x_max, y_min, y_max = heat.extent
        corners = view.pixels(np.array([[x_min, y_max], [x_max, y_min]])) * _FINE
        (left, top), (right, bottom) = corners.tolist()
        # Cut and enlarged here: not every format can, and none as smoothly.
        picture = QImage(
            round(view.width * _FINE),
            round(view.height * _FINE),
            QImage.Format.Format_ARGB32_Premultiplied,
        )
        picture.fill(Qt.GlobalColor.transparent)
        own = QPainter(picture)
        own.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        own.setOpacity(heat.strength)
        own.drawImage(QRectF(QPointF(left, top), QPointF(right, bottom)), image_over(found[0]))
        own.end()
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(QRectF(0, 0, view.width, view.height), picture)

    def _draw_lines(self, painter: QPainter, view: View, parts: list[Lines]) -> None:
        """All lines, those of one colour and light in one path."""
        if not parts:
            return
        lines = strokes.together(parts)
        cut, kept = _cut(lines.ends, view)
        light = np.rint(lines.light.mean(axis=1) * _LEVELS).astype(np.intp)
        rows = np.asarray(lines.colour, np.intp)
        wheel = (rows >= strokes.WHEEL_FROM) & (rows < strokes.FIELD_ROW)
        each = colormap.WHEEL_SIZE // _HUES
        coarse = strokes.WHEEL_FROM + (rows - strokes.WHEEL_FROM) // each * each
        key = np.where(wheel, coarse, rows) * (_LEVELS + 1) + light
        for value in np.unique(key[kept]).tolist():
            row, level = divmod(value, _LEVELS + 1)
            if level:
                colour = colour_of(self._colours[row, :3], self._colours[row, 3] * level / _LEVELS)
                _stroke(painter, _segments(cut[kept & (key == value)]), QPen(colour, _WIDTH))

    def _draw_halo(self, painter: QPainter, view: View, particles: Particles) -> None:
        shade = theme.color("panel")
        shade.setAlphaF(0.8 if self._paper else 0.3)
        points = view.pixels(particles.positions[:_BOLD])
        inside = points[_inside(points, view)]
        _stroke(painter, _dots(inside), _round_pen(shade, _HALO))

    def _draw_dots(
        self,
        painter: QPainter,
        view: View,
        particles: Particles,
        part: slice,
        size: float,
        opacity: float,
    ) -> None:
        points = view.pixels(particles.positions[part])
        inside = _inside(points, view)
        hue = particles.hue[part] // (colormap.WHEEL_SIZE // _HUES)
        wheel = colormap.wheel()[:: colormap.WHEEL_SIZE // _HUES] * self._ink
        for k in range(_HUES):
            path = _dots(points[inside & (hue == k)])
            _stroke(painter, path, _round_pen(colour_of(wheel[k], opacity), size))


def _stroke(painter: QPainter, path: QPainterPath, pen: QPen) -> None:
    if not path.isEmpty():
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(pen)
        painter.drawPath(path)


def _segments(ends: NDArray[np.float32]) -> QPainterPath:
    path = QPainterPath()
    at: tuple[float, float] | None = None
    for x, y, to_x, to_y in ends.tolist():
        if at != (x, y):
            path.moveTo(x, y)
        path.lineTo(to_x, to_y)
        at = to_x, to_y
    return path


def _dots(points: NDArray[np.float32]) -> QPainterPath:
    """Lines of hardly any length, which a round pen turns into dots."""
    path = QPainterPath()
    for x, y in points.tolist():
        path.moveTo(x, y)
        path.lineTo(x + 0.01, y)
    return path


def _inside(points: NDArray[np.float32], view: View) -> NDArray[np.bool_]:
    """Which points are seen, shape (n,)."""
    size = np.array([view.width, view.height]) - _DOT / 2
    return np.asarray((points > _DOT / 2).all(axis=1) & (points < size).all(axis=1))


def _cut(ends: NDArray[np.float32], view: View) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Lines cut to a view, and which of them are seen (Liang and Barsky, 1984)."""
    start = ends[:, :2].astype(np.float64)
    way = ends[:, 2:] - start
    size = np.array([view.width, view.height], np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        first, second = -start / way, (size - start) / way
    still = (way == 0) & (start >= 0) & (start <= size)
    enter = np.where(still, 0, np.minimum(first, second)).max(axis=1).clip(min=0)
    leave = np.where(still, 1, np.maximum(first, second)).min(axis=1).clip(max=1)
    seen = leave > enter  # false for what is not finite
    shares = np.stack([enter, leave], axis=1)[:, :, None]
    return (start[:, None] + shares * way[:, None]).reshape(-1, 4), seen


def _round_pen(colour: QColor, width: float) -> QPen:
    return QPen(colour, width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap)


def colour_of(rgb: NDArray[np.float64], opacity: float = 1.0) -> QColor:
    """A colour of a table, RGB in [0, 1]."""
    red, green, blue = (float(part) for part in rgb)
    return QColor.fromRgbF(red, green, blue, float(opacity))


def _rgb(colour: QColor) -> tuple[float, float, float]:
    return colour.redF(), colour.greenF(), colour.blueF()
