"""The figures of one lane over its training, kept short enough to draw at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from flowengine.protocol import Metrics

MAX_POINTS: Final = 1200


class History:
    """Seconds of training, steps, NLL and KL, one row for each measurement.

    Past `MAX_POINTS` rows every second one is dropped, so a night of training is drawn as quickly
    as its first minute; the latest row is always kept.
    """

    def __init__(self) -> None:
        self._rows: list[tuple[float, float, float, float]] = []

    def __len__(self) -> int:
        return len(self._rows)

    def add(self, metrics: Metrics) -> None:
        """Take a measurement up; one of an earlier step starts the history again."""
        if self._rows and metrics.step < self._rows[-1][1]:
            self._rows.clear()
        if metrics.nll is None or metrics.kl is None:
            return
        self._rows.append((metrics.seconds, float(metrics.step), metrics.nll, metrics.kl))
        if len(self._rows) > MAX_POINTS:
            self._rows = self._rows[:-1:2] + self._rows[-1:]

    def clear(self) -> None:
        """Forget everything."""
        self._rows.clear()

    def column(self, name: str) -> NDArray[np.float64]:
        """One of "seconds", "step", "nll" and "kl", shape (rows,)."""
        index = ("seconds", "step", "nll", "kl").index(name)
        return np.array([row[index] for row in self._rows], dtype=np.float64)

    def nearest(self, seconds: float) -> tuple[float, float, float, float] | None:
        """The row whose time is nearest, or None while there is none."""
        if not self._rows:
            return None
        return self._rows[int(np.abs(self.column("seconds") - seconds).argmin())]
