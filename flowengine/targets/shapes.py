"""Filled outlines with soft edges, on a grid. Loads no torch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

_LINES_PER_ROW = 4


def filled(axis: Array, outline: Array) -> Array:
    """How much of each cell lies inside a polygon.

    Args:
        axis: Cell centres, equally spaced, shape (n,).
        outline: Corners in order, shape (k, 2); the polygon must not cross itself.

    Returns:
        Shape (n, n), from 0 to 1: exact along x, the mean of four lines along y.
    """
    step = axis[1] - axis[0]
    offsets = (np.arange(_LINES_PER_ROW) + 0.5) / _LINES_PER_ROW - 0.5
    lines = (axis[:, None] + offsets * step).ravel()
    covered = np.zeros((len(lines), len(axis)))
    for (x0, y0), (x1, y1) in zip(outline, np.roll(outline, -1, axis=0), strict=True):
        first, last = np.searchsorted(lines, sorted((y0, y1)))
        if first < last:
            crossing = x0 + (lines[first:last] - y0) * ((x1 - x0) / (y1 - y0))
            # everything right of an edge changes sides, each cell by the part of it that lies there
            right = np.clip((axis - crossing[:, None]) / step + 0.5, 0.0, 1.0)
            covered[first:last] += right if y1 > y0 else -right
    inside: Array = np.abs(covered).reshape(len(axis), _LINES_PER_ROW, -1).mean(axis=1)
    return inside


def softened(axis: Array, picture: Array, sigma: float) -> Array:
    """Blur a grid by a round Gaussian of spread `sigma`, in data units."""
    kernel = np.exp(-0.5 * ((axis[:, None] - axis) / sigma) ** 2)
    kernel /= kernel.sum(axis=1, keepdims=True)
    blurred: Array = kernel @ picture @ kernel.T
    return blurred


def star(axis: Array) -> Array:
    """A regular five-pointed star, one tip up."""
    angle = np.pi / 2 + np.arange(10) * np.pi / 5
    # where the sides of a regular pentagram cross: sin 18° / sin 54° of the way out
    radius = 3.3 * np.where(np.arange(10) % 2 == 0, 1.0, np.sin(np.pi / 10) / np.sin(0.3 * np.pi))
    corners = np.column_stack([radius * np.cos(angle), radius * np.sin(angle) - 0.25])
    return softened(axis, filled(axis, corners), sigma=0.06)


def heart(axis: Array) -> Array:
    """The heart x = 16 sin³t, y = 13 cos t − 5 cos 2t − 2 cos 3t − cos 4t, at a fifth."""
    t = np.linspace(0, 2 * np.pi, 160, endpoint=False)
    y = 13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t)
    outline = np.column_stack([16 * np.sin(t) ** 3, y + 2.5]) / 5
    return softened(axis, filled(axis, outline), sigma=0.06)


def cat(axis: Array) -> Array:
    """A cat's face: eyes, nose and mouth are thin places of an even head with whiskers."""
    eyes = _on_both_sides(axis, _EYE) - _on_both_sides(axis, _PUPIL)
    lines = _on_both_sides(axis, _NOSE, _MUZZLE, _MOUTH)
    thin = np.maximum(0.9 * np.maximum(eyes, lines), 0.45 * _on_both_sides(axis, _INNER_EAR))
    face = np.maximum(filled(axis, _HEAD), 0.75 * _on_both_sides(axis, *_WHISKERS))
    return softened(axis, face * (1 - thin), sigma=0.04)


def _on_both_sides(axis: Array, *outlines: Array) -> Array:
    """How much of each cell lies inside any of several polygons or their mirror images.

    The axis must be symmetric about 0; of polygons that share a cell the fullest counts.
    """
    right = np.maximum.reduce([filled(axis, outline) for outline in outlines])
    both: Array = np.maximum(right, right[:, ::-1])
    return both


def _ellipse(x: float, y: float, width: float, height: float) -> Array:
    """The outline of an ellipse about (x, y) with these half axes, shape (48, 2)."""
    t = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    return np.column_stack([x + width * np.cos(t), y + height * np.sin(t)])


def _stroke(points: Array, width: float) -> Array:
    """The outline of a line through `points`, shape (k, 2), that ends in a tip."""
    along = np.gradient(points, axis=0)
    across = np.column_stack([-along[:, 1], along[:, 0]])
    across /= np.hypot(across[:, 0], across[:, 1])[:, None]
    taper = np.linspace(width / 2, width / 6, len(points))[:, None]
    return np.vstack([points + taper * across, (points - taper * across)[::-1]])


def _skull(start: float, stop: float, count: int) -> Array:
    """Part of the head's ellipse, between two angles in degrees, shape (count, 2)."""
    t = np.deg2rad(np.linspace(start, stop, count))
    return np.column_stack([2.6 * np.cos(t), 2.15 * np.sin(t) - 0.75])


def _head() -> Array:
    """An ellipse with two ears: from the right tip around the chin to the left, and the crown."""
    tip = np.array([[2.35, 2.9]])
    return np.vstack([tip, _skull(24, -204, 90), tip * [-1, 1], _skull(118, 62, 12)])


_HEAD = _head()
_EYE = _ellipse(1.0, 0.25, 0.46, 0.52)
_PUPIL = _ellipse(1.0, 0.25, 0.14, 0.42)
_INNER_EAR = np.array([[2.18, 2.3], [2.17, 1.15], [1.57, 1.32]])
_NOSE = np.array([[-0.26, -0.75], [0.26, -0.75], [0.0, -1.05]])
_MUZZLE = np.array([[-0.06, -1.0], [0.06, -1.0], [0.06, -1.35], [-0.06, -1.35]])
_SMILE = np.linspace(np.pi, 2 * np.pi, 16)
_MOUTH = _stroke(
    np.column_stack([0.36 + 0.36 * np.cos(_SMILE), -1.32 + 0.34 * np.sin(_SMILE)]), width=0.14
)
_REACH = np.linspace(0, 1, 10)[:, None]
_WHISKERS = tuple(
    _stroke(np.array([1.6, -1.0]) + _REACH * [[2.1, rise]] - [0, 0.2] * _REACH**2, width=0.18)
    for rise in (0.7, 0.1, -0.5)
)
