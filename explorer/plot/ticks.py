"""Few, round numbers for an axis, written the way the rest of the window writes numbers."""

from __future__ import annotations

import math
from typing import Final, NamedTuple

from explorer.i18n import coordinate, number

_STEPS: Final = (1.0, 2.0, 5.0)


class Tick(NamedTuple):
    """A mark on an axis and what is written at it."""

    value: float
    text: str


def linear_ticks(low: float, high: float, most: int) -> list[Tick]:
    """At most `most` multiples of 1, 2 or 5 times a power of ten within [low, high]."""
    step = _round_up((high - low) / max(most, 1))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    values = [index * step for index in range(first, last + 1)]
    return [Tick(value, coordinate(value, step)) for value in values[:most]]


def log_ticks(low: float, high: float, most: int) -> list[Tick]:
    """At most `most` values within [low, high] that are 1, 2 or 5 times a power of ten.

    Where these are too many, only powers of ten, or every so many of them.
    """
    for steps in (_STEPS, _STEPS[::2], _STEPS[:1]):
        values = _round_values(low, high, steps)
        if len(values) <= most:
            break
    every = math.ceil(len(values) / max(most, 1)) if values else 1
    return [Tick(value, number(value, 1)) for value in values[::every]]


def _round_values(low: float, high: float, steps: tuple[float, ...]) -> list[float]:
    exponents = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    values = [step * 10.0**exponent for exponent in exponents for step in steps]
    return [value for value in values if low <= value <= high]


def _round_up(step: float) -> float:
    power = 10.0 ** math.floor(math.log10(step))
    return next(s * power for s in (*_STEPS, 10.0) if s * power >= step * (1 - 1e-9))
