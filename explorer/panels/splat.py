"""Dots and lines written straight into the pixels of a picture, all of them at once.

Qt draws ten thousand soft dots in about 20 ms. Indexing a numpy array with all of them, one pixel
of the dot's stamp after the other, takes about one. Where things overlap, each channel keeps its
larger value, so that nothing depends on an order.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from explorer.panels.colormap import premultiplied

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Words = NDArray[np.uint32]
    Floats = NDArray[np.float32]
    Indices = NDArray[np.integer]

LEVELS: Final = 16
_PHASES: Final = 4
_MOST_SAMPLES: Final = 150_000
_FARTHEST: Final = 2e5


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
    """

    def __init__(self, colours: NDArray[np.float64], opacity: float, radius: float) -> None:
        self._stamp = _tent() if radius < 0.75 else _disc(radius)
        self._colours = len(colours)
        words = premultiplied(colours, opacity * self._stamp.cover[..., None])
        self._tables = list(words.reshape(len(self._stamp.pixels), -1))

    def draw(self, picture: Words, points: Floats, colour: Indices) -> None:
        """Draw dots, placed to a quarter of a pixel.

        Args:
            picture: Shape (height, width), ARGB32_Premultiplied.
            points: Centres in pixels, shape (n, 2); NaN and dots over the border are left out.
            colour: Which of the colours each dot has, shape (n,).
        """
        height, width = picture.shape
        x, y = points[:, 0] - self._stamp.shift, points[:, 1] - self._stamp.shift
        reach = self._stamp.reach
        inside = (x >= reach) & (x < width - reach) & (y >= reach) & (y < height - reach)
        x = (x[inside] * _PHASES).astype(np.int32)
        y = (y[inside] * _PHASES).astype(np.int32)
        phase = (y & (_PHASES - 1)) * _PHASES + (x & (_PHASES - 1))
        key = phase * self._colours + colour[inside]
        centre = (y // _PHASES).astype(np.intp) * width + x // _PHASES
        flat = picture.reshape(-1)
        for (row, column), table in zip(self._stamp.pixels, self._tables, strict=True):
            _lighten(flat, centre + (row * width + column), table[key])


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


def splat_lines(picture: Words, lines: Lines, table: Words, thickness: int = 1) -> None:
    """Draw lines with soft edges.

    As in Wu's algorithm, a line takes one step for each pixel of its longer axis, and shares its
    light between the pixels across (Wu, 1991, doi:10.1145/122718.122734).

    Args:
        picture: Shape (height, width), ARGB32_Premultiplied.
        lines: What is not finite or lies outside is left out.
        table: What `shades` gives.
        thickness: In pixels.
    """
    steps = _steps_of(lines, picture.shape, thickness)
    if steps is None:
        return
    which, number = steps.which, steps.number
    major = steps.major[which] + steps.major_step[which] * number
    minor = steps.minor[which] + steps.minor_step[which] * number
    light = steps.light[which] + steps.light_step[which] * number
    cell = minor.astype(np.int32)
    part = minor - cell
    across = steps.minor_stride[which]
    index = major.astype(np.int32) * steps.major_stride[which] + cell * across
    shade = steps.shade[which]
    flat = picture.reshape(-1)
    for pixel in range(thickness + 1):
        cover = 1 - part if pixel == 0 else part if pixel == thickness else None
        level = light if cover is None else light * cover
        _lighten(flat, index, table[shade + (level + 0.5).astype(np.int32)])
        if pixel < thickness:
            index = index + across


class _Steps(NamedTuple):
    """Lines cut to the picture, each with what it adds to its numbers from one step to the next.

    `which` names the line of every step. A line's values are linear in `number`, the position in
    the list of all steps, so that one addition and one product give each.
    """

    which: NDArray[np.intp]
    number: Floats
    major: Floats
    major_step: Floats
    minor: Floats
    minor_step: Floats
    light: Floats
    light_step: Floats
    major_stride: NDArray[np.intp]
    minor_stride: NDArray[np.intp]
    shade: NDArray[np.int32]


def _steps_of(lines: Lines, size: tuple[int, int], thickness: int) -> _Steps | None:
    height, width = size
    if min(size) <= 2 * (thickness + 1):
        return None
    margin = thickness + 1
    ends = lines.ends
    x, y = ends[:, 0], ends[:, 1]
    dx, dy = ends[:, 2] - x, ends[:, 3] - y
    enter, leave = _clip(x, dx, margin, width - margin)
    enter_y, leave_y = _clip(y, dy, margin, height - margin)
    enter, leave = np.maximum(enter, enter_y), np.minimum(leave, leave_y)
    # NaN compares false. Far away, single precision could no longer tell neighbouring pixels.
    near = (np.abs(x) < _FARTHEST) & (np.abs(y) < _FARTHEST)
    length = np.abs(dx) + np.abs(dy)
    kept = np.flatnonzero((leave > enter) & near & (length > 0) & (length < 2 * _FARTHEST))
    if not kept.size:
        return None
    x, y, dx, dy, enter, leave = (a[kept] for a in (x, y, dx, dy, enter, leave))
    steep = np.abs(dy) > np.abs(dx)
    along = np.where(steep, np.abs(dy), np.abs(dx)) * (leave - enter)
    length = np.ceil(along * min(1.0, _MOST_SAMPLES / max(float(along.sum()), 1.0)))
    length = np.maximum(length, 1)
    count = length.astype(np.intp)
    share = (leave - enter) / length
    first = np.cumsum(count) - count
    start = enter + share * (0.5 - first)
    light = lines.light[kept] * np.float32(LEVELS - 1)
    fade = light[:, 1] - light[:, 0]
    shift = np.float32(thickness / 2)
    return _Steps(
        which=np.repeat(np.arange(kept.size), count),
        number=np.arange(int(count.sum()), dtype=np.float32),
        major=_float(np.where(steep, y + dy * start, x + dx * start)),
        major_step=_float(np.where(steep, dy, dx) * share),
        minor=_float(np.where(steep, x + dx * start, y + dy * start) - shift),
        minor_step=_float(np.where(steep, dx, dy) * share),
        light=_float(light[:, 0] + fade * start),
        light_step=_float(fade * share),
        major_stride=np.where(steep, width, 1),
        minor_stride=np.where(steep, 1, width),
        shade=lines.colour[kept].astype(np.int32) * LEVELS,
    )


def _clip(start: Floats, step: Floats, low: int, high: int) -> tuple[Floats, Floats]:
    """The shares of each line between which one of its coordinates lies within limits."""
    step = np.where(np.abs(step) < 1e-6, np.float32(1e-6), step)
    one, other = (low - start) / step, (high - start) / step
    return np.maximum(np.minimum(one, other), 0), np.minimum(np.maximum(one, other), 1)


def _float(values: NDArray[np.floating]) -> Floats:
    return values.astype(np.float32, copy=False)


def _lighten(flat: Words, index: Indices, colours: Words) -> None:
    seen = flat[index].view(np.uint8)
    np.maximum(seen, colours.view(np.uint8), out=seen)
    flat[index] = seen.view(np.uint32)
