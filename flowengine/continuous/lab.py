"""The solver lab: how far each solver is from a dense reference, and what it costs."""

from __future__ import annotations

import copy
import math
import threading
from typing import TYPE_CHECKING

import torch

from flowengine.continuous.adaptive import follow
from flowengine.continuous.solvers import SOLVERS, evaluations
from flowengine.continuous.tamed import WhitenedField
from flowengine.errors import FlowError, SpecError
from flowengine.metrics import base_points
from flowengine.protocol import Failure, SolverLabReply, SolverLabRow
from flowengine.targets.streams import sobol_points

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from torch import Tensor

    from flowengine.continuous.flow import ContinuousFlow
    from flowengine.continuous.velocity import Field
    from flowengine.protocol import Event, SolverLab

    Move = Callable[[Tensor, float], Tensor]

POINTS = 128
STEPS = (1, 2, 4, 8, 16, 32, 64)
TOLERANCES = (1e-2, 1e-3, 1e-4, 1e-5, 1e-6)
REFERENCE_STEPS = 256  # of RK4
WORST = 100.0  # nats, as which any greater error counts


def solver_lab(flow: ContinuousFlow, *, points: int = POINTS) -> tuple[SolverLabRow, ...]:
    """Measure every solver against RK4 in `REFERENCE_STEPS` steps.

    Evenly spread base points are carried to the target, and the log_prob of where they arrive is
    computed back. So is that of as many points all over the plane, each of which counts for the
    density that the solver finds there: a solver that sees points where there are none errs too.
    All in float64, so that what is seen is the solver's error and not rounding.

    Args:
        flow: Its field is followed; its own solver and steps don't matter.
        points: How many points.

    Raises:
        SpecError: there are no points.
    """
    return tuple(_rows(flow, points))


@torch.no_grad()
def _rows(flow: ContinuousFlow, points: int) -> Iterator[SolverLabRow]:
    if points < 1:
        raise SpecError("A solver lab needs points >= 1, got {points}", points=points)
    flow = copy.deepcopy(flow.core).double()
    z = base_points(flow.base, points).double()
    z = z.to(next(flow.parameters(), z).device)
    dense = flow.with_solver("rk4", REFERENCE_STEPS)
    x = dense.positions(z)
    everywhere = _spread_over(x)
    truth = dense.log_prob(torch.cat([x, everywhere]))
    for solver in SOLVERS:
        for steps in STEPS:
            tried = flow.with_solver(solver, steps)
            cost = evaluations(solver, steps)
            yield SolverLabRow(
                solver=solver,
                steps=steps,
                evaluations=cost,
                log_prob_evaluations=cost,
                position_error=_mean_norm(tried.positions(z) - x),
                log_prob_error=_density_error(
                    tried.log_prob(torch.cat([x, everywhere])), truth, len(x), _area(x)
                ),
            )
    for tolerance in TOLERANCES:
        yield _adaptive_row(flow, z, x, truth[: len(x)], tolerance)


def _density_error(found: Tensor, truth: Tensor, sent: int, area: float) -> float:
    """Mean |Δ log p| where the flow sends points, and where the solver believes it does.

    Args:
        found: Of the solver, at `sent` points of the flow and then at as many all over an area.
        truth: Likewise, of the dense reference.
        sent: How many points.
        area: In squared data units.
    """
    misses = (found - truth).abs().nan_to_num(0.0).clamp(max=WORST)
    believed = found[sent:].exp().nan_to_num(0.0) * area / sent
    return float(misses[:sent].mean() + (believed * misses[sent:]).sum())


def _spread_over(x: Tensor) -> Tensor:
    """As many points, evenly spread over a square twice as wide as these points lie."""
    unit = sobol_points(len(x), 2, 0).to(x)
    middle = (x.amax(0) + x.amin(0)) / 2
    return middle + (unit - 0.5) * math.sqrt(_area(x))


def _area(x: Tensor) -> float:
    """Of a square twice as wide as points lie, in squared data units."""
    return float(2 * (x.amax(0) - x.amin(0)).amax().clamp(min=1e-3)) ** 2


def _adaptive_row(
    flow: ContinuousFlow, z: Tensor, x: Tensor, log_prob: Tensor, tolerance: float
) -> SolverLabRow:
    """Of dopri5, its density being the integral of the divergence, as it is used elsewhere."""
    counts = [0, 0]
    core, enter, leave, stretch = _coordinates(flow.velocity)

    def velocity(state: Tensor, t: float) -> Tensor:
        counts[0] += 1
        v: Tensor = core(state, t)
        return v

    def with_divergence(state: Tensor, t: float) -> Tensor:
        counts[1] += 1
        v, divergence = core.with_divergence(state[:, :2], t)
        return torch.cat([v, divergence.unsqueeze(1)], dim=1)

    there = leave(follow(velocity, enter(z, 0.0), [0.0, 1.0], tolerance)[-1], 1.0)
    start = torch.cat([enter(x, 1.0), torch.zeros_like(x[:, :1])], dim=1)
    back = follow(with_divergence, start, [1.0, 0.0], tolerance)[-1]
    found = flow.base.log_prob(leave(back[:, :2], 0.0)) + back[:, 2] + stretch
    return SolverLabRow(
        solver="dopri5",
        tolerance=tolerance,
        evaluations=counts[0],
        log_prob_evaluations=counts[1],
        position_error=_mean_norm(there - x),
        log_prob_error=float((found - log_prob).abs().mean()),
    )


def _coordinates(field: Field) -> tuple[Field, Move, Move, float]:
    """Those in which a field is followed at least cost: whitened ones, where it has some.

    Returns:
        The field in them, the ways in and out at a time, and the log|det| of the way into them at
        t = 1 and out at t = 0.
    """
    if not isinstance(field, WhitenedField):
        return field, _stay, _stay, 0.0
    whitening = field.whitening
    corners = torch.eye(3, 2, dtype=whitening.mean.dtype, device=whitening.mean.device)
    moved = whitening.leave(whitening.enter(corners, 1.0), 0.0)
    jacobian = (moved[:2] - moved[2]).T
    return field.network, whitening.enter, whitening.leave, float(jacobian.det().abs().log())


def _stay(x: Tensor, _: float) -> Tensor:
    return x


def _mean_norm(difference: Tensor) -> float:
    return float(difference.norm(dim=1).mean())


class LabJob(threading.Thread):
    """Runs the lab on a frozen copy of the flow while the lane trains on."""

    def __init__(
        self, command: SolverLab, flow: ContinuousFlow, send: Callable[[Event], None]
    ) -> None:
        super().__init__(name=f"solver lab {command.request}", daemon=True)
        self._command = command
        self._flow = flow
        self._send = send
        self._cancelled = threading.Event()

    def cancel(self) -> None:
        """Give up after the row in progress; the request is answered by a `Failure`."""
        self._cancelled.set()

    def run(self) -> None:
        """Measure, and answer."""
        request, rows = self._command.request, []
        try:
            for row in _rows(self._flow, self._command.points):
                rows.append(row)
                if self._cancelled.is_set():
                    raise SpecError("The solver lab was asked again before it had finished")
        except FlowError as error:
            self._send(Failure(request=request, error=type(error).__name__, text=error.sentence))
        else:
            self._send(SolverLabReply(request=request, rows=tuple(rows)))
