"""Densities such as a hand draws them, from a seed: strokes, letters and islands."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from flowengine.targets.sources import spec_from_array

if TYPE_CHECKING:
    from flowengine.project import TargetSpec

CELLS = 256
LETTERS = "ABCEGKMQRSVXZ&8"


def drawn_target(seed: int) -> TargetSpec:
    """The spec of a target that holds two of the three."""
    numbers = np.random.default_rng(seed)
    picture = Image.new("L", (CELLS, CELLS), 0)
    draw = ImageDraw.Draw(picture)
    makers = (_stroke, _letter, _island)
    for chosen in numbers.permutation(len(makers))[:2]:
        makers[chosen](draw, numbers)
    soft = picture.filter(ImageFilter.GaussianBlur(float(numbers.uniform(1, 4))))
    return spec_from_array(np.asarray(soft, dtype=np.float64)[::-1].copy())


def _stroke(draw: ImageDraw.ImageDraw, numbers: np.random.Generator) -> None:
    corners = np.cumsum(numbers.normal(scale=45, size=(6, 2)), axis=0) + CELLS / 2
    draw.line([tuple(p) for p in corners.clip(15, CELLS - 15)], 255, int(numbers.integers(6, 20)))


def _letter(draw: ImageDraw.ImageDraw, numbers: np.random.Generator) -> None:
    place = tuple(numbers.uniform(20, 120, size=2))
    draw.text(place, str(numbers.choice(list(LETTERS))), 200, ImageFont.load_default(110))


def _island(draw: ImageDraw.ImageDraw, numbers: np.random.Generator) -> None:
    for x, y in numbers.uniform(30, CELLS - 30, size=(3, 2)):
        r = float(numbers.uniform(6, 22))
        draw.ellipse((x - r, y - r, x + r, y + r), fill=int(numbers.integers(60, 255)))
