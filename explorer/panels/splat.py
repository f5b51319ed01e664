"""Dots and lines written straight into the pixels of a picture, all of them at once.

Qt draws ten thousand soft dots in about 20 ms. Indexing a numpy array with all of them, one pixel
of the dot's stamp after the other, takes about one. Where things overlap, each channel keeps its
larger value, so that nothing depends on an order.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from explorer.panels.colormap import packed, premultiplied

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    Words = NDArray[np.uint32]
    Floats = NDArray[np.float32]
    Indices = NDArray[np.integer]

LEVELS: Final = 16
_PHASES: Final = 4
_AT_ONCE: Final = 16_000  # pixels of dots that are drawn together
_MOST_SAMPLES: Final = 150_000
_FARTHEST: Final = 2e5
_POINT: Final = 16  # binary places of fixed-point numbers
_HALF: Final = 1 << 15


class Box(NamedTuple):
    """A part of a picture, in pixels, without the row `bottom` and the column `right`."""

    left: int = 0
    top: int = 0
    right: int = 0
    bottom: int = 0

    def __bool__(self) -> bool:
        """Whether there is anything in it."""
        return self.left < self.right and self.top < self.bottom

    def with_(self, other: Box) -> Box:
        """The smallest box around both."""
        if not (self and other):
            return self or other
        return Box(*map(min, self[:2], other[:2]), *map(max, self[2:], other[2:]))

    def within(self, height: int, width: int) -> Box:
        """What of it lies in a picture of such a size."""
        left, top = max(self.left, 0), max(self.top, 0)
        return Box(left, top, min(self.right, width), min(self.bottom, height))


class Lines(NamedTuple):
    """Straight lines that may fade from one end to the other.

    Attributes:
        ends: Shape (n, 4): x1, y1, x2, y2 in pixels.
        colour: Shape (n,): row of the table of shades.
        light: Shape (n, 2): how bright each end is, from 0 to 1.
    """

    ends: Floats
    colour: Indices
    light: Floats


class _Stamp(NamedTuple):
    """The pixels that a dot covers, and how much of each, for every place within its own pixel."""

    shift: float
    reach: int
    pixels: list[tuple[int, int]]
    cover: Floats  # (pixels, _PHASES * _PHASES)

    def on(self, pixels: list[tuple[int, int]]) -> Floats:
        """The coverage of a larger stamp's pixels."""
        own = dict(zip(self.pixels, self.cover, strict=True))
        none = np.zeros(_PHASES * _PHASES, np.float32)
        return np.array([own.get(pixel, none) for pixel in pixels])


def shades(colours: NDArray[np.float64]) -> Words:
    """Every colour at every level of coverage: shape (n * LEVELS,), as `splat_lines` takes them.

    Args:
        colours: Shape (n, 4): RGB and the opacity at full coverage, in [0, 1].
    """
    cover = np.arange(LEVELS) / (LEVELS - 1)
    return premultiplied(colours[:, None, :3], colours[:, None, 3] * cover).reshape(-1)


# --- dots ---------------------------------------------------------------------------------------


class DotPainter:
    """Draws soft round dots of one size and opacity.

    Args:
        colours: Shape (n, 3), RGB in [0, 1].
        opacity: Of a dot's middle.
        radius: In pixels; below 0.75 a dot is one pixel's light, spread over its neighbours.
        shadow: Radius, larger than the dot's, and opacity of a dark disc under each dot.
    """

    def __init__(
        self,
        colours: NDArray[np.float64],
        opacity: float,
        radius: float,
        shadow: tuple[float, float] | None = None,
    ) -> None:
        dot = _tent() if radius < 0.75 else _disc(radius)
        ground = dot if shadow is None else _disc(shadow[0])
        cover = dot.on(ground.pixels)
        # Where dots overlap, what is drawn last counts: let that be their middles.
        order = np.argsort(cover.mean(axis=1), kind="stable")
        light = opacity * cover[order][..., None]
        dark = 0.0 if shadow is None else shadow[1] * ground.cover[order][..., None]
        words = packed(light[..., None] * colours, light + dark * (1 - light))
        self._shift, self._reach = ground.shift, ground.reach
        self._pixels = np.array(ground.pixels)[order]
        self._colours = len(colours)
        self._tables = words.reshape(len(self._pixels), -1)

    def draw(self, picture: Words, points: Floats, colour: Indices) -> Box:
        """Draw dots, placed to a quarter of a pixel.

        Args:
            picture: Shape (height, width), ARGB32_Premultiplied.
            points: Centres in pixels, shape (n, 2); NaN and dots over the border are left out.
            colour: Which of the colours each dot has, shape (n,).

        Returns:
            A box around all that has changed.
        """
        height, width = picture.shape
        x, y = points[:, 0] - self._shift, points[:, 1] - self._shift
        reach = self._reach
        inside = (x >= reach) & (x < width - reach) & (y >= reach) & (y < height - reach)
        seen = np.flatnonzero(inside)
        if not seen.size:
            return Box()
        across: Indices = (x.take(seen) * _PHASES).astype(np.intp)
        down: Indices = (y.take(seen) * _PHASES).astype(np.intp)
        key = (down & (_PHASES - 1)) * _PHASES + (across & (_PHASES - 1))
        key = key * self._colours + colour.take(seen)
        row, column = down // _PHASES, across // _PHASES
        centre = row * width + column
        self._stamp(picture.reshape(-1), centre, key, self._pixels @ np.array((width, 1)))
        low, high = (int(column.min()), int(row.min())), (int(column.max()), int(row.max()))
        return Box(*(n - reach for n in low), *(n + reach + 1 for n in high))

    def _stamp(self, flat: Words, centre: Indices, key: Indices, offsets: NDArray[np.intp]) -> None:
        """Go through the stamp's pixels, several at a time where dots are few."""
        together = max(_AT_ONCE // centre.size, 1)
        for k in range(0, len(offsets), together):
            part = slice(k, k + together)
            shift = offsets[part, None]
            colours = self._tables[part].take(key, axis=1)
            _lighten(flat, (centre + shift).reshape(-1), colours.reshape(-1))


def _tent() -> _Stamp:
    """One pixel's light, shared by area between the four pixels that it lies on."""
    place = (np.arange(_PHASES) + 0.5) / _PHASES
    sides = np.stack([1 - place, place])
    cover = np.einsum("ip,jq->ijpq", sides, sides).reshape(4, -1)
    return _Stamp(0.5, 1, [(0, 0), (0, 1), (1, 0), (1, 1)], cover.astype(np.float32))


@lru_cache(maxsize=16)
def _disc(radius: float) -> _Stamp:
    """A disc with a soft edge one pixel wide."""
    place = (np.arange(_PHASES) + 0.5) / _PHASES
    reach = max(int(np.ceil(radius - place[0])), 1)
    pixels, cover = [], []
    for row in range(-reach, reach + 1):
        for column in range(-reach, reach + 1):
            distance = np.hypot((row + 0.5 - place)[:, None], (column + 0.5 - place)[None, :])
            share = np.clip(radius + 0.5 - distance, 0, 1).reshape(-1)
            if share.any():
                pixels.append((row, column))
                cover.append(share)
    return _Stamp(0.0, reach, pixels, np.array(cover, np.float32))


# --- lines --------------------------------------------------------------------------------------


def splat_lines(picture: Words, lines: Lines, table: Words, thickness: int = 1) -> Box:
    """Draw lines with soft edges.

    As in Wu's algorithm, a line takes one step for each pixel of its longer axis, and shares its
    light between the pixels across (Wu, 1991, doi:10.1145/122718.122734).

    Args:
        picture: Shape (height, width), ARGB32_Premultiplied.
        lines: What is not finite or lies outside is left out.
        table: What `shades` gives.
        thickness: In pixels.

    Returns:
        A box around all that has changed.
    """
    width = picture.shape[1]
    box = Box()
    for cut in _cuts(lines, picture.shape, thickness):
        strides = (width, 1) if cut.steep else (1, width)
        _walk(picture.reshape(-1), cut, table, strides, thickness)
        box = box.with_(cut.box(thickness))
    return box.within(*picture.shape)


class _Cut(NamedTuple):
    """Lines of one kind cut to the picture: where each begins, and how it goes on.

    The three rows of `start` and `step` are the place along the longer axis, the place across, and
    the light: each at the first of the line's `steps`, and what every step adds to it.
    """

    steep: bool
    steps: NDArray[np.intp]
    start: Floats  # (3, n)
    step: Floats  # (3, n)
    shade: NDArray[np.int32]

    def box(self, thickness: int) -> Box:
        """A box around the lines; a pixel wider, for rounding."""
        first = self.start[:2]
        last = first + self.step[:2] * (self.steps - 1)
        major, minor = (math.floor(n) - 1 for n in np.minimum(first, last).min(axis=1))
        far, across = (math.floor(n) + 2 for n in np.maximum(first, last).max(axis=1))
        across += thickness
        return Box(minor, major, across, far) if self.steep else Box(major, minor, far, across)


def _walk(flat: Words, cut: _Cut, table: Words, strides: tuple[int, int], thickness: int) -> None:
    """Draw lines of one kind.

    All steps of all lines are one running sum, in fixed-point numbers, which never lose a step.
    """
    along, across = strides
    major, minor, light = _running(cut)
    index = ((major >> _POINT) * along + (minor >> _POINT) * across).astype(np.intp)
    part = (minor >> (_POINT - 8)) & 255
    light >>= _POINT - 8
    shade = np.repeat(cut.shade, cut.steps)
    for pixel in range(thickness + 1):
        share = 256 - part if pixel == 0 else part if pixel == thickness else 256
        level = (light * share + _HALF) >> 16
        _lighten(flat, index, table.take((shade + level).astype(np.intp)))
        index += across


def _running(cut: _Cut) -> NDArray[np.int32]:
    """Place along, place across and light at every step of all lines, shape (3, steps)."""
    start = np.rint(cut.start * (1 << _POINT)).astype(np.int32)
    step = np.rint(cut.step * (1 << _POINT)).astype(np.int32)
    first = np.cumsum(cut.steps) - cut.steps
    leap = start.copy()
    leap[:, 1:] -= start[:, :-1] + step[:, :-1] * (cut.steps[:-1] - 1)
    running = np.empty((3, int(first[-1] + cut.steps[-1])), np.int32)
    for row, values, jumps in zip(running, step, leap, strict=True):
        row[:] = np.repeat(values, cut.steps)
        row[first] = jumps
        np.cumsum(row, dtype=np.int32, out=row)
    return running


def _cuts(lines: Lines, size: tuple[int, int], thickness: int) -> Iterator[_Cut]:
    """The lines that are flat, then those that are steep."""
    height, width = size
    if min(size) <= 2 * (thickness + 1):
        return
    margin = thickness + 1
    x, y, to_x, to_y = np.ascontiguousarray(lines.ends.T)
    dx, dy = to_x - x, to_y - y
    enter, leave = _clip(x, dx, margin, width - margin)
    enter_y, leave_y = _clip(y, dy, margin, height - margin)
    np.maximum(enter, enter_y, out=enter)
    np.minimum(leave, leave_y, out=leave)
    across, down = np.abs(dx), np.abs(dy)
    # NaN compares false. Far away, single precision could no longer tell neighbouring pixels.
    near = (np.abs(x) < _FARTHEST) & (np.abs(y) < _FARTHEST)
    far = across + down
    kept = np.flatnonzero((leave > enter) & near & (far > 0) & (far < 2 * _FARTHEST))
    across, down, enter, leave = (a.take(kept) for a in (across, down, enter, leave))
    steep = down > across
    longest = np.maximum(across, down) * (leave - enter)
    spared = min(1.0, _MOST_SAMPLES / max(float(longest.sum()), 1.0))
    for is_steep, along, beside in ((False, (x, dx), (y, dy)), (True, (y, dy), (x, dx))):
        chosen = np.flatnonzero(steep == is_steep)
        if not chosen.size:
            continue
        part, begin = kept.take(chosen), enter.take(chosen)
        count = np.maximum(np.ceil(longest.take(chosen) * spared), 1)
        share = (leave.take(chosen) - begin) / count
        light = lines.light.take(part, axis=0).T * np.float32(LEVELS - 1)
        whole = np.stack([along[1].take(part), beside[1].take(part), light[1] - light[0]])
        place = np.stack([along[0].take(part), beside[0].take(part) - thickness / 2, light[0]])
        yield _Cut(
            steep=is_steep,
            steps=count.astype(np.intp),
            start=place + whole * (begin + share / 2),
            step=(whole * share).astype(np.float32),
            shade=lines.colour.take(part).astype(np.int32) * LEVELS,
        )


def _clip(start: Floats, step: Floats, low: int, high: int) -> tuple[Floats, Floats]:
    """The shares of each line between which one of its coordinates lies within limits."""
    step = np.where(np.abs(step) < 1e-6, np.float32(1e-6), step)
    one, other = (low - start) / step, (high - start) / step
    return np.maximum(np.minimum(one, other), 0), np.minimum(np.maximum(one, other), 1)


def _lighten(flat: Words, index: Indices, colours: Words) -> None:
    seen = flat.take(index).view(np.uint8)
    np.maximum(seen, colours.view(np.uint8), out=seen)
    flat[index] = seen.view(np.uint32)
