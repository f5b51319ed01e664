"""RealNVP's coupling."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flowengine import catalogue
from flowengine.layers.base import Alpha, implements
from flowengine.layers.bounded import soft_clamp
from flowengine.layers.coupling import Coupling

if TYPE_CHECKING:
    import torch
    from torch import Tensor


@implements(catalogue.AffineCoupling)
class AffineCoupling(Coupling):
    """x_b = z_b · exp s(z_a) + t(z_a); on its way, alpha · s and alpha · t.

    Source: Dinh et al., 2017, eq. 4-8. The log-scale s is bounded by `soft_clamp`.
    """

    def __init__(self, spec: catalogue.AffineCoupling, generator: torch.Generator) -> None:
        super().__init__(spec, 2, generator)

    def transform(self, z: Tensor, chosen: Tensor, alpha: Alpha) -> tuple[Tensor, Tensor]:
        """See `Coupling.transform`."""
        log_scale = alpha * soft_clamp(chosen[0])
        return z * log_scale.exp() + alpha * chosen[1], log_scale

    def restore(self, x: Tensor, chosen: Tensor, alpha: Alpha) -> tuple[Tensor, Tensor]:
        """See `Coupling.restore`."""
        log_scale = -alpha * soft_clamp(chosen[0])
        return (x - alpha * chosen[1]) * log_scale.exp(), log_scale
