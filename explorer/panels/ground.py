"""What lies under the particles: the plane, a density or a difference, the field, the outline."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import numpy as np
from PySide6.QtCore import QPointF, QRect, QRectF
from PySide6.QtGui import QImage, QPainter, QRegion

from explorer.panels import colormap, strokes
from explorer.panels.backdrop import draw_backdrop, draw_frame, draw_numbers
from explorer.panels.enlarged import Enlarger
from explorer.panels.fineness import is_large
from explorer.panels.legend import Scale, draw_legend
from explorer.panels.overlays import OVERLAYS
from explorer.panels.sheet import Sheet
from explorer.words.languages import MINUS, mark, number, translator

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from explorer.panels.camera import View
    from explorer.panels.difference import Reference
    from explorer.panels.film import Heat
    from explorer.panels.shot import Shot
    from explorer.panels.splat import Lines
    from flowengine.project import Extent

    Words = NDArray[np.uint32]

# For how many pictures that move on, and how many seconds, a ground may serve.
_PATIENCE: Final = (1, 0.06)
_PATIENCE_LARGE: Final = (2, 0.12)  # one that is large costs two frames of dots
_IN_DEPTH: Final = sorted(OVERLAYS.values(), key=lambda overlay: overlay.depth)
_HEAT_FADE: Final = 48  # entries of the density's colour map that fade into the empty plane
_SIGNED: Final = 255  # entries of the difference's colour map; the middle one is for none
_SIGNED_FADE: Final = 0.35  # share of a difference's range that fades into the empty plane


class Ground:
    """An opaque picture of the plane, drawn anew with every other picture at the most.

    What it shows changes slowly and is dear to draw; a large one is drawn with every third. Once
    the clock rests it is exact.

    Attributes:
        colours: Name of the density's colour map.
        reference: What the density is compared with where the difference is shown.
        outline: The target's contour, line segments of shape (n, 4) in data units.
        labelled: Whether numbers and a legend stand on it; a small copy has no room for them.
        sheet: What lines are drawn on.
        exact_from: The time from which on a resting clock finds the picture exact.

    Args:
        late: Take turns with grounds that are not late, rather than draw in the same frames.
    """

    def __init__(self, *, late: bool = False) -> None:
        self.colours = "magma"
        self.reference: Reference | None = None
        self.outline: NDArray[np.float64] = np.empty((0, 4))
        self.labelled = True
        self.sheet = Sheet()
        self.exact_from = -math.inf
        self._late = late
        self._served = 0  # how many pictures since it was drawn
        self._image = QImage()
        self._enlarger = Enlarger()
        self._over = QRegion()  # what of the image is not the backdrop
        self._backdrop: tuple[tuple[View, Extent | None] | None, QImage] = (None, QImage())
        self._drawn: tuple[object, ...] = ()
        self._drawn_at = -math.inf
        self._content: tuple[float, int] = (math.nan, 0)
        self._scales: tuple[Scale, ...] = ()

    def set_outline(self, lines: NDArray[np.float64]) -> None:
        """Take the target's contour, line segments of shape (n, 4) in data units."""
        self.outline = lines
        self._drawn = ()

    def forget(self) -> None:
        """Draw everything anew with the next picture: the theme has changed."""
        self._backdrop = (None, QImage())
        self._drawn = ()

    def image(self, view: View, shot: Shot, *, coarse: bool = False) -> QImage:
        """The ground of a picture; the image changes with the next call.

        Args:
            view: What of the plane.
            shot: What to draw.
            coarse: Whether it is one of a coarse picture: it has no words then, which `draw_labels`
                writes onto the whole, and serves as long as a large one.
        """
        language = translator.language
        wanted = (view, shot.film, shot.shown, self.colours, self.reference, language, coarse)
        anew = wanted != self._drawn
        content = (shot.tau, shot.film.revision)
        moving = content != self._content or self._drawn_at < shot.film.moving_until
        most, stale = _PATIENCE_LARGE if coarse or is_large(view) else _PATIENCE
        serves = 0 < shot.now - self._drawn_at < stale and self._served < most
        if anew or (moving and not serves):
            self._draw(view, shot, labels=not coarse)
            self._drawn, self._content, self._drawn_at = wanted, content, shot.now
            self.exact_from = shot.now + stale
            self._served = int(anew and self._late)
        else:
            self._served = self._served + 1 if moving else 0
        return self._image

    def draw_labels(self, painter: QPainter, view: View) -> QRegion:
        """Write what the axes and the colours of the last image mean onto it; tells where."""
        return draw_numbers(painter, view) + draw_legend(painter, view, self._scales)

    def _draw(self, view: View, shot: Shot, *, labels: bool) -> None:
        shown = shot.shown
        maps = shown.density or shown.difference
        painter = self._on_backdrop(view, shot.film.square if maps else None)
        scales = []
        heat = shot.film.heat(shot.tau, shot.now) if maps else None
        if heat is not None:
            compared = self.reference if shown.difference else None
            area = math.exp(view.frame.log_area)
            words, scale = coloured(heat, self.colours, compared, area=area)
            painter.setOpacity(heat.strength)
            self._over += self._enlarger.draw(painter, view, _area(view, heat.extent), words)
            painter.setOpacity(1.0)
            scales.append(scale)
        if shown.grid and shot.film.has_grid:
            scales.append(TINTS)
        self.sheet.fit(view)
        self.sheet.draw_lines(view, resting_lines(view, shot, self.outline))
        left, top, right, bottom = self.sheet.lay_over(painter)
        self._over += QRect(left, top, right - left, bottom - top)
        self._scales = tuple(scales)
        if labels and self.labelled:
            self._over += self.draw_labels(painter, view)
        painter.end()

    def _on_backdrop(self, view: View, square: Extent | None) -> QPainter:
        """Begin anew: only where something was drawn the backdrop has to come back."""
        before = self._backdrop[1]
        backdrop = self._backdrop_of(view, square)
        if backdrop is not before or self._image.isNull():
            self._image = backdrop.copy()
            self._over = QRegion()
        painter = QPainter(self._image)
        for rect in self._over:  # type: ignore[attr-defined]  # Qt's stubs leave it out
            painter.drawImage(rect, backdrop, rect)
        self._over = QRegion()
        return painter

    def _backdrop_of(self, view: View, square: Extent | None) -> QImage:
        """The empty plane, with a frame around the square in which the density is computed."""
        if self._backdrop[0] != (view, square):
            backdrop = draw_backdrop(view)
            if square is not None:
                draw_frame(backdrop, view, square)
            self._backdrop = ((view, square), backdrop)
        return self._backdrop[1]


def _area(view: View, extent: Extent) -> QRectF:
    """Where a part of the plane lies on a view."""
    x_min, x_max, y_min, y_max = extent
    upper, lower = view.pixels(np.array([[x_min, y_max], [x_max, y_min]])).tolist()
    return QRectF(QPointF(*upper), QPointF(*lower))


def resting_lines(view: View, shot: Shot, outline: NDArray[np.float64]) -> list[Lines]:
    """What of a picture's lines changes slowly."""
    return lines_of(view, shot, outline, moving=False)


def lines_of(view: View, shot: Shot, outline: NDArray[np.float64], *, moving: bool) -> list[Lines]:
    """The lines of all overlays that are on, the lowest first: those that move, or the others."""
    found = []
    for overlay in _IN_DEPTH:
        if overlay.moves == moving and overlay.lines and getattr(shot.shown, overlay.name):
            lines = overlay.lines(view, shot, outline)
            if lines is not None:
                found.append(lines)
    return found


# --- colours and their scales -------------------------------------------------------------------


def coloured(
    heat: Heat,
    colours: str,
    reference: Reference | None,
    *,
    paper: bool = False,
    area: float = 1.0,
) -> tuple[Words, Scale]:
    """A density in colours, or how it differs from a reference, and what the colours mean.

    Args:
        heat: The density.
        colours: Its colour map.
        reference: What it is compared with; None shows the density itself.
        paper: Whether it lies on white, and not on the nearly black plane.
        area: Of the picture's unit square, in data units: what the scale tells is per data unit.

    Returns:
        ARGB32_Premultiplied words, shape (rows, columns), top row first, and their scale.
    """
    if reference is None:
        words = _heat_words(heat, _heat_table(colours, paper=paper))
        return words, _density_scale(colours, heat.peak / area)
    more, limit = reference.compare(heat)
    words = _signed_words(more, limit, _signed_table(paper=paper))
    return words, _difference_scale(limit / area, is_base=reference.is_base)


def _heat_words(heat: Heat, table: Words) -> Words:
    """A density in colours, shape (rows, columns), top row first."""
    share = np.clip(heat.density[::-1] * np.float32(1 / heat.peak), 0, 1)
    np.sqrt(share, out=share)
    share *= colormap.HEAT_TOP
    return np.asarray(table[share.astype(np.uint8)])


@lru_cache(maxsize=2 * len(colormap.SEQUENTIAL))
def _heat_table(name: str, *, paper: bool) -> Words:
    """The colour map with its lowest part fading out, so that the empty plane stays visible."""
    table = colormap.bar(name, paper=paper)
    return colormap.premultiplied(table, np.clip(np.arange(len(table)) / _HEAT_FADE, 0, 1))


def _signed_words(more: NDArray[np.float32], limit: float, table: Words) -> Words:
    """A difference in colours, shape (rows, columns), top row first."""
    half = _SIGNED // 2
    share = np.clip(more[::-1] * np.float32(half / limit), -half, half)
    return np.asarray(table[np.rint(share).astype(np.intp) + half])


@lru_cache(maxsize=2)
def _signed_table(*, paper: bool) -> Words:
    side = np.abs(np.linspace(-1, 1, _SIGNED))
    return colormap.premultiplied(
        colormap.difference(_SIGNED, paper=paper), np.clip(side / _SIGNED_FADE, 0, 1)
    )


def _density_scale(name: str, peak: float) -> Scale:
    return Scale(mark("density"), ("0", number(peak, digits=2)), name)


def _difference_scale(limit: float, *, is_base: bool) -> Scale:
    most = number(limit, digits=2)
    title = mark("model − base") if is_base else mark("model − target")
    return Scale(title, (f"{MINUS}{most}", "0", f"+{most}"), "difference")


TINTS: Final = Scale(
    mark("log|det| in nats"),
    (f"{MINUS}{strokes.TINT_RANGE:g}", "0", f"+{strokes.TINT_RANGE:g}"),
    "tint",
)
