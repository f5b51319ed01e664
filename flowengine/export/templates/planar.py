"""Template: push the plane along one direction."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from flowengine.export.templates.tanh_root import newton


class Planar(nn.Module):
    """x = z + u · tanh(wᵀz + b), with wᵀu kept above −1.

    Source: Rezende & Mohamed, 2015, arXiv:1505.05770, eq. 10-12 and appendix A.1.
    """

    def __init__(self) -> None:
        super().__init__()
        self.w = nn.Parameter(torch.zeros(2))
        self.u = nn.Parameter(torch.zeros(2))
        self.b = nn.Parameter(torch.zeros(()))

    def forward(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """Base to target, and log|det dx/dz|."""
        u, strength = self._constrained()
        bend = (z @ self.w + self.b).tanh()
        return z + u * bend[:, None], (strength * (1 - bend * bend)).log1p()

    def inverse(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Target to base, solved in the one coordinate that moves, a = wᵀz + b; log|det dz/dx|."""
        u, strength = self._constrained()
        bend = newton(x @ self.w + self.b, strength).tanh()
        return x - u * bend[:, None], -(strength * (1 - bend * bend)).log1p()

    def _constrained(self) -> tuple[Tensor, Tensor]:
        """The direction u that the map really takes, and its strength wᵀu > −1."""
        dot = (self.w * self.u).sum()
        strength = F.softplus(dot) - (1 - 1e-3)
        square = self.w.square().sum().clamp(min=1e-12)
        return self.u + (strength - dot) * self.w / square, strength
