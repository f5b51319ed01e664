"""Sylvester flow: a planar layer with two units, whose directions are at right angles."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from flowengine import catalogue
from flowengine.layers.base import Alpha, Columns, Layer, implements
from flowengine.layers.bounded import soft_clamp
from flowengine.layers.planar import Planar, solve


@implements(catalogue.Sylvester)
class Sylvester(Layer):
    """x = z + Q R tanh(S Qᵀz + b): R and S upper triangular, Q a rotation; on its way, alpha · R.

    Seen along the axes that Q turns, the second coordinate moves by itself and the first one by
    what the second says, each as in a planar layer of one dimension: so the determinant is the
    product of two slopes, and the inverse solves two planar equations, one after the other. The
    diagonal of S is positive, which takes nothing away, as tanh is odd; that of R S is kept above
    −1. Source: van den Berg et al., 2018, eq. 8-11 and theorem 2, with M = D = 2.
    """

    def __init__(self, spec: catalogue.Sylvester, generator: torch.Generator) -> None:
        super().__init__(spec)
        self.angle = nn.Parameter(2 * math.pi * torch.rand((), generator=generator))
        self.b = nn.Parameter(4 * torch.rand(2, generator=generator) - 2)
        # the diagonal of R S is this through a softplus, and 0 where it starts
        still = math.log(math.expm1(1.0 - Planar.FLOOR))
        self.raw_strength = nn.Parameter(torch.full((2,), still))
        self.raw_log_slope = nn.Parameter(torch.zeros(2))
        self.r12 = nn.Parameter(torch.zeros(()))
        self.s12 = nn.Parameter(torch.zeros(()))

    def push(self, z: Columns, alpha: Alpha = 1.0) -> tuple[Columns, Tensor]:
        """See `Layer.push`."""
        (s1, s2), (strength1, strength2) = self._constrained(alpha)
        w1, w2 = _turn(z, -self.angle)
        bend1 = (s1 * w1 + self.s12 * w2 + self.b[0]).tanh()
        bend2 = (s2 * w2 + self.b[1]).tanh()
        y1 = w1 + strength1 / s1 * bend1 + alpha * self.r12 * bend2
        y2 = w2 + strength2 / s2 * bend2
        log_det = _log_slope(strength1, bend1) + _log_slope(strength2, bend2)
        return _turn((y1, y2), self.angle), log_det

    def pull(self, x: Columns, alpha: Alpha = 1.0) -> tuple[Columns, Tensor]:
        """See `Layer.pull`."""
        (s1, s2), (strength1, strength2) = self._constrained(alpha)
        y1, y2 = _turn(x, -self.angle)
        bend2 = solve(s2 * y2 + self.b[1], strength2).tanh()
        w2 = y2 - strength2 / s2 * bend2
        y1 = y1 - alpha * self.r12 * bend2
        bend1 = solve(s1 * y1 + self.s12 * w2 + self.b[0], strength1).tanh()
        w1 = y1 - strength1 / s1 * bend1
        log_det = _log_slope(strength1, bend1) + _log_slope(strength2, bend2)
        return _turn((w1, w2), self.angle), -log_det

    def _constrained(self, alpha: Alpha) -> tuple[Columns, Columns]:
        """The diagonal of S, and that of R S at alpha."""
        s1, s2 = soft_clamp(self.raw_log_slope).exp().unbind()
        one, two = (F.softplus(self.raw_strength) - (1 - Planar.FLOOR)).unbind()
        return (s1, s2), (alpha * one, alpha * two)


def _turn(p: Columns, angle: Tensor) -> Columns:
    cos, sin = angle.cos(), angle.sin()
    return cos * p[0] - sin * p[1], sin * p[0] + cos * p[1]


def _log_slope(strength: Tensor, bend: Tensor) -> Tensor:
    return (strength * (1 - bend * bend)).log1p()
