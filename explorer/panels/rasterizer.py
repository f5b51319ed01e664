"""Draws one panel's picture: density, field, warped grid, trails, particles, outline, marker."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import numpy as np
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QColor, QImage, QPainter, QPen, QTransform

from explorer.panels import colormap, strokes
from explorer.panels.backdrop import draw_backdrop
from explorer.panels.splat import DotPainter, shades, splat_lines
from explorer.theme import theme

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from explorer.panels.camera import View
    from explorer.panels.film import Film, Heat, Particles

    Words = NDArray[np.uint32]

_TRAILS: Final = 500
_BOLD: Final = 1500  # particles that an eye can follow; the others are dust around them
_BOLD_RADIUS, _BOLD_OPACITY = 1.05, 0.95
_DUST_RADIUS, _DUST_OPACITY = 0.55, 0.36
_SHADOW_RADIUS, _SHADOW_OPACITY = 1.9, 0.25
_HEAT_FADE: Final = 48  # entries of the density's colour map that fade into the empty plane
HEAT_TOP: Final = 218  # the last entry that is used: brighter ones would drown the particles
_RING: Final = 6.0  # logical pixels
_ELLIPSE: Final = 14.0  # logical pixels, for a Jacobian that turns but does not stretch
_ROUND: Final = (1.0, 0.0, 0.0, 1.0)
_DARKEST: Final = 0.55  # lightness of a line on the near-black panel


@dataclass(frozen=True)
class Shown:
    """What of a picture is switched on."""

    density: bool = True
    points: bool = True
    grid: bool = True
    trails: bool = True
    field: bool = True
    outline: bool = True


@dataclass(frozen=True)
class Marker:
    """A point to point out, and its Jacobian, row-major, to draw as an ellipse."""

    point: tuple[float, float]
    jacobian: tuple[float, float, float, float] | None = None


@dataclass(frozen=True)
class Shot:
    """What to draw.

    Attributes:
        film: What the lane showed last.
        tau: The moment of the clock.
        trail: Moments that the trails go through, oldest first and ending with `tau`.
        now: The time, by which the film knows how far it is from one snapshot to the next.
        shown: What is switched on.
        marker: A point to point out.
    """

    film: Film
    tau: float
    trail: Sequence[float]
    now: float
    shown: Shown = Shown()
    marker: Marker | None = None


class Rasterizer:
    """One surface, drawn anew for every frame; it keeps its memory from one to the next.

    Attributes:
        colours: Name of the density's colour map.

    Args:
        accent: Role of the lane's colour.
    """

    def __init__(self, accent: str = "discrete") -> None:
        self.colours = "magma"
        self._accent = accent
        self._outline: NDArray[np.float64] = np.empty((0, 4))
        self._picture = QImage()
        self._marks = np.zeros((1, 1), np.uint32)
        self._backdrop: tuple[View | None, QImage] = (None, QImage())
        self.restyle()

    def set_outline(self, lines: NDArray[np.float64]) -> None:
        """Take the target's contour, line segments of shape (n, 4) in data units."""
        self._outline = lines

    def restyle(self) -> None:
        """Take up the colours of the present theme."""
        self._backdrop = (None, QImage())
        field, outline = _light(self._accent), _light("target")
        self._line_shades = shades(strokes.line_colours(_rgb(field), _rgb(outline)))

    def render(self, view: View, shot: Shot) -> QImage:
        """Draw a picture of `view.width` by `view.height` pixels.

        The image is the rasterizer's own and changes with the next call.
        """
        self._fit(view)
        painter = QPainter(self._picture)
        painter.drawImage(0, 0, self._backdrop_of(view))
        if shot.shown.density and (heat := shot.film.heat(shot.tau, shot.now)):
            self._draw_heat(painter, view, heat)
        particles = shot.film.positions(shot.tau, shot.now) if shot.shown.points else None
        if particles is not None:
            self._splat_dust(view, particles)
            self._lay_over(painter)
        self._splat_lines(view, shot)
        if particles is not None:
            self._splat_bold(view, particles)
        self._lay_over(painter)
        if shot.marker is not None:
            _draw_marker(painter, view, shot.marker)
        painter.end()
        return self._picture

    def _fit(self, view: View) -> None:
        if self._picture.width() == view.width and self._picture.height() == view.height:
            return
        self._picture = QImage(view.width, view.height, QImage.Format.Format_RGB32)
        self._marks = np.zeros((view.height, view.width), np.uint32)

    def _backdrop_of(self, view: View) -> QImage:
        if self._backdrop[0] != view:
            self._backdrop = (view, draw_backdrop(view))
        return self._backdrop[1]

    def _draw_heat(self, painter: QPainter, view: View, heat: Heat) -> None:
        x_min, x_max, y_min, y_max = heat.extent
        corners = view.pixels(np.array([[x_min, y_max], [x_max, y_min]])).tolist()
        area = QRectF(QPointF(*corners[0]), QPointF(*corners[1]))
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        words = _heat_words(heat, _heat_table(self.colours))
        painter.drawImage(area, _image(words))

    def _splat_lines(self, view: View, shot: Shot) -> None:
        film, shown = shot.film, shot.shown
        lines = []
        if shown.field and (field := film.field(shot.tau, shot.now)):
            lines.append(strokes.field_lines(view, field))
        if shown.grid and (mesh := film.grid(shot.tau, shot.now)):
            lines.append(strokes.mesh_lines(view, mesh))
        if shown.outline and len(self._outline):
            lines.append(strokes.outline_lines(view, self._outline))
        if (
            shown.trails
            and len(shot.trail) > 1
            and (paths := film.trails(shot.trail, shot.now, _TRAILS))
        ):
            lines.append(strokes.trail_lines(view, paths.positions, paths.hue))
        if lines:
            thickness = max(1, math.floor(view.ratio + 0.25))
            splat_lines(self._marks, strokes.together(lines), self._line_shades, thickness)

    def _splat_dust(self, view: View, particles: Particles) -> None:
        points, hue = view.pixels(particles.positions[_BOLD:]), particles.hue[_BOLD:]
        _dots(_DUST_OPACITY, _DUST_RADIUS * view.ratio).draw(self._marks, points, hue)

    def _splat_bold(self, view: View, particles: Particles) -> None:
        points, hue = view.pixels(particles.positions[:_BOLD]), particles.hue[:_BOLD]
        shadow = np.zeros_like(hue)
        _shadows(_SHADOW_RADIUS * view.ratio).draw(self._marks, points, shadow)
        _dots(_BOLD_OPACITY, _BOLD_RADIUS * view.ratio).draw(self._marks, points, hue)

    def _lay_over(self, painter: QPainter) -> None:
        """Put the marks over the picture, and begin with an empty sheet again."""
        painter.drawImage(0, 0, _image(self._marks))
        self._marks.fill(0)


def _draw_marker(painter: QPainter, view: View, marker: Marker) -> None:
    if not all(map(math.isfinite, (*marker.point, *(marker.jacobian or ())))):
        return
    shade = theme.color("panel")
    shade.setAlphaF(0.6)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.translate(*view.pixels(np.array(marker.point)).tolist())
    for colour, width in ((shade, 3.4), (_light("accent"), 1.5)):
        pen = QPen(colour, width * view.ratio)
        pen.setCosmetic(True)
        painter.setPen(pen)
        if marker.jacobian is None:
            _draw_ellipse(painter, _ROUND, _RING * view.ratio)
        else:
            _draw_ellipse(painter, marker.jacobian, _ELLIPSE * view.ratio)
            painter.drawPoint(0, 0)
    painter.resetTransform()


def _draw_ellipse(
    painter: QPainter, jacobian: tuple[float, float, float, float], size: float
) -> None:
    """What the Jacobian makes of a circle of radius `size`, kept within visible bounds."""
    a, b, c, d = jacobian
    stretch = max(math.hypot(a, b, c, d) / math.sqrt(2), 1e-9)
    radius = size * min(max(stretch, 0.6), 3.0) / stretch
    painter.save()
    # Pixels count downwards, so the off-diagonal entries change their sign.
    painter.setTransform(
        QTransform(a * radius, -c * radius, -b * radius, d * radius, 0, 0), combine=True
    )
    painter.drawEllipse(QPointF(0, 0), 1, 1)
    painter.restore()


def _heat_words(heat: Heat, table: Words) -> Words:
    """A density in colours, shape (rows, columns), top row first."""
    share = np.clip(heat.density[::-1] * np.float32(1 / heat.peak), 0, 1)
    np.sqrt(share, out=share)
    share *= HEAT_TOP
    return np.asarray(table[share.astype(np.uint8)])


@lru_cache(maxsize=len(colormap.SEQUENTIAL))
def _heat_table(name: str) -> Words:
    """The colour map with its lowest part fading out, so that the empty plane stays visible."""
    table = colormap.lut(name)
    return colormap.premultiplied(
        table[:, :3] / 255, np.clip(np.arange(len(table)) / _HEAT_FADE, 0, 1)
    )


@lru_cache(maxsize=8)
def _dots(opacity: float, radius: float) -> DotPainter:
    return DotPainter(colormap.wheel(), opacity, radius)


@lru_cache(maxsize=4)
def _shadows(radius: float) -> DotPainter:
    return DotPainter(np.zeros((1, 3)), _SHADOW_OPACITY, radius)


def _light(role: str) -> QColor:
    """A role's colour; on the panel, which is dark in every theme, never a dark one."""
    colour = theme.color(role)
    lightness = max(colour.lightnessF(), _DARKEST)
    return QColor.fromHslF(max(colour.hslHueF(), 0), colour.hslSaturationF(), lightness)


def _rgb(colour: QColor) -> tuple[float, float, float]:
    return colour.redF(), colour.greenF(), colour.blueF()


def _image(words: Words) -> QImage:
    """An image over the words themselves, shape (height, width), which must outlive it."""
    height, width = words.shape
    layout = QImage.Format.Format_ARGB32_Premultiplied
    return QImage(words.data, width, height, words.strides[0], layout)
