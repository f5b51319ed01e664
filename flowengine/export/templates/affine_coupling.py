"""Template: RealNVP's coupling."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from flowengine.export.templates.coupling import Coupling
from flowengine.export.templates.soft_clamp import soft_clamp

if TYPE_CHECKING:
    from torch import Tensor


class AffineCoupling(Coupling):
    """x_b = z_b · exp s(z_a) + t(z_a). Source: Dinh et al., 2017, arXiv:1605.08803, eq. 4-8."""

    limit = math.log(1000.0)  # of the log-scale

    def __init__(self, keeps: str, width: int, depth: int) -> None:
        super().__init__(keeps, width, depth, outputs=2)

    def push(self, z: Tensor, chosen: Tensor) -> tuple[Tensor, Tensor]:
        """Scale by exp s, then shift by t."""
        log_scale, shift = soft_clamp(chosen[0], self.limit), chosen[1]
        return z * log_scale.exp() + shift, log_scale

    def pull(self, x: Tensor, chosen: Tensor) -> tuple[Tensor, Tensor]:
        """Shift back by t, then scale by exp −s."""
        log_scale, shift = soft_clamp(chosen[0], self.limit), chosen[1]
        return (x - shift) * (-log_scale).exp(), -log_scale
