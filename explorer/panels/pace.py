"""How a lane goes along the clock: evenly in continuous time, with rests between layers."""

from __future__ import annotations

import math
from typing import Final

_REST: Final = 0.22  # share of a layer's time in which the picture stands, half at either end


def with_rests(tau: float, layers: int) -> float:
    """The moment shown at `tau` when the picture rests at every one of the layers' ends.

    Args:
        tau: The clock, from 0 to 1.
        layers: How many layers share it evenly; with none there is nothing to rest at.
    """
    if layers < 1 or not 0 < tau < 1:
        return tau
    layer = math.floor(tau * layers)
    way = (tau * layers - layer - _REST / 2) / (1 - _REST)
    way = min(max(way, 0.0), 1.0)
    return (layer + way * way * (3 - 2 * way)) / layers


def acting_layer(tau: float, layers: int) -> int | None:
    """The layer, from 0, that moves the picture at the shown moment; None between two layers."""
    place = tau * layers
    layer = math.floor(place)
    at_an_end = math.isclose(place, round(place), abs_tol=1e-9)
    return None if at_an_end or not 0 <= layer < layers else layer


def trail_moments(tau: float, *, back: float, corners: int) -> list[float]:
    """Moments of the clock from where a trail begins up to `tau`.

    Args:
        tau: The clock.
        back: How far back the trail begins: positive when `tau` grows, negative when it falls.
        corners: How many moments to give.
    """
    start = min(max(tau - back, 0.0), 1.0)
    if start == tau:
        return [tau]
    step = (tau - start) / (corners - 1)
    return [start + i * step for i in range(corners - 1)] + [tau]
