"""Template: neural autoregressive flow."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch.nn.functional as F

from flowengine.export.templates.autoregressive import Autoregressive
from flowengine.export.templates.coupling import Coupling
from flowengine.export.templates.root import solve_monotone
from flowengine.export.templates.soft_clamp import soft_clamp

if TYPE_CHECKING:
    from torch import Tensor

FLOOR = 1e-3  # part of every network that is the identity: so none is flat between its sigmoids


class RisingNetwork(Coupling):
    """z = logit Σ_j w_j σ(a_j (x − c_j)): weights w that sum to 1, scales a > 0, centres c."""

    def __init__(self, keeps: str, width: int, depth: int, units: int) -> None:
        super().__init__(keeps, width, depth, outputs=3 * units)
        self.units = units

    def push(self, z: Tensor, chosen: Tensor) -> tuple[Tensor, Tensor]:
        """Solve for the root, which lies between those of the lines a_j (x − c_j)."""
        _, raw_scale, centre = chosen.unflatten(0, (3, self.units)).unbind(0)
        scale = (1 - FLOOR) * soft_clamp(raw_scale).exp()
        low, high = ((z + scale * centre) / (scale + FLOOR)).aminmax(dim=0)
        x = solve_monotone(lambda x: self._value_and_slope(x, chosen), z, low, high)
        return x, -self.pull(x, chosen)[1]

    def pull(self, x: Tensor, chosen: Tensor) -> tuple[Tensor, Tensor]:
        """Evaluate the network."""
        value, slope = self._value_and_slope(x, chosen)
        return value, slope.log()

    def _value_and_slope(self, x: Tensor, chosen: Tensor) -> tuple[Tensor, Tensor]:
        """Both by way of logarithms, so that no tail runs into 0 or 1."""
        raw_share, raw_scale, centre = chosen.unflatten(0, (3, self.units)).unbind(0)
        log_share, log_scale = raw_share.log_softmax(0), soft_clamp(raw_scale)
        u = log_scale.exp() * (x - centre)
        up, down = F.logsigmoid(u), F.logsigmoid(-u)
        above, below = (log_share + up).logsumexp(0), (log_share + down).logsumexp(0)
        steep = (log_share + log_scale + up + down).logsumexp(0)
        value, slope = above - below, (steep - above - below).exp()
        return value + FLOOR * (x - value), slope + FLOOR * (1 - slope)


class Monotonic(Autoregressive):
    """z₁ = f(x₁) and z₂ = f(x₂; x₁), with rising networks f (Huang et al., arXiv:1804.00779)."""

    def __init__(self, first: str, width: int, depth: int, units: int) -> None:
        super().__init__(RisingNetwork(first, width, depth, units), outputs=3 * units)
