"""Template: one step of Glow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import nn

from flowengine.export.templates.actnorm import ActNorm
from flowengine.export.templates.affine_coupling import AffineCoupling
from flowengine.export.templates.linear import Linear

if TYPE_CHECKING:
    from torch import Tensor


class Glow(nn.Module):
    """From the target: ActNorm, invertible matrix, affine coupling (arXiv:1807.03039, §3)."""

    def __init__(self, keeps: str, width: int, depth: int) -> None:
        super().__init__()
        self.coupling = AffineCoupling(keeps, width, depth)
        self.coupling.limit = 2.0
        self.linear = Linear()
        self.norm = ActNorm()

    def forward(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """Base to target, and log|det dx/dz|."""
        z, log1 = self.coupling(z)
        z, log2 = self.linear(z)
        z, log3 = self.norm(z)
        return z, log1 + log2 + log3

    def inverse(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Target to base, and log|det dz/dx|."""
        x, log3 = self.norm.inverse(x)
        x, log2 = self.linear.inverse(x)
        x, log1 = self.coupling.inverse(x)
        return x, log1 + log2 + log3
