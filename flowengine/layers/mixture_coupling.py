"""Flow++'s coupling."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from flowengine import catalogue
from flowengine.layers.base import Alpha, implements
from flowengine.layers.coupling import Coupling
from flowengine.layers.logistic_mixture import LogisticMixtures

if TYPE_CHECKING:
    from torch import Tensor

    from flowengine.layers.logistic_mixture import Notes


@implements(catalogue.MixtureCoupling)
class MixtureCoupling(Coupling):
    """z_b = scale · logit F(x_b) + shift, with a mixture of logistics F, all chosen by x_a.

    Source: Ho et al., 2019, §3.2. The closed form runs from target to base, as there; the other way
    is solved for the root, with implicit gradients.
    """

    def __init__(self, spec: catalogue.MixtureCoupling, generator: torch.Generator) -> None:
        mixtures = LogisticMixtures(spec.components)
        super().__init__(spec, mixtures.outputs, generator)
        self.mixtures = mixtures
        with torch.no_grad():
            self.conditioner.biases[-1].copy_(mixtures.start())

    def transform(self, z: Tensor, chosen: Tensor, alpha: Alpha) -> tuple[Tensor, Tensor]:
        """See `Coupling.transform`."""
        return self.mixtures.invert(z, chosen, alpha)

    def restore(self, x: Tensor, chosen: Tensor, alpha: Alpha) -> tuple[Tensor, Tensor]:
        """See `Coupling.restore`."""
        return self.mixtures.evaluate_partly(x, chosen, alpha)

    def way_between(self, z: Tensor, x: Tensor, chosen: Tensor, alpha: Tensor) -> Tensor:
        """See `Coupling.way_between`: points go straight, so that nothing need be solved."""
        return z + alpha * (x - z)

    def restore_noting(self, x: Tensor, chosen: Tensor) -> tuple[Tensor, Tensor, Notes]:
        """See `Coupling.restore_noting`."""
        return self.mixtures.evaluate(x, chosen)

    def restore_gradient(self, notes: Notes, g_z: Tensor, g_log: Tensor) -> tuple[Tensor, Tensor]:
        """See `Coupling.restore_gradient`."""
        return self.mixtures.gradient(notes, g_z, g_log)
