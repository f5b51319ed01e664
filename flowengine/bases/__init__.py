"""Base distributions: the simple density that a flow turns into the target."""

from flowengine.bases.base import OUTSIDE, Base, build_base
from flowengine.bases.gaussian_mixture import GaussianMixture
from flowengine.bases.ring import Ring
from flowengine.bases.standard_normal import StandardNormal, standard_normal_log_prob
from flowengine.bases.uniform import Uniform

__all__ = [
    "OUTSIDE",
    "Base",
    "GaussianMixture",
    "Ring",
    "StandardNormal",
    "Uniform",
    "build_base",
    "standard_normal_log_prob",
]
