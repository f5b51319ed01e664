"""The continuous flow: points carried by a velocity field, as one `Flow` among others."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor

from flowengine.continuous import solvers
from flowengine.continuous.velocity import Velocity
from flowengine.errors import ShapeError
from flowengine.flow import Flow, LedgerPage, Trace, base_log_prob, check_points
from flowengine.protocol import LedgerRow

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flowengine.catalogue import ContinuousSpec

TRACE_FRAMES = 33
LEDGER_ROWS = 16


class _Frame(NamedTuple):
    """A moment on the way: time, positions (batch, 2), log_det (batch,) and Jacobian so far."""

    t: float
    positions: Tensor
    log_det: Tensor
    jacobian: Tensor


class ContinuousFlow(Flow):
    """x = z + ∫ v(x(t), t) dt from t = 0 (base) to t = 1 (target), in fixed solver steps.

    `log_det` is exactly that of the discrete solver map that was called. `forward` and `inverse`
    each follow the field from their own side, so that they undo each other up to the solver's
    error, which shrinks with the fourth (RK4) or second (Heun) power of `spec.solver_steps`.
    Densities always come from `inverse`: they integrate to one for any number of steps.

    Attributes:
        spec: The network's size, the solver and its steps.
        velocity: The field.
    """

    def __init__(self, spec: ContinuousSpec, velocity: Velocity) -> None:
        super().__init__()
        self.spec = spec
        self.velocity = velocity

    def forward(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """Generate: z -> x and log|det dx/dz|; see `Flow.forward`."""
        return self._transport(check_points(z, "z"), 0.0, 1.0)

    def inverse(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Normalize: x -> z and log|det dz/dx|; see `Flow.inverse`."""
        return self._transport(check_points(x), 1.0, 0.0)

    def forward_from(self, u: Tensor, tau: float) -> tuple[Tensor, Tensor]:
        """On from clock `tau` to the target; see `Flow.forward_from`."""
        return self._transport(check_points(u, "u"), tau, 1.0)

    def inverse_from(self, u: Tensor, tau: float) -> tuple[Tensor, Tensor]:
        """Back from clock `tau` to the base; see `Flow.inverse_from`."""
        return self._transport(check_points(u, "u"), tau, 0.0)

    @torch.no_grad()
    def trace(self, z: Tensor, frames: int | None = None, *, densities: bool = True) -> Trace:
        """Follow base points to the target; see `Flow.trace`."""
        path = list(self._path(check_points(z, "z"), 0.0, 1.0, frames, densities=densities))
        return _trace(path, path[0], densities=densities)

    @torch.no_grad()
    def inverse_trace(
        self, x: Tensor, frames: int | None = None, *, densities: bool = True
    ) -> Trace:
        """Follow target points back to the base; see `Flow.inverse_trace`."""
        path = list(self._path(check_points(x), 1.0, 0.0, frames, densities=densities))
        return _trace(path[::-1], path[-1], densities=densities)

    @torch.no_grad()
    def ledger(self, point: tuple[float, float]) -> LedgerPage:
        """Write out one point's change of variables; see `Flow.ledger`."""
        x = self._point(point)
        path = list(self._path(x, 1.0, 0.0, LEDGER_ROWS + 1, densities=True))[::-1]
        log_prob = float(base_log_prob(path[0].positions))
        rows = [_row("base", "Base", path[0], 0.0, log_prob, torch.eye(2))]
        for before, after in itertools.pairwise(path):
            log_det = float(after.log_det - before.log_det)
            log_prob -= log_det
            jacobian = torch.linalg.solve(before.jacobian, after.jacobian, left=False)[0]
            rows.append(_row("t", f"t = {after.t:.3g}", after, log_det, log_prob, jacobian))
        again, _ = self.forward(path[0].positions)
        return LedgerPage(tuple(rows), log_prob, float((again - x).norm()))

    def _transport(self, u: Tensor, start: float, end: float) -> tuple[Tensor, Tensor]:
        log_det = torch.zeros_like(u[:, 0])
        for step in self._steps(u, start, end, jacobian=True):
            u = step.position()
            log_det = log_det + solvers.log_abs_det(step.jacobian())
        return u, log_det

    def _steps(
        self, u: Tensor, start: float, end: float, *, jacobian: bool
    ) -> Iterator[solvers.Step]:
        # The tolerance keeps 0.125 · 8 at one step where the product rounds up.
        count = math.ceil(self.spec.solver_steps * abs(end - start) - 1e-9)
        return solvers.steps(
            self.velocity, u, (start, end), count, solver=self.spec.solver, jacobian=jacobian
        )

    def _path(
        self, u: Tensor, start: float, end: float, frames: int | None, *, densities: bool
    ) -> Iterator[_Frame]:
        """The key frames from one side to the other, with the same number in every step."""
        wanted = TRACE_FRAMES if frames is None else max(frames, 2)
        per_step = math.ceil((wanted - 1) / self.spec.solver_steps)
        log_det = torch.zeros_like(u[:, 0])
        jacobian = torch.eye(2, dtype=u.dtype, device=u.device).expand(len(u), 2, 2)
        yield _Frame(start, u, log_det, jacobian)
        for step in self._steps(u, start, end, jacobian=densities):
            before, so_far = log_det, jacobian
            for k in range(1, per_step + 1):
                theta = k / per_step
                if densities:
                    local = step.jacobian(theta)
                    log_det = before + solvers.log_abs_det(local)
                    jacobian = solvers.matmul(local, so_far)
                yield _Frame(step.t + theta * step.h, step.position(theta), log_det, jacobian)

    def _point(self, point: tuple[float, float]) -> Tensor:
        if len(point) != 2 or not all(math.isfinite(c) for c in point):
            raise ShapeError(f"A point is two finite numbers, got {point}")
        return next(self.parameters()).new_tensor([point])


def build_continuous(spec: ContinuousSpec, seed: int) -> ContinuousFlow:
    """A fresh continuous flow, near the identity; the same seed gives the same weights."""
    generator = torch.Generator().manual_seed(seed)
    return ContinuousFlow(spec, Velocity(spec.width, spec.depth, generator))


def _trace(path: list[_Frame], base: _Frame, *, densities: bool) -> Trace:
    """Key frames that ascend in tau, with log_det and log_prob told from the base."""
    tau = torch.tensor([frame.t for frame in path], dtype=torch.float32)
    positions = torch.stack([frame.positions for frame in path])
    if not densities:
        nothing = positions.new_empty(len(path), 0)
        return Trace(tau, positions, nothing, nothing)
    log_det = torch.stack([frame.log_det for frame in path]) - base.log_det
    return Trace(tau, positions, log_det, base_log_prob(base.positions) - log_det)


def _row(
    layer: str, title: str, frame: _Frame, log_det: float, log_prob: float, jacobian: Tensor
) -> LedgerRow:
    x, y = frame.positions[0].tolist()
    a, b, c, d = jacobian.flatten().tolist()
    return LedgerRow(layer, title, frame.t, (x, y), log_det, log_prob, (a, b, c, d))
