"""A square of equal density with a soft edge."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from flowengine import catalogue
from flowengine.bases.base import OUTSIDE, Base, implements
from flowengine.log_sigmoid import log_sigmoid


@implements(catalogue.Uniform)
class Uniform(Base):
    """Uniform on [−a, a]² with logistic noise of scale s on each axis.

    The edge of a hard square has no gradient and no density beyond; a point that falls outside
    would never find back. With the noise the density of each axis is

        p(z) = (σ((z + a)/s) − σ((z − a)/s)) / 2a,

    which falls like exp(−|z|/s) outside: its logarithm is finite everywhere and no steeper than
    1/s. The distribution function is a difference of two softplus, and its inverse is closed too.

    Attributes:
        a: Half the side, in data units.
        s: The scale of the edge, in data units.
    """

    def __init__(self, spec: catalogue.Uniform) -> None:
        super().__init__(spec)
        self.a = spec.half_side
        self.s = spec.softness * spec.half_side

    @property
    def reach(self) -> float:
        """See `Base.reach`: the corner of a square with a quarter of `OUTSIDE` beyond each side."""
        u = torch.tensor([OUTSIDE / 4, 0.5], dtype=torch.float64)
        return math.sqrt(2) * -float(self._quantile(u)[0])

    @property
    def entropy(self) -> float:
        """See `Base.entropy`; exact, by the dilogarithm of q = exp(−2a/s) < 0.02."""
        t = 2 * self.a / self.s
        q = math.exp(-t)
        dilogarithm = sum(q**k / k**2 for k in range(1, 20))
        lost = 2 / t * (math.pi**2 / 6 - dilogarithm)
        return 2 * (math.log(2 * self.a) + math.log1p(-q) + lost)

    def _log_prob(self, z: Tensor) -> Tensor:
        # σ(p) − σ(q) = σ(p) σ(−q) (1 − exp(q − p)), which cannot cancel
        sides = log_sigmoid((self.a + z) / self.s) + log_sigmoid((self.a - z) / self.s)
        whole = math.log1p(-math.exp(-2 * self.a / self.s)) - math.log(2 * self.a)
        return sides.sum(-1) + 2 * whole

    def _from_uniform(self, u: Tensor) -> Tensor:
        return self._quantile(u)

    def _quantile(self, u: Tensor) -> Tensor:
        """The inverse distribution function of one axis: a (2u − 1), and the edges."""
        t = 2 * self.a / self.s
        lower, upper = torch.log(-torch.expm1(-t * u)), torch.log(-torch.expm1(-t * (1 - u)))
        return self.a * (2 * u - 1) + self.s * (lower - upper)
