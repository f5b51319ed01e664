"""What the figures of a lane may claim: whether its density is one, and how well it is followed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from explorer.words.languages import mark, number, tr

if TYPE_CHECKING:
    from flowengine.protocol import Metrics

NO_DENSITY = mark("not a density here")


def sign_of(metrics: Metrics) -> str:
    """What stands before a KL or NLL that was corrected: "≈ "; "" where nothing is wrong."""
    return "" if metrics.normalized else "≈ "


def note_of(metrics: Metrics) -> str:
    """A short note beside the figure, in English; "" where nothing is wrong."""
    return "" if metrics.normalized else NO_DENSITY


def why(metrics: Metrics) -> str:
    """What is wrong with a lane's density and what mends it; "" where nothing is."""
    if metrics.normalized:
        return ""
    if metrics.mass is None:
        return tr(
            "Not a density here: its mass over the whole plane could not be measured, so it has no "
            "KL. More solver steps mend it"
        )
    return tr(
        "Not a density here: its mass over the whole plane is {mass} ± {error} instead of 1. KL "
        "and NLL are those of the density that is left when it is divided by its mass. More solver "
        "steps mend it"
    ).format(mass=number(metrics.mass, 4), error=number(metrics.mass_error or 0.0, 2))
