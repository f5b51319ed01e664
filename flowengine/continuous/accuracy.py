"""How many solver steps a density needs: chosen by the error that they leave.

Each point is carried in ever more steps until one more halving changes nothing that counts; what a
point needs depends on that point alone, so that its density never depends on its neighbours. Where
one number must serve for all, as in an export, it is the one that serves points of the target and
all the plane where the density can be seen.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor

from flowengine.meshes import cell_centres, widened

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flowengine.continuous.flow import ContinuousFlow
    from flowengine.targets.grid import GridTarget

LADDER = (8, 16, 32, 64, 128, 256)
"""Steps that a point is tried in, one after the other; the error falls about 16-fold with each."""
CHANGE = 1e-3  # of log_det in nats and of the point: from which on the next number is tried
STRICT = 3e-4  # likewise for a reference
TOLERANCE = 1e-3  # nats: what the number for all may leave
SAMPLES = 512
NODES = 32
SEEN = math.log(1e-6)  # nats; where a density counts
# A base's log-density changes by its distance from the middle, or about; beyond this there is none
# to be seen, and what counts is the share of the distance.
FARTHEST = 6.0
SHARE = 0.999  # of the target's points that must be within the tolerance

Carry = Callable[[Tensor, int], tuple[Tensor, Tensor]]


class Rung(NamedTuple):
    """What some points of a batch came to in a number of steps.

    Attributes:
        steps: Their number.
        rows: Which points, shape (n,).
        points: Where they came to, shape (n, 2).
        log_det: Of the way, shape (n,) or (0,).
    """

    steps: int
    rows: Tensor
    points: Tensor
    log_det: Tensor


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


def is_recorded(u: Tensor) -> bool:
    """Whether a call is being traced or transformed, so that it must not branch on its numbers."""
    return torch.compiler.is_compiling() or torch._C._are_functorch_transforms_active()


def rungs(carried: Carry, u: Tensor, change: float) -> Iterator[Rung]:
    """Carry points in ever more steps, each until the last doubling has changed it no more.

    Args:
        carried: From points, shape (n, 2), and a number of steps to where they come to, likewise,
            and the log_det of the way, shape (n,) or (0,).
        u: Points, shape (batch, 2).
        change: What the last doubling of the steps may still have changed.
    """
    rows = torch.arange(u.shape[0], device=u.device)
    last = Rung(LADDER[0], rows, *carried(u, LADDER[0]))
    yield last
    for steps in LADDER[1:]:
        points, log_det = carried(u[last.rows], steps)
        yield Rung(steps, last.rows, points, log_det)
        far = points.norm(dim=1)
        weight = (1 + far.clamp_max(FARTHEST)) * (FARTHEST / far.clamp_min(FARTHEST))
        moved = (points - last.points).norm(dim=1) * weight
        if log_det.numel():
            moved = moved + (log_det - last.log_det).abs()
        left = ~(moved <= change)  # NaN goes on as well
        if not left.any():
            return
        det_left = log_det[left] if log_det.numel() else log_det
        last = Rung(steps, last.rows[left], points[left], det_left)


def refined(carried: Carry, u: Tensor) -> tuple[Tensor, Tensor]:
    """Carry each point in as many steps as it needs; see `rungs`.

    Returns:
        As `carried` gives, each point from the finest steps in which it was tried.
    """
    first, *finer = rungs(carried, u, CHANGE)
    points, log_det = first.points.clone(), first.log_det.clone()
    for rung in finer:
        points[rung.rows] = rung.points
        if log_det.numel():
            log_det[rung.rows] = rung.log_det
    return points, log_det


def steps_for(carried: Carry, u: Tensor) -> int:
    """In how many steps `refined` carries the one of these points that needs most."""
    *_, last = rungs(carried, u, CHANGE)
    return last.steps


def measured(flow: ContinuousFlow, target: GridTarget) -> Accuracy:
    """Measure the error of a flow's steps; where they are `auto`, choose how many there should be.

    By densities of `SAMPLES` points of the target and of the nodes of a mesh over all that can be
    seen of it, against those of steps that were halved until they changed `STRICT` at the most.
    """
    like = next(flow.parameters())
    sent = target.sample(SAMPLES, seed=0x5EED).to(like)
    everywhere = cell_centres(widened(target.extent, 1.25), NODES).to(like)
    points = torch.cat([sent, everywhere])

    def densities(at: Tensor, steps: int) -> tuple[Tensor, Tensor]:
        log_prob = flow.with_solver(flow.fixed_solver, steps).log_prob(at)
        return torch.zeros_like(at), log_prob.clamp_min(2 * SEEN)

    errors = _Errors(densities, points, SAMPLES)
    steps = flow.spec.solver_steps
    if steps == "auto":
        steps = errors.least_steps()
    fixed = flow.with_solver(flow.fixed_solver, steps)
    z, _ = fixed.inverse(sent)
    back, _ = fixed.forward(z)
    return Accuracy(steps, errors.of(steps), float((back - sent).norm(dim=1).max()))


class _Errors:
    """Of any number of steps, at some points, the first `sent` of them of the target.

    Args:
        densities: What `rungs` takes, with log-densities in place of log_det.
        points: Shape (n, 2).
        sent: How many of them.
    """

    def __init__(self, densities: Carry, points: Tensor, sent: int) -> None:
        self._densities = densities
        self._points = points
        self._sent = sent
        self._rungs = list(rungs(densities, points, STRICT))
        self._truth = self._rungs[0].log_det.clone()
        for rung in self._rungs:
            self._truth[rung.rows] = rung.log_det

    def of(self, steps: int) -> float:
        """The error of so many steps; see `Accuracy`."""
        rung = next((r for r in self._rungs if r.steps == steps), None)
        if rung is None:
            rung = self._rung(steps)
        miss = torch.zeros_like(self._truth)  # points that are left out had come to rest before
        miss[rung.rows] = (rung.log_det - self._truth[rung.rows]).abs().nan_to_num(math.inf)
        seen = miss[self._sent :][self._truth[self._sent :] > SEEN]
        samples = float(miss[: self._sent].double().quantile(SHARE))
        return max(samples, float(seen.max()) if len(seen) else 0.0)

    def least_steps(self) -> int:
        """As few as leave no more than the tolerance, by the order of RK4 between two rungs."""
        below = 1
        for rung in self._rungs:
            if self.of(rung.steps) <= TOLERANCE:
                return self._between(below, rung.steps)
            below = rung.steps
        return LADDER[-1]

    def _between(self, few: int, enough: int) -> int:
        if few < LADDER[0]:
            return enough
        wanted = math.ceil(few * (self.of(few) / (0.7 * TOLERANCE)) ** 0.25)
        tried = min(max(wanted, few + 1), enough)
        return tried if self.of(tried) <= TOLERANCE else enough

    def _rung(self, steps: int) -> Rung:
        """Of a number between two rungs, at the points that had not come to rest at the lower."""
        below = [rung for rung in self._rungs if rung.steps < steps]
        rows = below[-1].rows if below else self._rungs[0].rows
        return Rung(steps, rows, *self._densities(self._points[rows], steps))
