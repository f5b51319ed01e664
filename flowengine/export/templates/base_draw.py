"""Template: uniform points for bases that are drawn through their distribution function."""

from __future__ import annotations

import torch
from torch import Tensor


def draw_uniform(n: int, generator: torch.Generator | None) -> Tensor:
    """Points of the unit square, shape (n, 2), float64; never 0, where quantiles are infinite."""
    return torch.rand(n, 2, generator=generator, dtype=torch.float64).clamp(min=2.0**-31)
