"""Integrals over the whole plane that find out by themselves where to look closely.

A density that comes from a map can hide: in a peak between all points of a grid, or on a copy far
away that nobody samples. So cells are split by what is known of them: by how much splitting changes
their integral, by the points that the model sends there, and by their images, for where a cell is
sent over the bulk of the base there is density in it, whether a point has met it or not.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor

from flowengine.distances import finished

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

_ROOTS = 24  # cells along each side of the plane to begin with
_SMALLEST = 2.0**-26  # half a side of a cell that is taken as it is, where the inner square has 2
_RESOLVED = 0.15  # of the base's reach: a cell that is sent over no more of it is seen through
_GAIN = 4  # a cell's quarters together are nearer than the cell by this at least
_PORTION = 256  # cells are measured at once
_CROWD = 3  # without images a cell that holds more of the known points than this is looked into
_TURN = 200  # cells are split at once, or a quarter of those that still can be
_TRIFLE = 1e-6
_SOMETHING = 1e-7  # of the whole, in a cell
_COARSER = 2.5  # so that neighbours are as large as each other, or twice as large
_DOUBT = 4.0  # standard deviations by which a count may miss what a cell holds


class Frame(NamedTuple):
    """Where most of an integral lies: a box, beyond which the plane is drawn together.

    Attributes:
        centre: Shape (2,), float64.
        half: Half the sides of the box, shape (2,), float64.
    """

    centre: Tensor
    half: Tensor

    @classmethod
    def around(cls, low: Tensor, high: Tensor) -> Frame:
        """The box from one corner to the other, each of shape (2,)."""
        return cls((low + high).double() / 2, ((high - low).double() / 2).clamp(min=1e-30))

    def opened(self, u: Tensor) -> tuple[Tensor, Tensor]:
        """Points of the square (−2, 2)² in the plane, and how much area a unit of theirs has.

        The inner square [−1, 1]² is the box; from there on 1 / (2 − |u|)² goes to infinity.
        """
        rest = (2 - u.abs()).clamp(min=1e-12)
        far = u.abs() > 1
        points = torch.where(far, u.sign() / rest**2, u)
        stretch = torch.where(far, 2 / rest**3, 1.0)
        return self.centre + self.half * points, stretch.prod(1) * self.half.prod()

    def folded(self, x: Tensor) -> Tensor:
        """Where points of the plane, shape (n, 2), lie in the square: `opened` undone."""
        p = (x.double() - self.centre) / self.half
        return torch.where(p.abs() > 1, p.sign() * (2 - p.abs().clamp(min=1) ** -0.5), p)


class Seen(NamedTuple):
    """What there is at some points of the plane.

    Attributes:
        densities: What is integrated, shape (n, k), of which the first is the whole.
        images: Where the points are sent in the base, shape (n, 2); without them a cell is split by
            its integral and by the crowd alone.
    """

    densities: Tensor
    images: Tensor | None = None


class Integral(NamedTuple):
    """What an integral came to.

    Attributes:
        values: One for each density, shape (k,).
        errors: What each may be off by, shape (k,).
    """

    values: Tensor
    errors: Tensor


class _Cells(NamedTuple):
    """Square cells of (−2, 2)²: centres (m, 2), half sides (m,), integrals and errors (m, k).

    `wide` cells are sent over so much of the base's bulk that anything may lie between their
    points, shape (m,).
    """

    centres: Tensor
    halves: Tensor
    values: Tensor
    errors: Tensor
    wide: Tensor

    def taken(self, which: Tensor) -> _Cells:
        return _Cells(*(part[which] for part in self))

    def joined(self, other: _Cells) -> _Cells:
        return _Cells(*(torch.cat(parts) for parts in zip(self, other, strict=True)))


def integrating(
    look: Callable[[Tensor], Seen],
    frame: Frame,
    *,
    crowd: Tensor,
    reach: float = math.inf,
    tolerance: tuple[float, ...] = (3e-4,),
    budget: int = 400_000,
) -> Generator[None, None, Integral]:
    """∫ densities over the whole plane, by splitting cells until splitting changes nothing.

    Yields after every `_PORTION` cells.

    Each cell is measured by 2 × 2 Gauss-Legendre points. The cells that matter least are done, as
    many as together may be off by no more than `tolerance`: many small errors of one sign add up.
    A cell over which the base's bulk is spread widely is split in any case, and so is one in which
    many more of the crowd lie than its integral tells of.

    Args:
        look: From points, shape (n, 2) float64, to what is there.
        frame: About where the integral lies.
        crowd: Points that follow the first density, where it is right; shape (m, 2).
        reach: How far the base's bulk reaches from the origin; infinite where there are no images.
        tolerance: Of each density.
        budget: About how many points may be looked at. What is not settled by then counts as it is,
            and as an error.
    """
    places, allowed = frame.folded(crowd), torch.tensor(tolerance).double()
    cells = yield from _begun(look, frame, reach)
    blind = not math.isfinite(reach)
    spent = 4 * len(cells.halves)
    while True:
        cells = _warned_by(places, cells, blind=blind)
        weight = (cells.errors / allowed).sum(1)
        must = (cells.wide & (cells.halves > _SMALLEST)) | _beside_finer(cells)
        room = (budget - spent) // 16
        # those that weigh nothing yet wait, the largest first among them
        rank = weight + _TRIFLE * cells.halves
        turn = min(room, max(_TURN, room // 4))
        chosen = _largest(rank, must | _unsettled(weight), turn)
        if not bool(chosen.any()):
            break
        quarters = yield from _quartered(look, frame, reach, cells.taken(chosen))
        cells = cells.taken(~chosen).joined(quarters)
        spent += 4 * len(quarters.halves)
    return Integral(cells.values.sum(0), _error_of(cells))


def integrate(
    look: Callable[[Tensor], Seen],
    frame: Frame,
    *,
    crowd: Tensor,
    tolerance: tuple[float, ...] = (3e-4,),
    budget: int = 400_000,
) -> Integral:
    """`integrating`, all rounds at once, of densities that come from no map."""
    return finished(integrating(look, frame, crowd=crowd, tolerance=tolerance, budget=budget))


def _begun(
    look: Callable[[Tensor], Seen], frame: Frame, reach: float
) -> Generator[None, None, _Cells]:
    half = 2 / _ROOTS
    line = (2 * torch.arange(_ROOTS).double() + 1) * half - 2
    centres = torch.cartesian_prod(line, line)
    halves = torch.full((len(centres),), half, dtype=torch.float64)
    values, wide = yield from _measured(look, frame, reach, centres, halves)
    return _Cells(centres, halves, values, values.abs(), wide)


def _quartered(
    look: Callable[[Tensor], Seen], frame: Frame, reach: float, cells: _Cells
) -> Generator[None, None, _Cells]:
    """The four quarters of each cell, one after the other."""
    corners = torch.cartesian_prod(*[torch.tensor([-0.5, 0.5]).double()] * 2)
    centres = (cells.centres[:, None] + cells.halves[:, None, None] * corners).view(-1, 2)
    halves = (cells.halves / 2).repeat_interleave(4)
    values, wide = yield from _measured(look, frame, reach, centres, halves)
    change = (values.view(len(cells.halves), 4, -1).sum(1) - cells.values).abs()
    return _Cells(centres, halves, values, (change / _GAIN).repeat_interleave(4, 0), wide)


def _measured(
    look: Callable[[Tensor], Seen], frame: Frame, reach: float, centres: Tensor, halves: Tensor
) -> Generator[None, None, tuple[Tensor, Tensor]]:
    """The integrals over each cell, shape (m, k), and whether it is wide, shape (m,)."""
    values, wide = [], []
    for places, sides in zip(centres.split(_PORTION), halves.split(_PORTION), strict=True):
        points = (places[:, None] + sides[:, None, None] * _gauss_points()).view(-1, 2)
        x, area = frame.opened(points)
        seen = look(x)
        weighted = (seen.densities * area[:, None]).view(len(places), 4, -1)
        values.append(weighted.mean(1) * (2 * sides)[:, None] ** 2)
        blind = torch.zeros(len(places), dtype=torch.bool)
        images = seen.images
        wide.append(blind if images is None else _is_wide(images.double().view(-1, 4, 2), reach))
        yield
    return torch.cat(values), torch.cat(wide)


def _gauss_points() -> Tensor:
    """Where a square of half side 1 is looked at, shape (4, 2)."""
    node = 1 / math.sqrt(3)
    return torch.cartesian_prod(*[torch.tensor([-node, node]).double()] * 2)


def _is_wide(images: Tensor, reach: float) -> Tensor:
    """Whether a cell whose points have these images, shape (m, 4, 2), covers much of the bulk."""
    middle = images.mean(1)
    radius = math.sqrt(3) * (images - middle[:, None]).norm(dim=2).amax(1)  # of the corners
    touches = middle.norm(dim=1) - 1.5 * radius < reach
    lost = ~radius.isfinite() & (images.norm(dim=2) < 2 * reach).any(1)
    wide: Tensor = (touches & (radius > _RESOLVED * reach)) | lost
    return wide


def _warned_by(places: Tensor, cells: _Cells, *, blind: bool) -> _Cells:
    """The cells, those marked as wide and in doubt that hold less than the crowd tells of.

    Where the images do not tell where density is, every cell that holds much of the crowd is.
    """
    counts = _counts(places, cells)
    if blind:
        return cells._replace(wide=counts > _CROWD)
    counts = counts / max(len(places), 1)
    spread = (cells.values[:, 0].clamp(min=0) / max(len(places), 1)).sqrt()
    hidden = counts > cells.values[:, 0] + _DOUBT * (spread + 1 / max(len(places), 1))
    errors = cells.errors.clone()
    errors[hidden, 0] = torch.maximum(errors[hidden, 0], counts[hidden])
    return cells._replace(errors=errors, wide=cells.wide | hidden)


def _beside_finer(cells: _Cells) -> Tensor:
    """Which cells are far coarser than a neighbour that holds something, shape (m,).

    What a map has folded hangs together: beside a piece of it that was found lies more of it.
    """
    full = cells.taken(cells.values[:, 0] > _SOMETHING)
    around = torch.cartesian_prod(*[torch.tensor([-3.0, 0.0, 3.0]).double()] * 2)
    probes = full.centres[:, None] + full.halves[:, None, None] * around
    home = _homes(probes.view(-1, 2), cells)
    halves = full.halves.repeat_interleave(len(around))
    finest = torch.full_like(cells.halves, math.inf)
    finest.scatter_reduce_(0, home[home >= 0], halves[home >= 0], "amin")
    return cells.halves > _COARSER * finest


def _counts(places: Tensor, cells: _Cells) -> Tensor:
    """How many of the points of the square, shape (n, 2), lie in each cell, shape (m,) float64."""
    home = _homes(places, cells)
    return home[home >= 0].bincount(minlength=len(cells.halves)).double()


def _homes(places: Tensor, cells: _Cells) -> Tensor:
    """In which cell each point of the square, shape (n, 2), lies; −1 for none; shape (n,)."""
    homes = torch.full((len(places),), -1)
    for half in cells.halves.unique():
        same = (cells.halves == half).nonzero()[:, 0]
        keys, order = _keys(cells.centres[same], half).sort()
        wanted = _keys(places, half)
        at = torch.searchsorted(keys, wanted).clamp(max=len(keys) - 1)
        homes = torch.where(keys[at] == wanted, same[order[at]], homes)
    return homes


def _keys(places: Tensor, half: Tensor) -> Tensor:
    """The number of the cell of this size in which each point lies, shape (n,)."""
    home = ((places + 2) / (2 * half)).floor().long()
    return home[:, 0] * (1 << 31) + home[:, 1]


def _error_of(cells: _Cells) -> Tensor:
    """What the sums of all cells may be off by, shape (k,).

    The errors of cells that are seen through add up. Those that are not were looked at in no more
    than a few points of a density that may be anything: their errors are as large as they are, and
    as often of one sign as of the other.
    """
    settled = cells.errors[~cells.wide].sum(0)
    unsure = torch.maximum(cells.errors, cells.values.abs())[cells.wide]
    total: Tensor = settled + 2 * unsure.square().sum(0).sqrt()
    return total


def _unsettled(weight: Tensor) -> Tensor:
    """Which weights are left when the smallest are taken away, 1 in all."""
    ascending, order = weight.sort()
    left = torch.empty_like(order, dtype=torch.bool)
    left[order] = ascending.cumsum(0) > 1
    return left


def _largest(weight: Tensor, wanted: Tensor, room: int) -> Tensor:
    """Those that are wanted, or the weightiest of them where there is no room for all."""
    if int(wanted.sum()) <= room:
        return wanted
    chosen = torch.zeros_like(wanted)
    chosen[weight.masked_fill(~wanted, -1.0).topk(max(room, 0)).indices] = True
    return chosen
