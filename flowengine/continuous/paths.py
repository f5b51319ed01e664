"""The paths of flow matching: x_t = a x0 + b x1, from the base at t = 0 to the target at t = 1.

Every path starts exactly at x0 and ends exactly at x1, so that a field which is learned perfectly
carries the base to the target, and each has finite slopes all the way.
Source: Lipman et al., 2023, arXiv:2210.02747; Albergo & Vanden-Eijnden, 2023, arXiv:2209.15571.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

STEEPNESS = 5.0  # of the variance-preserving path: noise grows as β(s) = 4 · STEEPNESS · s, s = 1−t
_NEAREST = 1e-12  # where a slope is 0 / 0, it is taken so much earlier


class Coefficients(NamedTuple):
    """What base and target points count for at some times, each of the shape of t.

    Attributes:
        a, b: x_t = a x0 + b x1.
        da, db: Their slopes: dx_t/dt = da x0 + db x1.
    """

    a: Tensor
    b: Tensor
    da: Tensor
    db: Tensor


def linear(t: Tensor) -> Coefficients:
    """Straight at even speed."""
    one = torch.ones_like(t)
    return Coefficients(1 - t, t, -one, one)


def trigonometric(t: Tensor) -> Coefficients:
    """A quarter of a circle at even speed; a² + b² = 1."""
    angle = 0.5 * math.pi * t
    a, b = torch.cos(angle), torch.sin(angle)
    return Coefficients(a, b, -0.5 * math.pi * b, 0.5 * math.pi * a)


def variance_preserving(t: Tensor) -> Coefficients:
    """The way back of a diffusion whose noise grows evenly from none; a² + b² = 1.

    A diffusion's b = exp(−STEEPNESS (1 − t)²) never quite vanishes at t = 0; it is moved and
    stretched here so that it does.
    """
    whole = -math.expm1(-STEEPNESS)
    s = (1 - t).clamp_min(_NEAREST)
    short = -torch.expm1(-STEEPNESS * s.square()) / whole  # 1 − b, exact where b is nearly 1
    b = 1 - short
    a = torch.sqrt(short * (1 + b))
    db = 2 * STEEPNESS * s * torch.exp(-STEEPNESS * s.square()) / whole
    return Coefficients(a, b, -b * db / a, db)


Path = Callable[[Tensor], Coefficients]

PATHS: dict[str, Path] = {
    "linear": linear,
    "variance_preserving": variance_preserving,
    "trigonometric": trigonometric,
}


def path_of(spec: object) -> Path:
    """The path that a continuous flow learns on; linear where its spec names none."""
    return PATHS[getattr(spec, "path", "linear")]
