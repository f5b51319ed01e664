"""Training one lane: steps, figures, edits in mid-run, and a state that resumes exactly."""

from __future__ import annotations

import contextlib
import math
import time
from typing import TYPE_CHECKING, Literal, cast

import numpy as np
import torch

from flowengine.checkpoint import (
    HISTORY_COLUMNS,
    TrainerState,
    is_change,
    pack_state,
    unpack_state,
)
from flowengine.continuous import ContinuousFlow
from flowengine.cuda_graph import GraphedStep, PlainStep, make_step
from flowengine.devices import choose_device
from flowengine.distances import Slices, finished
from flowengine.errors import NumericsError, SpecError, phrase
from flowengine.fallback import Fallback
from flowengine.figures import MEASURED_AT_ONCE, Figures
from flowengine.frame import IDENTITY, frame_of
from flowengine.lane import aim_of, build_model, model_of, stream_of
from flowengine.lanes import LANES
from flowengine.learned import Learned
from flowengine.mass import MassWatch, live_mass, mass_of, may_fold
from flowengine.modes import with_gradients
from flowengine.objectives import DATA_STREAM, HELD_OUT_STREAM, make_objective
from flowengine.optimizer import FlatAdam
from flowengine.targets import from_spec
from flowengine.targets.oddities import oddity
from flowengine.targets.streams import derived_seed

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from torch import Tensor

    from flowengine.flow import Flow
    from flowengine.mass import Mass
    from flowengine.model import Model
    from flowengine.project import Lane, LaneState, Project, Recipe
    from flowengine.targets.grid import GridTarget

KEEP_EVERY = 100
NOTHING_TO_LEARN = phrase(
    "There is nothing to learn: every layer of the stack is locked, bypassed or without weights"
)


class Trainer:
    """One lane of a project in training.

    A step trains `model`; `average` is the same model with averaged weights, which is what the
    window shows, what `evaluate` measures and what is saved as the trained model. Looking at it
    never changes training: data, weights and display have generators of their own. So do torch's
    modes: whatever is switched off or on around it, it trains in float32 with gradients.

    Attributes:
        learnable: Whether any weight may move; a stack can be all locks and swaps.
        target: What is learned, in data units.
        normal_target: The same in normalized coordinates.
        frame: Leads from the normalized coordinates that training goes on in to data units: the
            target's own, but for weights of a file that knows of none.
        held_out: Points to measure on, in normalized coordinates.

    Args:
        project: What to train; `project.lanes[lane]`, if there, is taken up and resumed.
        lane: Which of its models.
        device: `auto`, `cpu`, `cuda`, `cuda:1`, `mps`, or torch's own object.

    Raises:
        SpecError: the model is impossible, e.g. an empty stack, or there is no such lane.
        TargetError: the target is no density, e.g. an empty drawing.
        DeviceError: this machine has no such device.
        ProjectError: the saved weights belong to another model, or a limit of the catalogue or of
            the document is broken.
    """

    @with_gradients
    def __init__(
        self, project: Project, lane: Lane, *, device: str | torch.device = "auto"
    ) -> None:
        if lane not in LANES:
            raise SpecError(
                "There is no lane {lane} to train; there is {lanes}",
                lane=repr(lane),
                lanes=", ".join(LANES),
            )
        project.check()
        self.project = project
        self.lane = lane
        self.device = choose_device(device)
        self.schedule = LANES[lane].schedule
        self.progress: float | None = None
        self.step_count = 0
        self.schedule_step = 0
        self.seconds = 0.0
        self.loss = math.nan
        self.rate_scale = 1.0
        self.history: list[tuple[float, ...]] = []
        self.notices: list[str] = []
        self._settled_at = self._known_at = -1
        self._step: PlainStep | GraphedStep | None = None
        self._slices: Slices | None = None
        self._learned = Learned()
        self.notices += filter(None, [oddity(project.target)])
        self.target = self._make_target()
        self.frame = frame_of(project.target)
        self._take_up(build_model(project, lane))
        saved = project.lanes.get(lane)
        if saved is not None and saved.weights:
            self.load_state(saved)
            self._known_at = self.step_count

    @property
    def recipe(self) -> Recipe:
        """How this lane is trained."""
        recipe: Recipe = getattr(self.project.training, self.lane)
        return recipe

    @property
    def model(self) -> Model:
        """The model whose weights the optimizer moves."""
        return self.optimizer.module.framed(self.frame)

    @property
    def average(self) -> Model:
        """The model with averaged weights; always up to date, never to be written to."""
        return self.optimizer.average.framed(self.frame)

    @property
    def bound(self) -> Literal["iwae"] | None:
        """By which bound on the likelihood `nll` and `kl` are measured; None if they are exact."""
        return "iwae" if self.average.likelihood == "bound" else None

    @property
    def steps_per_second(self) -> float:
        """Steps of training per second of training, over the whole run."""
        return self.step_count / self.seconds if self.seconds else 0.0

    # --- training -------------------------------------------------------------------------------

    @with_gradients
    def step(self) -> None:
        """Draw a batch and follow its gradient once.

        A loss or a gradient that is not finite never reaches the weights: the last good weights
        come back, the learning rate is halved, and `notices` gains a sentence that says so.

        Raises:
            SpecError: there is nothing to learn.
        """
        if not self.learnable:
            raise SpecError(NOTHING_TO_LEARN)
        started = time.perf_counter()
        if not self._initialized:
            self._initialize()
        if self._step is None:
            self._step = make_step(self.optimizer, self.objective, self.device)
        rate = self.schedule.rate(self.schedule_step, self.progress) * self.rate_scale
        try:
            self.loss, moved = self._step(rate * self.recipe.learning_rate, self.recipe.clip_norm)
        except NumericsError:  # on the way through the flow, before there was a loss
            self.loss, moved = math.nan, False
        self.step_count += 1
        self.schedule_step += 1
        if not (moved and math.isfinite(self.loss)):
            self._roll_back()
        elif self.step_count % KEEP_EVERY == 0:
            self._keep_good()
        self.seconds += time.perf_counter() - started

    @with_gradients
    def evaluate(self) -> Figures:
        """Measure the averaged model on held-out points, and add the figures to the history.

        KL is the mean of log p(x) − log q(x) over evenly spread target points, and NLL is that
        plus the target's exact entropy: the difference varies far less than either term. A model
        without a likelihood is measured by its samples' distance instead.
        """
        if self.average.likelihood == "none":
            return self.record(None, self.sliced_w2())
        if self.mass_is_due:
            finished(self.measure_mass())
        total = sum(float(part.sum()) for part in self.measure())
        return self.record(total / len(self.held_out))

    def measure(self) -> Iterator[Tensor]:
        """Log p(x) − log q(x) of the held-out points, a chunk at a time, each of shape (chunk,).

        Where the model has a bound on log q alone, these are bounds too; where it has none, there
        are no chunks.
        """
        model, target = self.average.core, self.normal_target
        if model.likelihood == "none":
            return
        chunks = self.held_out.split(MEASURED_AT_ONCE[model.likelihood])
        model = self._sketched().core
        for seed, points in enumerate(chunks):
            with torch.no_grad():
                gap = target.log_prob(points) - model.log_likelihood(points, seed=seed)
            yield gap

    def settle(self) -> bool:
        """Measure what the solver's steps of a continuous flow leave undone; see its `settle`.

        Returns:
            Whether anything was measured: nothing is where it is known of this very step.
        """
        if not isinstance(self.average, ContinuousFlow) or self._settled_at == self.step_count:
            return False
        self._settled_at = self.step_count
        with contextlib.suppress(NumericsError):  # weights beyond measure keep the last number
            self.average.settle(self.normal_target)
            self._known_at = self.step_count
        return True

    @property
    def steps_error(self) -> float | None:
        """What the solver's steps leave undone, in nats; None where that is of other weights."""
        accuracy = getattr(self.average, "accuracy", None)
        if accuracy is None or self._known_at != self.step_count:
            return None
        return float(accuracy.log_prob_error)

    def _sketched(self) -> Model:
        """The averaged model as it is measured in training: no closer than a mean needs."""
        model = self.average
        return model.sketched() if isinstance(model, ContinuousFlow) else model

    @property
    def mass(self) -> Mass:
        """The averaged model's mass as it was last measured; see `MassWatch`."""
        return self._mass_watch.mass

    @property
    def mass_is_due(self) -> bool:
        """Whether the model could have ceased to be a density since that was last looked at."""
        return may_fold(self.average) and self._mass_watch.is_due(self.step_count, self.seconds)

    def measure_mass(self) -> Generator[None, None, Mass]:
        """Look whether the averaged model is a density, in parts of some milliseconds.

        `notices` gains a sentence when it has ceased to be one. The next figures go by it.
        """
        found = yield from live_mass(cast("Flow", self._sketched()), self.target.extent)
        if not found.is_one:  # which may be the fault of the few steps
            found = yield from live_mass(cast("Flow", self.average), self.target.extent)
        self._learn_mass(found)
        return found

    def _learn_mass(self, found: Mass) -> None:
        notice = self._mass_watch.learn(found, self.step_count, self.seconds)
        if notice:
            self.notices.append(notice)

    def confirmed(self) -> Figures:
        """Figures of this very step, and of a mass that was measured at it: what ends a run."""
        if may_fold(self.average) and self._mass_watch.step != self.step_count:
            found = finished(self.measure_mass())
            if not found.is_one:  # worth a closer look
                with contextlib.suppress(NumericsError):
                    self._learn_mass(mass_of(cast("Flow", self.average), self.target.extent))
        return self.evaluate()

    @with_gradients
    def sliced_w2(self) -> float:
        """The sliced 2-Wasserstein distance of the averaged model, in data units; see `Slices`."""
        return finished(self.measure_w2())

    def measure_w2(self) -> Generator[None, None, float]:
        """`sliced_w2`, in parts of some milliseconds."""
        if self._slices is None:
            frame = self.target.frame
            self._slices = Slices(self.target.normalized(), frame=frame)
        frame = self.frame.seen_from(self.target.frame)
        return self._slices.measuring(self._sketched().framed(frame))

    @with_gradients
    def record(self, kl: float | None, w2: float | None = None) -> Figures:
        """Turn what was measured into figures and add them to the history.

        Of a model whose mass is not 1 they are those of the density that is left when it is divided
        by its mass; without a mass there are none.

        Raises:
            NumericsError: a figure is not finite.
        """
        if kl is not None and not math.isfinite(kl):
            raise NumericsError(
                "The {lane} model gives no finite log_prob on its target", lane=phrase(self.lane)
            )
        entropy, mass = self.target.entropy, self.mass
        if kl is not None:
            kl = kl + mass.excess if math.isfinite(mass.excess) else None
        figures = Figures(
            None if kl is None else kl + entropy,
            kl,
            entropy,
            w2,
            mass=None if self.average.likelihood != "exact" else mass.value,
            mass_error=None if self.average.likelihood != "exact" else mass.error,
            normalized=mass.is_one,
        )
        if self.measured:
            *_, known = self.history.pop()
            figures = figures if w2 is not None else figures._replace(w2=_or_none(known))
        row = (math.nan if value is None else value for value in (figures.nll, kl, figures.w2))
        self.history.append((self.step_count, self.seconds, *row))
        if w2 is not None:  # the likelihood alone does not tell where samples go
            self._fallback.keep(self.optimizer)
        return figures

    @with_gradients
    def retreat(self, reason: str) -> bool:
        """Leave weights of which no figure can be made; `notices` gains a sentence that says so.

        Returns:
            Whether training can go on: it does from the last weights that could be measured, or
            from those with which it began, with half the learning rate.
        """
        found = self._fallback.take_up(self.optimizer)
        self._mass_watch = MassWatch()
        said = phrase(
            "{reason}; training of the {lane} model rests until you press Reset",
            reason=reason,
            lane=phrase(self.lane),
        )
        if found:
            rate = self._halve_rate()
            said = phrase(
                "{reason}; training of the {lane} model went back to its last good "
                "weights and halved the learning rate to {rate}",
                reason=reason,
                lane=phrase(self.lane),
                rate=f"{rate:.2g}",
            )
        self.notices.append(said)
        return found

    @property
    def measured(self) -> bool:
        """Whether the history ends with figures of the present step and model."""
        last = self.history[-1] if self.history else None
        return last is not None and last[0] == self.step_count and not is_change(last)

    # --- edits in mid-run -----------------------------------------------------------------------

    @with_gradients
    def edit(self, project: Project) -> None:
        """Go on with another version of the project, keeping every weight that still fits.

        Raises:
            SpecError, TargetError, ProjectError: the new version cannot be trained; the old one
                stays.
        """
        before, recipe = self.project, self.recipe
        project.check()
        self.project = project
        try:
            target = self.target if project.target == before.target else self._make_target()
            same = model_of(project, self.lane) == model_of(before, self.lane)
            flow = None if same else build_model(project, self.lane)
        except (SpecError, ValueError):
            self.project = before
            raise
        changed_target = target is not self.target
        changed_aim = aim_of(self.recipe) != aim_of(recipe)
        redrawn = stream_of(self.recipe) != stream_of(recipe)
        self.target = target
        self.frame = frame_of(project.target) if changed_target else self.frame
        if flow is not None:
            before_edit, old = self.average, self._state()
            self._take_up(flow)
            self._adopt(before_edit, old)
        elif changed_target or redrawn or changed_aim:
            drawn = self.objective.state()
            self._take_up_target()
            if not (redrawn or changed_target):
                self.objective.load_state(drawn)
        if flow is not None or changed_target:
            self._note_change()
        if flow is not None or changed_target or changed_aim:
            self._begin_again_from_here()
        if flow is not None:  # of weights that stay, those that were measured last are still good
            self._fallback.keep(self.optimizer)
        if self.recipe.learning_rate != recipe.learning_rate:
            self.rate_scale = 1.0  # what a person says counts, not what a roll back made of it

    def _note_change(self) -> None:
        """Part the figures of the model and target before from those to come."""
        if self.history and not is_change(self.history[-1]):
            self.history.append((self.step_count, self.seconds, math.inf, math.nan, math.nan))

    def _begin_again_from_here(self) -> None:
        """Raise the learning rate again, without a second warm-up, from what the window shows."""
        self.schedule_step = min(self.schedule_step, self.schedule.warm_up)
        self.optimizer.weights_from_average()
        self._keep_good()
        self._fallback.trust_again()

    # --- state ----------------------------------------------------------------------------------

    @with_gradients
    def state(self) -> LaneState:
        """Everything that later steps depend on, to be saved or sent."""
        return pack_state(self._state())

    @with_gradients
    def load_state(self, saved: LaneState) -> None:
        """Go on exactly where a state was taken.

        Raises:
            ProjectError: it belongs to another model.
        """
        state = unpack_state(saved, self.average.state_dict(), self.lane)
        frame = IDENTITY if state.frame.is_identity else frame_of(self.project.target)
        if frame != self.frame:
            self.frame = frame
            self._take_up_target()
        self._apply(state)

    def _state(self) -> TrainerState:
        return TrainerState(
            weights={n: t.detach().clone().cpu() for n, t in self.average.state_dict().items()},
            optimizer={n: t.cpu() for n, t in self.optimizer.state().items()},
            objective=self.objective.state(),
            counters=torch.tensor(
                [self.step_count, self.schedule_step, self.seconds, self.rate_scale, self.loss],
                dtype=torch.float64,
            ),
            history=np.array(self.history, dtype=np.float64).reshape(-1, len(HISTORY_COLUMNS)),
            frame=self.frame,
        )

    def _apply(self, state: TrainerState) -> None:
        self.model.load_state_dict(state.weights)
        self.average.load_state_dict(state.weights)
        self._initialized = True
        if state.optimizer:
            self.optimizer.load_state(state.optimizer)
            self.objective.load_state(state.objective)
            counters = state.counters.tolist()
            self.step_count, self.schedule_step = int(counters[0]), int(counters[1])
            self.seconds, self.rate_scale, self.loss = counters[2:]
        self.history = [tuple(row) for row in state.history.tolist()]
        self._keep_start()

    def _adopt(self, before: Model, old: TrainerState) -> None:
        """Take over what still fits from the models before the edit."""
        self._learned.remember(before, old)
        weights = self._learned.weights_for(self.model, before)
        if not weights:
            return
        self.average.load_state_dict(weights, strict=False)
        self.model.load_state_dict(weights, strict=False)
        self.optimizer.load_state(self._learned.optimizer_for(weights))
        self._initialized = True

    # --- parts ----------------------------------------------------------------------------------

    def _make_target(self) -> GridTarget:
        return from_spec(self.project.target).to(self.device)

    def _take_up(self, model: Model) -> None:
        betas = LANES[self.lane].betas
        core = model.core.to(self.device, torch.float32)
        self.optimizer = FlatAdam(core, betas=betas)
        self.learnable = any(p.requires_grad for p in self.model.parameters())
        self._initialized = False
        self._fallback = Fallback()
        self._mass_watch = MassWatch()
        self._take_up_target()
        self._keep_start()

    def _take_up_target(self) -> None:
        self._slices = None
        self.normal_target = target = self.target.normalized(self.frame)
        self._settled_at = self._known_at = -1
        self._meet_target()
        self.objective = make_objective(self.project, self.lane, target)
        self._step = None
        watch = getattr(self.objective, "watch", None)
        if watch is not None:  # an objective that learns from the flow itself
            watch(self.optimizer.average)
        self.held_out = target.sample(
            LANES[self.lane].held_out, seed=derived_seed(self.project.seed, HELD_OUT_STREAM)
        )

    def _meet_target(self) -> None:
        """Let a model that works in coordinates of its target's own take them up."""
        for model in (self.model, self.average):
            if isinstance(model, ContinuousFlow):
                model.meet(self.normal_target)

    def _initialize(self) -> None:
        """Let data-dependent layers look at a batch before the first step."""
        seed = derived_seed(self.project.seed, DATA_STREAM, 0)
        initialize = getattr(self.optimizer.module, "initialize", None)
        if initialize is not None:
            initialize(self.normal_target.sample(1024, seed=seed))
            self.optimizer.average_from_weights()
            self.optimizer.copy_buffers()
        self._initialized = True

    def _keep_start(self) -> None:
        self._keep_good()
        self._fallback.keep(self.optimizer)

    def _keep_good(self) -> None:
        if self.optimizer.is_finite():
            self._good = self.optimizer.state()

    def _roll_back(self) -> None:
        self.optimizer.load_state(self._good)
        self.optimizer.average_from_weights()
        rate = self._halve_rate()
        self.notices.append(
            phrase(
                "Step {step_count} of the {lane} model gave a number that is not finite; "
                "training went back to its last good weights and halved the learning rate "
                "to {rate}",
                step_count=self.step_count,
                lane=phrase(self.lane),
                rate=f"{rate:.2g}",
            )
        )

    def _halve_rate(self) -> float:
        self.rate_scale *= 0.5
        return self.recipe.learning_rate * self.rate_scale


def _or_none(value: float) -> float | None:
    return None if math.isnan(value) else value
