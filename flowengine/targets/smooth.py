"""A grid target made smooth, for whoever needs the slope of its log-density."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn import functional

from flowengine.checks import check_points

if TYPE_CHECKING:
    from flowengine.targets.grid import GridTarget

FLOOR = 1e-4
"""The share of the broad bell."""
BREADTH = 2.0
"""Its standard deviations, in those of the target."""


class SmoothDensity:
    """Log p̃(x), finite and with a slope everywhere.

    A grid target is constant in each cell: its log-density has no slope where it is finite, and is
    −inf in empty cells and outside. Here the density is interpolated bilinearly between the centres
    of the cells, which blurs it by one cell and keeps its mass; and a bell `BREADTH` times as broad
    as the target takes the share `FLOOR`, so that points far from all density cost about
    −log `FLOOR` nats more than the bell's own, and are drawn back. p̃ integrates to one.
    """

    def __init__(self, target: GridTarget) -> None:
        density = target.density.float()
        rows, columns = self._shape = target.shape
        x_min, x_max, y_min, y_max = target.extent
        self._corner = torch.tensor([x_min, y_min], device=density.device)
        self._cell = torch.tensor([(x_max - x_min) / columns, (y_max - y_min) / rows])
        self._cell = self._cell.to(density.device)
        self._last = torch.tensor([columns, rows]).to(self._cell)
        self._padded = functional.pad(density * (1 - FLOOR), (1, 1, 1, 1)).flatten()
        self._mean, self._spread = _moments(density, self._corner, self._cell)

    def log_prob(self, x: Tensor) -> Tensor:
        """Log p̃ in nats, shape (batch,), differentiable in `x`.

        Args:
            x: Points, shape (batch, 2), in data units.

        Raises:
            ShapeError: `x` is not of shape (batch, 2) and a floating type.
        """
        bell, density = self._log_bell(check_points(x)), self._interpolated(x)
        some = density > 0
        log_density = torch.where(some, density, 1.0).log()
        return torch.where(some, torch.logaddexp(log_density, bell), bell)

    def _log_bell(self, x: Tensor) -> Tensor:
        away = (x - self._mean.to(x)) / self._spread.to(x)
        height = self._spread.log().sum().to(x) + math.log(2 * math.pi) - math.log(FLOOR)
        return -0.5 * away.square().sum(-1) - height

    def _interpolated(self, x: Tensor) -> Tensor:
        """The density between the four nearest centres, 0 half a cell beyond the extent."""
        columns = self._shape[1]
        place = (x - self._corner.to(x)) / self._cell.to(x) + 0.5  # 0 at the first padded centre
        last = self._last.to(x)
        first = place.detach().nan_to_num().clamp(min=0).minimum(last).floor()
        right, up = (place - first).unbind(-1)
        index = first[:, 1].long() * (columns + 2) + first[:, 0].long()
        below, above = index, index + columns + 2
        values = self._padded.to(x.dtype)
        low = torch.lerp(values[below], values[below + 1], right)
        high = torch.lerp(values[above], values[above + 1], right)
        inside = ((place >= 0) & (place <= last + 1)).all(-1)
        return torch.where(inside, torch.lerp(low, high, up), 0.0)


def _moments(density: Tensor, corner: Tensor, cell: Tensor) -> tuple[Tensor, Tensor]:
    """The mean of a density and `BREADTH` times its standard deviations, each of shape (2,)."""
    shares = density / density.sum()
    means, spreads = [], []
    for axis, marginal in enumerate((shares.sum(0), shares.sum(1))):
        steps = torch.arange(len(marginal), device=density.device) + 0.5
        centres = corner[axis] + cell[axis] * steps
        mean = (marginal * centres).sum()
        variance = (marginal * (centres - mean).square()).sum() + cell[axis] ** 2 / 12
        means.append(mean)
        spreads.append(BREADTH * variance.sqrt())
    return torch.stack(means), torch.stack(spreads)
