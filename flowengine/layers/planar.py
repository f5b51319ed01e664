"""Planar flow: push the plane along one direction, most strongly near one line."""

from __future__ import annotations

import math
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from flowengine import catalogue
from flowengine.layers.base import Alpha, Columns, Layer, implements
from flowengine.layers.implicit import REFINEMENTS
from flowengine.modes import needs_plain

NEWTON_STEPS = 10
"""Enough for the last digits of a double, for any strength up to 10,000."""


@implements(catalogue.Planar)
class Planar(Layer):
    """x = z + u · tanh(wᵀz + b), with wᵀu kept above −1; on its way, alpha · u.

    Source: Rezende & Mohamed, 2015, eq. 10-12 and appendix A.1.
    """

    FLOOR = 1e-3
    """Smallest determinant: keeps the map from folding the plane, also in float32."""

    def __init__(self, spec: catalogue.Planar, generator: torch.Generator) -> None:
        super().__init__(spec)
        angle = 2 * math.pi * torch.rand((), generator=generator)
        self.w = nn.Parameter(torch.stack([angle.cos(), angle.sin()]))
        # with wᵀu = still, the constrained u is 0 and the layer starts at the identity
        still = math.log(math.expm1(1.0 - self.FLOOR))
        self.u = nn.Parameter(still * self.w.detach())
        self.b = nn.Parameter(4 * torch.rand((), generator=generator) - 2)

    def push(self, z: Columns, alpha: Alpha = 1.0) -> tuple[Columns, Tensor]:
        """See `Layer.push`."""
        u, strength = self._constrained(alpha)
        bend = (self.w[0] * z[0] + self.w[1] * z[1] + self.b).tanh()
        x = z[0] + u[0] * bend, z[1] + u[1] * bend
        return x, self._log_det(strength, bend)

    def pull(self, x: Columns, alpha: Alpha = 1.0) -> tuple[Columns, Tensor]:
        """See `Layer.pull`: in the one coordinate that matters, a = wᵀz + b, Newton's method."""
        u, strength = self._constrained(alpha)
        bend = solve(self.w[0] * x[0] + self.w[1] * x[1] + self.b, strength).tanh()
        z = x[0] - u[0] * bend, x[1] - u[1] * bend
        return z, -self._log_det(strength, bend)

    def _constrained(self, alpha: Alpha) -> tuple[Columns, Tensor]:
        """The push û at alpha as columns, and its strength wᵀû > −1."""
        dot = (self.w * self.u).sum()
        strength = F.softplus(dot) - (1 - self.FLOOR)
        square = self.w.square().sum().clamp(min=1e-12)
        u = self.u + (strength - dot) * self.w / square
        return (alpha * u[0], alpha * u[1]), alpha * strength

    @staticmethod
    def _log_det(strength: Tensor, bend: Tensor) -> Tensor:
        return (strength * (1 - bend * bend)).log1p()


def solve(c: Tensor, strength: Tensor) -> Tensor:
    """The root a of a + strength · tanh(a) = c, for strength > −1.

    On the side of 0 where c lies the function is concave (strength > 0) or convex (< 0), and
    |tanh a| ≤ min(|a|, 1) gives a start on the far side of the root from which Newton's steps
    never overshoot. Their number is fixed, so that the method exports. Derivatives are those of the
    implicit function theorem.
    """
    if not needs_plain():
        return _Root.apply(c, strength)  # type: ignore[no-any-return, no-untyped-call]
    root = _newton(c.detach(), strength.detach())
    for _ in range(REFINEMENTS):
        miss, slope = _equation(root, c, strength)
        root = root - (miss - miss.detach()) / slope
    return root


@torch.no_grad()
def _newton(c: Tensor, strength: Tensor) -> Tensor:
    inner, outer = c.abs() / (1 + strength), c.abs() - strength
    start = torch.where(strength > 0, inner.maximum(outer), inner.minimum(outer))
    root = torch.copysign(start, c)
    for _ in range(NEWTON_STEPS + 1):
        root = torch.addcdiv(root, *_equation(root, c, strength), value=-1)
    return root.detach()


def _equation(root: Tensor, c: Tensor, strength: Tensor) -> tuple[Tensor, Tensor]:
    """How far a + strength · tanh(a) is from c, and its slope."""
    bend = root.tanh()
    slope = torch.addcmul(1 + strength, strength, bend * bend, value=-1)
    return torch.addcmul(root - c, strength, bend), slope


class _Root(torch.autograd.Function):
    """See `solve`; the gradient is made of the root itself, and so can be differentiated again."""

    @staticmethod
    def forward(ctx: Any, c: Tensor, strength: Tensor) -> Tensor:  # noqa: ANN401
        root = _newton(c, strength)
        ctx.save_for_backward(root, strength)
        ctx.shape = c.shape
        return root

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> tuple[Tensor, Tensor]:  # noqa: ANN401
        root, strength = ctx.saved_tensors
        bend = root.tanh()
        g_c = g / (1 + strength * (1 - bend * bend))
        return g_c.sum_to_size(ctx.shape), -(g_c * bend).sum_to_size(strength.shape)
