"""Masked autoregressive flow, and its inverse."""

from __future__ import annotations

import torch

from flowengine import catalogue
from flowengine.layers.affine_coupling import AffineCoupling
from flowengine.layers.autoregressive import Autoregressive, part_of
from flowengine.layers.base import implements


@implements(catalogue.Iaf)
@implements(catalogue.Maf)
class Maf(Autoregressive):
    """z₂ = (x₂ − t(x₁)) · exp(−s(x₁)), and z₁ likewise with constants; an IAF is its inverse.

    Source: Papamakarios et al., 2017, eq. 3-5; Kingma et al., 2016, §3. Each log-scale s is bounded
    by `soft_clamp`.
    """

    def __init__(self, spec: catalogue.Maf | catalogue.Iaf, generator: torch.Generator) -> None:
        coupling = AffineCoupling(part_of(spec, catalogue.AffineCoupling), generator)
        from_base = isinstance(spec, catalogue.Iaf)
        super().__init__(spec, coupling, torch.zeros(2, 1), from_base=from_base)
