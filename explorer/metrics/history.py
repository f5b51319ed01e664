"""The figures of one lane over its training, kept short enough to draw at once."""

from __future__ import annotations

import io
import itertools
import math
from functools import lru_cache
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from flowengine.protocol import Metrics

Over = Literal["seconds", "step"]
COLUMNS: Final = ("step", "seconds", "nll", "kl", "w2")
_LATER: Final = "w2"  # which older files do not have
MAX_POINTS: Final = 600


class Row(NamedTuple):
    """One measurement after so many steps and seconds of training; NaN for what was not measured.

    NLL and KL are in nats, and W2 is the sliced one, in data units. An infinite NLL
    stands where the target or the model changed.
    """

    step: float
    seconds: float
    nll: float
    kl: float
    w2: float = math.nan

    @property
    def is_change(self) -> bool:
        """Whether the target or the model changed here."""
        return self.nll == math.inf


_FIRST: Final = Row(0.0, 0.0, math.inf, math.nan)


class History:
    """Seconds of training, steps, NLL, KL and W2, one row for each measurement.

    Past `MAX_POINTS` rows every second measurement is dropped, so a night of training, or of
    drawing, is drawn as quickly as its first minute; the latest row is always kept.
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

    def mark_change(self) -> None:
        """Part what was measured of the target and model before from what is to come."""
        if self._rows and not self._rows[-1].is_change:
            last = self._rows[-1]
            self._rows.append(Row(last.step, last.seconds, math.inf, math.nan))

    def load(self, data: bytes) -> None:
        """Take up what `LaneState.history` holds in the place of everything; b"" is nothing."""
        self._rows.clear()
        if data:
            self._rows = list(_read(data))
            self._thin_out()

    @property
    def last(self) -> Row | None:
        """The latest measurement of the present target and model."""
        present = self._present()
        return present[-1] if present else None

    @property
    def seconds(self) -> float:
        """For how long the lane was trained."""
        return self._rows[-1].seconds if self._rows else 0.0

    @property
    def steps(self) -> float:
        """How many steps the lane has made."""
        return self._rows[-1].step if self._rows else 0.0

    @property
    def spent(self) -> tuple[float, float]:
        """Steps and seconds of training for the present target and model."""
        return self.steps - self._begun.step, self.seconds - self._begun.seconds

    def clear(self) -> None:
        """Forget everything."""
        self._rows.clear()

    def column(self, name: str) -> NDArray[np.float64]:
        """One of `COLUMNS`, shape (rows,)."""
        return np.array([getattr(row, name) for row in self._rows], dtype=np.float64)

    def curve(
        self, name: str, over: Over = "seconds", *, present: bool = False
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Seconds or steps, and one of `COLUMNS` where it was measured, both shape (rows,).

        Between two values that lie on either side of a change is a NaN, where a line breaks off.

        Args:
            name: What was measured.
            over: Since when, by which clock.
            present: Only of the present target and model, counted from where these began.
        """
        rows = self._present() if present else self._rows
        begun = getattr(self._begun, over) if present else 0.0
        since = np.array([getattr(row, over) - begun for row in rows], dtype=np.float64)
        values = np.array([getattr(row, name) for row in rows], dtype=np.float64)
        changes = np.array([row.is_change for row in rows], dtype=bool)
        values[changes] = math.nan
        known = ~np.isnan(values) | changes
        return since[known], values[known]

    def latest(self, name: str) -> float | None:
        """The last value of one of `COLUMNS` of the present target and model, or None."""
        values = self._values(name)
        return values[-1] if values else None

    def least(self, name: str) -> float | None:
        """The lowest value of one of `COLUMNS` of the present target and model, or None."""
        return min(self._values(name), default=None)

    def nearest(
        self, name: str, moment: float, over: Over = "seconds", *, present: bool = False
    ) -> float | None:
        """The value of a `curve` measured nearest to a moment, or None while there is none."""
        times, values = self.curve(name, over, present=present)
        times, values = times[~np.isnan(values)], values[~np.isnan(values)]
        return float(values[np.abs(times - moment).argmin()]) if len(times) else None

    def seconds_to(self, kl: float) -> float | None:
        """Training time that the present target and model took to come to `kl`; None if not yet."""
        begun = self._begun.seconds
        return next((row.seconds - begun for row in self._present() if row.kl <= kl), None)

    def _values(self, name: str) -> list[float]:
        values = (getattr(row, name) for row in self._present())
        return [value for value in values if not math.isnan(value)]

    @property
    def _begun(self) -> Row:
        """Where the present target and model began."""
        return next((row for row in reversed(self._rows) if row.is_change), _FIRST)

    def _present(self) -> list[Row]:
        """The rows since the last change."""
        ago = itertools.takewhile(lambda row: not row.is_change, reversed(self._rows))
        return list(ago)[::-1]

    def _thin_out(self) -> None:
        while len(self._rows) > MAX_POINTS:
            places = [i for i, row in enumerate(self._rows) if not row.is_change]
            dropped = set(places[1::2]) - {len(self._rows) - 1}
            kept = [row for i, row in enumerate(self._rows) if i not in dropped]
            # Of changes with nothing left between them only the last one parts anything.
            self._rows = [
                row
                for row, after in itertools.zip_longest(kept, kept[1:])
                if not (row.is_change and after is not None and after.is_change)
            ]


@lru_cache(maxsize=8)  # the curves, the figures and the shelf each take up the same
def _read(data: bytes) -> tuple[Row, ...]:
    """The rows that `LaneState.history` holds."""
    with np.load(io.BytesIO(data), allow_pickle=False) as table:
        names = [name for name in COLUMNS if name != _LATER or name in table]
        columns = [table[name].astype(np.float64).tolist() for name in names]
    return tuple(Row(*row) for row in zip(*columns, strict=True))
