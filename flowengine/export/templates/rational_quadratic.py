"""Template: monotone rational-quadratic splines."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

MIN_SIZE = 1e-3  # least width and height of a bin, as a part of the whole
MIN_SLOPE = 1e-3
SLOPE_ONE = math.log(math.expm1(1.0 - MIN_SLOPE))  # softplus(SLOPE_ONE) + MIN_SLOPE = 1


class Piece(NamedTuple):
    """The piece of a spline that each point falls into; every field has shape (batch,)."""

    x: Tensor
    width: Tensor
    z: Tensor
    height: Tensor
    left: Tensor  # dz/dx at the left end
    right: Tensor  # dz/dx at the right end


def spline_knots(raw: Tensor, bins: int, bound: float) -> tuple[Tensor, Tensor, Tensor]:
    """From (3 · bins − 1, batch) numbers to x, z and dz/dx at the knots, each (bins + 1, batch)."""
    shares = raw[: 2 * bins].reshape(2, bins, -1).softmax(1)  # of the widths and of the heights
    # A knot lies behind the bins before it: each has MIN_SIZE and its share of what that leaves.
    before = torch.ones(bins + 1, bins).tril(-1).to(raw) * (2 * bound * (1 - bins * MIN_SIZE))
    start = torch.arange(bins + 1.0)[:, None].to(raw) * (2 * bound * MIN_SIZE) - bound
    inner = torch.baddbmm(start[None], before.expand(2, -1, -1), shares)[:, 1:-1]
    with_start = F.pad(inner, (0, 0, 1, 0), value=-bound)
    x, z = F.pad(with_start, (0, 0, 0, 1), value=bound).unbind(0)
    slope = F.softplus(raw[2 * bins :] + SLOPE_ONE) + MIN_SLOPE
    return x, z, F.pad(slope, (0, 0, 1, 1), value=1.0)


def piece_at(value: Tensor, knots: Tensor, x: Tensor, z: Tensor, slope: Tensor) -> Piece:
    """The piece whose span between two `knots`, which are `x` or `z`, holds each value."""
    index = (value >= knots[1:-1]).sum(0, keepdim=True)
    ends = torch.cat([index, index + 1])
    (x0, x1), (z0, z1), (left, right) = x.gather(0, ends), z.gather(0, ends), slope.gather(0, ends)
    return Piece(x0, x1 - x0, z0, z1 - z0, left, right)


def evaluate(piece: Piece, t: Tensor) -> tuple[Tensor, Tensor]:
    """The value z and log dz/dx at the fraction t of a piece (eq. 4 and 5)."""
    mean = piece.height / piece.width
    u = 1 - t
    denominator = mean + (piece.left + piece.right - 2 * mean) * (t * u)
    z = piece.z + piece.height * (mean * t * t + piece.left * (t * u)) / denominator
    slope = piece.right * t * t + 2 * mean * (t * u) + piece.left * u * u
    return z, 2 * (mean / denominator).log() + slope.log()


def solve(piece: Piece, rise: Tensor) -> Tensor:
    """The fraction t of a piece at which z has risen so far (eq. 6-8).

    Of the two ways to write the root, the one is taken that adds numbers of the same sign.
    """
    mean = piece.height / piece.width
    bend = rise * (piece.left + piece.right - 2 * mean)
    a = piece.height * (mean - piece.left) + bend
    b = piece.height * piece.left - bend
    c = mean * rise
    root = (b * b + 4 * a * c).clamp(min=0.0).sqrt()
    top = torch.where(b >= 0, 2 * c, root - b)
    bottom = torch.where(b >= 0, b + root, 2 * a)
    return (top / bottom).clamp(0.0, 1.0)
