"""Gaussianization's layer: a monotone spline on each axis."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from flowengine import catalogue
from flowengine.layers.base import Alpha, Columns, Layer, implements, is_whole
from flowengine.layers.rational_quadratic import RationalQuadratic

if TYPE_CHECKING:
    from collections.abc import Callable

    Move = Callable[[Tensor, Tensor, Alpha], tuple[Tensor, Tensor]]


@implements(catalogue.Spline)
class Spline(Layer):
    """z = spline(x) on each axis, the identity outside the bound.

    Source: Durkan et al., 2019, eq. 4-8, for the spline; Meng et al., 2020, for a stack of them and
    rotations. The spline runs from target to base, as in a spline coupling and for its reasons.
    """

    def __init__(self, spec: catalogue.Spline, _: torch.Generator) -> None:
        super().__init__(spec)
        self.spline = RationalQuadratic(spec.bins, spec.bound)
        self.raw = nn.Parameter(torch.zeros(3 * spec.bins - 1, 2))

    def push(self, z: Columns, alpha: Alpha = 1.0) -> tuple[Columns, Tensor]:
        """See `Layer.push`."""
        return self._on_each_axis(self.spline.invert, z, alpha)

    def pull(self, x: Columns, alpha: Alpha = 1.0) -> tuple[Columns, Tensor]:
        """See `Layer.pull`."""
        if is_whole(alpha) and torch.is_grad_enabled():
            first, second, log_det = _Pull.apply(self.spline, *x, self.raw)  # type: ignore[no-untyped-call]
            return (first, second), log_det
        return self._on_each_axis(self.spline.evaluate_partly, x, alpha)

    def _on_each_axis(self, move: Move, p: Columns, alpha: Alpha) -> tuple[Columns, Tensor]:
        (first, log1), (second, log2) = (
            move(column, self.raw[:, axis, None], alpha) for axis, column in enumerate(p)
        )
        return (first, second), log1 + log2


class _Pull(torch.autograd.Function):
    """Both splines of a layer at once, with the gradient that `RationalQuadratic` writes out."""

    @staticmethod
    def forward(
        ctx: Any,  # noqa: ANN401
        spline: RationalQuadratic,
        first: Tensor,
        second: Tensor,
        raw: Tensor,
    ) -> tuple[Tensor, Tensor, Tensor]:
        count = len(first)
        z, log_det, ctx.notes = spline.evaluate(
            torch.cat([first, second]), raw.repeat_interleave(count, 1)
        )
        ctx.spline = spline
        return z[:count].clone(), z[count:].clone(), log_det.view(2, count).sum(0)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *g: Tensor) -> tuple[Tensor | None, ...]:  # noqa: ANN401
        g_x, g_raw = ctx.spline.gradient(ctx.notes, torch.cat(g[:2]), g[2].repeat(2))
        first, second = g_x.chunk(2)
        return None, first, second, g_raw.view(len(g_raw), 2, -1).sum(-1)
