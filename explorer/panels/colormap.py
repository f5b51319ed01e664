"""Colours as tables: sequential maps for densities, a wheel for angles, a diverging tint.

The sequential maps are the tables that pyqtgraph ships (matplotlib's magma and viridis; cividis by
Nuñez, Anderton and Renslow, 2018, doi:10.1371/journal.pone.0199239), read from its files: importing
pyqtgraph itself takes longer than the window may take to start.
"""

from __future__ import annotations

from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

SEQUENTIAL: Final = ("magma", "viridis", "cividis")
WHEEL_SIZE: Final = 256
HEAT_TOP: Final = 218  # the last entry that a density uses: brighter ones would drown particles
PAPER_TOP: Final = 84  # the same on paper, where a density goes the other way
INK: Final = 0.62  # how bright on paper what is as bright as a lamp on the screen

# OKLab to linear sRGB: Ottosson, 2020, https://bottosson.github.io/posts/oklab/
_LAB_TO_LMS: Final = np.array(
    [
        [1.0, 0.3963377774, 0.2158037573],
        [1.0, -0.1055613458, -0.0638541728],
        [1.0, -0.0894841775, -1.2914855480],
    ]
)
_LMS_TO_RGB: Final = np.array(
    [
        [4.0767416621, -3.3077115913, 0.2309699292],
        [-1.2684380046, 2.6097574011, -0.3413193965],
        [-0.0041960863, -0.7034186147, 1.7076147010],
    ]
)


@lru_cache(maxsize=len(SEQUENTIAL))
def lut(name: str) -> NDArray[np.uint8]:
    """A sequential map, shape (256, 4), RGBA from low to high; read-only.

    Raises:
        ValueError: `name` is none of `SEQUENTIAL`.
    """
    if name not in SEQUENTIAL:
        raise ValueError(f"The colour maps are {', '.join(SEQUENTIAL)}; got {name!r}")
    colours = np.loadtxt(_pyqtgraph_map(name), delimiter=",", comments=";")
    table = np.full((256, 4), 255, np.uint8)
    table[:, :3] = np.rint(255 * colours)
    table.flags.writeable = False
    return table


def _pyqtgraph_map(name: str) -> Path:
    found = find_spec("pyqtgraph")
    if found is None or found.origin is None:
        raise ModuleNotFoundError("The colour maps come with pyqtgraph, which is not installed")
    return Path(found.origin).parent / "colors" / "maps" / f"{name}.csv"


@lru_cache(maxsize=1)
def wheel() -> NDArray[np.float64]:
    """Colours of the circle, shape (256, 3), RGB in [0, 1]; entry 0 is the angle 0.

    Hue goes round at a chroma low enough to leave a density map readable beneath. Lightness goes
    round once as well, so that opposite angles differ for an eye that confuses hues.
    """
    angle = 2 * np.pi * np.arange(WHEEL_SIZE) / WHEEL_SIZE
    return oklch(0.80 + 0.08 * np.cos(angle - 1.9), 0.105, angle)


@lru_cache(maxsize=8)
def diverging(count: int) -> NDArray[np.float64]:
    """Cool for shrinking, pale for keeping, warm for growing: shape (count, 3), RGB in [0, 1]."""
    side = np.linspace(-1, 1, count)
    hue = np.where(side < 0, np.deg2rad(255), np.deg2rad(55))
    return oklch(0.80 - 0.06 * np.abs(side), 0.02 + 0.13 * np.abs(side), hue)


@lru_cache(maxsize=4)
def difference(count: int, *, paper: bool = False) -> NDArray[np.float64]:
    """Blue for less, dark for none, orange for more: shape (count, 3), RGB in [0, 1].

    Blue and orange stay apart for every kind of colour vision, and more is lighter than less, so
    that the sign can be read without any. On paper none is white.
    """
    side = np.linspace(-1, 1, count)
    hue = np.where(side < 0, np.deg2rad(255), np.deg2rad(60))
    strength = np.abs(side) ** 0.7
    if paper:
        lightness = 0.99 - np.where(side < 0, 0.55, 0.33) * strength
    else:
        lightness = 0.22 + np.where(side < 0, 0.40, 0.62) * strength
    return oklch(lightness, 0.15 * strength, hue)


def bar(name: str, *, paper: bool = False) -> NDArray[np.float64]:
    """The colours of a scale from its low to its high end, shape (n, 3), RGB in [0, 1].

    Args:
        name: One of `SEQUENTIAL`, as densities use it, "difference", or "tint" for log|det|.
        paper: Whether they stand on white: then a density begins pale and grows dark.
    """
    if name == "difference":
        return difference(255, paper=paper)
    if name == "tint":
        return diverging(255) * (INK if paper else 1)
    if paper:
        entries = np.linspace(255, PAPER_TOP, HEAT_TOP + 1).astype(np.intp)
        return np.asarray(lut(name)[entries, :3] / 255)
    return np.asarray(lut(name)[: HEAT_TOP + 1, :3] / 255)


def oklch(lightness: ArrayLike, chroma: ArrayLike, hue: ArrayLike) -> NDArray[np.float64]:
    """Perceptual lightness, chroma and hue (radians) as sRGB in [0, 1], clipped to the gamut."""
    light, colourful, angle = np.broadcast_arrays(lightness, chroma, hue)
    lab = np.stack([light, colourful * np.cos(angle), colourful * np.sin(angle)], axis=-1)
    linear = np.clip((lab @ _LAB_TO_LMS.T) ** 3 @ _LMS_TO_RGB.T, 0, 1)
    encoded = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.asarray(encoded, np.float64)


def premultiplied(rgb: ArrayLike, alpha: ArrayLike) -> NDArray[np.uint32]:
    """Colours as Qt's ARGB32_Premultiplied words.

    Args:
        rgb: Shape (..., 3), in [0, 1].
        alpha: Opacity in [0, 1], broadcast against the leading axes of `rgb`.
    """
    opacity = np.asarray(alpha, np.float64)
    return packed(np.asarray(rgb, np.float64) * opacity[..., None], opacity)


def packed(rgb: ArrayLike, opacity: ArrayLike) -> NDArray[np.uint32]:
    """What `premultiplied` gives, for colours that their opacity has been multiplied into."""
    red, green, blue = np.moveaxis(np.rint(255 * np.asarray(rgb)).astype(np.uint32), -1, 0)
    coverage = np.rint(255 * np.asarray(opacity)).astype(np.uint32)
    return np.asarray(coverage << 24 | red << 16 | green << 8 | blue)
