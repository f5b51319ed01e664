"""Template: an invertible matrix as a product of two triangles."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Linear(nn.Module):
    """x = L U z + b, with L unit lower and U upper triangular; the diagonal of U is positive.

    Source: Kingma & Dhariwal, 2018, arXiv:1807.03039, §3.2.
    """

    def __init__(self) -> None:
        super().__init__()
        self.lower = nn.Parameter(torch.zeros(()))
        self.upper = nn.Parameter(torch.zeros(()))
        self.raw_diagonal = nn.Parameter(torch.zeros(2))
        self.shift = nn.Parameter(torch.zeros(2))

    def forward(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """Base to target, and log|det dx/dz|."""
        d1, d2 = self._diagonal()
        u1, u2 = d1 * z[:, 0] + self.upper * z[:, 1], d2 * z[:, 1]
        x = torch.stack([u1, self.lower * u1 + u2], -1) + self.shift
        return x, z.new_zeros(z.shape[0]) + (d1.log() + d2.log())

    def inverse(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Target to base by two substitutions, and log|det dz/dx|."""
        d1, d2 = self._diagonal()
        u1, u2 = (x - self.shift).unbind(-1)
        z2 = (u2 - self.lower * u1) / d2
        z = torch.stack([(u1 - self.upper * z2) / d1, z2], -1)
        return z, x.new_zeros(x.shape[0]) - (d1.log() + d2.log())

    def _diagonal(self) -> tuple[Tensor, ...]:
        # The floor keeps the matrix away from a singular one.
        return (F.softplus(self.raw_diagonal) + 1e-3).unbind()
