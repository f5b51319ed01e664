"""What the window is sent: frozen pictures of the model, as often as training can afford."""

from __future__ import annotations

import math
import time
from functools import partial
from typing import TYPE_CHECKING, cast

import torch

from flowengine.continuous import ContinuousFlow, exact_field
from flowengine.continuous.flow import PICTURED
from flowengine.errors import NumericsError
from flowengine.framed import scaled, to_data, to_normal
from flowengine.lanes import LANES
from flowengine.mass import may_fold
from flowengine.meshes import cell_centres, square_mesh, widened
from flowengine.objectives import DISPLAY_STREAM
from flowengine.pacing import Pacing, Task
from flowengine.project import DEFAULT_EXTENT
from flowengine.protocol import (
    FieldFrames,
    GridFrames,
    HeatFrame,
    LayerFacts,
    Metrics,
    ParticleFrames,
    SetView,
)
from flowengine.stack import DiscreteFlow
from flowengine.targets.streams import derived_seed, sobol_points

if TYPE_CHECKING:
    from flowengine.bases import Base
    from flowengine.continuous.velocity import Field
    from flowengine.figures import Figures
    from flowengine.flow import Flow
    from flowengine.frame import Frame
    from flowengine.pacing import Work
    from flowengine.project import Extent
    from flowengine.traces import Trace
    from flowengine.trainer import Trainer

W2_SOON_S = 1.5  # after an edit
W2_EVERY_S = 8.0  # while a lane trains that has a likelihood to go by
CHUNK = 2048
# Of a solver, while a model trains: so that its path is curved where the flow's is, and where more
# move a point by less than can be seen.
LEAST_STEPS, MOST_STEPS = 3, 6
RESTING_STEPS = 64  # likewise at rest
SLICES = 4
METRICS_EVERY_S, METRICS_WEIGHT = 0.5, 4.0  # figures cost little beside what is drawn
PARTICLES_EVERY_S = 0.35  # what is looked at first comes again before every density has come once
GRID_NODES = 33
GRID_REACH = 3.0
FIELD_NODES = 25  # of the exact field, over the square that is shown
WIDE_FIELD_NODES = 41  # of the learned one, as close: a high panel shows what lies past the square
FIELD_FRAMES = 17
EXACT_CHUNK = 125  # points of the exact field in one turn: some milliseconds
LAYER_POINTS = 512


class Display(Pacing):
    """Computes and paces the pictures of one lane.

    All pictures are in the target's normalized coordinates, in which its extent is [-4, 4]²,
    whatever its units: there base and target stand in one square. The figures, and the answers to
    questions, are in data units.

    Attributes:
        generation: What every picture is marked with.
        view: What the window shows.
    """

    def __init__(self, trainer: Trainer, generation: int, view: SetView | None = None) -> None:
        super().__init__(trainer)
        self.generation = generation
        self.view = view or SetView()
        self._traits = LANES[trainer.lane]
        self._w2_at = -math.inf
        self._rate_from = (time.perf_counter(), trainer.step_count)
        self._make_tasks()

    def renew(
        self, generation: int, view: SetView | None = None, *, same_weights: bool = False
    ) -> None:
        """Forget what was shown, because the model or the view is another one now.

        Args:
            generation: What every picture is marked with from now on.
            view: What the window shows; None for what it showed before.
            same_weights: See `Pacing.begin_anew`.
        """
        self.generation = generation
        self.view = view or self.view
        self._w2_at = min(self._w2_at, time.perf_counter() - W2_EVERY_S + W2_SOON_S)
        self.begin_anew(same_weights=same_weights)

    # --- tasks ----------------------------------------------------------------------------------

    def _make_tasks(self) -> None:
        view, reach = self.view, self._base().reach
        # kept until the next edit, so that a base that learns does not shake the picture
        self._half, self._grid_half = max(4.0, 0.8 * reach), max(GRID_REACH, 0.6 * reach)
        self._tasks = {"metrics": Task(self._metrics, METRICS_EVERY_S, weight=METRICS_WEIGHT)}
        if not view.visible:
            return
        self._last_heat = self._heat_frames() - 1 if view.direction == "generate" else 0
        for i in range(SLICES if view.particles else 0):
            self._tasks[f"particles {i}"] = Task(partial(self._particles, i), PARTICLES_EVERY_S)
        if view.heat:
            self._tasks["heat"] = Task(partial(self._heat, self._last_heat), 0.5)
            for i in range(self._heat_frames()):
                if i != self._last_heat:
                    self._tasks[f"heat {i}"] = Task(partial(self._heat, i), 1.0)
        if self.trainer.lane == "discrete":
            self._tasks["layers"] = Task(self._layers, 1.0)
            if view.grid:
                self._tasks["grid"] = Task(self._grid, 0.6)
        elif view.field:
            self._tasks["field"] = Task(self._field, 2.0)
        # the closed form of the exact field holds for this base alone
        normal = self.trainer.project.base.kind == "standard_normal"
        if self.trainer.lane == "continuous" and view.exact_field and normal:
            self._tasks["exact_field"] = Task(self._exact_field, 2.0, once=True)
        self._make_start_urgent(0 if self._last_heat else self._heat_frames() - 1)

    def _make_start_urgent(self, first_heat: int = 0) -> None:
        """After a change the particles come first, then the finished density, then the rest.

        The density on the way is seen for some seconds together, so it waits until the model has
        begun to follow.

        The density at the other end, `first_heat`, is known without the model: it costs little, and
        gives the moments between both ends something to turn from.
        """
        now = time.perf_counter()
        order = {"particles": 4.0, "heat": 3.0, "grid": 2.5, "field": 2.0, "metrics": 1.5}
        for name, task in self._tasks.items():
            urgency = 0.5 if name.startswith("heat ") else order.get(name.split()[0], 1.2)
            urgency = 2.8 if name == f"heat {first_heat}" else urgency
            task.done_at = now - urgency * task.period

    def _metrics(self, training: bool) -> Work:
        total, kl, w2 = 0.0, None, None
        for part in self.trainer.measure():
            total += float(part.sum())
            kl = total / len(self.trainer.held_out)
            yield
        if self.trainer.mass_is_due or (not training and may_fold(self.trainer.average)):
            yield from self.trainer.measure_mass()
        if kl is None or not training or time.perf_counter() - self._w2_at > W2_EVERY_S:
            w2 = yield from self.trainer.measure_w2()
            self._w2_at = time.perf_counter()
        return self.measured(self.trainer.record(kl, w2))

    def measured(self, figures: Figures) -> Metrics:
        """The figures of the present step, ready to send."""
        now, step = time.perf_counter(), self.trainer.step_count
        before, first = self._rate_from
        self._rate_from = (now, step)
        return Metrics(
            lane=self.trainer.lane,
            generation=self.generation,
            step=step,
            seconds=self.trainer.seconds,
            steps_per_second=(step - first) / max(now - before, 1e-9),
            loss=self.trainer.loss,
            nll=figures.nll,
            kl=figures.kl,
            entropy=figures.entropy,
            bound=self.trainer.bound,
            w2=figures.w2,
            mass=figures.mass,
            mass_error=figures.mass_error,
            normalized=figures.normalized,
            steps=getattr(self.trainer.average, "step_count", None),
            steps_error=self.trainer.steps_error,
        )

    def _base(self) -> Base:
        """What the particles start from."""
        return self._flow().base

    def _flow(self) -> Flow:
        """What is pictured, in its own normalized coordinates."""
        return cast("Flow", self.trainer.average.core)

    def _seen(self) -> Frame:
        """Leads from the model's own coordinates to those of the pictures.

        The identity, but for weights of a file from before there were frames.
        """
        return self.trainer.frame.seen_from(self.trainer.target.frame)

    def _carrier(self, training: bool) -> Flow:
        """What carries the particles: while it trains, a continuous flow in few of its steps.

        A density takes all of them. It is that of the solver's own map, which with too few steps
        folds far from the target, where points go back the longest way, and then holds more mass
        than there is. Steps that a solver chooses itself would have no end that a query could wait
        for.
        """
        flow = self._flow()
        if not isinstance(flow, ContinuousFlow):
            return flow
        if not training:
            if flow.step_count <= RESTING_STEPS or flow.spec.solver != flow.fixed_solver:
                return flow
            return flow.with_solver(flow.fixed_solver, RESTING_STEPS)
        steps = min(max(math.ceil(flow.step_count / 4), LEAST_STEPS), MOST_STEPS)
        return flow.with_solver(flow.fixed_solver, min(steps, flow.step_count))

    def _particles(self, part: int, training: bool) -> Work:
        points = self._start_points()
        piece = points.tensor_split(SLICES)[part]
        first = sum(len(p) for p in points.tensor_split(SLICES)[:part])
        flow = self._carrier(training)
        tau, positions = None, []
        for chunk in piece.split(CHUNK):
            try:
                trace = self._follow(flow, chunk)
            except NumericsError:  # dopri5 finds no way; in fixed steps there always is one
                return (yield from self._particles(part, training=True))
            tau = trace.tau
            positions.append(trace.positions)
            yield
        if tau is None:
            return None
        return self._particle_frames(tau, torch.cat(positions, dim=1), first, len(points))

    def _particle_frames(
        self, tau: torch.Tensor, positions: torch.Tensor, first: int, total: int
    ) -> ParticleFrames:
        return ParticleFrames(
            lane=self.trainer.lane,
            generation=self.generation,
            step=self.trainer.step_count,
            direction=self.view.direction,
            tau=tau.cpu().numpy(),
            first=first,
            total=total,
            positions=to_data(self._seen(), positions).float().cpu().numpy(),
        )

    @torch.no_grad()
    def _follow(self, flow: Flow, points: torch.Tensor) -> Trace:
        follow = flow.trace if self.view.direction == "generate" else flow.inverse_trace
        return follow(points, densities=False)

    def _start_points(self) -> torch.Tensor:
        """The same batch in every lane: of the base, or of the target, as the direction says.

        Where lanes have learned a base of their own, the uniform points are the same.
        """
        trainer, n = self.trainer, self.view.particles
        seed = derived_seed(trainer.project.seed, DISPLAY_STREAM)
        if self.view.direction == "normalize":
            return trainer.normal_target.sample(n, seed=seed)
        return latent_batch(self._base(), n, seed).to(trainer.device)

    def _grid(self, _training: bool) -> Work:
        mesh = square_mesh(-self._grid_half, self._grid_half, GRID_NODES).to(self.trainer.device)
        yield
        trace = self._flow().trace(mesh)
        positions = to_data(self._seen(), trace.positions)
        shape = (len(trace.tau), GRID_NODES, GRID_NODES)
        return GridFrames(
            lane=self.trainer.lane,
            generation=self.generation,
            step=self.trainer.step_count,
            tau=trace.tau.cpu().numpy(),
            positions=positions.float().cpu().numpy().reshape(*shape, 2),
            log_det=trace.log_det.float().cpu().numpy().reshape(shape),
        )

    def _heat_frames(self) -> int:
        """How many moments of the clock have a density: two for each layer, within limits."""
        most = self._traits.heat_frames
        layers = sum(layer.enabled for layer in self.trainer.project.stack)
        return min(max(2 * layers + 1, 9), most)

    def _heat(self, index: int, training: bool) -> Work:
        frames = self._heat_frames()
        tau = index / (frames - 1)
        in_training, at_rest = self._traits.heat_nodes
        n = in_training if training else at_rest
        flow = self._flow()
        pixels = self._cell_centres(self._shown_extent(), n)
        if isinstance(flow, DiscreteFlow):
            flow = flow.for_many(len(pixels))
        elif training and isinstance(flow, ContinuousFlow):
            flow = flow.sketched(PICTURED)
        parts = []
        for chunk in pixels.split(CHUNK):
            with torch.no_grad():
                parts.append(self._log_density(flow, chunk, tau))
            yield
        return self._heat_frame(index, frames, torch.cat(parts))

    def _heat_frame(self, index: int, frames: int, log_density: torch.Tensor) -> HeatFrame:
        """One moment of the density, from its logarithm at the centres of square cells."""
        n = math.isqrt(len(log_density))
        density = (log_density.float() - self._seen().log_area).exp().reshape(n, n)
        return HeatFrame(
            lane=self.trainer.lane,
            generation=self.generation,
            step=self.trainer.step_count,
            direction=self.view.direction,
            index=index,
            frames=frames,
            extent=self._shown_extent(),
            density=density.nan_to_num(0.0, 0.0, 0.0).cpu().numpy(),
        )

    def _log_density(self, flow: Flow, points: torch.Tensor, tau: float) -> torch.Tensor:
        """Of the base on its way to the target, or of the target on its way to the base."""
        generate = self.view.direction == "generate"
        known = flow.base.log_prob if generate else self.trainer.normal_target.log_prob
        if tau == (0 if generate else 1):
            return known(points)
        if isinstance(flow, ContinuousFlow):
            return flow.found_again(points, tau, 0.0 if generate else 1.0, known)
        moved, log_det = (flow.inverse_from if generate else flow.forward_from)(points, tau)
        return known(moved) + log_det

    def _shown_extent(self) -> Extent:
        """The target's square, but never less than what it comes from."""
        half, (x_min, x_max, y_min, y_max) = self._half, DEFAULT_EXTENT
        left, right, bottom, top = self._seen().data_extent((-half, half, -half, half))
        return (min(x_min, left), max(x_max, right), min(y_min, bottom), max(y_max, top))

    def _cell_centres(self, extent: Extent, n: int) -> torch.Tensor:
        """The centres of n × n cells of a picture, in the model's own coordinates, (n·n, 2)."""
        centres = cell_centres(extent, n).to(self.trainer.device)
        return to_normal(self._seen(), centres, centres)

    def _field(self, _training: bool) -> Work:
        flow = cast("ContinuousFlow", self._flow())
        return (yield from self._field_frames(flow.velocity, WIDE_FIELD_NODES**2, exact=False))

    def _exact_field(self, _training: bool) -> Work:
        field = exact_field(self.trainer.normal_target, self.trainer.project.continuous)
        yield
        return (yield from self._field_frames(field, EXACT_CHUNK, exact=True))

    def _field_frames(self, field: Field, chunk: int, *, exact: bool) -> Work:
        nodes = FIELD_NODES if exact else WIDE_FIELD_NODES
        extent = widened(self._shown_extent(), nodes / FIELD_NODES)
        points = self._cell_centres(extent, nodes)
        tau = torch.linspace(0, 1, FIELD_FRAMES)
        parts = []
        for t in tau.tolist():
            for part in points.split(chunk):
                with torch.no_grad():
                    parts.append(field(part, t))
                yield
        velocity = scaled(self._seen(), torch.cat(parts)).float().cpu().numpy()
        return FieldFrames(
            lane=self.trainer.lane,
            generation=self.generation,
            step=self.trainer.step_count,
            extent=extent,
            tau=tau.numpy(),
            velocity=velocity.reshape(FIELD_FRAMES, nodes, nodes, 2),
            exact=exact,
        )

    def _layers(self, _training: bool) -> Work:
        seed = derived_seed(self.trainer.project.seed, DISPLAY_STREAM)
        points = latent_batch(self._base(), LAYER_POINTS, seed)
        points = points.to(self.trainer.device)
        yield
        with torch.no_grad():
            facts = cast("DiscreteFlow", self._flow()).layer_facts(points)
        return LayerFacts(
            generation=self.generation, step=self.trainer.step_count, layers=tuple(facts)
        )


@torch.no_grad()
def latent_batch(base: Base, n: int, seed: int) -> torch.Tensor:
    """Evenly spread points of the base, shape (n, 2), float32, on the CPU."""
    return base.from_uniform(sobol_points(n, 2, seed)).float()
