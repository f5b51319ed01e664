"""What is drawn of a panel at one moment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from explorer.panels.pace import trail_moments

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from explorer.panels.film import Film

_TRAIL: Final = 0.11  # of the clock
_TRAIL_CORNERS: Final = 8


@dataclass(frozen=True)
class Shown:
    """What of a picture is switched on.

    The difference takes the place of the density, and the exact field stands beside the learned.
    """

    density: bool = True
    points: bool = True
    grid: bool = True
    trails: bool = True
    field: bool = True
    outline: bool = True
    difference: bool = False
    paths: bool = False
    exact: bool = False


@dataclass(frozen=True)
class Marker:
    """A point to point out, and its Jacobian, row-major, to draw as an ellipse."""

    point: tuple[float, float]
    jacobian: tuple[float, float, float, float] | None = None


@dataclass(frozen=True)
class Shot:
    """What to draw.

    Attributes:
        film: What the lane showed last.
        tau: The moment of the clock.
        trail: Moments that the trails go through, oldest first and ending with `tau`.
        now: The time, by which the film knows how far it is from one snapshot to the next.
        shown: What is switched on.
        marker: A point to point out.
    """

    film: Film
    tau: float
    trail: Sequence[float]
    now: float
    shown: Shown = Shown()
    marker: Marker | None = None


def shot_at(
    film: Film,
    tau: float,
    now: float,
    shown: Shown,
    *,
    pace: Callable[[float], float] = float,
    forward: bool = True,
    marker: Marker | None = None,
) -> Shot:
    """What to draw of a film at a moment of the clock, with trails behind its particles.

    Args:
        film: The film.
        tau: The moment of the clock.
        now: The time.
        shown: What is switched on.
        pace: The moment shown at a moment of the clock.
        forward: Whether the clock goes from the base to the target.
        marker: A point to point out.
    """
    back = _TRAIL if forward else -_TRAIL
    moments = trail_moments(tau, back=back, corners=_TRAIL_CORNERS)
    return Shot(film, pace(tau), [pace(moment) for moment in moments], now, shown, marker)
