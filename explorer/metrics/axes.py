"""Axes that write few, round numbers, the way the rest of the window writes them."""

from __future__ import annotations

import math
from typing import Final

import pyqtgraph as pg

from explorer.i18n import number

_STEPS: Final = (1.0, 2.0, 5.0)
_PIXELS_A_TICK: Final = 26


class QuantityAxis(pg.AxisItem):
    """Ticks at 1, 2 and 5 times a power of ten on a logarithmic scale, round ones on a linear."""

    def tickValues(  # pyqtgraph passes its bounds by these names
        self,
        minVal: float,  # noqa: N803
        maxVal: float,  # noqa: N803
        size: float,
    ) -> list[tuple[float, list[float]]]:
        """Where the ticks are; on a logarithmic scale the numbers are exponents of ten."""
        if not self.logMode:
            return super().tickValues(minVal, maxVal, size)[:1]
        most = max(2, int(size / _PIXELS_A_TICK))
        for steps in (_STEPS, _STEPS[::2], _STEPS[:1]):
            ticks = _between(minVal, maxVal, steps)
            if len(ticks) <= most:
                return [(1.0, ticks)]
        return [(1.0, ticks[:: math.ceil(len(ticks) / most)])]

    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:
        """What is written at the ticks."""
        if self.logMode:
            return [number(10.0**value, 1) for value in values]
        return [_linear(value, spacing) for value in values]


def _between(low: float, high: float, steps: tuple[float, ...]) -> list[float]:
    exponents = range(math.floor(low), math.ceil(high) + 1)
    ticks = [exponent + math.log10(step) for exponent in exponents for step in steps]
    return [tick for tick in ticks if low <= tick <= high]


def _linear(value: float, spacing: float) -> str:
    decimals = max(0, -math.floor(math.log10(spacing))) if spacing > 0 else 0
    return f"{value:,.{decimals}f}".replace("-", "−")
