"""Monotone rational-quadratic splines. Source: Durkan et al., 2019, arXiv:1906.04032, eq. 4-8."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

if TYPE_CHECKING:
    from flowengine.layers.base import Alpha

MIN_SIZE = 1e-3
"""Least width and height of a bin, as a part of the whole square."""
MIN_SLOPE = 1e-3
SLOPE_ONE = math.log(math.expm1(1.0 - MIN_SLOPE))  # softplus(SLOPE_ONE) + MIN_SLOPE = 1


class Piece(NamedTuple):
    """The piece of a spline that a point falls into: corner, size, and the slopes at both ends."""

    x: Tensor
    width: Tensor
    z: Tensor
    height: Tensor
    left: Tensor
    right: Tensor


class Spline(NamedTuple):
    """A batch of splines on [−bound, bound], with slope 1 at both ends; the identity outside.

    Attributes:
        x: Knots on the side of the target, shape (bins + 1, batch).
        z: Knots on the side of the base, same shape.
        slope: dz/dx at the knots, same shape.
        bound: Half the side of the square.
    """

    x: Tensor
    z: Tensor
    slope: Tensor
    bound: float

    @classmethod
    def of(cls, raw: Tensor, bins: int, bound: float) -> Spline:
        """Make splines from unconstrained numbers, shape (3 · bins − 1, batch); zeros: identity."""
        x, z = _knots(raw[: 2 * bins].view(2, bins, -1), bound).unbind(0)
        inner = F.softplus(raw[2 * bins :] + SLOPE_ONE) + MIN_SLOPE
        return cls(x, z, F.pad(inner, (0, 0, 1, 1), value=1.0), bound)

    def evaluate(self, x: Tensor, alpha: Alpha = 1.0) -> tuple[Tensor, Tensor]:
        """Z and log dz/dx at x, a fraction alpha of the way from the identity."""
        inside = x.abs() <= self.bound
        clamped = x.clamp(-self.bound, self.bound)
        piece = self.on_the_way(alpha).piece(clamped, by_z=False)
        t = ((clamped - piece.x) / piece.width).clamp(0.0, 1.0)
        z, log_slope = _evaluate(piece, t)
        return torch.where(inside, z, x), torch.where(inside, log_slope, 0.0)

    def invert(self, z: Tensor, alpha: Alpha = 1.0) -> tuple[Tensor, Tensor]:
        """X and log dx/dz at z, a fraction alpha of the way from the identity."""
        inside = z.abs() <= self.bound
        clamped = z.clamp(-self.bound, self.bound)
        piece = _piece_on_the_way(self.piece(clamped, by_z=True), alpha)
        t = _solve(piece, clamped - piece.z)
        _, log_slope = _evaluate(piece, t)
        x = piece.x + t * piece.width
        return torch.where(inside, x, z), torch.where(inside, -log_slope, 0.0)

    def on_the_way(self, alpha: Alpha) -> Spline:
        """The spline a fraction alpha of the way, shape (bins + 1, frames, batch) for a tensor.

        The knots' heights stay, their places go from there to their own, and so do the inverse
        slopes: at 0 this is the identity, at 1 the spline itself, and monotone in between. As the
        heights stay, a point that comes from the base is in the same piece at every alpha.
        """
        if not isinstance(alpha, Tensor):
            return self if alpha == 1.0 else self._moved(alpha)
        return self._replace(
            x=self.x.unsqueeze(1), z=self.z.unsqueeze(1), slope=self.slope.unsqueeze(1)
        )._moved(alpha)

    def _moved(self, alpha: Alpha) -> Spline:
        return Spline(
            self.z + alpha * (self.x - self.z),
            self.z,
            self.slope / (self.slope * (1 - alpha) + alpha),
            self.bound,
        )

    def piece(self, value: Tensor, *, by_z: bool) -> Piece:
        """The piece that each value falls into, on the base's side or the target's."""
        knots = self.z if by_z else self.x
        value = value.expand(knots.shape[1:])
        index = (value >= knots[1:-1]).sum(0, keepdim=True)  # no searchsorted: it has no ONNX form

        def at(knots: Tensor, index: Tensor) -> Tensor:
            return knots.expand(-1, *index.shape[1:]).gather(0, index).squeeze(0)

        x, z = at(self.x, index), at(self.z, index)
        return Piece(
            x,
            at(self.x, index + 1) - x,
            z,
            at(self.z, index + 1) - z,
            at(self.slope, index),
            at(self.slope, index + 1),
        )


def _knots(raw: Tensor, bound: float) -> Tensor:
    """Add up bins, raw (2, bins, batch), to knots from −bound to bound, (2, bins + 1, batch)."""
    bins = raw.shape[1]
    parts = MIN_SIZE + (1 - bins * MIN_SIZE) * raw.softmax(1)
    inner = parts[:, :-1].cumsum(1) * (2 * bound) - bound
    ends = (0, 0, 1, 0), (0, 0, 0, 1)
    return F.pad(F.pad(inner, ends[0], value=-bound), ends[1], value=bound)


def _piece_on_the_way(piece: Piece, alpha: Alpha) -> Piece:
    """See `Spline.on_the_way`."""
    if not isinstance(alpha, Tensor) and alpha == 1.0:
        return piece
    return Piece(
        piece.z + alpha * (piece.x - piece.z),
        piece.height + alpha * (piece.width - piece.height),
        piece.z,
        piece.height,
        piece.left / (piece.left * (1 - alpha) + alpha),
        piece.right / (piece.right * (1 - alpha) + alpha),
    )


def _evaluate(piece: Piece, t: Tensor) -> tuple[Tensor, Tensor]:
    """Z and log dz/dx at the fraction t of a piece. Source: eq. 4 and 5."""
    mean = piece.height / piece.width
    u = 1 - t
    tu = t * u
    denominator = mean + (piece.left + piece.right - 2 * mean) * tu
    z = piece.z + piece.height * (mean * t * t + piece.left * tu) / denominator
    slope = piece.right * t * t + 2 * mean * tu + piece.left * u * u
    return z, 2 * (mean / denominator).log() + slope.log()


def _solve(piece: Piece, rise: Tensor) -> Tensor:
    """The fraction t of a piece at which it has risen so far. Source: eq. 6-8.

    Of the two ways to write the root, the one is taken that adds numbers of the same sign.
    """
    mean = piece.height / piece.width
    bend = rise * (piece.left + piece.right - 2 * mean)
    a = piece.height * (mean - piece.left) + bend
    b = piece.height * piece.left - bend
    c = mean * rise
    root = (b * b + 4 * a * c).clamp(min=0.0).sqrt()
    positive = b >= 0
    top = torch.where(positive, 2 * c, root - b)
    bottom = torch.where(positive, b + root, 2 * a)
    return (top / bottom).clamp(0.0, 1.0)
