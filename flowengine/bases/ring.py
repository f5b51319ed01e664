"""A round band."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from flowengine import catalogue
from flowengine.bases.base import OUTSIDE, Base, implements
from flowengine.log_sigmoid import log_sigmoid


@implements(catalogue.Ring)
class Ring(Base):
    """The angle is uniform, and |z|² is logistic around r² with scale k, cut off at 0.

        p(z) = σ'((|z|² − r²)/k) / (π k σ(r²/k))

    |z|² and not |z|: so the density is smooth at the origin too, falls like a Gaussian outside,
    and has a closed inverse distribution function. For a thin band the distance from the circle
    has the standard deviation π k / (2 √3 r), which is the spec's spread.

    Attributes:
        square: r², in squared data units.
        k: The scale, in squared data units.
        below: The share of the logistic law that lies below 0, which is cut off.
        above: The share that is kept.
    """

    def __init__(self, spec: catalogue.Ring) -> None:
        super().__init__(spec)
        self.square = spec.radius**2
        self.k = 2 * math.sqrt(3) / math.pi * spec.radius * spec.spread
        below = math.exp(-self.square / self.k)
        self.below, self.above = below / (1 + below), 1 / (1 + below)

    @property
    def reach(self) -> float:
        """See `Base.reach`; exact."""
        u = torch.tensor([[0.0, 1 - OUTSIDE]], dtype=torch.float64)
        return float(self._from_uniform(u).norm())

    @property
    def entropy(self) -> float:
        """See `Base.entropy`; exact: with v = σ((|z|² − r²)/k), log p = log v(1 − v) + const."""
        v_log_v = self.below * math.log(self.below) if self.below else 0.0
        # ∫ log v + log(1 − v) dv from `below` to 1
        whole = -2 * self.above - v_log_v + self.above * math.log(self.above)
        return math.log(math.pi * self.k * self.above) - whole / self.above

    def _log_prob(self, z: Tensor) -> Tensor:
        t = (z.square().sum(-1) - self.square) / self.k
        return log_sigmoid(t) + log_sigmoid(-t) - math.log(math.pi * self.k * self.above)

    def _from_uniform(self, u: Tensor) -> Tensor:
        """u[:, 0] turns, u[:, 1] chooses the distance."""
        angle = 2 * math.pi * u[:, 0]
        v, rest = self.below + self.above * u[:, 1], self.above * (1 - u[:, 1])
        square = self.square + self.k * (v.log() - rest.log())
        radius = square.clamp(min=0).sqrt()
        return torch.stack([radius * angle.cos(), radius * angle.sin()], -1)
