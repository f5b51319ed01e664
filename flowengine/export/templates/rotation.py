"""Template: turn the plane."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Rotation(nn.Module):
    """x = R(θ) z: turn the plane about the origin; areas stay as they are."""

    def __init__(self) -> None:
        super().__init__()
        self.angle = nn.Parameter(torch.zeros(()))

    def forward(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """Base to target, and log|det dx/dz| = 0."""
        return self._turn(z, self.angle)

    def inverse(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Target to base, and log|det dz/dx| = 0."""
        return self._turn(x, -self.angle)

    @staticmethod
    def _turn(p: Tensor, angle: Tensor) -> tuple[Tensor, Tensor]:
        cos, sin = angle.cos(), angle.sin()
        turned = [cos * p[:, 0] - sin * p[:, 1], sin * p[:, 0] + cos * p[:, 1]]
        return torch.stack(turned, -1), p.new_zeros(p.shape[0])
