"""Neural autoregressive flow: each coordinate passes a network that can only rise."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from flowengine import catalogue
from flowengine.layers.autoregressive import Autoregressive, part_of
from flowengine.layers.base import Alpha, implements
from flowengine.layers.bounded import LIMIT, soft_clamp, undo_soft_clamp
from flowengine.layers.coupling import Coupling
from flowengine.layers.root import solve_monotone
from flowengine.log_sigmoid import log_sigmoid

REACH = 5.0
"""Where the outermost of many sigmoids start; see `_start`."""
FLOOR = 1e-3
"""Part of every network that is the identity: so none is flat between its sigmoids."""


@implements(catalogue.Monotonic)
class Monotonic(Autoregressive):
    """z₁ = f(x₁) and z₂ = f(x₂; x₁), with f = logit Σ_j w_j σ(a_j (x − c_j)).

    Source: Huang et al., 2018, eq. 8-9, the deep sigmoidal flow. Of the rising networks in the
    literature it is the one whose slope is exact in closed form. One that integrates a positive
    network (Wehenkel & Louppe, 2019) costs dozens of evaluations, and the integrand is the slope of
    its quadrature only nearly. The tails here are straight, and two lines bracket the inverse.
    """

    def __init__(self, spec: catalogue.Monotonic, generator: torch.Generator) -> None:
        free = _start(spec.units)
        coupling = RisingNetwork(part_of(spec, catalogue.CouplingSpec), spec.units, generator)
        with torch.no_grad():
            coupling.conditioner.biases[-1].copy_(free)
        super().__init__(spec, coupling, free)


def _start(units: int) -> Tensor:
    """Numbers that choose a network near the identity, shape (3 · units, 1).

    Equal sigmoids would stay equal for ever. Logistic noise of half the standard width becomes
    standard by adding to it what has the density 1 / (π cosh c). So sigmoids of that width start
    side by side, each with the share of its neighbourhood. Source: Wang & Louis, 2003, Biometrika
    90(4), eq. 3.
    """
    reach = REACH * (units - 1) / (units + 1)
    centres = torch.linspace(-reach, reach, units)
    between = 0.5 * (centres[1:] + centres[:-1])
    below = F.pad(2 / math.pi * between.exp().atan(), (1, 1))
    below[-1] = 1.0
    raw_scale = torch.full_like(centres, undo_soft_clamp(math.log(2.0)))
    return torch.cat([below.diff().log(), raw_scale, centres])[:, None]


class Sigmoids(NamedTuple):
    """The parts of a network at a point, in logarithms; each of shape (units, batch).

    Attributes:
        log_share: log w.
        log_scale: log a.
        u: a (x − c).
        above: log of w σ(u).
        below: log of w σ(−u).
    """

    log_share: Tensor
    log_scale: Tensor
    u: Tensor
    above: Tensor
    below: Tensor

    @property
    def steep(self) -> Tensor:
        """Log of w a σ'(u), what each sigmoid adds to the slope of their sum."""
        return self.above + self.below - self.log_share + self.log_scale

    def value(self) -> tuple[Tensor, Tensor, Tensor]:
        """The network's value, log-slope, and the logarithms of its three sums, (3, batch)."""
        sums = torch.stack([self.above, self.below, self.steep]).logsumexp(1)
        above, below, steep = sums.unbind(0)
        return above - below, steep - above - below, sums


class RisingNetwork(Coupling):
    """z = logit Σ_j w_j σ(a_j (x − c_j)): weights w that sum to 1, scales a > 0, centres c.

    It lies between the lowest and the highest of the lines a_j (x − c_j). Of this f it makes
    z = x + share (f(x) − x), which rises as f does: the share is 1 − FLOOR, or alpha of that.
    """

    def __init__(
        self, spec: catalogue.CouplingSpec, units: int, generator: torch.Generator
    ) -> None:
        super().__init__(spec, 3 * units, generator)
        self.units = units

    def transform(self, z: Tensor, chosen: Tensor, alpha: Alpha) -> tuple[Tensor, Tensor]:
        """See `Coupling.transform`: the root lies between those of the lines."""
        goal = z.expand(alpha.shape[0], -1) if isinstance(alpha, Tensor) else z
        share = (1 - FLOOR) * alpha
        with torch.no_grad():
            _, log_scale, centre = self._numbers(chosen, goal)
            scale = share * log_scale.exp()
            low, high = ((goal + scale * centre) / (1 - share + scale)).aminmax(dim=0)

        def curve(x: Tensor, chosen: Tensor) -> tuple[Tensor, Tensor]:
            value, log_slope = self.restore(x, chosen, alpha)
            return value, log_slope.exp()

        x = solve_monotone(curve, goal, low, high, given=(chosen,))
        return x, -self.restore(x, chosen, alpha)[1]

    def restore(self, x: Tensor, chosen: Tensor, alpha: Alpha) -> tuple[Tensor, Tensor]:
        """See `Coupling.restore`."""
        return _mixed(x, *self._sigmoids(x, chosen).value()[:2], (1 - FLOOR) * alpha)

    def restore_noting(
        self, x: Tensor, chosen: Tensor
    ) -> tuple[Tensor, Tensor, tuple[Sigmoids, Tensor]]:
        """See `Coupling.restore_noting`."""
        sigmoids = self._sigmoids(x, chosen)
        value, log_slope, sums = sigmoids.value()
        return *_mixed(x, value, log_slope, 1 - FLOOR), (sigmoids, sums)

    def restore_gradient(
        self, notes: tuple[Sigmoids, Tensor], g_z: Tensor, g_log: Tensor
    ) -> tuple[Tensor, Tensor]:
        """See `Coupling.restore_gradient`.

        The gradient of log Σ exp by one of its terms is the part that the term has in the sum.
        """
        sigmoids, (log_above, log_below, log_steep) = notes
        slope = (1 - FLOOR) * (log_steep - log_above - log_below).exp()
        g_f, g_log = (1 - FLOOR) * g_z, g_log * slope / (slope + FLOOR)
        up, down = sigmoids.u.sigmoid(), (-sigmoids.u).sigmoid()
        above = (sigmoids.above - log_above).exp() * (g_f - g_log)
        below = (sigmoids.below - log_below).exp() * (g_f + g_log)
        steep = (sigmoids.steep - log_steep).exp() * g_log
        g_u = above * down + below * up + steep * (down - up)
        g_share = above - below + steep + sigmoids.log_share.exp() * g_log
        g_scale = (steep + g_u * sigmoids.u) * (1 - sigmoids.log_scale.abs() / LIMIT).square()
        g_x = g_u * sigmoids.log_scale.exp()
        return g_x.sum(0) + FLOOR * g_z, torch.cat([g_share, g_scale, -g_x])

    def _sigmoids(self, x: Tensor, chosen: Tensor) -> Sigmoids:
        log_share, log_scale, centre = self._numbers(chosen, x)
        u = log_scale.exp() * (x - centre)
        above, below = log_sigmoid(u), log_sigmoid(-u)
        return Sigmoids(log_share, log_scale, u, log_share + above, log_share + below)

    def _numbers(self, chosen: Tensor, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Log w, log a and c, of shapes that broadcast to those of x behind the units."""
        raw = chosen.unflatten(0, (3, self.units))
        if x.ndim > 1:  # many moments
            raw = raw[:, :, None]
        return raw[0].log_softmax(0), soft_clamp(raw[1]), raw[2]


def _mixed(x: Tensor, value: Tensor, log_slope: Tensor, share: Alpha) -> tuple[Tensor, Tensor]:
    """x + share (f(x) − x) and its log-slope."""
    return x + share * (value - x), (1 - share + share * log_slope.exp()).log()
