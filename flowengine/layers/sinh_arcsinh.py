"""Sinh-arcsinh transformation: skewness and tail weight of each axis."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from flowengine import catalogue
from flowengine.layers.base import Alpha, Columns, Layer, implements
from flowengine.layers.bounded import soft_clamp

LOG_TAIL_LIMIT = math.log(3.0)
"""Far out the layer is a power, x ~ z³ at the most, so that 10⁶ stays within single precision."""
SKEW_LIMIT = 3.0


@implements(catalogue.SinhArcsinh)
class SinhArcsinh(Layer):
    """x = sinh(t · (arcsinh z + s)), with t > 0; on its way, t^alpha and alpha · s.

    Source: Jones & Pewsey, 2009, eq. 1, read from the normal side, as in Dillon et al., 2017.
    """

    def __init__(self, spec: catalogue.SinhArcsinh, _: torch.Generator) -> None:
        super().__init__(spec)
        self.raw_log_tail = nn.Parameter(torch.zeros(2))
        self.raw_skew = nn.Parameter(torch.zeros(2))

    def push(self, z: Columns, alpha: Alpha = 1.0) -> tuple[Columns, Tensor]:
        """See `Layer.push`."""
        log_tail, skew = self._way(alpha)
        w1, w2 = z[0].asinh(), z[1].asinh()
        v1 = log_tail[..., 0].exp() * (w1 + skew[..., 0])
        v2 = log_tail[..., 1].exp() * (w2 + skew[..., 1])
        log_det = log_tail.sum(-1) + _log_cosh_ratio(v1, w1) + _log_cosh_ratio(v2, w2)
        return (v1.sinh(), v2.sinh()), log_det

    def pull(self, x: Columns, alpha: Alpha = 1.0) -> tuple[Columns, Tensor]:
        """See `Layer.pull`."""
        log_tail, skew = self._way(alpha)
        v1, v2 = x[0].asinh(), x[1].asinh()
        w1 = (-log_tail[..., 0]).exp() * v1 - skew[..., 0]
        w2 = (-log_tail[..., 1]).exp() * v2 - skew[..., 1]
        log_det = _log_cosh_ratio(w1, v1) + _log_cosh_ratio(w2, v2) - log_tail.sum(-1)
        return (w1.sinh(), w2.sinh()), log_det

    def _way(self, alpha: Alpha) -> tuple[Tensor, Tensor]:
        """log t and s at alpha, each (2,), or (frames, 1, 2) for many moments."""
        if isinstance(alpha, Tensor):
            alpha = alpha[..., None]
        log_tail = soft_clamp(self.raw_log_tail, LOG_TAIL_LIMIT)
        return alpha * log_tail, alpha * soft_clamp(self.raw_skew, SKEW_LIMIT)


def _log_cosh_ratio(top: Tensor, bottom: Tensor) -> Tensor:
    """log(cosh top / cosh bottom), where the cosines themselves would overflow."""
    top, bottom = top.abs(), bottom.abs()
    return top - bottom + F.softplus(-2 * top) - F.softplus(-2 * bottom)
