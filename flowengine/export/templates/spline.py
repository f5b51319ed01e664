"""Template: a monotone spline on each axis."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from flowengine.export.templates.rational_quadratic import evaluate, piece_at, solve, spline_knots


class Spline(nn.Module):
    """z = spline(x) on each axis, monotone on [−bound, bound], the identity outside.

    The splines run from target to base. Source: Durkan et al., 2019, arXiv:1906.04032, eq. 4-8.
    """

    def __init__(self, bins: int, bound: float) -> None:
        super().__init__()
        self.bins, self.bound = bins, bound
        self.raw = nn.Parameter(torch.zeros(3 * bins - 1, 2))

    def forward(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """Base to target, and log|det dx/dz|: in each piece the root of a quadratic equation."""
        moved = [self._push(column, axis) for axis, column in enumerate(z.unbind(-1))]
        return torch.stack([x for x, _ in moved], -1), moved[0][1] + moved[1][1]

    def inverse(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Target to base, and log|det dz/dx|."""
        moved = [self._pull(column, axis) for axis, column in enumerate(x.unbind(-1))]
        return torch.stack([z for z, _ in moved], -1), moved[0][1] + moved[1][1]

    def _push(self, z: Tensor, axis: int) -> tuple[Tensor, Tensor]:
        inside, clamped = z.abs() <= self.bound, z.clamp(-self.bound, self.bound)
        xs, zs, slopes = self._knots(axis, z.shape[0])
        piece = piece_at(clamped, zs, xs, zs, slopes)
        t = solve(piece, clamped - piece.z)
        log_slope = evaluate(piece, t)[1]
        return (piece.x + t * piece.width).where(inside, z), (-log_slope).where(inside, 0.0)

    def _pull(self, x: Tensor, axis: int) -> tuple[Tensor, Tensor]:
        inside, clamped = x.abs() <= self.bound, x.clamp(-self.bound, self.bound)
        xs, zs, slopes = self._knots(axis, x.shape[0])
        piece = piece_at(clamped, xs, xs, zs, slopes)
        t = ((clamped - piece.x) / piece.width).clamp(0.0, 1.0)
        z, log_slope = evaluate(piece, t)
        return z.where(inside, x), log_slope.where(inside, 0.0)

    def _knots(self, axis: int, count: int) -> tuple[Tensor, Tensor, Tensor]:
        x, z, slope = spline_knots(self.raw[:, axis, None], self.bins, self.bound)
        return x.expand(-1, count), z.expand(-1, count), slope.expand(-1, count)
