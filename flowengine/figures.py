"""How well a lane fits, and on which points that is measured."""

from __future__ import annotations

from typing import NamedTuple

MEASURED_AT_ONCE = {"exact": 1024, "bound": 128}  # points; a bound decodes each many times


class Figures(NamedTuple):
    """How well a lane fits, on held-out points.

    Attributes:
        nll: In nats; an upper bound where the model has only a bound, None where it has neither.
        kl: Likewise.
        entropy: The target's own, in nats.
        w2: Sliced 2-Wasserstein distance, in data units; None where it was not measured.
        mass: ∫ q dx as it was last measured; 1 where the model cannot be but a density. Where it
            differs from 1 beyond `mass_error`, nll and kl are those of the density q / mass; where
            it could not be measured it is None, and so are they.
        mass_error: What it may be off by.
        normalized: Whether nothing that was measured speaks against a density.
    """

    nll: float | None
    kl: float | None
    entropy: float
    w2: float | None = None
    mass: float | None = None
    mass_error: float | None = None
    normalized: bool = True
