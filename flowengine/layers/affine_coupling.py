"""RealNVP's coupling."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from flowengine import catalogue
from flowengine.layers.base import Alpha, implements, is_whole
from flowengine.layers.bounded import LIMIT, soft_clamp
from flowengine.layers.coupling import Coupling

if TYPE_CHECKING:
    from torch import Tensor

    Notes = tuple[Tensor, Tensor, Tensor]


@implements(catalogue.AffineCoupling)
class AffineCoupling(Coupling):
    """x_b = z_b · exp s(z_a) + t(z_a); on its way, alpha · s and alpha · t.

    Source: Dinh et al., 2017, eq. 4-8. The log-scale s is bounded by `soft_clamp`.
    """

    limit = LIMIT
    """The log-scale lies between this and its opposite."""

    def __init__(self, spec: catalogue.AffineCoupling, generator: torch.Generator) -> None:
        super().__init__(spec, 2, generator)

    def transform(self, z: Tensor, chosen: Tensor, alpha: Alpha) -> tuple[Tensor, Tensor]:
        """See `Coupling.transform`."""
        log_scale, shift = soft_clamp(chosen[0], self.limit), chosen[1]
        if not is_whole(alpha):
            log_scale, shift = alpha * log_scale, alpha * shift
        return torch.addcmul(shift, z, log_scale.exp()), log_scale

    def restore(self, x: Tensor, chosen: Tensor, alpha: Alpha) -> tuple[Tensor, Tensor]:
        """See `Coupling.restore`."""
        log_scale = -alpha * soft_clamp(chosen[0], self.limit)
        return (x - alpha * chosen[1]) * log_scale.exp(), log_scale

    def restore_noting(self, x: Tensor, chosen: Tensor) -> tuple[Tensor, Tensor, Notes]:
        """See `Coupling.restore_noting`."""
        raw, shift = chosen.unbind(0)
        room = raw.abs().add_(self.limit)
        log_scale = torch.div(raw, room).mul_(-self.limit)
        scale = log_scale.exp()
        distance = x - shift
        return distance * scale, log_scale, (distance, scale, room)

    def restore_gradient(self, notes: Notes, g_z: Tensor, g_log: Tensor) -> tuple[Tensor, Tensor]:
        """See `Coupling.restore_gradient`."""
        distance, scale, room = notes
        g_x = g_z * scale
        g_scale = torch.addcmul(g_log, g_x, distance)
        g_raw = g_scale.div_(room).div_(room).mul_(-self.limit * self.limit)
        return g_x, torch.stack([g_raw, -g_x])
