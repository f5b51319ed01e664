"""The figures of one lane over its training, kept short enough to draw at once."""

from __future__ import annotations

import io
import math
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from flowengine.protocol import Metrics

COLUMNS: Final = ("step", "seconds", "nll", "kl", "w2")
_LATER: Final = "w2"  # which older files do not have
MAX_POINTS: Final = 600


class Row(NamedTuple):
    """One measurement after so many steps and seconds of training; NaN for what was not measured.

    NLL and KL are in nats, and W2 is the sliced one, in data units.
    """

    step: float
    seconds: float
    nll: float
    kl: float
    w2: float = math.nan


class History:
    """Seconds of training, steps, NLL, KL and W2, one row for each measurement.

    Past `MAX_POINTS` rows every second one is dropped, so a night of training is drawn as quickly
    as its first minute; the latest row is always kept.
    """

    def __init__(self) -> None:
        self._rows: list[Row] = []

    def __len__(self) -> int:
        return len(self._rows)

    def add(self, metrics: Metrics) -> None:
        """Take a measurement up; one of an earlier step starts the history again."""
        if self._rows and metrics.step < self._rows[-1].step:
            self._rows.clear()
        figures = (math.nan if f is None else f for f in (metrics.nll, metrics.kl, metrics.w2))
        self._rows.append(Row(metrics.step, metrics.seconds, *figures))
        self._thin_out()

    def load(self, data: bytes) -> None:
        """Take up what `LaneState.history` holds in the place of everything; b"" is nothing."""
        self._rows.clear()
        if data:
            with np.load(io.BytesIO(data), allow_pickle=False) as table:
                names = [name for name in COLUMNS if name != _LATER or name in table]
                columns = [table[name].astype(np.float64).tolist() for name in names]
            self._rows = [Row(*row) for row in zip(*columns, strict=True)]
            self._thin_out()

    @property
    def last(self) -> Row | None:
        """The latest measurement."""
        return self._rows[-1] if self._rows else None

    def clear(self) -> None:
        """Forget everything."""
        self._rows.clear()

    def column(self, name: str) -> NDArray[np.float64]:
        """One of `COLUMNS`, shape (rows,)."""
        return np.array([getattr(row, name) for row in self._rows], dtype=np.float64)

    def curve(self, name: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Seconds of training and one of `COLUMNS` where it was measured, both shape (rows,)."""
        seconds, values = self.column("seconds"), self.column(name)
        known = ~np.isnan(values)
        return seconds[known], values[known]

    def latest(self, name: str) -> float | None:
        """The last value of one of `COLUMNS` that was measured; None while there is none."""
        values = self.curve(name)[1]
        return float(values[-1]) if len(values) else None

    def nearest(self, name: str, seconds: float) -> float | None:
        """The value of one of `COLUMNS` measured nearest to a time, or None while there is none."""
        times, values = self.curve(name)
        return float(values[np.abs(times - seconds).argmin()]) if len(times) else None

    def seconds_to(self, kl: float) -> float | None:
        """Training time at which KL first came to `kl`; None if it has not."""
        return next((row.seconds for row in self._rows if row.kl <= kl), None)

    def _thin_out(self) -> None:
        while len(self._rows) > MAX_POINTS:
            self._rows = self._rows[:-1:2] + self._rows[-1:]
