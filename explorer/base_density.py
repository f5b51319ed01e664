"""The density of a base distribution, computed without an engine."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from flowengine.catalogue import GaussianMixture, Ring, StandardNormal, Uniform

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from flowengine.catalogue import BaseSpec
    from flowengine.project import Extent

    Floats = NDArray[np.float64]


def base_density(base: BaseSpec, cells: int, extent: Extent) -> Floats | None:
    """A base's density at the centres of a square grid's cells.

    Args:
        base: The base; one that is learned has the density that it begins with.
        cells: How many to each side.
        extent: (x_min, x_max, y_min, y_max) in data units.

    Returns:
        Shape (cells, cells), row 0 at y_min; None for a base that this file does not know.
    """
    x_min, x_max, y_min, y_max = extent
    middle = (np.arange(cells) + 0.5) / cells
    x, y = np.meshgrid(x_min + middle * (x_max - x_min), y_min + middle * (y_max - y_min))
    match base:
        case StandardNormal():
            return _bell(x) * _bell(y)
        case Uniform():
            return _soft_box(x, base) * _soft_box(y, base)
        case GaussianMixture():
            return _bells(x, y, base)
        case Ring():
            return _band(np.square(x) + np.square(y), base)
    return None


def reach(base: BaseSpec) -> float:
    """Half the side of a square about the origin that holds all but a little of a base."""
    match base:
        case Uniform():
            return base.half_side * (1 + 10 * base.softness)
        case GaussianMixture():
            return base.radius + 5 * base.spread
        case Ring():
            return base.radius + 6 * base.spread
    return 5.0


def is_learned(base: BaseSpec) -> bool:
    """Whether the base itself trains, so that only an engine knows what it is by now."""
    return getattr(base, "parameters", "fixed") == "learned"


def _bell(x: ArrayLike, spread: float = 1.0) -> Floats:
    away = np.asarray(x) / spread
    return np.exp(-np.square(away) / 2) / (spread * math.sqrt(2 * math.pi))


def _soft_box(x: Floats, base: Uniform) -> Floats:
    side, edge = base.half_side, base.softness * base.half_side
    return (_sigmoid((x + side) / edge) - _sigmoid((x - side) / edge)) / (2 * side)


def _bells(x: Floats, y: Floats, base: GaussianMixture) -> Floats:
    turns = 2 * math.pi * np.arange(base.components) / base.components
    whole = np.zeros_like(x)
    for turn in turns:
        across = _bell(x - base.radius * math.cos(turn), base.spread)
        whole += across * _bell(y - base.radius * math.sin(turn), base.spread)
    return whole / base.components


def _band(square: Floats, base: Ring) -> Floats:
    scale = 2 * math.sqrt(3) / math.pi * base.radius * base.spread
    away = (square - base.radius**2) / scale
    kept = _sigmoid(base.radius**2 / scale)
    return _sigmoid(away) * _sigmoid(-away) / (math.pi * scale * kept)


def _sigmoid(x: Any) -> Floats:  # noqa: ANN401
    return np.asarray(0.5 * (1 + np.tanh(np.asarray(x) / 2)))
