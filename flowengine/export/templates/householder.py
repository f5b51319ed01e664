"""Template: mirror the plane."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Householder(nn.Module):
    """x = z − 2 v vᵀz / vᵀv: mirror the plane in the line across v (arXiv:1611.09630)."""

    def __init__(self) -> None:
        super().__init__()
        self.v = nn.Parameter(torch.ones(2))

    def forward(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """Base to target, and log|det dx/dz| = 0."""
        normal = self.v / self.v.norm().clamp(min=1e-12)
        return z - 2 * (z @ normal)[:, None] * normal, z.new_zeros(z.shape[0])

    def inverse(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Target to base, and log|det dz/dx| = 0: a mirror undoes itself."""
        return self.forward(x)
