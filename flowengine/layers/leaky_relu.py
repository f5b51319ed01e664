"""Leaky rectifier: another scale on the negative half of each axis."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from flowengine import catalogue
from flowengine.layers.base import Alpha, Columns, Layer, implements
from flowengine.layers.bounded import soft_clamp


@implements(catalogue.LeakyRelu)
class LeakyRelu(Layer):
    """x = z for z ≥ 0 and a · z for z < 0, with a = exp(log-slope) > 0; on its way, a^alpha.

    Source: He et al., 2015, eq. 1, where the slope is learnt as it is here.
    """

    def __init__(self, spec: catalogue.LeakyRelu, _: torch.Generator) -> None:
        super().__init__(spec)
        self.raw_log_slope = nn.Parameter(torch.zeros(2))

    def push(self, z: Columns, alpha: Alpha = 1.0) -> tuple[Columns, Tensor]:
        """See `Layer.push`."""
        return self._scaled(z, alpha)

    def pull(self, x: Columns, alpha: Alpha = 1.0) -> tuple[Columns, Tensor]:
        """See `Layer.pull`: a leaky rectifier too, with the inverse slopes."""
        return self._scaled(x, -alpha)

    def _scaled(self, p: Columns, power: Alpha) -> tuple[Columns, Tensor]:
        log1, log2 = soft_clamp(self.raw_log_slope).unbind()
        log1, log2 = torch.where(p[0] < 0, power * log1, 0), torch.where(p[1] < 0, power * log2, 0)
        return (p[0] * log1.exp(), p[1] * log2.exp()), log1 + log2
