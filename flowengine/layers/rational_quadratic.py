"""Monotone rational-quadratic splines. Source: Durkan et al., 2019, arXiv:1906.04032, eq. 4-8."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from flowengine.layers.base import is_whole

if TYPE_CHECKING:
    from flowengine.layers.base import Alpha

MIN_SIZE = 1e-3
"""Least width and height of a bin, as a part of the whole square."""
MIN_SLOPE = 1e-3
SLOPE_ONE = math.log(math.expm1(1.0 - MIN_SLOPE))  # softplus(SLOPE_ONE) + MIN_SLOPE = 1


class Piece(NamedTuple):
    """The piece of a spline that a point falls into: its corner, its size and its slopes.

    Attributes:
        x: Left end. All have the shape (batch,) or (frames, batch), except for the slopes.
        width: From the left end to the right.
        z: Lower end.
        height: From the lower end to the upper.
        slopes: dz/dx at the left and at the right end, shape (2, …).
    """

    x: Tensor
    width: Tensor
    z: Tensor
    height: Tensor
    slopes: Tensor

    def moved(self, alpha: Alpha) -> Piece:
        """This piece a fraction alpha of the way from the identity."""
        slopes = self.slopes
        if isinstance(alpha, Tensor) and slopes.ndim == 2:
            slopes = slopes[:, None]
        return Piece(
            self.z + alpha * (self.x - self.z),
            self.height + alpha * (self.width - self.height),
            self.z,
            self.height,
            slopes / (slopes * (1 - alpha) + alpha),
        )

    def curve(self, t: Tensor) -> Curve:
        """The terms of eq. 4 and 5 at the fraction t of the width."""
        mean = self.height / self.width
        ends = torch.stack([1 - t, t])
        product = ends[0] * t
        squares = ends * ends
        bend = self.slopes.sum(0).sub_(mean, alpha=2)
        bottom = torch.addcmul(mean, bend, product)
        rise = torch.addcmul(mean * squares[1], self.slopes[0], product) / bottom
        top = torch.addcmul((self.slopes * squares).sum(0), mean, product, value=2)
        return Curve(mean, ends, product, squares, bend, bottom, rise, top)

    def fraction_at(self, z: Tensor) -> Tensor:
        """The fraction of the width at which the curve reaches z. Source: eq. 6-8.

        Of the two ways to write the root, the one is taken that adds numbers of the same sign.
        """
        left, right = self.slopes.unbind(0)
        mean = self.height / self.width
        rise = z - self.z
        bend = rise * (left + right - 2 * mean)
        a = self.height * (mean - left) + bend
        b = self.height * left - bend
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
        ends: 1 − t and t, shape (2, …).
        product: t (1 − t).
        squares: (1 − t)² and t², shape (2, …).
        bend: What both slopes together exceed twice the mean by.
        bottom: The denominator of eq. 4; its square is the denominator of eq. 5.
        rise: The fraction of the height that is reached.
        top: The numerator of eq. 5, without mean².
    """

    mean: Tensor
    ends: Tensor
    product: Tensor
    squares: Tensor
    bend: Tensor
    bottom: Tensor
    rise: Tensor
    top: Tensor

    def log_slope(self) -> Tensor:
        """log dz/dx. Source: eq. 5."""
        return ((self.mean / self.bottom).square() * self.top).log()


class Notes(NamedTuple):
    """What the gradient of an evaluation needs; see `RationalQuadratic`."""

    inside: Tensor
    bins: Tensor
    parts: Tensor
    piece: Piece
    curve: Curve


class RationalQuadratic(nn.Module):
    """A family of splines from x to z on [−bound, bound], with slope 1 at both ends.

    Outside the bound they are the identity. One of them is chosen by 3 · bins − 1 unconstrained
    numbers: the softmax of the widths, that of the heights, and the slopes at the inner knots;
    zeros choose the identity. Every point of a batch has a spline of its own.

    On the way from the identity to a spline the heights of its knots stay; their places go from
    there to their own, and so do the inverse slopes dx/dz. So there is a monotone spline at every
    alpha, and a point that comes from z is in the same piece of all of them.
    """

    ramp: Tensor
    offset: Tensor
    corners: Tensor

    def __init__(self, bins: int, bound: float) -> None:
        super().__init__()
        self.bins = bins
        self.bound = bound
        # knots = offset + ramp @ parts; the first and the last are the bounds, free of rounding
        ramp = torch.ones(bins + 1, bins).tril(-1) * (2 * bound * (1 - bins * MIN_SIZE))
        ramp[-1] = 0.0
        offset = torch.arange(bins + 1.0) * (2 * bound * MIN_SIZE) - bound
        offset[-1] = bound
        count = bins + 1
        corners = torch.tensor([0, 1, count, count + 1, 2 * count, 2 * count + 1])
        self.register_buffer("ramp", ramp.repeat(2, 1, 1), persistent=False)
        self.register_buffer("offset", offset[None, :, None], persistent=False)
        self.register_buffer("corners", corners[:, None], persistent=False)

    def evaluate(self, x: Tensor, raw: Tensor, alpha: Alpha = 1.0) -> tuple[Tensor, Tensor]:
        """z and log dz/dx.

        Args:
            x: Points, shape (batch,).
            raw: What chooses the splines, shape (3 · bins − 1, batch).
            alpha: How far to go from the identity; for shape (frames, 1) the results have the
                shape (frames, batch).
        """
        table, _ = self.table(raw)
        inside, clamped = self.clamp(x)
        knots, knots_z = table.split(self.bins + 1)[:2]
        if not is_whole(alpha):
            way = knots - knots_z
            if isinstance(alpha, Tensor):
                way, knots_z = way[:, None], knots_z[:, None]
            knots = knots_z + alpha * way
        piece = self.piece(table, bin_of(clamped, knots))
        if not is_whole(alpha):
            piece = piece.moved(alpha)
        curve = piece.curve(((clamped - piece.x) / piece.width).clamp(0.0, 1.0))
        z = torch.addcmul(piece.z, piece.height, curve.rise)
        return torch.where(inside, z, x), torch.where(inside, curve.log_slope(), 0.0)

    def invert(self, z: Tensor, raw: Tensor, alpha: Alpha = 1.0) -> tuple[Tensor, Tensor]:
        """x and log dx/dz; arguments and shapes as in `evaluate`."""
        table, _ = self.table(raw)
        inside, clamped = self.clamp(z)
        piece = self.piece(table, bin_of(clamped, table.split(self.bins + 1)[1]))
        if not is_whole(alpha):
            piece = piece.moved(alpha)
        t = piece.fraction_at(clamped)
        x = torch.addcmul(piece.x, piece.width, t)
        return torch.where(inside, x, z), torch.where(inside, -piece.curve(t).log_slope(), 0.0)

    def evaluate_noting(self, x: Tensor, raw: Tensor) -> tuple[Tensor, Tensor, Notes]:
        """`evaluate` at alpha 1 without autograd, and notes for `gradient`."""
        table, parts = self.table(raw)
        inside, clamped = self.clamp(x)
        index = bin_of(clamped, table[: self.bins + 1])
        piece = self.piece(table, index)
        curve = piece.curve(((clamped - piece.x) / piece.width).clamp_(0.0, 1.0))
        z = torch.addcmul(piece.z, piece.height, curve.rise)
        notes = Notes(inside, index, parts, piece, curve)
        return torch.where(inside, z, x), torch.where(inside, curve.log_slope(), 0.0), notes

    def gradient(self, notes: Notes, g_z: Tensor, g_log: Tensor) -> tuple[Tensor, Tensor]:
        """From the gradients of z and log dz/dx to those of x and of the unconstrained numbers."""
        inside, index, parts, piece, curve = notes
        g_inside = torch.where(inside, g_z, 0.0)
        g_rows, g_x = _piece_gradient(piece, curve, g_inside, torch.where(inside, g_log, 0.0))
        g_table = g_rows.new_zeros(3 * self.bins + 3, len(index))
        g_table.scatter_(0, index + self.corners, g_rows)
        g_knots = g_table[: 2 * self.bins + 2].view(2, self.bins + 1, -1)
        g_soft = _softmax_backward(torch.bmm(self.ramp.mT, g_knots), parts, 1, parts.dtype)
        g_slopes = g_table[2 * self.bins + 3 : -1]
        g_raw = torch.cat([g_soft.view(2 * self.bins, -1), g_slopes])
        return torch.where(inside, g_x, g_z), g_raw

    def table(self, raw: Tensor) -> tuple[Tensor, Tensor]:
        """Everything about the splines by knot, and the softmaxes that it was made from.

        Returns:
            x, z and unconstrained slope of the bins + 1 knots, one block of rows below the other:
            shape (3 · bins + 3, batch); and the parts, shape (2, bins, batch).
        """
        bins = self.bins
        parts = raw[: 2 * bins].view(2, bins, -1).softmax(1)
        knots = torch.baddbmm(self.offset, self.ramp, parts).view(2 * bins + 2, -1)
        end = torch.zeros_like(raw[:1])
        return torch.cat([knots, end, raw[2 * bins :], end]), parts

    def clamp(self, value: Tensor) -> tuple[Tensor, Tensor]:
        """Which values lie inside, and all values moved inside.

        A spline makes NaN gradients of a value outside even where its result is not used: so
        values are moved before, and results selected after.
        """
        clamped = value.clamp(-self.bound, self.bound)
        return clamped == value, clamped

    def piece(self, table: Tensor, index: Tensor) -> Piece:
        """Piece number `index`, shape (batch,) or (frames, batch), of the splines."""
        if index.ndim == 1:
            found = table.gather(0, index + self.corners)
        else:
            rows = index + self.corners[:, None]
            found = table[:, None].expand(-1, len(index), -1).gather(0, rows)
        width, height = (found[1:4:2] - found[0:4:2]).unbind(0)
        slopes = F.softplus(found[4:] + SLOPE_ONE) + MIN_SLOPE
        return Piece(found[0], width, found[2], height, slopes)


def bin_of(value: Tensor, knots: Tensor) -> Tensor:
    """Which piece a value falls into: how many inner knots it has reached.

    A comparison and a sum, because `searchsorted` has no ONNX form.
    """
    return (value >= knots[1:-1]).sum(0)


def _piece_gradient(
    piece: Piece, curve: Curve, g_z: Tensor, g_log: Tensor
) -> tuple[Tensor, Tensor]:
    """From the gradients of z and log dz/dx to those of the piece's six rows of the table and of x.

    Each line undoes one of `Piece.curve` and `Curve.log_slope`, last one first.
    """
    mean, (_, t), product, squares, bend, bottom, rise, top = curve
    g_above = g_z * piece.height / bottom  # of the numerator of eq. 4
    g_bottom = torch.addcmul(g_log * -2 / bottom, g_above, rise, value=-1)
    g_top = g_log / top
    spread = 1 - 2 * t
    g_product = g_above * piece.slopes[0] + g_bottom * bend + g_top * mean * 2
    g_mean = (
        g_above * squares[1] + g_bottom * (1 - 2 * product) + 2 * (g_top * product + g_log / mean)
    )
    g_slopes = torch.addcmul(g_bottom * product, g_top, squares)
    g_slopes[0].addcmul_(g_above, product)
    sloped = piece.slopes * curve.ends
    g_t = 2 * (g_above * mean * t + g_top * (sloped[1] - sloped[0])) + g_product * spread
    g_x = g_t / piece.width
    g_width = -(g_x * t + g_mean * mean / piece.width)
    g_height = torch.addcmul(g_mean / piece.width, g_z, rise)
    softplus_slope = -torch.expm1(MIN_SLOPE - piece.slopes)
    corners = torch.stack([-g_x - g_width, g_width, g_z - g_height, g_height])
    return torch.cat([corners, g_slopes * softplus_slope]), g_x


_softmax_backward = torch.ops.aten._softmax_backward_data.default
