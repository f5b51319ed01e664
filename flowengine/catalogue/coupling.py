"""Layers that keep one coordinate and move the other by what the kept one says."""

from __future__ import annotations

from flowengine.catalogue.fields import Bins, Bound, Components, Depth, Keeps, Width
from flowengine.catalogue.specs import LayerSpec


class CouplingSpec(LayerSpec):
    """A layer that keeps one coordinate and transforms the other, given the kept one."""

    keeps: Keeps = "auto"
    width: Width = 64
    depth: Depth = 2


class Glow(CouplingSpec, tag="glow"):
    """One step of Glow: an affine coupling, an invertible matrix and an ActNorm on one card."""

    title = "Glow step"
    group = "coupling"
    formula = "x = s · (L U coupling(z)) + b"
    reference = "Kingma & Dhariwal, 2018, arXiv:1807.03039, §3"


class AdditiveCoupling(CouplingSpec, tag="additive_coupling"):
    """Shift one coordinate by a function of the other; areas stay as they are (NICE)."""

    title = "Additive coupling"
    group = "coupling"
    formula = "x_b = z_b + t(z_a)"
    reference = "Dinh et al., 2014, arXiv:1410.8516, §3.2"


class AffineCoupling(CouplingSpec, tag="affine_coupling"):
    """Scale and shift one coordinate by functions of the other (RealNVP)."""

    title = "Affine coupling"
    group = "coupling"
    formula = "x_b = z_b · exp s(z_a) + t(z_a)"
    reference = "Dinh et al., 2017, arXiv:1605.08803, eq. 4-8"


class SplineCoupling(CouplingSpec, tag="spline_coupling"):
    """Bend one coordinate by a monotone rational-quadratic spline chosen by the other (NSF)."""

    title = "Spline coupling"
    group = "coupling"
    formula = "z_b = spline(x_b; knots(x_a))"
    reference = "Durkan et al., 2019, arXiv:1906.04032, eq. 4-8"

    bins: Bins = 12
    bound: Bound = 4.0


class MixtureCoupling(CouplingSpec, tag="mixture_coupling"):
    """Bend one coordinate by a mixture of logistics chosen by the other, then scale (Flow++)."""

    title = "Mixture coupling"
    group = "coupling"
    formula = "z_b = a · logit ∑ₖ πₖ σ((x_b − μₖ) / sₖ) + c"
    reference = "Ho et al., 2019, arXiv:1902.00275, §3.2"

    components: Components = 8
