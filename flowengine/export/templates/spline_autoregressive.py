"""Template: neural spline flow, autoregressive."""

from __future__ import annotations

from flowengine.export.templates.autoregressive import Autoregressive
from flowengine.export.templates.spline_coupling import SplineCoupling


class SplineAutoregressive(Autoregressive):
    """z₁ = spline(x₁) and z₂ = spline(x₂; knots(x₁)) (Durkan et al., 2019, arXiv:1906.04032)."""

    def __init__(self, first: str, width: int, depth: int, bins: int, bound: float) -> None:
        coupling = SplineCoupling(first, width, depth, bins, bound)
        super().__init__(coupling, outputs=3 * bins - 1)
