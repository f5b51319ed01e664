"""Template: neural spline flow's coupling."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flowengine.export.templates.coupling import Coupling
from flowengine.export.templates.rational_quadratic import (
    Piece,
    evaluate,
    piece_at,
    solve,
    spline_knots,
)

if TYPE_CHECKING:
    from torch import Tensor


class SplineCoupling(Coupling):
    """z_b = spline(x_b; knots(x_a)), a monotone spline on [−bound, bound], the identity outside.

    The spline runs from target to base. Source: Durkan et al., 2019, arXiv:1906.04032, eq. 4-8.
    """

    def __init__(self, keeps: str, width: int, depth: int, bins: int, bound: float) -> None:
        super().__init__(keeps, width, depth, outputs=3 * bins - 1)
        self.bins, self.bound = bins, bound

    def push(self, z: Tensor, chosen: Tensor) -> tuple[Tensor, Tensor]:
        """Invert the spline: in each piece it is the root of a quadratic equation."""
        inside, clamped = z.abs() <= self.bound, z.clamp(-self.bound, self.bound)
        piece = self._piece(clamped, chosen, side="z")
        t = solve(piece, clamped - piece.z)
        log_slope = evaluate(piece, t)[1]
        return (piece.x + t * piece.width).where(inside, z), (-log_slope).where(inside, 0.0)

    def pull(self, x: Tensor, chosen: Tensor) -> tuple[Tensor, Tensor]:
        """Evaluate the spline."""
        inside, clamped = x.abs() <= self.bound, x.clamp(-self.bound, self.bound)
        piece = self._piece(clamped, chosen, side="x")
        t = ((clamped - piece.x) / piece.width).clamp(0.0, 1.0)
        z, log_slope = evaluate(piece, t)
        return z.where(inside, x), log_slope.where(inside, 0.0)

    def _piece(self, value: Tensor, chosen: Tensor, side: str) -> Piece:
        x, z, slope = spline_knots(chosen, self.bins, self.bound)
        return piece_at(value, x if side == "x" else z, x, z, slope)
