"""A curve's line in pixels: broken off where it should be, of no more points than can be seen."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray
    from PySide6.QtCore import QRectF

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

    def parts(self) -> Iterator[tuple[slice, bool]]:
        """Which points each part has, and whether it is past."""
        ends = [*self.first.tolist(), len(self.x)]
        for index, (start, end) in enumerate(itertools.pairwise(ends)):
            yield slice(start, end), index < self.past

    def joined(self, *, past: bool) -> tuple[tuple[Floats, Floats], tuple[Floats, Floats]]:
        """Parts that are past, or not: x and y of lines, with NaN between, and of lone points."""
        chosen = [part for part, is_past in self.parts() if is_past == past]
        lines = [part for part in chosen if part.stop - part.start > 1]
        dots = [part.start for part in chosen if part.stop - part.start == 1]
        gap = [np.nan]
        x = np.concatenate([np.zeros(0), *(p for part in lines for p in (self.x[part], gap))])
        y = np.concatenate([np.zeros(0), *(p for part in lines for p in (self.y[part], gap))])
        return (x, y), (self.x[dots], self.y[dots])

    def cross(self, box: QRectF) -> bool:
        """Whether the box around any of the straight lines meets a box; a lone point is one."""
        to = np.arange(1, len(self.x) + 1)
        to[self.first - 1] -= 1  # a part's last point leads nowhere
        low, high = np.minimum(self.y, self.y[to]), np.maximum(self.y, self.y[to])
        beside = (self.x[to] < box.left()) | (self.x > box.right())
        return bool((~beside & (low < box.bottom()) & (high > box.top())).any())


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
