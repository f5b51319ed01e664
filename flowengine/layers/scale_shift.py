"""Stretch each axis and move it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from flowengine import catalogue
from flowengine.errors import NumericsError
from flowengine.layers.base import Alpha, Columns, implements
from flowengine.layers.bounded import soft_clamp, soft_clamp_slope, undo_soft_clamp
from flowengine.layers.run import Noting

if TYPE_CHECKING:
    from collections.abc import Sequence


class ElementwiseAffine(Noting):
    """x = a · z + b on each axis, with a = exp(log-scale) > 0.

    On its way, the layer goes by a^alpha and alpha · b.
    """

    def __init__(
        self, spec: catalogue.LayerSpec, scale: Sequence[float], shift: Sequence[float]
    ) -> None:
        super().__init__(spec)
        self.raw_log_scale = nn.Parameter(
            torch.tensor([undo_soft_clamp(math.log(s)) for s in scale])
        )
        self.shift = nn.Parameter(torch.tensor(shift))

    def push(self, z: Columns, alpha: Alpha = 1.0) -> tuple[Columns, Tensor]:
        """See `Layer.push`."""
        log_scale, shift = self._way(alpha)
        scale = log_scale.exp()
        x = z[0] * scale[..., 0] + shift[..., 0], z[1] * scale[..., 1] + shift[..., 1]
        return x, log_scale.sum(-1)

    def undo(self, x: Columns, alpha: Alpha) -> tuple[Columns, Tensor]:
        """See `Noting.undo`."""
        log_scale, shift = self._way(alpha)
        scale = (-log_scale).exp()
        z = (x[0] - shift[..., 0]) * scale[..., 0], (x[1] - shift[..., 1]) * scale[..., 1]
        return z, -log_scale.sum(-1)

    def tensors(self) -> tuple[Tensor, ...]:
        """See `Noting.tensors`."""
        return self.raw_log_scale, self.shift

    def undo_noting(self, x: Columns, tensors: tuple[Tensor, ...]) -> tuple[Columns, Tensor, Any]:
        """See `Noting.undo_noting`."""
        log_scale = soft_clamp(tensors[0])
        scale, (b1, b2) = (-log_scale).exp(), tensors[1].unbind()
        s1, s2 = scale.unbind()
        away = x[0] - b1, x[1] - b2
        return (away[0] * s1, away[1] * s2), -log_scale.sum(), (away, s1, s2)

    def undo_gradient(
        self,
        notes: Any,  # noqa: ANN401
        tensors: tuple[Tensor, ...],
        g: Columns,
        g_log: Tensor,
        into: tuple[Tensor, ...] | None,
    ) -> Columns:
        """See `Noting.undo_gradient`."""
        away, s1, s2 = notes
        g_x = g[0] * s1, g[1] * s2
        if into is None:
            return g_x
        g_scale = torch.stack([torch.dot(g_x[0], away[0]), torch.dot(g_x[1], away[1])])
        g_raw = -(g_scale + g_log.sum()) * soft_clamp_slope(tensors[0])
        into[0].add_(g_raw)
        into[1].sub_(torch.stack([g_x[0].sum(), g_x[1].sum()]))
        return g_x

    def _way(self, alpha: Alpha) -> tuple[Tensor, Tensor]:
        """Log-scale and shift at alpha, each (2,), or (frames, 1, 2) for many moments."""
        if isinstance(alpha, Tensor):
            alpha = alpha[..., None]
        return alpha * soft_clamp(self.raw_log_scale), alpha * self.shift


@implements(catalogue.ScaleShift)
class ScaleShift(ElementwiseAffine):
    """x = a · z + b, started where its card says. Source: Papamakarios et al., 2021, §2."""

    start_fields = ("scale_x", "scale_y", "shift_x", "shift_y")

    def __init__(self, spec: catalogue.ScaleShift, _: torch.Generator) -> None:
        super().__init__(spec, (spec.scale_x, spec.scale_y), (spec.shift_x, spec.shift_y))


@implements(catalogue.ActNorm)
class ActNorm(ElementwiseAffine):
    """x = s · z + b, started so that the first batch normalizes to mean 0 and spread 1.

    Source: Kingma & Dhariwal, 2018, §3.1.
    """

    initialized: Tensor

    def __init__(self, spec: catalogue.ActNorm, _: torch.Generator) -> None:
        super().__init__(spec, (1.0, 1.0), (0.0, 0.0))
        self.register_buffer("initialized", torch.tensor(False))

    @torch.no_grad()
    def initialize(self, x: Columns) -> None:
        """Take mean and spread of the first batch; later batches and frozen layers change nothing.

        Raises:
            NumericsError: an axis of the batch has no spread, or is not finite.
        """
        if self.initialized or self.spec.frozen:
            return
        spread = torch.stack([column.std(correction=0) for column in x])
        if not (spread > 0).all() or not spread.isfinite().all():
            raise NumericsError(
                "ActNorm starts from a batch with finite points that differ on both "
                "axes, got spreads {spread} and {spread_}",
                spread=f"{spread[0]:.3g}",
                spread_=f"{spread[1]:.3g}",
            )
        log_scale = spread.clamp(1e-2, 1e2).log()
        self.raw_log_scale.copy_(torch.tensor([undo_soft_clamp(v) for v in log_scale.tolist()]))
        self.shift.copy_(torch.stack([column.mean() for column in x]))
        self.initialized.fill_(True)
