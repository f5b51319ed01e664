"""Gaussianization's layer: a monotone spline on each axis."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from flowengine import catalogue
from flowengine.layers.base import Alpha, Columns, implements
from flowengine.layers.rational_quadratic import RationalQuadratic
from flowengine.layers.run import Noting

if TYPE_CHECKING:
    from collections.abc import Callable

    Move = Callable[[Tensor, Tensor, Alpha], tuple[Tensor, Tensor]]


@implements(catalogue.Spline)
class Spline(Noting):
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

    def undo(self, x: Columns, alpha: Alpha) -> tuple[Columns, Tensor]:
        """See `Noting.undo`."""
        return self._on_each_axis(self.spline.evaluate_partly, x, alpha)

    def tensors(self) -> tuple[Tensor, ...]:
        """See `Noting.tensors`."""
        return (self.raw,)

    def undo_noting(self, x: Columns, tensors: tuple[Tensor, ...]) -> tuple[Columns, Tensor, Any]:
        """See `Noting.undo_noting`: both axes at once, as if they were one batch."""
        count = x[0].shape[0]
        z, log_det, notes = self.spline.evaluate(torch.cat(x), tensors[0])
        return (z[:count], z[count:]), log_det[:count] + log_det[count:], notes

    def undo_gradient(
        self,
        notes: Any,  # noqa: ANN401
        tensors: tuple[Tensor, ...],
        g: Columns,
        g_log: Tensor,
        into: tuple[Tensor, ...] | None,
    ) -> Columns:
        """See `Noting.undo_gradient`."""
        g_x, g_raw = self.spline.gradient(notes, torch.cat(g), g_log.repeat(2))
        first, second = g_x.chunk(2)
        if into is not None:
            into[0].add_(g_raw)
        return first, second

    def _on_each_axis(self, move: Move, p: Columns, alpha: Alpha) -> tuple[Columns, Tensor]:
        (first, log1), (second, log2) = (
            move(column, self.raw[:, axis, None], alpha) for axis, column in enumerate(p)
        )
        return (first, second), log1 + log2
