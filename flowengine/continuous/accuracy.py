"""How many solver steps a density needs where one number must serve for all points.

Densities as such have no such number: each point is followed in steps of its own; see `each`. But a
trace, a gradient and an export take the same steps for all. Their number is the one that serves
points of the target and all the plane where the density can be seen.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple, Protocol

import torch
from torch import Tensor

from flowengine.continuous.tangents import bare, points_of
from flowengine.meshes import cell_centres, widened

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flowengine.catalogue import ContinuousSpec
    from flowengine.targets.grid import GridTarget

LADDER = (4, 8, 16, 32, 64, 128, 256, 512)
"""Steps that are tried, one number after the other; the error falls about 16-fold with each."""
TOLERANCE = 7e-4  # nats: what the number for all may leave at these points, for 1e-3 at all others
SETTLED = 1e-4  # nats: a point with so small an error has come to rest; more steps leave it less
SAMPLES = 512
NODES = 32
SEEN = math.log(1e-6)  # nats; where a density counts
SHARE = 0.999  # of the target's points that must be within the tolerance


class Accuracy(NamedTuple):
    """What a number of solver steps leaves undone, against a reference in finer ones.

    Attributes:
        steps: Their number, from base to target.
        log_prob_error: In nats: what 99.9 % of the target's points and every node of a mesh with a
            density above 10⁻⁶ stay below.
        round_trip: Largest |x − forward(inverse(x))| of the target's points, in data units.
    """

    steps: int
    log_prob_error: float
    round_trip: float


class Followed(Protocol):
    """A continuous flow, as far as its steps are measured here."""

    spec: ContinuousSpec

    @property
    def fixed_solver(self) -> str:
        """The solver that takes equal steps."""

    def parameters(self) -> Iterator[Tensor]:
        """All weights."""

    def with_solver(self, solver: str, steps: int) -> Followed:
        """The same flow in other steps."""

    def closely(self) -> Followed:
        """The same flow as the reference."""

    def log_prob(self, x: Tensor) -> Tensor:
        """Log p(x) in nats, shape (batch,)."""

    def carry(self, state: Tensor, start: float, end: float) -> Tensor:
        """Points and tangents from clock to clock; see `tangents`."""


def is_recorded(u: Tensor) -> bool:
    """Whether a call is being traced or transformed, so that it must not branch on its numbers."""
    return torch.compiler.is_compiling() or torch._C._are_functorch_transforms_active()


def measured(flow: Followed, target: GridTarget) -> Accuracy:
    """Measure the error of a flow's steps; where they are `auto`, choose how many there should be.

    By densities of `SAMPLES` points of the target and of the nodes of a mesh over all that can be
    seen of it, against those of points that are followed closely, each in steps of its own.
    """
    like = next(flow.parameters())
    sent = target.sample(SAMPLES, seed=0x5EED).to(like)
    everywhere = cell_centres(widened(target.extent, 1.25), NODES).to(like)
    errors = _Errors(flow, torch.cat([sent, everywhere]), SAMPLES)
    steps = flow.spec.solver_steps
    if steps == "auto":
        steps = errors.least_steps()
    fixed = flow.with_solver(flow.fixed_solver, steps)
    there = fixed.carry(bare(sent), 1.0, 0.0)
    back = points_of(fixed.carry(bare(points_of(there)), 0.0, 1.0))
    return Accuracy(steps, errors.of(steps), float((back - sent).norm(dim=1).max()))


class _Errors:
    """Of any number of steps, at some points, the first `sent` of them of the target.

    Args:
        flow: Whose steps.
        points: Shape (n, 2).
        sent: How many of them are the target's.
    """

    def __init__(self, flow: Followed, points: Tensor, sent: int) -> None:
        self._flow = flow
        self._points = points
        self._sent = sent
        self._truth = flow.closely().log_prob(points).clamp_min(2 * SEEN)
        self._visible = self._truth[sent:] > SEEN
        self._known: dict[int, float] = {}

    def of(self, steps: int) -> float:
        """The error of so many steps; see `Accuracy`."""
        if steps not in self._known:
            self._known[steps] = self._worst(self._miss(steps, self._points, self._truth))
        return self._known[steps]

    def least_steps(self) -> int:
        """As few as leave no more than the tolerance, by the order of RK4 between two numbers.

        Where none does, the number that leaves least: rounding grows with the steps.
        """
        miss = torch.full_like(self._truth, math.inf)
        few, worst = 0, math.inf
        for steps in LADDER:
            left = (miss > SETTLED).nonzero()[:, 0]
            miss[left] = self._miss(steps, self._points[left], self._truth[left])
            before, worst = worst, self._worst(miss)
            self._known[steps] = worst
            if worst <= TOLERANCE:
                return self._between(few, before, steps)
            few = steps
        return min(self._known, key=self._known.__getitem__)

    def _between(self, few: int, error: float, enough: int) -> int:
        """Perhaps less than `enough`, where `few` leave an error."""
        if not few or not math.isfinite(error):
            return enough
        wanted = math.ceil(few * (error / (0.8 * TOLERANCE)) ** 0.25)
        tried = min(max(wanted, few + 1), enough)
        return tried if self.of(tried) <= TOLERANCE else enough

    def _miss(self, steps: int, points: Tensor, truth: Tensor) -> Tensor:
        fixed = self._flow.with_solver(self._flow.fixed_solver, steps)
        found = fixed.log_prob(points).clamp_min(2 * SEEN)
        return (found - truth).abs().nan_to_num(math.inf)

    def _worst(self, miss: Tensor) -> float:
        seen = miss[self._sent :][self._visible]
        samples = float(miss[: self._sent].double().quantile(SHARE))
        return max(samples, float(seen.max()) if seen.numel() else 0.0)
