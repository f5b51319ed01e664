"""Monotone rational-quadratic splines. Source: Durkan et al., 2019, arXiv:1906.04032, eq. 4-8."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from flowengine.layers.base import is_whole
from flowengine.modes import in_full_precision, kept

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
        knots_x, knots_z = self.inner_knots(table)
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
            raw: What chooses the splines, shape (3 · bins − 1, batch), or (3 · bins − 1, 1) for
                one that all points share.
            alpha: How far to go from the identity; for shape (frames, 1) the results have the
                shape (frames, batch).
        """
        table, _ = self.table(raw)
        inside, clamped = self.clamp(z)
        piece = self.piece(table, bin_of(clamped, self.inner_knots(table)[1]))
        if not is_whole(alpha):
            piece = piece.moved(alpha)
        t = piece.fraction_at(clamped)
        x = torch.addcmul(piece.x, piece.width, t)
        return torch.where(inside, x, z), torch.where(inside, -piece.curve(t).log_slope(), 0.0)

    def evaluate(self, x: Tensor, raw: Tensor) -> tuple[Tensor, Tensor, Notes]:
        """z and log dz/dx at x, and notes for `gradient`; shapes as in `invert`.

        Where there are fewer splines than points, each belongs to as many points in a row.
        """
        table, parts = self.table(raw)
        count = x.shape[0]
        if raw.shape[1] != count:
            table = table.repeat_interleave(count // raw.shape[1], 1)
        inside, clamped = self.clamp(x)
        rows = bin_of(clamped, table[1 : self.bins]) + self._constants(x).blocks
        found = table.gather(0, rows)
        softplus = F.softplus(found[4:] + SLOPE_ONE)
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
        bins = self.bins
        g_table = g_rows.new_zeros(5 * bins + 1, len(g_x)).scatter_(0, rows, g_rows)
        if parts.shape[-1] != len(g_x):
            g_table = g_table.view(5 * bins + 1, parts.shape[-1], -1).sum(-1)
        g_ends_and_sizes = g_table[: 4 * bins].view(2, 2 * bins, -1)
        g_parts = torch.bmm(self._constants(g_z).spread.mT, g_ends_and_sizes)
        g_parts = _softmax_backward(g_parts, parts, 1, parts.dtype)
        g_raw = torch.cat([g_parts.view(2 * bins, -1), g_table[4 * bins + 1 : -1]])
        return torch.where(inside, g_x, g_z), g_raw

    @in_full_precision
    def table(self, raw: Tensor) -> tuple[Tensor, Tensor]:
        """Everything about the splines, one row for each bin, and the softmaxes behind it.

        Returns:
            Left ends, widths, lower ends, heights, and then one row for each of the bins + 1 knots
            with its unconstrained slope: shape (5 · bins + 1, batch). And the parts that the bins
            take of the square, shape (2, bins, batch).
        """
        bins = self.bins
        constants = self._constants(raw)
        parts = raw[: 2 * bins].view(2, bins, -1).softmax(1)
        ends_and_sizes = torch.baddbmm(constants.start, constants.spread, parts)
        outer = torch.zeros_like(raw[:1])
        rows = [ends_and_sizes.view(4 * bins, -1), outer, raw[2 * bins :], outer]
        return torch.cat(rows), parts

    def inner_knots(self, table: Tensor) -> tuple[Tensor, Tensor]:
        """x and z where one piece ends and the next begins, both (bins − 1, batch)."""
        return table[1 : self.bins], table[2 * self.bins + 1 : 3 * self.bins]

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
            found = table.expand(-1, index.shape[0]).gather(0, index + blocks)
        else:
            rows = index + blocks[:, None]
            found = table[:, None].expand(-1, *index.shape).gather(0, rows)
        slopes = F.softplus(found[4:] + SLOPE_ONE) + MIN_SLOPE
        return Piece(*found[:4].unbind(0), *slopes.unbind(0))

    def _constants(self, like: Tensor) -> Constants:
        return _constants(self.bins, self.bound, like.dtype, like.device)


def bin_of(value: Tensor, knots: Tensor) -> Tensor:
    """Which piece a value falls into: how many of the inner knots it has reached.

    A comparison and a sum, because `searchsorted` has no ONNX form.
    """
    return (value >= knots).sum(0)


class Constants(NamedTuple):
    """The affine map from the parts of the bins to where the bins begin and how large they are.

    Attributes:
        spread: Its matrix, once for x and once for z, shape (2, 2 · bins, bins).
        start: Its constant, shape (1, 2 · bins, 1).
        blocks: Where in a table the six numbers of the first piece stand, shape (6, 1).
    """

    spread: Tensor
    start: Tensor
    blocks: Tensor


@kept(maxsize=64)
def _constants(bins: int, bound: float, dtype: torch.dtype, device: torch.device) -> Constants:
    one = torch.eye(bins, dtype=torch.float64, device="cpu")
    side = 2 * bound
    room = side * (1 - bins * MIN_SIZE)
    spread = room * torch.cat([torch.ones_like(one).tril(-1), one]).repeat(2, 1, 1)
    ends = side * MIN_SIZE * torch.arange(bins, dtype=one.dtype, device="cpu") - bound
    start = torch.cat([ends, torch.full_like(ends, side * MIN_SIZE)])[None, :, None]
    # x, z, width, height, slope left and right: the order of a `Piece`
    blocks = torch.tensor([0, 2 * bins, bins, 3 * bins, 4 * bins, 4 * bins + 1], device=device)
    return Constants(spread.to(device, dtype), start.to(device, dtype), blocks[:, None])


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
