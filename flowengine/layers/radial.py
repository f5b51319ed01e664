"""Radial flow: push the plane away from one point, or draw it towards the point."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from flowengine import catalogue
from flowengine.layers.base import Alpha, Columns, Layer, implements

FLOOR = 1e-3
"""Smallest stretch at the centre, and smallest radius: keep the map from folding the plane."""
NEAREST = 1e-30
"""A squared distance below this counts as this: its root has a slope there."""


@implements(catalogue.Radial)
class Radial(Layer):
    """x = z + β (z − c) / (α + |z − c|), with β kept above −α; on its way, alpha · β.

    In the plane one stretches by 1 + βh across a ray and by 1 + βαh² along it, h = 1 / (α + r), so
    that the determinant is their product. The radius before is the root of a quadratic equation:
    both directions are closed. Source: Rezende & Mohamed, 2015, eq. 13-14 and appendix A.2.
    """

    def __init__(self, spec: catalogue.Radial, generator: torch.Generator) -> None:
        super().__init__(spec)
        self.centre = nn.Parameter(4 * torch.rand(2, generator=generator) - 2)
        self.raw_radius = nn.Parameter(torch.tensor(math.log(math.expm1(1.0 - FLOOR))))
        # β / α is this through a softplus, and 0 where it starts
        self.raw_strength = nn.Parameter(torch.tensor(math.log(math.expm1(1.0 - FLOOR))))

    def push(self, z: Columns, alpha: Alpha = 1.0) -> tuple[Columns, Tensor]:
        """See `Layer.push`."""
        radius, strength = self._constrained(alpha)
        way = z[0] - self.centre[0], z[1] - self.centre[1]
        near = 1 / (radius + _length(way))
        across = 1 + strength * near
        along = 1 + strength * radius * near * near
        x = self.centre[0] + across * way[0], self.centre[1] + across * way[1]
        return x, across.log() + along.log()

    def pull(self, x: Columns, alpha: Alpha = 1.0) -> tuple[Columns, Tensor]:
        """See `Layer.pull`: r² + (α + β − |x − c|) r = α |x − c|."""
        radius, strength = self._constrained(alpha)
        way = x[0] - self.centre[0], x[1] - self.centre[1]
        length = _length(way)
        near = 1 / (radius + _positive_root(radius + strength - length, radius * length))
        across = 1 + strength * near
        along = 1 + strength * radius * near * near
        z = self.centre[0] + way[0] / across, self.centre[1] + way[1] / across
        return z, -across.log() - along.log()

    def _constrained(self, alpha: Alpha) -> tuple[Tensor, Tensor]:
        """The radius α, and the strength β > −α at alpha."""
        radius = F.softplus(self.raw_radius) + FLOOR
        return radius, alpha * radius * (F.softplus(self.raw_strength) - (1 - FLOOR))


def _length(way: Columns) -> Tensor:
    return (way[0] * way[0] + way[1] * way[1]).clamp(min=NEAREST).sqrt()


def _positive_root(b: Tensor, c: Tensor) -> Tensor:
    """The root r > 0 of r² + b r = c, for c > 0.

    Of the two ways to write it, the one is taken that adds numbers of the same sign.
    """
    root = b.abs() + (b * b + 4 * c).sqrt()
    return torch.where(b > 0, 2 * c / root, 0.5 * root)
