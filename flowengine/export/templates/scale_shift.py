"""Template: stretch each axis and move it."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from flowengine.export.templates.soft_clamp import soft_clamp


class ScaleShift(nn.Module):
    """x = a · z + b on each axis, with a = exp(log-scale) > 0."""

    def __init__(self) -> None:
        super().__init__()
        self.raw_log_scale = nn.Parameter(torch.zeros(2))
        self.shift = nn.Parameter(torch.zeros(2))

    def forward(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """Base to target, and log|det dx/dz|."""
        log_scale = soft_clamp(self.raw_log_scale)
        return z * log_scale.exp() + self.shift, z.new_zeros(z.shape[0]) + log_scale.sum()

    def inverse(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Target to base, and log|det dz/dx|."""
        log_scale = soft_clamp(self.raw_log_scale)
        return (x - self.shift) * (-log_scale).exp(), x.new_zeros(x.shape[0]) - log_scale.sum()
