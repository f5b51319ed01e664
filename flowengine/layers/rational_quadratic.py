"""Monotone rational-quadratic splines. Source: Durkan et al., 2019, arXiv:1906.04032, eq. 4-8."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from flowengine.layers.base import is_whole

if TYPE_CHECKING:
    from flowengine.layers.base import Alpha

MIN_SIZE = 1e-3
"""Least width and height of a bin, as a part of the whole square."""
MIN_SLOPE = 1e-3
SLOPE_ONE = math.log(math.expm1(1.0 - MIN_SLOPE))  # softplus(SLOPE_ONE) + MIN_SLOPE = 1


class Piece(NamedTuple):
    """The piece of a spline that a point falls into; all of shape (batch,) or (frames, batch).

    Attributes:
        x: Left end.
        z: Lower end.
        width: From the left end to the right.
        height: From the lower end to the upper.
        left: dz/dx at the left end.
        right: dz/dx at the right end.
    """

    x: Tensor
    z: Tensor
    width: Tensor
    height: Tensor
    left: Tensor
    right: Tensor

    def moved(self, alpha: Alpha) -> Piece:
        """This piece a fraction alpha of the way from the identity."""
        return Piece(
            self.z + alpha * (self.x - self.z),
            self.z,
            self.height + alpha * (self.width - self.height),
            self.height,
            self.left / (self.left * (1 - alpha) + alpha),
            self.right / (self.right * (1 - alpha) + alpha),
        )

    def curve(self, t: Tensor) -> Curve:
        """The terms of eq. 4 and 5 at the fraction t of the width."""
        mean = self.height / self.width
        u = 1 - t
        tt, tu, uu = t * t, t * u, u * u
        bend = torch.add(self.left + self.right, mean, alpha=-2)
        bottom = torch.addcmul(mean, bend, tu)
        rise = torch.addcmul(mean * tt, self.left, tu) / bottom
        ends = torch.addcmul(self.right * tt, self.left, uu)
        top = torch.addcmul(ends, mean, tu, value=2)
        return Curve(mean, t, u, tt, tu, uu, bend, bottom, rise, top)

    def fraction_at(self, z: Tensor) -> Tensor:
        """The fraction of the width at which the curve reaches z. Source: eq. 6-8.

        Of the two ways to write the root, the one is taken that adds numbers of the same sign.
        """
        mean = self.height / self.width
        rise = z - self.z
        bend = rise * (self.left + self.right - 2 * mean)
        a = self.height * (mean - self.left) + bend
        b = self.height * self.left - bend
        c = mean * rise
        root = (b * b + 4 * a * c).clamp(min=0.0).sqrt()
        positive = b >= 0
        above = torch.where(positive, 2 * c, root - b)
        below = torch.where(positive, b + root, 2 * a)
        return (above / below).clamp(0.0, 1.0)


class Curve(NamedTuple):
    """A piece at a fraction t of its width.

    Attributes:
        mean: Mean slope of the piece.
        t: The fraction; u is 1 − t; tt, tu and uu are their products.
        bend: What both slopes together exceed twice the mean by.
        bottom: The denominator of eq. 4; its square is the denominator of eq. 5.
        rise: The fraction of the height that is reached.
        top: The numerator of eq. 5, without mean².
    """

    mean: Tensor
    t: Tensor
    u: Tensor
    tt: Tensor
    tu: Tensor
    uu: Tensor
    bend: Tensor
    bottom: Tensor
    rise: Tensor
    top: Tensor

    def log_slope(self) -> Tensor:
        """log dz/dx. Source: eq. 5."""
        share = self.mean / self.bottom
        return (share * share * self.top).log()


class Notes(NamedTuple):
    """What the gradient of an evaluation needs; see `RationalQuadratic.evaluate`."""

    inside: Tensor
    rows: Tensor
    parts: Tensor
    softplus: Tensor
    piece: Piece
    curve: Curve


class RationalQuadratic:
    """A family of splines from x to z on [−bound, bound], with slope 1 at both ends.

    Outside the bound they are the identity. One of them is chosen by 3 · bins − 1 unconstrained
    numbers: the softmax of the widths, that of the heights, and the slopes at the inner knots;
    zeros choose the identity. Every point of a batch has a spline of its own.

    On the way from the identity to a spline the heights of its knots stay; their places go from
    there to their own, and so do the inverse slopes dx/dz. So there is a monotone spline at every
    alpha, and a point that comes from z is in the same piece of all of them.
    """

    def __init__(self, bins: int, bound: float) -> None:
        self.bins = bins
        self.bound = bound

    def evaluate_partly(self, x: Tensor, raw: Tensor, alpha: Alpha) -> tuple[Tensor, Tensor]:
        """z and log dz/dx a fraction alpha of the way from the identity; see `invert`."""
        table, _ = self.table(raw)
        inside, clamped = self.clamp(x)
        knots_x, knots_z = table[1 : self.bins], table[self.bins + 1 : 2 * self.bins]
        way = knots_x - knots_z
        if isinstance(alpha, Tensor):
            way, knots_z = way[:, None], knots_z[:, None]
        piece = self.piece(table, bin_of(clamped, knots_z + alpha * way)).moved(alpha)
        curve = piece.curve(((clamped - piece.x) / piece.width).clamp(0.0, 1.0))
        z = torch.addcmul(piece.z, piece.height, curve.rise)
        return torch.where(inside, z, x), torch.where(inside, curve.log_slope(), 0.0)

    def invert(self, z: Tensor, raw: Tensor, alpha: Alpha) -> tuple[Tensor, Tensor]:
        """x and log dx/dz.

        Args:
            z: Points, shape (batch,).
            raw: What chooses the splines, shape (3 · bins − 1, batch).
            alpha: How far to go from the identity; for shape (frames, 1) the results have the
                shape (frames, batch).
        """
        table, _ = self.table(raw)
        inside, clamped = self.clamp(z)
        piece = self.piece(table, bin_of(clamped, table[self.bins + 1 : 2 * self.bins]))
        if not is_whole(alpha):
            piece = piece.moved(alpha)
        t = piece.fraction_at(clamped)
        x = torch.addcmul(piece.x, piece.width, t)
        return torch.where(inside, x, z), torch.where(inside, -piece.curve(t).log_slope(), 0.0)

    def evaluate(self, x: Tensor, raw: Tensor) -> tuple[Tensor, Tensor, Notes]:
        """z and log dz/dx at x, and notes for `gradient`; shapes as in `invert`."""
        table, parts = self.table(raw)
        inside, clamped = self.clamp(x)
        rows = bin_of(clamped, table[1 : self.bins]) + self._constants(x).blocks
        found = table.gather(0, rows)
        softplus = F.softplus(found[4:])
        piece = Piece(*found[:4].unbind(0), *(softplus + MIN_SLOPE).unbind(0))
        curve = piece.curve(((clamped - piece.x) / piece.width).clamp(0.0, 1.0))
        z = torch.addcmul(piece.z, piece.height, curve.rise)
        notes = Notes(inside, rows, parts, softplus, piece, curve)
        return torch.where(inside, z, x), torch.where(inside, curve.log_slope(), 0.0), notes

    def gradient(self, notes: Notes, g_z: Tensor, g_log: Tensor) -> tuple[Tensor, Tensor]:
        """From the gradients of z and log dz/dx to those of x and of the unconstrained numbers."""
        inside, rows, parts, softplus, piece, curve = notes
        g_inside = torch.where(inside, g_z, 0.0)
        g_rows, g_x = _piece_gradient(piece, curve, g_inside, torch.where(inside, g_log, 0.0))
        g_rows[4:].mul_(softplus.neg().expm1_().neg_())  # the slope of softplus, from its value
        g_table = g_rows.new_zeros(6 * self.bins, len(g_x)).scatter_(0, rows, g_rows)
        g_raw = torch.mm(self._constants(g_z).spread.t(), g_table)
        g_parts = g_raw[: 2 * self.bins].view_as(parts)
        g_parts.copy_(_softmax_backward(g_parts, parts, 1, parts.dtype))
        return torch.where(inside, g_x, g_z), g_raw

    def table(self, raw: Tensor) -> tuple[Tensor, Tensor]:
        """Everything about the splines by piece, and the softmaxes that it was made from.

        Returns:
            Six blocks of rows, one row for each bin: left end, lower end, width, height, and the
            unconstrained slopes left and right, shape (6 · bins, batch); and the parts that the
            bins take of the square, shape (2, bins, batch).
        """
        bins = self.bins
        parts = raw[: 2 * bins].view(2, bins, -1).softmax(1)
        numbers = torch.cat([parts.view(2 * bins, -1), raw[2 * bins :]])
        constants = self._constants(raw)
        return torch.addmm(constants.start, constants.spread, numbers), parts

    def clamp(self, value: Tensor) -> tuple[Tensor, Tensor]:
        """Which values lie inside, and all values moved inside.

        A spline makes NaN gradients of a value outside even where its result is not used: so
        values are moved before, and results selected after.
        """
        clamped = value.clamp(-self.bound, self.bound)
        return clamped == value, clamped

    def piece(self, table: Tensor, index: Tensor) -> Piece:
        """Piece number `index`, shape (batch,) or (frames, batch), of the splines."""
        blocks = self._constants(table).blocks
        if index.ndim == 1:
            found = table.gather(0, index + blocks)
        else:
            rows = index + blocks[:, None]
            found = table[:, None].expand(-1, len(index), -1).gather(0, rows)
        return Piece(*found[:4].unbind(0), *(F.softplus(found[4:]) + MIN_SLOPE).unbind(0))

    def _constants(self, like: Tensor) -> Constants:
        return _constants(self.bins, self.bound, like.dtype, like.device)


def bin_of(value: Tensor, knots: Tensor) -> Tensor:
    """Which piece a value falls into: how many of the inner knots it has reached.

    A comparison and a sum, because `searchsorted` has no ONNX form.
    """
    return (value >= knots).sum(0)


class Constants(NamedTuple):
    """The affine map from parts and unconstrained slopes to the table of pieces.

    Everything in a table is linear in them: one matrix product makes it, and one with the
    transposed matrix its gradient.

    Attributes:
        spread: The matrix, shape (6 · bins, 3 · bins − 1).
        start: The constant, shape (6 · bins, 1).
        blocks: Where the six blocks of a table begin, shape (6, 1).
    """

    spread: Tensor
    start: Tensor
    blocks: Tensor


@lru_cache(maxsize=64)
def _constants(bins: int, bound: float, dtype: torch.dtype, device: torch.device) -> Constants:
    side = 2 * bound
    room = side * (1 - bins * MIN_SIZE)
    one = torch.eye(bins, dtype=torch.float64)
    ends = room * torch.ones_like(one).tril(-1)
    # the first piece has the fixed slope 1 on its left, the last one on its right
    slopes = torch.cat([one[:, 1:], one[:, :-1]])
    sizes = torch.block_diag(room * one, room * one)
    spread = torch.block_diag(torch.cat([torch.block_diag(ends, ends), sizes]), slopes)
    starts = (side * MIN_SIZE * torch.arange(bins, dtype=torch.float64) - bound).repeat(2)
    start = torch.cat(
        [starts, torch.full_like(starts, side * MIN_SIZE), torch.full_like(starts, SLOPE_ONE)]
    )
    blocks = bins * torch.arange(6, device=device)[:, None]
    return Constants(spread.to(device, dtype), start[:, None].to(device, dtype), blocks)


def _piece_gradient(
    piece: Piece, curve: Curve, g_z: Tensor, g_log: Tensor
) -> tuple[Tensor, Tensor]:
    """From the gradients of z and log dz/dx to those of the piece, shape (6, batch), and of x.

    Each line undoes one of `Piece.curve` and `Curve.log_slope`, last one first.
    """
    mean, t, u, tt, tu, uu, bend, bottom, rise, top = curve
    g_top = g_log / top
    g_above = g_z * piece.height / bottom  # of the numerator of eq. 4
    down = torch.add(g_above * rise, g_log / bottom, alpha=2)  # minus the gradient of bottom
    g_tu = torch.addcmul(g_above * piece.left, down, bend, value=-1)
    g_tu = torch.addcmul(g_tu, g_top, mean, value=2)
    g_mean = torch.addcmul(g_above * tt, down, tt + uu, value=-1)
    g_mean = torch.addcmul(g_mean, g_top, tu, value=2).add_(g_log / mean, alpha=2)
    g_left = torch.addcmul(g_top * uu, g_above - down, tu)
    g_right = torch.addcmul(g_top * tt, down, tu, value=-1)
    tilt = torch.addcmul(piece.right * t, piece.left, u, value=-1)
    g_t = torch.addcmul(g_above * mean * t, g_top, tilt)
    g_x = torch.add(g_tu * (u - t), g_t, alpha=2) / piece.width
    g_size = g_mean / piece.width
    g_width = torch.addcmul(g_size * mean, g_x, t).neg_()
    g_height = torch.addcmul(g_size, g_z, rise)
    return torch.stack([-g_x, g_z, g_width, g_height, g_left, g_right]), g_x


_softmax_backward = torch.ops.aten._softmax_backward_data.default
