"""The solver's steps of a continuous flow, in words."""

from __future__ import annotations

import math

from explorer.words.languages import number, tr


def steps_text(steps: int | None, error: float | None, *, chosen: bool) -> str:
    """The solver's steps in force, and the error that they leave; "" where they are not known.

    Args:
        steps: How many.
        error: In log_prob, in nats; None where it is not known.
        chosen: Somebody has set them by hand.
    """
    if steps is None:
        return ""
    if error is None or math.isnan(error):
        pattern = tr("{steps} steps set by hand") if chosen else tr("auto: {steps} steps")
        return pattern.format(steps=steps)
    pattern = (
        tr("{steps} steps set by hand: error {error} nats")
        if chosen
        else tr("auto: {steps} steps, error {error} nats")
    )
    return pattern.format(steps=steps, error=number(error, 1))
