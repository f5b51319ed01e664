"""The continuous flow: points carried by a velocity field, as one `Flow` among others."""

from __future__ import annotations

import itertools
import math
import operator
from typing import TYPE_CHECKING, Literal, NamedTuple, SupportsIndex

import msgspec
import torch
from torch import Tensor

from flowengine.bases import build_base
from flowengine.catalogue import FlowMatching, RectifiedFlow, StandardNormal
from flowengine.catalogue.reading import admitted
from flowengine.checks import check_input
from flowengine.continuous import each, solvers
from flowengine.continuous.accuracy import LADDER, Accuracy, is_recorded, measured
from flowengine.continuous.adaptive import follow
from flowengine.continuous.tamed import StraightField, Tamed, WhitenedField
from flowengine.continuous.tangents import bare, jacobian_of, lifted, points_of
from flowengine.continuous.velocity import Field, Velocity
from flowengine.continuous.whitening import Whitening
from flowengine.errors import ShapeError, SpecError
from flowengine.flow import Flow
from flowengine.framed import (
    makes_points,
    maps_in,
    maps_out,
    moves_back,
    moves_on,
    traces,
    traces_back,
    writes_ledger,
)
from flowengine.modes import in_full_precision, refuse_transforms, single_precision
from flowengine.protocol import LedgerRow
from flowengine.traces import LedgerPage, Trace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from flowengine.bases import Base
    from flowengine.catalogue import BaseSpec, ContinuousSpec
    from flowengine.targets.grid import GridTarget

TRACE_FRAMES = 33
# Of a solver's step: a frame this close to its end is the end.
NEARBY = 1e-5
LEDGER_ROWS = 16
ADAPTIVE = "dopri5"
# Of a density in a picture: nats from which on it can be seen, and how far in data units a point
# may come back from where it was. Right points of trained flows come back within a tenth of that.
VISIBLE = -9.0
ASTRAY = 0.25
MOST_STEPS = 256
AUTO_STEPS = 32  # before it was measured how many a field needs
# What a step of a point's own may be off by, in nats of log_det and whitened units of its place; a
# density is then off by some hundred times as much at the most. For a reference; for what is told
# of a density; for means over many points; for pictures of a model that moves on.
CLOSE, USUAL, ROUGH, PICTURED = 1e-6, 2e-6, 1e-4, 1e-3
# Of it, on the way to the target: there what a step is off by is stretched with the plane, up to
# some hundredfold where the density is low.
ONWARD = 1 / 8
LEDGER_CHANGE = 3e-4  # nats: what the steps of a ledger may leave
# A base's log-density changes by its distance from the middle, or about; beyond this there is none
# to be seen, and what counts is the share of the distance.
FARTHEST = 6.0
# Twice as many take three times as long: the system then clears every array's memory anew.
CHUNK = 1_024


class _Frame(NamedTuple):
    """A moment on the way from where the points started.

    Attributes:
        t: The clock.
        positions: Shape (batch, 2).
        log_det: log|det| of the map from the start to here, shape (batch,).
        jacobian: Of the same map, shape (batch, 2, 2), or (batch, 2, 0) without densities.
    """

    t: float
    positions: Tensor
    log_det: Tensor
    jacobian: Tensor


class ContinuousFlow(Flow):
    """x = z + ∫ v(x(t), t) dt from t = 0 (base) to t = 1 (target).

    Where steps are `auto`, `forward` and `inverse` follow each point in steps of its own, as fine
    as its density needs, and log_det is ∫ div v dt along them; see `each`. Gradients, traces and
    the ledger take the same number of the solver's steps for all points, and so does everything
    where that number was set by hand. Those steps are maps of the plane, and `log_det` is theirs,
    exactly: as long as they do not fold it, the density integrates to one however few they are.
    Either way both directions undo each other up to the error of the steps, which for a fixed
    number falls with the fourth (RK4), second (Heun) or at least third (Adams) power of it.
    Densities come from `inverse`, and so do the rows of the ledger, whose last is `log_prob`.

    A span of the clock that is no whole number of steps is crossed in shorter ones.

    The solver `dopri5` chooses its steps by the whole batch, so a density that it carried would
    depend on the neighbours of its point. It therefore carries what has no density to tell: samples
    and traces without densities, to `spec.tolerance`. All else takes RK4 steps.

    Attributes:
        spec: The network's size, the solver and its steps.
        velocity: The field.
        settled: `accuracy` as the file of weights keeps it; zeros before it is measured.
    """

    settled: Tensor

    def __init__(self, spec: ContinuousSpec, velocity: Field, base: Base | None = None) -> None:
        super().__init__(base)
        self.spec = spec
        self.velocity = velocity
        self.register_buffer("settled", torch.zeros(3, dtype=torch.float32))
        self._accuracy: tuple[float, ...] = (0.0, 0.0, 0.0)
        self._tolerance = USUAL

    @maps_out
    def forward(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """Generate: z -> x and log|det dx/dz|; see `Flow.forward`."""
        return self._transport(check_input(z, self, "z"), 0.0, 1.0)

    @maps_in
    def inverse(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Normalize: x -> z and log|det dz/dx|; see `Flow.inverse`."""
        return self._transport(check_input(x, self), 1.0, 0.0)

    def log_prob(self, x: Tensor) -> Tensor:
        """See `Flow.log_prob`; −inf where the solver's steps overflow on the way to the base.

        That can happen far from the data, in a field that is still rough.
        """
        found = super().log_prob(x)
        return found.masked_fill(found.isnan(), -math.inf)

    @moves_on
    def forward_from(self, u: Tensor, tau: float) -> tuple[Tensor, Tensor]:
        """On from clock `tau` to the target; see `Flow.forward_from`."""
        return self._transport(check_input(u, self, "u"), tau, 1.0)

    @moves_back
    def inverse_from(self, u: Tensor, tau: float) -> tuple[Tensor, Tensor]:
        """Back from clock `tau` to the base; see `Flow.inverse_from`."""
        return self._transport(check_input(u, self, "u"), tau, 0.0)

    def _load_from_state_dict(
        self, state_dict: dict[str, Tensor], prefix: str, *rest: object
    ) -> None:
        super()._load_from_state_dict(state_dict, prefix, *rest)
        self._accuracy = tuple(self.settled.tolist())

    @property
    def step_count(self) -> int:
        """The solver's steps from base to target, where their number is the same for all points.

        As many as were set by hand; else as many as `settle` found to be enough.
        """
        if self.spec.solver_steps != "auto":
            return self.spec.solver_steps
        return AUTO_STEPS if self.accuracy is None else self.accuracy.steps

    @property
    def accuracy(self) -> Accuracy | None:
        """What `step_count` steps leave undone, when it was measured last; kept in weights."""
        steps, error, round_trip = self._accuracy
        return Accuracy(int(steps), error, round_trip) if steps else None

    @accuracy.setter
    def accuracy(self, found: Accuracy | None) -> None:
        self._accuracy = (0.0, 0.0, 0.0) if found is None else tuple(map(float, found))
        self.settled.copy_(torch.tensor(self._accuracy))

    def sketched(self, tolerance: float = ROUGH) -> ContinuousFlow:
        """The same flow, its points followed only as closely as a mean over many of them needs.

        Steps that were set by hand stay.

        Args:
            tolerance: What a step may be off by; see `PICTURED`.
        """
        return self._followed_to(tolerance, self.spec.solver_steps)

    def closely(self) -> ContinuousFlow:
        """The same flow as the reference that its steps are measured by, whatever they are."""
        return self._followed_to(CLOSE, "auto")

    @torch.no_grad()
    def settle(self, target: GridTarget) -> Accuracy:
        """Measure the solver's error on a target, and choose the steps if they are `auto`.

        Args:
            target: In normalized coordinates; see `accuracy.measured`.
        """
        self.accuracy = found = measured(self.core, target)
        return found

    def meet(self, target: GridTarget) -> None:
        """Take up mean, covariance and reach of a target in normalized coordinates."""
        if isinstance(self.velocity, WhitenedField):
            self.velocity.whitening.meet(target)

    @property
    def fixed_solver(self) -> str:
        """The solver of everything that has a density: one of `solvers.SOLVERS`."""
        return "rk4" if self.spec.solver == ADAPTIVE else self.spec.solver

    @property
    def network(self) -> Velocity:
        """The network that training moves, in the coordinates of the solver.

        Raises:
            SpecError: it is another field, such as an exact one: nothing in it can be trained.
        """
        core = self.velocity.core
        if not isinstance(core, Velocity):
            raise SpecError(f"A {type(self.velocity).__name__} has no weights to train")
        return core

    def with_solver(self, solver: str, steps: int) -> ContinuousFlow:
        """The same field, followed by another solver or in other steps."""
        spec = msgspec.structs.replace(self.spec, solver=solver, solver_steps=steps)
        return self._again(spec)

    def _followed_to(self, tolerance: float, steps: int | Literal["auto"]) -> ContinuousFlow:
        flow = self._again(msgspec.structs.replace(self.spec, solver_steps=steps))
        flow.accuracy = self.accuracy
        flow._tolerance = tolerance
        return flow

    def _again(self, spec: ContinuousSpec) -> ContinuousFlow:
        flow = ContinuousFlow(spec, self.velocity, self.base).framed(self.frame)
        return flow.train(self.training)

    @makes_points
    def positions(self, z: Tensor) -> Tensor:
        """Where points of the base go, shape (batch, 2); see `Flow.positions`.

        Without the Jacobians this costs a third of `forward`.

        Raises:
            NumericsError: the solver is `dopri5`, and the field too steep for it.
        """
        check_input(z, self, "z")
        if self.spec.solver == ADAPTIVE:
            return self._adaptive(z, [0.0, 1.0])[-1]
        return torch.cat([self._transport(part, 0.0, 1.0, bare)[0] for part in z.split(CHUNK)])

    def generate(self, noise: Tensor) -> Tensor:
        """See `Flow.generate`; without the Jacobians, which a sample does not need."""
        return super().generate(noise) if self.spec.solver == ADAPTIVE else self.positions(noise)

    @traces
    @torch.no_grad()
    def trace(self, z: Tensor, frames: int | None = None, *, densities: bool = True) -> Trace:
        """Follow base points to the target; see `Flow.trace`.

        Frames are evenly spread in time. Between two solver steps they lie on the solver's own
        dense output, which costs no evaluation of the field; their log_det is that of the map which
        leads to them, exactly.
        """
        refuse_transforms("trace")
        return self._trace(check_input(z, self, "z"), 0.0, 1.0, frames, densities=densities)

    @traces_back
    @torch.no_grad()
    def inverse_trace(
        self, x: Tensor, frames: int | None = None, *, densities: bool = True
    ) -> Trace:
        """Follow target points back to the base; see `Flow.inverse_trace` and `trace`."""
        refuse_transforms("inverse_trace")
        return self._trace(check_input(x, self), 1.0, 0.0, frames, densities=densities)

    @writes_ledger
    @torch.no_grad()
    def ledger(self, point: tuple[float, float]) -> LedgerPage:
        """Write out one point's change of variables; see `Flow.ledger`."""
        refuse_transforms("ledger")
        x = self._point(point)
        whole = self._steps_for(x) if self._refines(x) else self.step_count
        path = list(self._frames(x, 1.0, 0.0, LEDGER_ROWS + 1, densities=True, whole=whole))[::-1]
        log_prob = float(self.base.log_prob(path[0].positions))
        rows = [_row("base", "Base", path[0], 0.0, log_prob, torch.eye(2))]
        for before, after in itertools.pairwise(path):
            log_det = float(after.log_det - before.log_det)
            log_prob -= log_det
            jacobian = torch.linalg.solve(before.jacobian, after.jacobian, left=False)
            rows.append(_row("t", f"t = {after.t:.3g}", after, log_det, log_prob, jacobian))
        again = self._transport(path[0].positions, 0.0, 1.0, bare)[0]
        return LedgerPage(tuple(rows), log_prob, float((again - x).norm()))

    def steps(
        self,
        state: Tensor,
        start: float,
        end: float,
        field: solvers.Slope | None = None,
        whole: int | None = None,
    ) -> Iterator[solvers.Step]:
        """The solver's steps from clock `start` to clock `end`; either may be the greater.

        Args:
            state: In the coordinates of the solver (see `Field.enter`): points with or without
                tangents, shape (2, 1 + k, batch), or what another `field` takes.
            start: Where the points are.
            end: Where they go.
            field: Followed instead of the velocity, in the same steps.
            whole: Steps from 0 to 1; `step_count` if left out.

        Raises:
            SpecError: the clock runs from 0 to 1.
        """
        if not (0 <= start <= 1 and 0 <= end <= 1):
            raise SpecError(f"tau must lie in [0, 1], got {start if end in (0, 1) else end}")
        share = solvers.share_of_steps(start, end)
        # The tolerance keeps 0.125 · 8 at one step where the product is rounded up.
        count = math.ceil((whole or self.step_count) * share - 1e-9)
        field = field or self.velocity.slope
        return solvers.steps(field, state, (start, end), count, solver=self.fixed_solver)

    def follow(
        self,
        state: Tensor,
        start: float,
        end: float,
        field: solvers.Slope | None = None,
        whole: int | None = None,
    ) -> Tensor:
        """The state where `steps` end, in the coordinates of the solver too."""
        for step in self.steps(state, start, end, field, whole):
            state = step.at()
        return state

    def carry(self, state: Tensor, start: float, end: float, whole: int | None = None) -> Tensor:
        """Points and tangents, shape (2, 1 + k, batch), in data units, from clock to clock."""
        inside = self.follow(self.velocity.enter(state, start), start, end, whole=whole)
        return self.velocity.leave(inside, end)

    @torch.no_grad()
    def found_again(
        self, u: Tensor, tau: float, end: float, log_density: Callable[[Tensor], Tensor]
    ) -> Tensor:
        """The log-density at clock `tau` of what has `log_density` at clock `end`, for a picture.

        In a field that has just changed, the solver's steps may be too coarse far from the data.
        They then fold the plane, and their density is high where no point is ever sent. So where
        it matters the way there and back is tried: a point that does not come back is followed in
        finer steps, and one that does not come back from these either has no density, -inf.

        Args:
            u: Points, shape (batch, 2).
            tau: The clock at which they are.
            end: 0 or 1.
            log_density: Points at that end, shape (batch, 2), to nats, shape (batch,).
        """
        if self._refines(u):
            moved, log_det = self._transport(check_input(u, self, "u"), tau, end)
            found = log_density(moved) + log_det
            return found.masked_fill(found.isnan(), -math.inf)
        found, back = self._tried(u, tau, end, log_density)
        lost = ((found > VISIBLE) & ~(back < ASTRAY)).nonzero()[:, 0]
        if lost.numel():
            count = 32 if self.fixed_solver != "rk4" else 2 * self.step_count
            fine = self.with_solver("rk4", min(count, MOST_STEPS))
            finer, back = fine._tried(u[lost], tau, end, log_density)
            found[lost] = finer.masked_fill(~(back < ASTRAY), -math.inf)
        return found

    def _tried(
        self, u: Tensor, tau: float, end: float, log_density: Callable[[Tensor], Tensor]
    ) -> tuple[Tensor, Tensor]:
        """The log-density, and how far a visible point comes back from where it was, (batch,)."""
        moved, log_det = self._transport(check_input(u, self, "u"), tau, end)
        found = log_density(moved) + log_det
        back = torch.zeros_like(found)
        seen = (found > VISIBLE).nonzero()[:, 0]
        returned = self.carry(bare(moved[seen]), end, tau)
        back[seen] = (points_of(returned) - u[seen]).norm(dim=1)
        return found, back

    def _transport(
        self, u: Tensor, start: float, end: float, lift: Callable[[Tensor], Tensor] = lifted
    ) -> tuple[Tensor, Tensor]:
        """Points and log|det| from clock to clock; the latter is empty where `lift` is `bare`."""
        if self._refines(u):
            return self._each(u, start, end, densities=lift is not bare)
        if not torch.is_grad_enabled() and u.shape[0] > CHUNK:
            parts = [self._transport(part, start, end, lift) for part in u.split(CHUNK)]
            return torch.cat([p for p, _ in parts]), torch.cat([d for _, d in parts])

        state = self.carry(lift(u), start, end)
        jacobian = jacobian_of(state)
        log_det = solvers.log_abs_det(jacobian) if jacobian.shape[2] else u.new_empty(0)
        return points_of(state), log_det

    @in_full_precision
    @torch.no_grad()
    def _each(
        self, u: Tensor, start: float, end: float, *, densities: bool
    ) -> tuple[Tensor, Tensor]:
        """Points and log|det| from clock to clock, each point in steps of its own; see `each`."""
        tolerance = self._tolerance * (ONWARD if start < end else 1)
        field = self.velocity.free
        core = field.core
        entered = field.enter(lifted(u), start)
        inside = entered[:, 0]

        def moved(state: Tensor, t: Tensor) -> Tensor:
            return core.slope(state.unsqueeze(1), t)[:, 0]

        def stretched(state: Tensor, t: Tensor) -> Tensor:
            slope = core.slope(lifted(state[:2].t()), t)
            return torch.cat([slope[:, 0], (slope[0, 1] + slope[1, 2]).unsqueeze(0)])

        def error(off: Tensor, at: Tensor) -> Tensor:
            far = at[:2].norm(dim=0)
            weight = (1 + far.clamp_max(FARTHEST)) * (FARTHEST / far.clamp_min(FARTHEST))
            amiss: Tensor = off[:2].norm(dim=0) * weight + off[2:].abs().sum(0)
            return amiss / tolerance

        if not densities:
            inside = each.follow(moved, inside, (start, end), error)
            return points_of(field.leave(inside.unsqueeze(1), end)), u.new_empty(0)
        inside = torch.cat([inside, torch.zeros_like(inside[:1])])
        inside = each.follow(stretched, inside, (start, end), error)
        left = field.leave(lifted(inside[:2].t()), end)
        before, after = (solvers.log_abs_det(jacobian_of(ends)) for ends in (entered, left))
        return points_of(left), inside[2] + before + after

    def _steps_for(self, x: Tensor) -> int:
        """The least number of steps in which points have about the density that they have."""
        z, log_det = self._each(x, 1.0, 0.0, densities=True)
        truth = self.base.log_prob(z) + log_det
        for steps in LADDER:
            state = self.carry(lifted(x), 1.0, 0.0, steps)
            found = self.base.log_prob(points_of(state)) + solvers.log_abs_det(jacobian_of(state))
            if bool(((found - truth).abs() <= LEDGER_CHANGE).all()):
                break
        return steps

    def _refines(self, u: Tensor) -> bool:
        """Whether each point may have the number of steps that it needs by itself.

        Not where the number was set by hand, and not where a gradient, a transform of functions or
        a trace of the computation would have to follow the choice: there all take `step_count`.
        """
        if self.spec.solver_steps != "auto" or is_recorded(u):
            return False
        return not torch.is_grad_enabled() or not (
            u.requires_grad or any(p.requires_grad for p in self.parameters())
        )

    def _frames(
        self,
        u: Tensor,
        start: float,
        end: float,
        frames: int | None,
        *,
        densities: bool,
        whole: int | None = None,
    ) -> Iterator[_Frame]:
        """The key frames from one side to the other, evenly spread in time."""
        count = TRACE_FRAMES if frames is None else max(frames, 2)
        state = lifted(u) if densities else bare(u)
        nothing = torch.zeros_like(u[:, 0])
        yield _Frame(start, u, nothing, jacobian_of(state))
        moments = [start + (end - start) * k / (count - 1) for k in range(1, count)]
        for step in self.steps(self.velocity.enter(state, start), start, end, whole=whole):
            while moments and (theta := (moments[0] - step.t) / step.h) <= 1 + NEARBY:
                state = self.velocity.leave(step.at(min(theta, 1.0)), moments[0])
                jacobian = jacobian_of(state)
                log_det = solvers.log_abs_det(jacobian) if densities else nothing
                yield _Frame(moments.pop(0), points_of(state), log_det, jacobian)

    def _trace(
        self, u: Tensor, start: float, end: float, frames: int | None, *, densities: bool
    ) -> Trace:
        if self.spec.solver == ADAPTIVE and not densities:
            return self._adaptive_trace(u, start, end, frames)
        parts = []
        for chunk in u.split(CHUNK):
            path = list(self._frames(chunk, start, end, frames, densities=densities))
            path = path if start < end else path[::-1]
            parts.append(_assembled(path, self.base, densities=densities))
        if len(parts) == 1:
            return parts[0]
        tau, *_ = parts[0]
        rest = (torch.cat(values, dim=1) for values in zip(*(p[1:] for p in parts), strict=True))
        return Trace(tau, *rest)

    def _adaptive_trace(self, u: Tensor, start: float, end: float, frames: int | None) -> Trace:
        count = TRACE_FRAMES if frames is None else max(frames, 2)
        positions = self._adaptive(u, torch.linspace(start, end, count).tolist())
        positions = positions if start < end else positions.flip(0)
        nothing = positions.new_empty(count, 0)
        return Trace(torch.linspace(0, 1, count), positions, nothing, nothing)

    def _adaptive(self, u: Tensor, times: list[float]) -> Tensor:
        """Positions at all times, shape (times, batch, 2)."""
        if not u.shape[0]:
            return u.expand(len(times), 0, 2)
        parts = [follow(self.velocity, x, times, self.spec.tolerance) for x in u.split(CHUNK)]
        return torch.cat(parts, dim=1)

    def _point(self, point: tuple[float, float]) -> Tensor:
        if len(point) != 2 or not all(math.isfinite(c) for c in point):
            raise ShapeError(f"A point is two finite numbers, got {point}")
        like = next(self.parameters(), torch.empty(0))
        return like.new_tensor([point])


def build_continuous(
    spec: ContinuousSpec, seed: SupportsIndex, base: BaseSpec | None = None
) -> ContinuousFlow:
    """A fresh continuous flow: the identity; the same seed gives the same weights.

    What a base can learn it learns by likelihood: flow matching, which regresses on the base's own
    points, leaves it as it is.

    Raises:
        SpecError: a setting is out of its limits.
    """
    spec = admitted(spec)
    start = build_base(base or StandardNormal()).requires_grad_(not isinstance(spec, FlowMatching))
    with single_precision() as dtype:
        generator = torch.Generator().manual_seed(operator.index(seed))
        network = Tamed(spec.width, spec.depth, generator, Whitening(start, spec))
        kind = StraightField if isinstance(spec, RectifiedFlow) else WhitenedField
        return ContinuousFlow(spec, kind(network), start).to(dtype)


def _assembled(path: list[_Frame], base: Base, *, densities: bool) -> Trace:
    """A trace from frames that ascend in t, its log_det and log_prob told from the base."""
    tau = torch.tensor([frame.t for frame in path], dtype=torch.float32)
    positions = torch.stack([frame.positions for frame in path])
    if not densities:
        nothing = positions.new_empty(len(path), 0)
        return Trace(tau, positions, nothing, nothing)
    log_det = torch.stack([frame.log_det for frame in path]) - path[0].log_det
    return Trace(tau, positions, log_det, base.log_prob(path[0].positions) - log_det)


def _row(
    layer: str, title: str, frame: _Frame, log_det: float, log_prob: float, jacobian: Tensor
) -> LedgerRow:
    x, y = frame.positions[0].tolist()
    a, b, c, d = jacobian.flatten().tolist()
    return LedgerRow(layer, title, frame.t, (x, y), log_det, log_prob, (a, b, c, d))
