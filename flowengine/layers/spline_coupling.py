"""Neural spline flow's coupling."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flowengine import catalogue
from flowengine.layers.base import Alpha, implements
from flowengine.layers.coupling import Coupling
from flowengine.layers.rational_quadratic import RationalQuadratic

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from flowengine.layers.rational_quadratic import Notes


@implements(catalogue.SplineCoupling)
class SplineCoupling(Coupling):
    """z_b = spline(x_b; knots(x_a)), the identity outside the bound.

    Source: Durkan et al., 2019, eq. 4-8. The spline runs from target to base, as there: this is the
    direction of maximum likelihood, and evaluating a spline costs less than inverting it.
    """

    def __init__(self, spec: catalogue.SplineCoupling, generator: torch.Generator) -> None:
        super().__init__(spec, 3 * spec.bins - 1, generator)
        self.spline = RationalQuadratic(spec.bins, spec.bound)

    def transform(self, z: Tensor, chosen: Tensor, alpha: Alpha) -> tuple[Tensor, Tensor]:
        """See `Coupling.transform`."""
        return self.spline.invert(z, chosen, alpha)

    def restore(self, x: Tensor, chosen: Tensor, alpha: Alpha) -> tuple[Tensor, Tensor]:
        """See `Coupling.restore`."""
        return self.spline.evaluate_partly(x, chosen, alpha)

    def restore_noting(self, x: Tensor, chosen: Tensor) -> tuple[Tensor, Tensor, Notes]:
        """See `Coupling.restore_noting`."""
        return self.spline.evaluate(x, chosen)

    def restore_gradient(self, notes: Notes, g_z: Tensor, g_log: Tensor) -> tuple[Tensor, Tensor]:
        """See `Coupling.restore_gradient`."""
        return self.spline.gradient(notes, g_z, g_log)
