"""One step of Glow on one card."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flowengine import catalogue
from flowengine.layers.affine_coupling import AffineCoupling
from flowengine.layers.base import Alpha, Columns, Layer, implements
from flowengine.layers.linear import Linear
from flowengine.layers.scale_shift import ActNorm

if TYPE_CHECKING:
    import torch
    from torch import Tensor


@implements(catalogue.Glow)
class Glow(Layer):
    """x = s · (L U coupling(z)) + b: from the target, ActNorm, invertible matrix, affine coupling.

    All three go their way together. Source: Kingma & Dhariwal, 2018, §3.
    """

    def __init__(self, spec: catalogue.Glow, generator: torch.Generator) -> None:
        super().__init__(spec)
        coupling = catalogue.AffineCoupling(keeps=spec.keeps, width=spec.width, depth=spec.depth)
        self.coupling = AffineCoupling(coupling, generator)
        self.linear = Linear(catalogue.Linear(), generator)
        self.norm = ActNorm(catalogue.ActNorm(frozen=spec.frozen), generator)

    def initialize(self, x: Columns) -> None:
        """See `Layer.initialize`: the ActNorm is next to the target."""
        self.norm.initialize(x)

    def push(self, z: Columns, alpha: Alpha = 1.0) -> tuple[Columns, Tensor]:
        """See `Layer.push`."""
        z, log1 = self.coupling.push(z, alpha)
        z, log2 = self.linear.push(z, alpha)
        z, log3 = self.norm.push(z, alpha)
        return z, log1 + log2 + log3

    def pull(self, x: Columns, alpha: Alpha = 1.0) -> tuple[Columns, Tensor]:
        """See `Layer.pull`."""
        x, log3 = self.norm.pull(x, alpha)
        x, log2 = self.linear.pull(x, alpha)
        x, log1 = self.coupling.pull(x, alpha)
        return x, log1 + log2 + log3
