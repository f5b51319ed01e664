"""Householder reflection: mirror the plane in a line through the origin."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from flowengine import catalogue
from flowengine.layers.base import Alpha, Columns, Layer, implements, is_whole
from flowengine.layers.linear import Swap, across_at


@implements(catalogue.Householder)
class Householder(Layer):
    """x = z − 2 v vᵀz / vᵀv, where v stands across the mirror. Source: Tomczak & Welling, 2016.

    Its determinant is −1, so that it goes its way from the identity as a `Swap` does, which is the
    mirror at 45°: like a card turned over about the mirror, and seen from above.
    """

    start_fields = ("angle",)

    def __init__(self, spec: catalogue.Householder, _: torch.Generator) -> None:
        super().__init__(spec)
        angle = math.radians(spec.angle)
        self.v = nn.Parameter(torch.tensor([-math.sin(angle), math.cos(angle)]))

    def push(self, z: Columns, alpha: Alpha = 1.0) -> tuple[Columns, Tensor]:
        """See `Layer.push`."""
        if is_whole(alpha):
            return self._stretched(z, -1.0), z[0].new_zeros(())
        across = across_at(alpha, z[0], Swap.THINNEST)
        return self._stretched(z, across), across.abs().log()

    def pull(self, x: Columns, alpha: Alpha = 1.0) -> tuple[Columns, Tensor]:
        """See `Layer.pull`."""
        if is_whole(alpha):
            return self._stretched(x, -1.0), x[0].new_zeros(())
        across = across_at(alpha, x[0], Swap.THINNEST)
        return self._stretched(x, 1 / across), -across.abs().log()

    def _stretched(self, p: Columns, across: Tensor | float) -> Columns:
        """Multiply the component across the mirror by `across`; the one along it stays."""
        v1, v2 = (self.v / self.v.norm().clamp(min=1e-12)).unbind()
        more = (across - 1) * (v1 * p[0] + v2 * p[1])
        return p[0] + more * v1, p[1] + more * v2
