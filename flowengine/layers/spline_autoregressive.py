"""Neural spline flow, autoregressive."""

from __future__ import annotations

import torch

from flowengine import catalogue
from flowengine.layers.autoregressive import Autoregressive, part_of
from flowengine.layers.base import implements
from flowengine.layers.spline_coupling import SplineCoupling


@implements(catalogue.SplineAutoregressive)
class SplineAutoregressive(Autoregressive):
    """z₁ = spline(x₁) and z₂ = spline(x₂; knots(x₁)), each the identity outside the bound.

    Source: Durkan et al., 2019, §3.2 and eq. 4-8.
    """

    def __init__(self, spec: catalogue.SplineAutoregressive, generator: torch.Generator) -> None:
        coupling = SplineCoupling(part_of(spec, catalogue.SplineCoupling), generator)
        super().__init__(spec, coupling, torch.zeros(3 * spec.bins - 1, 1))
