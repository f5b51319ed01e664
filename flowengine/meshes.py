"""Points in rows and columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from flowengine.project import Extent


def square_mesh(low: float, high: float, n: int) -> torch.Tensor:
    """The nodes of a square mesh, shape (n·n, 2), row by row from the lowest y."""
    side = torch.linspace(low, high, n, dtype=torch.float32)
    y, x = torch.meshgrid(side, side, indexing="ij")
    return torch.stack([x, y], dim=-1).reshape(-1, 2)


def widened(extent: Extent, factor: float) -> Extent:
    """So many times as wide and as high, about the same centre."""
    x_min, x_max, y_min, y_max = extent
    x, y = (x_max - x_min) * (factor - 1) / 2, (y_max - y_min) * (factor - 1) / 2
    return x_min - x, x_max + x, y_min - y, y_max + y


def cell_centres(extent: Extent, n: int) -> torch.Tensor:
    """The centres of n × n cells, shape (n·n, 2), row by row from the lowest y."""
    x_min, x_max, y_min, y_max = extent
    steps = (torch.arange(n, dtype=torch.float32) + 0.5) / n
    y, x = torch.meshgrid(
        y_min + steps * (y_max - y_min), x_min + steps * (x_max - x_min), indexing="ij"
    )
    return torch.stack([x, y], dim=-1).reshape(-1, 2)
