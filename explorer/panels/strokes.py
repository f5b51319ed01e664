"""What is drawn with lines, as lines: the warped grid, the velocity field, trails, the outline."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from explorer.panels import colormap
from explorer.panels.splat import Lines

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from explorer.panels.camera import View
    from explorer.panels.fields import Field
    from explorer.panels.film import Mesh

    Floats = NDArray[np.float32]

# Rows of the table of colours that the lines refer to.
TINTS: Final = 33
TINT_RANGE: Final = 2.0  # nats from which on the warped grid's colour is the strongest
WHEEL_FROM: Final = TINTS
FIELD_ROW: Final = WHEEL_FROM + colormap.WHEEL_SIZE
OUTLINE_ROW: Final = FIELD_ROW + 1
EXACT_ROW: Final = OUTLINE_ROW + 1

_MOST_MESH_LINES: Final = 21
_MOST_FIELD_LINES: Final = 42
_FIELD_FADE: Final = 3.0  # strokes over which a field fades out where it ends
_STROKE_LENGTH: Final = 0.9  # of the distance between two strokes, from twice the median speed
_DASH: Final = 0.36  # of a stroke of the exact field, which is two dashes
_TRAIL_FADE: Final = 0.2  # root of the light in which a trail begins: less is not seen
_PATH_LIGHT: Final = (0.22, 0.5)  # where a path begins and where it ends


def line_colours(
    field: tuple[float, float, float], target: tuple[float, float, float]
) -> NDArray[np.float64]:
    """The table of colours and opacities for all lines, shape (n, 4)."""
    tints = _with_opacity(colormap.diverging(TINTS), 0.55)
    wheel = _with_opacity(colormap.wheel(), 0.8)
    return np.concatenate([tints, wheel, [[*field, 0.75], [*target, 0.9], [*target, 0.85]]])


def mesh_lines(view: View, mesh: Mesh) -> Lines:
    """The warped grid, each side tinted by its mean log|det|.

    Every line goes through all nodes of the mesh, but not every row and column is a line.
    """
    nodes, values = view.pixels(mesh.positions), mesh.log_det
    ends, tints = [], []
    for corners, value in ((nodes, values), (nodes.swapaxes(0, 1), values.T)):
        every = max(1, round((len(corners) - 1) / (_MOST_MESH_LINES - 1)))
        corners, value = corners[::every], value[::every]
        ends.append(np.concatenate([corners[:, :-1], corners[:, 1:]], axis=-1).reshape(-1, 4))
        tints.append((value[:, :-1] + value[:, 1:]).reshape(-1) / 2)
    return _even(np.concatenate(ends), _tint(np.concatenate(tints)))


def _tint(log_det: Floats) -> NDArray[np.intp]:
    strength = np.clip(np.nan_to_num(log_det) / TINT_RANGE, -1, 1)
    return np.asarray(np.rint((strength + 1) / 2 * (TINTS - 1)).astype(np.intp))


def field_lines(view: View, field: Field, *, exact: bool = False) -> Lines:
    """A velocity field as short strokes, brighter towards their heads and where it is fast.

    Args:
        view: Where they are drawn.
        field: The velocity.
        exact: Whether it is the field to be learned, which is drawn in dashes.
    """
    every = -(-field.velocity.shape[0] // _MOST_FIELD_LINES)
    velocity = field.velocity[::every, ::every]
    rows, columns = field.velocity.shape[:2]
    x_min, x_max, y_min, y_max = field.extent
    x = x_min + (x_max - x_min) * (np.arange(0, columns, every) + 0.5) / columns
    y = y_min + (y_max - y_min) * (np.arange(0, rows, every) + 0.5) / rows
    nodes = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    longest = _STROKE_LENGTH * every * (x_max - x_min) / columns
    arrow = np.nan_to_num(velocity.reshape(-1, 2), posinf=0, neginf=0)
    speed = np.hypot(arrow[:, 0], arrow[:, 1])
    fast = max(2 * _usual(speed.reshape(velocity.shape[:2])), 1e-9)
    share = np.sqrt(np.minimum(speed / fast, 1))
    half = arrow * (longest / 2 * share / np.maximum(speed, 1e-9))[:, None]
    ends = view.pixels(np.concatenate([nodes - half, nodes + half], axis=1).reshape(-1, 2, 2))
    inside = np.minimum.outer(_from_edge(len(velocity)), _from_edge(velocity.shape[1])).reshape(-1)
    light = (inside * (0.3 + 0.7 * share))[:, None] * np.array([0.1, 1.0])
    colour = np.full(len(nodes), FIELD_ROW)
    strokes = Lines(ends.reshape(-1, 4), colour, light.astype(np.float32))
    return _dashed(strokes) if exact else strokes


def _usual(speed: Floats) -> float:
    """The median speed about the middle: far out, where no data is, a field may grow wild."""
    rows, columns = (slice(n // 5, n - n // 5) for n in speed.shape)
    speeds = np.sort(speed[rows, columns], axis=None)
    # np.median would import all of numpy.ma, before the first picture
    return float(speeds[[(len(speeds) - 1) // 2, len(speeds) // 2]].mean()) if len(speeds) else 1.0


def _from_edge(count: int) -> Floats:
    """How strongly each of `count` rows of strokes is drawn: no wall stands where a field ends."""
    from_edge = np.minimum(np.arange(count), np.arange(count)[::-1]) + 0.5
    return np.minimum(from_edge / _FIELD_FADE, 1).astype(np.float32)


def _dashed(strokes: Lines) -> Lines:
    """Every stroke as two dashes of even light: the exact field, told apart without a colour."""
    tail, head = strokes.ends[:, :2], strokes.ends[:, 2:]
    way = (head - tail) * np.float32(_DASH)
    ends = np.concatenate(
        [np.concatenate([tail, tail + way], axis=1), np.concatenate([head - way, head], axis=1)]
    )
    light = np.tile(strokes.light[:, 1:], (2, 2))
    return Lines(ends, np.full(len(ends), EXACT_ROW), light)


def trail_lines(view: View, paths: Floats, hue: NDArray[np.uint8]) -> Lines:
    """Trails that fade towards their beginning.

    Args:
        view: Where they are drawn.
        paths: Corners in data units, shape (corners, n, 2), oldest first.
        hue: Index of each trail's colour on the wheel, shape (n,).
    """
    fade = np.square(np.linspace(_TRAIL_FADE, 1, len(paths), dtype=np.float32))
    return _curves(view.pixels(paths), hue, fade)


def path_lines(view: View, paths: Floats, hue: NDArray[np.uint8]) -> Lines:
    """Whole ways from base to target, in the shape that `trail_lines` takes them."""
    return _curves(view.pixels(paths), hue, np.linspace(*_PATH_LIGHT, len(paths), dtype=np.float32))


def _curves(corners: Floats, hue: NDArray[np.uint8], light: Floats) -> Lines:
    """Curves through corners in pixels, shape (corners, n, 2), with a light for each corner."""
    pieces = len(corners) - 1
    ends = np.concatenate([corners[:-1], corners[1:]], axis=-1).reshape(-1, 4)
    sides = np.repeat(np.stack([light[:-1], light[1:]], axis=1), len(hue), axis=0)
    return Lines(ends, np.tile(hue.astype(np.intp) + WHEEL_FROM, pieces), sides)


def outline_lines(view: View, segments: NDArray[np.float64]) -> Lines:
    """The target's contour, segments of shape (n, 4) in data units."""
    ends = view.pixels(segments.reshape(-1, 2, 2)).reshape(-1, 4)
    return _even(ends, np.full(len(ends), OUTLINE_ROW))


def _even(ends: Floats, colour: NDArray[np.intp]) -> Lines:
    return Lines(ends, colour, np.ones((len(ends), 2), np.float32))


def together(parts: list[Lines]) -> Lines:
    """All lines in one, so that they are drawn in one go."""
    return Lines(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def _with_opacity(colours: NDArray[np.float64], opacity: float) -> NDArray[np.float64]:
    return np.concatenate([colours, np.full((len(colours), 1), opacity)], axis=1)
