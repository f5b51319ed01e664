"""Template: push the plane along two directions."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from flowengine.export.templates.soft_clamp import soft_clamp
from flowengine.export.templates.tanh_root import newton


class Sylvester(nn.Module):
    """x = z + Q R tanh(S Qᵀz + b): R and S upper triangular, Q a rotation.

    The diagonal of S is positive and that of R S kept above −1. Source: van den Berg et al., 2018,
    arXiv:1803.05649, eq. 8-11.
    """

    def __init__(self) -> None:
        super().__init__()
        self.angle = nn.Parameter(torch.zeros(()))
        self.b = nn.Parameter(torch.zeros(2))
        self.raw_strength = nn.Parameter(torch.zeros(2))
        self.raw_log_slope = nn.Parameter(torch.zeros(2))
        self.r12 = nn.Parameter(torch.zeros(()))
        self.s12 = nn.Parameter(torch.zeros(()))

    def forward(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """Base to target, and log|det dx/dz|."""
        q, s, strength = self._parts()
        w1, w2 = (z @ q).unbind(-1)
        bend1 = (s[0] * w1 + self.s12 * w2 + self.b[0]).tanh()
        bend2 = (s[1] * w2 + self.b[1]).tanh()
        y1 = w1 + strength[0] / s[0] * bend1 + self.r12 * bend2
        y2 = w2 + strength[1] / s[1] * bend2
        return torch.stack([y1, y2], -1) @ q.T, log_slopes(strength, bend1, bend2)

    def inverse(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Target to base, the second coordinate along the axes of Q first, and log|det dz/dx|."""
        q, s, strength = self._parts()
        y1, y2 = (x @ q).unbind(-1)
        bend2 = newton(s[1] * y2 + self.b[1], strength[1]).tanh()
        w2 = y2 - strength[1] / s[1] * bend2
        y1 = y1 - self.r12 * bend2
        bend1 = newton(s[0] * y1 + self.s12 * w2 + self.b[0], strength[0]).tanh()
        w1 = y1 - strength[0] / s[0] * bend1
        return torch.stack([w1, w2], -1) @ q.T, -log_slopes(strength, bend1, bend2)

    def _parts(self) -> tuple[Tensor, Tensor, Tensor]:
        """The rotation Q, and the diagonals of S and of R S."""
        cos, sin = self.angle.cos(), self.angle.sin()
        q = torch.stack([cos, -sin, sin, cos]).view(2, 2)
        strength = F.softplus(self.raw_strength) - (1 - 1e-3)
        return q, soft_clamp(self.raw_log_slope).exp(), strength


def log_slopes(strength: Tensor, bend1: Tensor, bend2: Tensor) -> Tensor:
    """The sum of log(1 + strength · tanh') over both units."""
    one, two = strength.unbind()
    return (one * (1 - bend1 * bend1)).log1p() + (two * (1 - bend2 * bend2)).log1p()
