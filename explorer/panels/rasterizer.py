"""Draws one panel's picture: density, field, warped grid, trails, particles, outline, marker."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import numpy as np
from PySide6.QtCore import QPointF, QRect
from PySide6.QtGui import QColor, QImage, QPainter, QPen, QTransform

from explorer.panels import colormap, strokes
from explorer.panels.ground import Ground, lines_of
from explorer.panels.sheet import Sheet
from explorer.panels.splat import DotPainter, shades
from explorer.theme import theme

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from explorer.panels.camera import View
    from explorer.panels.film import Particles
    from explorer.panels.shot import Marker, Shot
    from explorer.panels.splat import Lines

_BOLD: Final = 1500  # particles that an eye can follow; the others are dust around them
_BOLD_RADIUS, _BOLD_OPACITY = 1.05, 0.95
_LEAST_WEIGHT: Final = 0.8  # with less of it a bold dot would be all shadow
_DUST_RADIUS, _DUST_OPACITY = 0.55, 0.36
_MANY: Final = 20_000  # dots from which a GPU is worth the way there and back
_SHADOW_RADIUS, _SHADOW_OPACITY = 1.9, 0.25
_RING: Final = 6.0  # logical pixels
_ELLIPSE: Final = 14.0  # logical pixels, for a Jacobian that turns but does not stretch
_ROUND: Final = (1.0, 0.0, 0.0, 1.0)
_NO_OUTLINE: Final = np.empty((0, 4))


class Rasterizer:
    """Draws one panel's picture anew for every frame; it keeps its memory from one to the next.

    Args:
        accent: Role of the lane's colour.
        late: As `Ground` takes it.
    """

    def __init__(self, accent: str = "discrete", *, late: bool = False) -> None:
        self.ground = Ground(late=late)
        self._accent = accent
        self._picture = QImage()
        self._sheet = Sheet()
        self.restyle()

    def restyle(self) -> None:
        """Take up the colours of the present theme."""
        self.ground.forget()
        field, target = theme.on_panel(self._accent), theme.on_panel("target")
        self.ground.sheet.shades = self._sheet.shades = shades(
            strokes.line_colours(_rgb(field), _rgb(target))
        )

    def render(self, view: View, shot: Shot) -> QImage:
        """Draw a picture of `view.width` by `view.height` pixels.

        The image is the rasterizer's own and changes with the next call.
        """
        picture = self._surface(view)
        painter = QPainter(picture)
        self.paint(painter, view, shot)
        painter.end()
        return picture

    def paint(self, painter: QPainter, view: View, shot: Shot) -> None:
        """Draw the picture with a painter whose unit is one pixel of the view."""
        self._paint(painter, view, shot, coarse=False)
        if shot.marker is not None:
            _draw_marker(painter, view, shot.marker)

    def paint_coarsely(self, painter: QPainter, view: View, shot: Shot) -> None:
        """Draw it with half as many pixels each way, in half the time; words stay sharp."""
        half = view.halved
        picture = self._surface(half)
        halving = QPainter(picture)
        self._paint(halving, half, shot, coarse=True)
        halving.end()
        painter.drawImage(QRect(0, 0, 2 * half.width, 2 * half.height), picture)
        self.ground.draw_labels(painter, view)
        if shot.marker is not None:
            _draw_marker(painter, view, shot.marker)

    def _surface(self, view: View) -> QImage:
        if (self._picture.width(), self._picture.height()) != (view.width, view.height):
            self._picture = QImage(view.width, view.height, QImage.Format.Format_RGB32)
        return self._picture

    def _paint(self, painter: QPainter, view: View, shot: Shot, *, coarse: bool) -> None:
        painter.drawImage(0, 0, self.ground.image(view, shot, coarse=coarse))
        self._sheet.fit(view)
        particles = shot.film.positions(shot.tau, shot.now) if shot.shown.points else None
        if particles is not None:
            self._draw_dust(view, particles)
        self._sheet.draw_lines(view, moving_lines(view, shot))
        if particles is not None:
            self._draw_bold(view, particles)
        self._sheet.lay_over(painter)

    def _draw_dust(self, view: View, particles: Particles) -> None:
        points, hue = view.pixels(particles.positions[_BOLD:]), particles.hue[_BOLD:]
        radius = _DUST_RADIUS * view.ratio  # dust stays dust in a hall: it is most of the work
        if len(points) >= _MANY and (dots := _by_gpu(view, points, hue, radius)) is not None:
            self._sheet.draw_picture(dots)
        else:
            self._sheet.draw_dots(_dust(radius), points, hue)

    def _draw_bold(self, view: View, particles: Particles) -> None:
        points, hue = view.pixels(particles.positions[:_BOLD]), particles.hue[:_BOLD]
        # Half as much bolder as lines are: the density between the dots should still be seen.
        weight = max(view.ratio * math.sqrt(view.boldness), _LEAST_WEIGHT)
        self._sheet.draw_dots(_bold(weight), points, hue)


def moving_lines(view: View, shot: Shot) -> list[Lines]:
    """What of a picture's lines moves with the clock."""
    return lines_of(view, shot, _NO_OUTLINE, moving=True)


def _draw_marker(painter: QPainter, view: View, marker: Marker) -> None:
    if not all(map(math.isfinite, (*marker.point, *(marker.jacobian or ())))):
        return
    shade = theme.color("panel")
    shade.setAlphaF(0.6)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.translate(*view.pixels(np.array(marker.point)).tolist())
    for colour, width in ((shade, 3.4), (theme.on_panel("accent"), 1.5)):
        pen = QPen(colour, width * view.weight)
        pen.setCosmetic(True)
        painter.setPen(pen)
        if marker.jacobian is None:
            _draw_ellipse(painter, _ROUND, _RING * view.weight)
        else:
            _draw_ellipse(painter, marker.jacobian, _ELLIPSE * view.weight)
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


def _by_gpu(
    view: View, points: NDArray[np.float32], hue: NDArray[np.uint8], radius: float
) -> QImage | None:
    from explorer.panels.gl_dots import shared  # here, as few ever need OpenGL

    dots = shared()
    if dots is None:
        return None
    return dots.draw((view.width, view.height), points, hue, radius, _DUST_OPACITY)


@lru_cache(maxsize=4)
def _dust(radius: float) -> DotPainter:
    light = min(1.0, radius / _DUST_RADIUS)  # a coarse picture's pixel is larger than dust is
    return DotPainter(colormap.wheel(), _DUST_OPACITY * light, radius)


@lru_cache(maxsize=4)
def _bold(weight: float) -> DotPainter:
    shadow = (_SHADOW_RADIUS * weight, _SHADOW_OPACITY)
    return DotPainter(colormap.wheel(), _BOLD_OPACITY, _BOLD_RADIUS * weight, shadow)


def _rgb(colour: QColor) -> tuple[float, float, float]:
    return colour.redF(), colour.greenF(), colour.blueF()
