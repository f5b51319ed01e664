"""Template: push the plane away from one point."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Radial(nn.Module):
    """x = z + β (z − c) / (α + |z − c|), with β kept above −α.

    Source: Rezende & Mohamed, 2015, arXiv:1505.05770, eq. 13-14 and appendix A.2.
    """

    def __init__(self) -> None:
        super().__init__()
        self.centre = nn.Parameter(torch.zeros(2))
        self.raw_radius = nn.Parameter(torch.zeros(()))
        self.raw_strength = nn.Parameter(torch.zeros(()))

    def forward(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """Base to target, and log|det dx/dz|."""
        way = z - self.centre
        across, log_det = self._stretch(length(way))
        return self.centre + way * across[:, None], log_det

    def inverse(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Target to base, and log|det dz/dx|: r² + (α + β − |x − c|) r = α |x − c|."""
        radius, strength = self._constrained()
        way = x - self.centre
        b, c = radius + strength - length(way), radius * length(way)
        # Of the two ways to write the root, the one is taken that adds numbers of the same sign.
        root = b.abs() + (b * b + 4 * c).sqrt()
        across, log_det = self._stretch(torch.where(b > 0, 2 * c / root, root / 2))
        return self.centre + way / across[:, None], -log_det

    def _stretch(self, r: Tensor) -> tuple[Tensor, Tensor]:
        """How much the layer stretches across a ray at radius r, and the log-determinant there."""
        radius, strength = self._constrained()
        near = 1 / (radius + r)
        across = 1 + strength * near
        return across, across.log() + (1 + strength * radius * near * near).log()

    def _constrained(self) -> tuple[Tensor, Tensor]:
        """The radius α and the strength β > −α that the map really has."""
        radius = F.softplus(self.raw_radius) + 1e-3
        return radius, radius * (F.softplus(self.raw_strength) - (1 - 1e-3))


def length(way: Tensor) -> Tensor:
    """The lengths of vectors; their slope at 0 is 0 and not NaN."""
    return way.square().sum(-1).clamp(min=1e-30).sqrt()
