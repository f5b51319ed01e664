"""How a density differs from the one that it should become."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from explorer.panels.cells import cell_at
from explorer.panels.outline import level_holding

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from explorer.panels.film import Heat
    from flowengine.project import Extent

    Floats = NDArray[np.float32]

_CORE: Final = 0.05  # share of the mass in the densest cells, whose least density sets the range
_RANGE: Final = 0.5  # of that density; where a model is off by more, the colour is the strongest


class Reference:
    """The density that a lane's own is compared with.

    Args:
        density: Shape (rows, columns), row 0 at y_min, of any sum.
        extent: (x_min, x_max, y_min, y_max) in data units; outside of it there is nothing.
        is_base: Whether it is the base's density, to which the way back leads; else the target's.
    """

    def __init__(self, density: ArrayLike, extent: Extent, *, is_base: bool = False) -> None:
        self.is_base = is_base
        mass = np.maximum(np.asarray(density, np.float64), 0)
        total = mass.sum()
        cell = _area(mass.shape, extent)
        self._density = mass / (total * cell) if total > 0 else mass
        self._extent = extent
        self._limit = max(_RANGE * level_holding(self._density, _CORE), 1e-9)
        self._resampled: tuple[object, Floats] | None = None

    def compare(self, heat: Heat) -> tuple[Floats, float]:
        """By how much a density exceeds the reference, cell by cell, and the range to show."""
        return heat.density - self.on(heat.density.shape, heat.extent), self._limit

    def at(self, point: tuple[float, float]) -> float:
        """The reference's density at a point."""
        cell = cell_at(point, self._extent, self._density.shape)
        return 0.0 if cell is None else float(self._density[cell])

    def on(self, shape: tuple[int, ...], extent: Extent) -> Floats:
        """The reference's mean density over the cells of another grid."""
        if self._resampled is None or self._resampled[0] != (shape, extent):
            rows = _shares(self._density.shape[0], self._extent[2:], shape[0], extent[2:])
            columns = _shares(self._density.shape[1], self._extent[:2], shape[1], extent[:2])
            means = (rows @ self._density @ columns.T).astype(np.float32)
            self._resampled = ((shape, extent), means)
        return self._resampled[1]


def _shares(
    count: int, span: tuple[float, float], cells: int, over: tuple[float, float]
) -> NDArray[np.float64]:
    """Which share of each new cell lies in each old one, along one axis: shape (cells, count)."""
    old = np.linspace(*span, count + 1)
    new = np.linspace(*over, cells + 1)
    low = np.maximum(new[:-1, None], old[None, :-1])
    high = np.minimum(new[1:, None], old[None, 1:])
    shares: NDArray[np.float64] = np.maximum(high - low, 0) * (cells / (over[1] - over[0]))
    return shares


def _area(shape: tuple[int, ...], extent: Extent) -> float:
    x_min, x_max, y_min, y_max = extent
    return (x_max - x_min) * (y_max - y_min) / (shape[0] * shape[1])
