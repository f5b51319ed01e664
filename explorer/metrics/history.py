"""The figures of one lane over its training, kept short enough to draw at once."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from flowengine.protocol import Metrics

COLUMNS: Final = ("step", "seconds", "nll", "kl")
MAX_POINTS: Final = 600


class Row(NamedTuple):
    """One measurement: NLL and KL in nats after so many steps and seconds of training."""

    step: float
    seconds: float
    nll: float
    kl: float


class History:
    """Seconds of training, steps, NLL and KL, one row for each measurement.

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
        if metrics.nll is None or metrics.kl is None:
            return
        self._rows.append(Row(metrics.step, metrics.seconds, metrics.nll, metrics.kl))
        self._thin_out()

    def load(self, data: bytes) -> None:
        """Take up what `LaneState.history` holds in the place of everything; b"" is nothing."""
        self._rows.clear()
        if data:
            with np.load(io.BytesIO(data), allow_pickle=False) as table:
                columns = [table[name].astype(np.float64).tolist() for name in COLUMNS]
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

    def nearest(self, seconds: float) -> Row | None:
        """The row whose time is nearest, or None while there is none."""
        if not self._rows:
            return None
        return self._rows[int(np.abs(self.column("seconds") - seconds).argmin())]

    def seconds_to(self, kl: float) -> float | None:
        """Training time at which KL first came to `kl`; None if it has not."""
        return next((row.seconds for row in self._rows if row.kl <= kl), None)

    def _thin_out(self) -> None:
        while len(self._rows) > MAX_POINTS:
            self._rows = self._rows[:-1:2] + self._rows[-1:]
