"""Template: masked autoregressive flow."""

from __future__ import annotations

from flowengine.export.templates.affine_coupling import AffineCoupling
from flowengine.export.templates.autoregressive import Autoregressive


class Maf(Autoregressive):
    """z₂ = (x₂ − t(x₁)) · exp(−s(x₁)), and z₁ likewise with constants (arXiv:1705.07057)."""

    def __init__(self, first: str, width: int, depth: int) -> None:
        super().__init__(AffineCoupling(first, width, depth), outputs=2)
