"""Template: Flow++'s coupling."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch.nn.functional as F

from flowengine.export.templates.coupling import Coupling
from flowengine.export.templates.root import solve_monotone
from flowengine.export.templates.soft_clamp import soft_clamp

if TYPE_CHECKING:
    from torch import Tensor


FLOOR = 1e-3  # part of every map that is the identity: so none is flat between its components


class MixtureCoupling(Coupling):
    """z_b = scale · logit F(x_b) + shift, with a mixture of logistics F, all chosen by x_a.

    Source: Ho et al., 2019, arXiv:1902.00275, §3.2.
    """

    def __init__(self, keeps: str, width: int, depth: int, components: int) -> None:
        super().__init__(keeps, width, depth, outputs=3 * components + 2)
        self.components = components

    def push(self, z: Tensor, chosen: Tensor) -> tuple[Tensor, Tensor]:
        """Solve for the root; each component alone would give a point of the bracket."""
        log_scale, shift = self._affine(chosen)
        goal = (z - shift) * (-log_scale).exp()
        _, means, rates = mixture = self._mixture(chosen)
        gain = (1 - FLOOR) * rates
        low, high = ((goal + gain * means) / (gain + FLOOR)).aminmax(dim=0)
        x = solve_monotone(lambda x: bent(x, *mixture), goal, low, high)
        return x, -log_scale - bent(x, *mixture)[1].log()

    def pull(self, x: Tensor, chosen: Tensor) -> tuple[Tensor, Tensor]:
        """Evaluate the mixture."""
        log_scale, shift = self._affine(chosen)
        value, slope = bent(x, *self._mixture(chosen))
        return log_scale.exp() * value + shift, log_scale + slope.log()

    def _affine(self, chosen: Tensor) -> tuple[Tensor, Tensor]:
        return soft_clamp(chosen[-2], 0.5 * math.log(1000.0)), chosen[-1]

    def _mixture(self, chosen: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Log-weights, means and inverse scales, shape (components, batch)."""
        logits, means, raw = chosen[:-2].view(3, self.components, -1).unbind(0)
        return logits.log_softmax(0), means, (-soft_clamp(raw, 0.5 * math.log(1000.0))).exp()


def bent(x: Tensor, log_weights: Tensor, means: Tensor, rates: Tensor) -> tuple[Tensor, Tensor]:
    """Logit F(x) for a mixture F of logistics, with a little of x itself, and the slope of both."""
    place = (x - means) * rates
    log_f = log_weights + F.logsigmoid(place)
    log_1_f = log_f - place
    below, above = log_f.softmax(0), log_1_f.softmax(0)
    slope = ((above * place.sigmoid() + below * (-place).sigmoid()) * rates).sum(0)
    value = log_f.logsumexp(0) - log_1_f.logsumexp(0)
    return value + FLOOR * (x - value), slope + FLOOR * (1 - slope)
