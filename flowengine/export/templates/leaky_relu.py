"""Template: another scale on the negative half of each axis."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from flowengine.export.templates.soft_clamp import soft_clamp


class LeakyRelu(nn.Module):
    """x = z for z ≥ 0 and a · z for z < 0, on each axis (arXiv:1502.01852, eq. 1)."""

    def __init__(self) -> None:
        super().__init__()
        self.raw_log_slope = nn.Parameter(torch.zeros(2))

    def forward(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """Base to target, and log|det dx/dz|."""
        return self._scaled(z, soft_clamp(self.raw_log_slope))

    def inverse(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Target to base, and log|det dz/dx|."""
        return self._scaled(x, -soft_clamp(self.raw_log_slope))

    @staticmethod
    def _scaled(p: Tensor, log_slope: Tensor) -> tuple[Tensor, Tensor]:
        log_scale = torch.where(p < 0, log_slope, 0.0)
        return p * log_scale.exp(), log_scale.sum(-1)
