"""One panel as lines and dots that stay sharp at any size; only its density is a picture."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPaintEngine, QPainter, QPainterPath, QPen

from explorer.panels import colormap, strokes
from explorer.panels.ground import TINTS, coloured, resting_lines
from explorer.panels.rasterizer import moving_lines
from explorer.panels.sheet import image_over
from explorer.panels.splat import Lines
from explorer.theme import theme

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from explorer.panels.camera import View
    from explorer.panels.film import Particles
    from explorer.panels.legend import Scale
    from explorer.panels.panel_copy import PanelCopy
    from explorer.panels.shot import Shot

_LEVELS: Final = 6  # of light: lines of one colour and light are one path
_HUES: Final = 32  # of the wheel's 256 that are told apart
_WIDTH: Final = 0.8
_EACH: Final = colormap.WHEEL_SIZE // _HUES
_MOST: Final = 20_000  # dots: more would make a file that no program opens gladly
_AT_ONCE: Final = 200  # of them, between two looks at the window
_HALO: Final = 3.2
_HALO_ON_PAPER, _HALO_ON_DARK = 0.6, 0.35
_EVEN: Final = 0.3  # change of light along a line up to which one light will do
_PIECES: Final = 4
_FINE: Final = 2  # pixels of a density's picture to a unit of the figure


class _Dots(NamedTuple):
    """Which of the particles, how large, and how strong."""

    part: slice
    size: float
    opacity: float


_BOLD: Final = _Dots(slice(0, 1500), 2.2, 0.95)  # those that an eye can follow
_DUST: Final = _Dots(slice(1500, None), 1.2, 0.45)


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
        """Draw a moment of the clock, in parts; the painter's origin is the view's upper left.

        The density, which lies below all this, is a picture: `density` makes it.
        """
        shot = self._panel.shot(tau)
        film, shown = shot.film, shot.shown
        yield from self._draw_lines(painter, view, resting_lines(view, shot, self._panel.outline))
        particles = film.positions(shot.tau, shot.now, _MOST) if shown.points else None
        if particles is not None:
            yield from self._draw_dots(painter, view, particles, _DUST)
        yield from self._draw_lines(painter, view, moving_lines(view, shot))
        if particles is not None:
            yield from self._draw_halo(painter, view, particles)
            yield from self._draw_dots(painter, view, particles, _BOLD)

    def density(self, view: View, tau: float) -> QImage | None:
        """The density, or the difference, over all of a view, where it is shown."""
        shot = self._panel.shot(tau)
        found, heat = self._heat(shot), shot.film.heat(shot.tau, shot.now)
        if found is None or heat is None:
            return None
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
        painter = QPainter(picture)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.setOpacity(heat.strength)
        painter.drawImage(QRectF(QPointF(left, top), QPointF(right, bottom)), image_over(found[0]))
        painter.end()
        return picture

    def scales(self, tau: float, area: float = 1.0) -> list[Scale]:
        """What the colours mean; `area` is that of the picture's unit square, in data units."""
        shot = self._panel.shot(tau)
        heat = self._heat(shot, area)
        scales = [] if heat is None else [heat[1]]
        return [*scales, TINTS] if shot.shown.grid and shot.film.has_grid else scales

    def _heat(self, shot: Shot, area: float = 1.0) -> tuple[NDArray[np.uint32], Scale] | None:
        shown = shot.shown
        if not (shown.density or shown.difference):
            return None
        heat = shot.film.heat(shot.tau, shot.now)
        if heat is None:
            return None
        reference = self._panel.reference if shown.difference else None
        return coloured(heat, self._panel.colours, reference, paper=self._paper, area=area)

    def _draw_lines(self, painter: QPainter, view: View, parts: list[Lines]) -> Iterator[None]:
        """All lines, those of one colour and light together."""
        if not parts:
            return
        lines = _stepped(strokes.together(parts))
        cut, seen = _cut(lines.ends, view)
        light = np.rint(lines.light.mean(axis=1) * _LEVELS).astype(np.intp)
        rows = np.asarray(lines.colour, np.intp)
        wheel = (rows >= strokes.WHEEL_FROM) & (rows < strokes.FIELD_ROW)
        coarse = strokes.WHEEL_FROM + (rows - strokes.WHEEL_FROM) // _EACH * _EACH
        key = np.where(wheel, coarse, rows) * (_LEVELS + 1) + light
        for value in np.unique(key[seen]).tolist():
            row, level = divmod(value, _LEVELS + 1)
            if level:
                opacity = self._colours[row, 3] * level / _LEVELS
                painter.setPen(QPen(colour_of(self._colours[row, :3], opacity), _WIDTH))
                _draw_segments(painter, cut[seen & (key == value)])
                yield

    def _draw_halo(self, painter: QPainter, view: View, particles: Particles) -> Iterator[None]:
        shade = theme.color("panel")
        shade.setAlphaF(_HALO_ON_PAPER if self._paper else _HALO_ON_DARK)
        painter.setPen(_round_pen(shade, _HALO))
        points = view.pixels(particles.positions[_BOLD.part])
        points = points[_inside(points, view)]
        for start in range(0, len(points), _AT_ONCE):
            _draw_points(painter, points[start : start + _AT_ONCE])
            yield

    def _draw_dots(
        self, painter: QPainter, view: View, particles: Particles, dots: _Dots
    ) -> Iterator[None]:
        points = view.pixels(particles.positions[dots.part])
        inside = _inside(points, view)
        hue = particles.hue[dots.part] // _EACH
        wheel = colormap.wheel()[::_EACH] * self._ink
        for k, colour in enumerate(wheel):
            painter.setPen(_round_pen(colour_of(colour, dots.opacity), dots.size))
            _draw_points(painter, points[inside & (hue == k)])
            yield


def _stepped(lines: Lines) -> Lines:
    """Lines whose light changes on the way, as several of even light each."""
    if not (np.abs(lines.light[:, 1] - lines.light[:, 0]) > _EVEN).any():
        return lines
    start, way = lines.ends[:, :2], lines.ends[:, 2:] - lines.ends[:, :2]
    dark, change = lines.light[:, :1], lines.light[:, 1:] - lines.light[:, :1]
    shares = np.linspace(0, 1, _PIECES + 1, dtype=np.float32)
    ends, light = [], []
    for low, high in itertools.pairwise(shares):
        ends.append(np.concatenate([start + low * way, start + high * way], axis=1))
        light.append(np.concatenate([dark + low * change, dark + high * change], axis=1))
    return Lines(np.concatenate(ends), np.tile(lines.colour, _PIECES), np.concatenate(light))


def _draw_segments(painter: QPainter, ends: NDArray[np.float64]) -> None:
    """Lines of one pen: a single path in a file of lines, where it takes the least room."""
    if painter.paintEngine().type() == QPaintEngine.Type.Raster:  # to which a long path is dear
        painter.drawLines([QLineF(*line) for line in ends.tolist()])
        return
    path = QPainterPath()
    at: tuple[float, float] | None = None
    for x, y, to_x, to_y in ends.tolist():
        if at != (x, y):
            path.moveTo(x, y)
        path.lineTo(to_x, to_y)
        at = to_x, to_y
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawPath(path)


def _draw_points(painter: QPainter, points: NDArray[np.float32]) -> None:
    if len(points):
        painter.drawPoints([QPointF(x, y) for x, y in points.tolist()])


def _inside(points: NDArray[np.float32], view: View) -> NDArray[np.bool_]:
    """Which points are seen, shape (n,)."""
    size = np.array([view.width, view.height]) - 1
    return np.asarray((points > 1).all(axis=1) & (points < size).all(axis=1))


def _cut(ends: NDArray[np.float32], view: View) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Lines cut to a view, and which of them are seen (Liang and Barsky, 1984)."""
    start = ends[:, :2].astype(np.float64)
    way = np.nan_to_num(ends[:, 2:] - start, nan=0, posinf=0, neginf=0)
    size = np.array([view.width, view.height], np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        first, second = -start / way, (size - start) / way
    still = (way == 0) & (start >= 0) & (start <= size)
    enter = np.where(still, 0, np.minimum(first, second)).max(axis=1).clip(min=0)
    leave = np.where(still, 1, np.maximum(first, second)).min(axis=1).clip(max=1)
    seen = (leave > enter) & np.isfinite(ends).all(axis=1)
    shares = np.where(seen[:, None], np.stack([enter, leave], axis=1), 0)[:, :, None]
    return (start[:, None] + shares * way[:, None]).reshape(-1, 4), seen


def _round_pen(colour: QColor, width: float) -> QPen:
    return QPen(colour, width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap)


def colour_of(rgb: NDArray[np.float64], opacity: float = 1.0) -> QColor:
    """A colour of a table, RGB in [0, 1]."""
    red, green, blue = (float(part) for part in rgb)
    return QColor.fromRgbF(red, green, blue, float(opacity))


def _rgb(colour: QColor) -> tuple[float, float, float]:
    return colour.redF(), colour.greenF(), colour.blueF()
