"""How far two sets of points of the plane are apart; needs no density, so it serves any model.

All distances are in data units, computed without gradients.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, TypeVar

import torch

from flowengine.errors import NumericsError, ShapeError
from flowengine.frame import IDENTITY, Frame
from flowengine.framed import scaled

if TYPE_CHECKING:
    from collections.abc import Generator

    from torch import Tensor

    from flowengine.model import Model
    from flowengine.targets.grid import GridTarget

Result = TypeVar("Result")

MOST_TRANSPORTED = 4_096
SLICES = 32
SLICED_POINTS = 2_048
_PIVOTS = 10_000_000  # of the simplex; 4,096 points need a tenth of that
_ROWS = 512
_PART = 256
_SEED = 0x5EED


def transport_distance(a: Tensor, b: Tensor) -> float:
    """The 2-Wasserstein distance of two sets of equally many points of equal weight, exact.

    It is the root of the least mean squared distance over all ways to pair them: POT's `emd2` of
    squared costs is W2², not W2.

    Args:
        a: Shape (n, 2), n ≤ 4,096.
        b: Shape (n, 2).

    Raises:
        ShapeError: the sets are not of one size, or too large.
    """
    from ot.lp import emd2

    if a.shape != b.shape or not 1 <= len(a) <= MOST_TRANSPORTED:
        raise ShapeError(
            "Exact transport takes two sets of 1 to {most_transported} points of "
            "one size, got shapes {shape} and {shape_}",
            most_transported=MOST_TRANSPORTED,
            shape=tuple(a.shape),
            shape_=tuple(b.shape),
        )
    a, b = a.cpu().double(), b.cpu().double()
    apart = a.mean(0) - b.mean(0)
    # A common shift costs every pairing the same, and without it the best one is found faster; and
    # about the origin distances keep their digits.
    costs = torch.cdist(a - a.mean(0), b - b.mean(0)).square()
    # the solver's tolerances are absolute: it sees costs below 1, scaled without any rounding
    size = 2.0 ** math.frexp(float(costs.max()))[1]
    squared = size * float(emd2([], [], (costs / size).numpy(), numItermax=_PIVOTS))
    return math.sqrt(squared + float(apart.square().sum()))


def energy_distance(a: Tensor, b: Tensor) -> float:
    """Energy distance 2 E|X − Y| − E|X − X'| − E|Y − Y'|, zero only for equal distributions.

    Args:
        a: Shape (n, 2).
        b: Shape (m, 2).

    Source: Székely & Rizzo, 2013, doi:10.1016/j.jspi.2013.03.018, eq. 5.
    """
    a, b = a.cpu().double(), b.cpu().double()
    a, b = a - b.mean(0), b - b.mean(0)  # about the origin distances keep their digits
    return 2 * _mean_distance(a, b) - _mean_distance(a, a) - _mean_distance(b, b)


def _mean_distance(a: Tensor, b: Tensor) -> float:
    total = sum(float(torch.cdist(rows, b).sum()) for rows in a.split(_ROWS))
    return total / (len(a) * len(b))


def finished(work: Generator[None, None, Result]) -> Result:
    """What work that comes in parts ends with, all parts done at once."""
    while True:
        try:
            next(work)
        except StopIteration as ended:
            result: Result = ended.value
            return result


class Slices:
    """The sliced 2-Wasserstein distance of any model from one target, in milliseconds.

    The root of the mean of W2² over the projections on 32 evenly spread directions; on a line the
    best pairing is the sorted one. It is never above W2; two densities that differ by a shift, or
    by one scale for both axes, have W2 = √2 · sliced W2. What the target contributes is computed
    once, and the same seed serves each time, so that it moves only as the model and its base do.

    Source: Rabin et al., 2012, doi:10.1007/978-3-642-24785-9_37; Bonneel et al., 2015,
    doi:10.1007/s10851-014-0506-3.
    """

    def __init__(
        self, target: GridTarget, n: int = SLICED_POINTS, *, frame: Frame = IDENTITY
    ) -> None:
        """Take up the target's share.

        Args:
            target: What samples are compared with.
            n: How many points.
            frame: Where target and models stand in its normalized coordinates, distances are in its
                data units.
        """
        self._n = n
        self._frame = frame
        self._origin = target.frame.center if target.frame.is_fine else None
        angle = (torch.arange(SLICES, dtype=torch.float32) + 0.5) * (math.pi / SLICES)
        directions = torch.stack([angle.cos(), angle.sin()])  # (2, SLICES)
        self._directions = directions.to(target.device)
        self._target = self._sorted(target.sample(n, seed=_SEED))

    def distance(self, model: Model) -> float:
        """How far the model's samples are from the target's.

        Raises:
            NumericsError: the model gives NaN or infinity.
        """
        return finished(self.measuring(model))

    def measuring(self, model: Model) -> Generator[None, None, float]:
        """The same in parts of some milliseconds, so that others can be answered in between."""
        samples = []
        for part in model.spread(self._n, _SEED).split(_PART):
            with torch.no_grad():
                samples.append(model.generate(part))
            yield
        return self.between(torch.cat(samples))

    def between(self, samples: Tensor) -> float:
        """How far `n` points, shape (n, 2), are from the target's.

        Raises:
            NumericsError: there is NaN or infinity among them.
        """
        squared = float((self._sorted(samples) - self._target).square().mean())
        if not math.isfinite(squared):
            raise NumericsError("The model sends points of its base to NaN or infinity")
        return math.sqrt(squared)

    def _sorted(self, points: Tensor) -> Tensor:
        """The points on each direction in ascending order, shape (SLICES, n)."""
        if self._origin is not None:  # before float32 loses what is left about it
            points = points.double() - points.new_tensor(self._origin, dtype=torch.float64)
        points = scaled(self._frame, points.float())
        return (points @ self._directions).T.sort(dim=1).values
