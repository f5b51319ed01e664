"""How the learning rate moves when nobody knows how long training will last."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Schedule:
    """Warm-up, then a cosine to a floor, then a slow decay that never ends.

    Where the length of the run is known, it is one cosine to zero, which reaches the best fit in a
    given time. Where it is not, the cosine lasts `settle` steps and goes to `floor` of the peak,
    after which the rate falls with the square root of time, so that open-ended training keeps
    improving and never freezes.

    Attributes:
        warm_up: Steps of linear warm-up.
        settle: Steps until the floor is reached.
        floor: Fraction of the peak at which the slow decay begins.
    """

    warm_up: int = 20
    settle: int = 400
    floor: float = 0.1

    def rate(self, step: int, progress: float | None = None) -> float:
        """The fraction of the peak learning rate to use at a step counted from 0.

        Args:
            step: Steps since training began, or began again on another target.
            progress: How much of a run of known length is done, from 0 to 1.
        """
        warm = min(1.0, (step + 1) / self.warm_up)
        if progress is not None:
            return warm * _cosine(progress)
        if step < self.settle:
            return warm * (self.floor + (1 - self.floor) * _cosine(step / self.settle))
        return self.floor * math.sqrt(self.settle / step)


def _cosine(progress: float) -> float:
    return 0.5 * (1 + math.cos(math.pi * min(progress, 1.0)))
