"""Where data units lie on a plot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PySide6.QtCore import QRectF

    Floats = NDArray[np.float64]

_PAST_THE_TOP: Final = 2.0  # of the range: a line is no longer for going on beyond the picture
_TINY: Final = 1e-300


class Frame(NamedTuple):
    """An area in logical pixels, the range of both axes in data units, and their scales.

    pyqtgraph shows logarithmic axes by the logarithm to base 10 of their values: what is in these
    is named `view` here.
    """

    area: QRectF
    x_range: tuple[float, float]
    y_range: tuple[float, float]
    x_logarithmic: bool = False
    y_logarithmic: bool = False

    @property
    def x_view(self) -> tuple[float, float]:
        """The range of x as pyqtgraph has it."""
        return _ends(self.x_range, self.x_logarithmic)

    @property
    def y_view(self) -> tuple[float, float]:
        """The range of y as pyqtgraph has it."""
        return _ends(self.y_range, self.y_logarithmic)

    def x(self, values: Floats) -> Floats:
        """Pixels from the left of the widget."""
        low, high = self.x_view
        share = (viewed(values, self.x_logarithmic) - low) / (high - low)
        return self.area.left() + share * self.area.width()

    def y(self, values: Floats) -> Floats:
        """Pixels from its top."""
        low, high = self.y_view
        share = (viewed(values, self.y_logarithmic) - low) / (high - low)
        return self.area.bottom() - np.minimum(share, _PAST_THE_TOP) * self.area.height()

    def view_of(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Pixels as pyqtgraph has them."""
        (left, right), (low, high) = self.x_view, self.y_view
        across = (x - self.area.left()) / self.area.width()
        up = (self.area.bottom() - y) / self.area.height()
        return left + across * (right - left), low + up * (high - low)

    def moment(self, x: float) -> float:
        """The value of x at a pixel from the left."""
        low, high = self.x_view
        value = low + (x - self.area.left()) / self.area.width() * (high - low)
        return float(10.0**value if self.x_logarithmic else value)


def viewed(values: Floats, logarithmic: bool) -> Floats:
    """Values as pyqtgraph has them."""
    return np.log10(np.maximum(values, _TINY)) if logarithmic else values


def _ends(ends: tuple[float, float], logarithmic: bool) -> tuple[float, float]:
    low, high = viewed(np.array(ends), logarithmic).tolist()
    return low, high
