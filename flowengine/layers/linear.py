"""Linear maps of the plane: rotation, LU matrix, swap."""

from __future__ import annotations

import math
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from flowengine import catalogue
from flowengine.layers.base import Alpha, Columns, Layer, implements, is_whole
from flowengine.layers.run import Noting


@implements(catalogue.Rotation)
class Rotation(Noting):
    """x = R(θ) z; on its way, R(alpha · θ). Source: Tomczak & Welling, 2016."""

    start_fields = ("angle",)

    def __init__(self, spec: catalogue.Rotation, _: torch.Generator) -> None:
        super().__init__(spec)
        self.angle = nn.Parameter(torch.tensor(math.radians(spec.angle)))

    def push(self, z: Columns, alpha: Alpha = 1.0) -> tuple[Columns, Tensor]:
        """See `Layer.push`."""
        return self._turn(z, alpha * self.angle)

    def undo(self, x: Columns, alpha: Alpha) -> tuple[Columns, Tensor]:
        """See `Noting.undo`."""
        return self._turn(x, -alpha * self.angle)

    def tensors(self) -> tuple[Tensor, ...]:
        """See `Noting.tensors`."""
        return (self.angle,)

    def undo_noting(self, x: Columns, tensors: tuple[Tensor, ...]) -> tuple[Columns, Tensor, Any]:
        """See `Noting.undo_noting`."""
        z, log_det = self._turn(x, -tensors[0])
        return z, log_det, z

    def undo_gradient(
        self,
        notes: Any,  # noqa: ANN401
        tensors: tuple[Tensor, ...],
        g: Columns,
        g_log: Tensor,
        into: tuple[Tensor, ...] | None,
    ) -> Columns:
        """See `Noting.undo_gradient`."""
        g_x, _ = self._turn(g, tensors[0])
        if into is not None:
            into[0].add_(torch.dot(g[0], notes[1]) - torch.dot(g[1], notes[0]))
        return g_x

    @staticmethod
    def _turn(p: Columns, angle: Tensor) -> tuple[Columns, Tensor]:
        cos, sin = angle.cos(), angle.sin()
        turned = cos * p[0] - sin * p[1], sin * p[0] + cos * p[1]
        return turned, torch.zeros_like(angle)


@implements(catalogue.Linear)
class Linear(Noting):
    """x = L U z + b, with L unit lower and U upper triangular; the diagonal of U is positive.

    L, U and b each start at the identity and go there on the layer's way: the entries beside the
    diagonal as alpha · l, the diagonal as d^alpha. Source: Kingma & Dhariwal, 2018, §3.2.
    """

    FLOOR = 1e-3
    """Smallest entry of the diagonal: keeps the matrix away from a singular one."""

    def __init__(self, spec: catalogue.Linear, _: torch.Generator) -> None:
        super().__init__(spec)
        self.lower = nn.Parameter(torch.zeros(()))
        self.upper = nn.Parameter(torch.zeros(()))
        one = math.log(math.expm1(1.0 - self.FLOOR))  # softplus(one) + FLOOR = 1
        self.raw_diagonal = nn.Parameter(torch.full((2,), one))
        self.shift = nn.Parameter(torch.zeros(2))

    def push(self, z: Columns, alpha: Alpha = 1.0) -> tuple[Columns, Tensor]:
        """See `Layer.push`."""
        (d1, d2), log_det = self._diagonal(alpha)
        u1 = d1 * z[0] + alpha * self.upper * z[1]
        u2 = d2 * z[1]
        shift = self.shift
        return (u1 + alpha * shift[0], alpha * self.lower * u1 + u2 + alpha * shift[1]), log_det

    def undo(self, x: Columns, alpha: Alpha) -> tuple[Columns, Tensor]:
        """See `Noting.undo`. Two substitutions by hand: no solver, so that it exports."""
        (d1, d2), log_det = self._diagonal(alpha)
        u1 = x[0] - alpha * self.shift[0]
        z2 = (x[1] - alpha * self.shift[1] - alpha * self.lower * u1) / d2
        return ((u1 - alpha * self.upper * z2) / d1, z2), -log_det

    def tensors(self) -> tuple[Tensor, ...]:
        """See `Noting.tensors`."""
        return self.lower, self.upper, self.raw_diagonal, self.shift

    def undo_noting(self, x: Columns, tensors: tuple[Tensor, ...]) -> tuple[Columns, Tensor, Any]:
        """See `Noting.undo_noting`."""
        lower, upper, raw_diagonal, shift = tensors
        diagonal = F.softplus(raw_diagonal) + self.FLOOR
        (d1, d2), (b1, b2) = diagonal.unbind(), shift.unbind()
        u1 = x[0] - b1
        z2 = (x[1] - b2 - lower * u1) / d2
        z1 = (u1 - upper * z2) / d1
        return (z1, z2), -diagonal.log().sum(), (u1, z1, z2, diagonal)

    def undo_gradient(
        self,
        notes: Any,  # noqa: ANN401
        tensors: tuple[Tensor, ...],
        g: Columns,
        g_log: Tensor,
        into: tuple[Tensor, ...] | None,
    ) -> Columns:
        """See `Noting.undo_gradient`: the two substitutions, last one first."""
        lower, upper, raw_diagonal, _ = tensors
        u1, z1, z2, diagonal = notes
        d1, d2 = diagonal.unbind()
        g1 = g[0] / d1
        g2 = (g[1] - upper * g1) / d2
        g_x = g1 - lower * g2, g2
        if into is None:
            return g_x
        g_diagonal = torch.stack([torch.dot(g1, z1), torch.dot(g2, z2)]) + g_log.sum() / diagonal
        g_shift = torch.stack([g_x[0].sum(), g2.sum()])
        g_raw = g_diagonal * raw_diagonal.sigmoid()
        found = torch.dot(g2, u1), torch.dot(g1, z2), g_raw, g_shift
        for place, part in zip(into, found, strict=True):
            place.sub_(part)
        return g_x

    def _diagonal(self, alpha: Alpha) -> tuple[Columns, Tensor]:
        log1, log2 = (F.softplus(self.raw_diagonal) + self.FLOOR).log().unbind()
        log1, log2 = alpha * log1, alpha * log2
        return (log1.exp(), log2.exp()), log1 + log2


@implements(catalogue.Swap)
class Swap(Layer):
    """(x₁, x₂) = (z₂, z₁). Source: Dinh et al., 2014, §3.2.

    A swap mirrors the plane in its diagonal, so its determinant is −1 and no path of invertible
    maps leads there from the identity, whose determinant is +1: somewhere on its way the plane
    must be edge-on. The way chosen is that of a card turned over about the diagonal and seen from
    above: the component across the diagonal shrinks by cos(π alpha), the one along it stays. Where
    the card would be thinner than `THINNEST`, at alpha within 0.016 of one half, it is kept that
    thick, and changes sides at one half in one jump. So the partial map can be inverted at every
    alpha, and is continuous everywhere but there.
    """

    THINNEST = 0.05

    def __init__(self, spec: catalogue.Swap, _: torch.Generator) -> None:
        super().__init__(spec)

    def push(self, z: Columns, alpha: Alpha = 1.0) -> tuple[Columns, Tensor]:
        """See `Layer.push`."""
        if is_whole(alpha):
            return (z[1], z[0]), z[0].new_zeros(())
        across = across_at(alpha, z[0], self.THINNEST)
        return self._turn_over(z, across), across.abs().log()

    def pull(self, x: Columns, alpha: Alpha = 1.0) -> tuple[Columns, Tensor]:
        """See `Layer.pull`."""
        if is_whole(alpha):
            return (x[1], x[0]), x[0].new_zeros(())
        across = across_at(alpha, x[0], self.THINNEST)
        return self._turn_over(x, 1 / across), -across.abs().log()

    @staticmethod
    def _turn_over(p: Columns, across: Tensor) -> Columns:
        along = 0.5 * (p[0] + p[1])
        half = 0.5 * across * (p[0] - p[1])
        return along + half, along - half


def across_at(alpha: Alpha, like: Tensor, thinnest: float) -> Tensor:
    """What a mirror, a fraction alpha of its way, makes of the component across it.

    1 at alpha 0, −1 at alpha 1, and nowhere nearer to 0 than `thinnest`; of the type of `like`.
    """
    alpha = alpha if isinstance(alpha, Tensor) else like.new_tensor(alpha)
    cos = (math.pi * alpha).cos()
    side = torch.where(alpha < 0.5, 1.0, -1.0).to(cos.dtype)
    return side * cos.abs().clamp(min=thinnest)
