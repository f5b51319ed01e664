"""NICE's coupling."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flowengine import catalogue
from flowengine.layers.base import Alpha, implements
from flowengine.layers.coupling import Coupling

if TYPE_CHECKING:
    import torch
    from torch import Tensor


@implements(catalogue.AdditiveCoupling)
class AdditiveCoupling(Coupling):
    """x_b = z_b + t(z_a); on its way, alpha · t. Source: Dinh et al., 2014, §3.2."""

    def __init__(self, spec: catalogue.AdditiveCoupling, generator: torch.Generator) -> None:
        super().__init__(spec, 1, generator)

    def transform(self, z: Tensor, chosen: Tensor, alpha: Alpha) -> tuple[Tensor, Tensor]:
        """See `Coupling.transform`."""
        return z + alpha * chosen[0], z.new_zeros(())

    def restore(self, x: Tensor, chosen: Tensor, alpha: Alpha) -> tuple[Tensor, Tensor]:
        """See `Coupling.restore`."""
        return x - alpha * chosen[0], x.new_zeros(())

    def restore_noting(self, x: Tensor, chosen: Tensor) -> tuple[Tensor, Tensor, None]:
        """See `Coupling.restore_noting`."""
        return x - chosen[0], x.new_zeros(()), None

    def restore_gradient(self, _: None, g_z: Tensor, g_log: Tensor) -> tuple[Tensor, Tensor]:
        """See `Coupling.restore_gradient`."""
        return g_z, -g_z[None]
