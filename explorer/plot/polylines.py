"""A curve's line in pixels: broken off where it should be, of no more points than can be seen."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QPolygonF

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray
    from PySide6.QtCore import QRectF
    from PySide6.QtGui import QPainter

    Floats = NDArray[np.float64]

DOT: Final = 2.5  # the radius of a lone measurement
_PIXELS_A_POINT: Final = 2
_FEW: Final = 32  # points, which are drawn as soon as thinned


class Polylines(NamedTuple):
    """The unbroken parts of one curve, one after the other.

    Attributes:
        x: In pixels, ascending, shape (n,).
        y: In pixels, shape (n,).
        first: Index of each part's first point, shape (parts,).
        past: How many of the parts, from the first on, lie before the last break.
    """

    x: Floats
    y: Floats
    first: NDArray[np.intp]
    past: int

    def polygons(self) -> Iterator[tuple[QPolygonF, bool]]:
        """Each part, and whether it is past."""
        points = [QPointF(*at) for at in zip(self.x.tolist(), self.y.tolist(), strict=True)]
        ends = [*self.first.tolist(), len(points)]
        for index, (start, end) in enumerate(itertools.pairwise(ends)):
            yield QPolygonF(points[start:end]), index < self.past

    def cross(self, box: QRectF) -> bool:
        """Whether the box around any of the straight lines meets a box; a lone point is one."""
        to = np.arange(1, len(self.x) + 1)
        to[self.first - 1] -= 1  # a part's last point leads nowhere
        low, high = np.minimum(self.y, self.y[to]), np.maximum(self.y, self.y[to])
        beside = (self.x[to] < box.left()) | (self.x > box.right())
        return bool((~beside & (low < box.bottom()) & (high > box.top())).any())


def draw_part(painter: QPainter, polygon: QPolygonF) -> None:
    """Draw an unbroken part with the painter's pen; a lone point is a dot of its colour."""
    if polygon.size() > 1:
        painter.drawPolyline(polygon)
        return
    painter.save()
    painter.setBrush(painter.pen().color())
    painter.setPen(Qt.PenStyle.NoPen)
    painter.drawEllipse(polygon.first(), DOT, DOT)
    painter.restore()


def polylines(x: Floats, y: Floats) -> Polylines:
    """Break a curve off at each NaN, and keep the lowest and highest point of every few pixels.

    More points would take time and show nothing.

    Args:
        x: In pixels, ascending, shape (n,).
        y: In pixels, shape (n,); NaN where the curve breaks off.
    """
    broken = np.isnan(y)
    part = np.cumsum(broken)[~broken]
    x, y = x[~broken], y[~broken]
    kept = _kept(x, y, part)
    x, y, part = x[kept], y[kept], part[kept]
    first = _begins(part)
    past = int(np.count_nonzero(part[first] < broken.sum()))
    return Polylines(x, y, first, past)


def _kept(x: Floats, y: Floats, part: NDArray[np.intp]) -> NDArray[np.intp]:
    """Which points to draw: the ends of each part, and what is lowest and highest between."""
    if len(x) <= max(_FEW, 2 * (np.ptp(x) if len(x) else 0) / _PIXELS_A_POINT):
        return np.arange(len(x))
    column = x // _PIXELS_A_POINT
    begins = np.flatnonzero(_changes(part) | _changes(column))
    group = np.repeat(np.arange(len(begins)), np.diff(begins, append=len(x)))
    upwards = np.lexsort((y, group))
    last = np.append(begins[1:], len(x)) - 1
    ends = _begins(part)
    kept = np.zeros(len(x), dtype=bool)  # `np.unique` would load all of numpy.ma
    for points in (ends, np.append(ends[1:], len(x)) - 1, upwards[begins], upwards[last]):
        kept[points] = True
    return np.flatnonzero(kept)


def _begins(part: NDArray[np.intp]) -> NDArray[np.intp]:
    return np.flatnonzero(_changes(part))


def _changes(values: NDArray[np.generic]) -> NDArray[np.bool_]:
    """Whether each value is another than the one before it; the first one is."""
    changes = np.ones(len(values), dtype=bool)
    changes[1:] = values[1:] != values[:-1]
    return changes
