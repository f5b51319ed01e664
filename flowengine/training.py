"""A run of training with an end: what the command line and scripts use."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from flowengine.errors import FlowError, NumericsError, SpecError, phrase

if TYPE_CHECKING:
    from collections.abc import Callable

    from flowengine.figures import Figures
    from flowengine.trainer import Trainer

MEASURE_EVERY_S = 0.2
MOST_COST = 3.0  # training between two measurements lasts so many times as long as one of them
MEASURING_ERRORS = (FlowError, RuntimeError, ValueError, MemoryError)
NO_KL = phrase("The {lane} lane has no likelihood and so no KL to reach; give steps or seconds")


class TrainReport(msgspec.Struct, frozen=True):
    """How a run ended; nll and kl are in nats, seconds are of training alone.

    nll and kl are upper bounds if `bound` names one, and None where there is no likelihood;
    `sliced_w2` is measured at the end, in data units, and so is the model's mass: where it is not
    `normalized`, nll and kl are those of the density that is left when it is divided by `mass`.
    Where the last measurement failed, all figures are None.
    """

    step: int
    seconds: float
    steps_per_second: float
    nll: float | None
    kl: float | None
    sliced_w2: float | None
    stopped_by: str
    bound: str | None = None
    mass: float | None = None
    mass_error: float | None = None
    normalized: bool = True

    @classmethod
    def of(cls, trainer: Trainer, figures: Figures, stopped_by: str) -> TrainReport:
        """What a trainer has come to, with figures of its present step."""
        return cls(
            step=trainer.step_count,
            seconds=trainer.seconds,
            steps_per_second=trainer.steps_per_second,
            nll=figures.nll,
            kl=figures.kl,
            sliced_w2=trainer.sliced_w2() if figures.w2 is None else figures.w2,
            stopped_by=stopped_by,
            bound=trainer.bound,
            mass=figures.mass,
            mass_error=figures.mass_error,
            normalized=figures.normalized,
        )

    @classmethod
    def measured(cls, trainer: Trainer, stopped_by: str) -> TrainReport:
        """Measure a trainer's present step, if it can be; `trainer.notices` says why if not.

        Args:
            trainer: The lane.
            stopped_by: What ended the run.
        """
        try:
            return cls.of(trainer, trainer.confirmed(), stopped_by)
        except MEASURING_ERRORS as error:
            trainer.notices.append(
                phrase("The {lane} lane was not measured: {error}", lane=trainer.lane, error=error)
            )
            return cls(
                step=trainer.step_count,
                seconds=trainer.seconds,
                steps_per_second=trainer.steps_per_second,
                nll=None,
                kl=None,
                sliced_w2=None,
                stopped_by=stopped_by,
                bound=trainer.bound,
            )


@dataclass(frozen=True)
class Limits:
    """Where a run ends: at the first of these, counted from `first_step` and `first_second`."""

    first_step: int
    first_second: float
    steps: int | None
    seconds: float | None
    until_kl: float | None

    def progress(self, trainer: Trainer) -> float | None:
        """How much of the run is done, from 0 to 1; None where only a KL ends it."""
        done = []
        if self.steps is not None:
            done.append((trainer.step_count - self.first_step) / max(self.steps, 1e-9))
        if self.seconds is not None:
            done.append((trainer.seconds - self.first_second) / max(self.seconds, 1e-9))
        return max(done, default=None)

    def reached(self, trainer: Trainer, figures: Figures | None) -> str:
        """The name of the limit that has been reached, or an empty text."""
        if self.until_kl is not None and self._is_near(figures):
            figures = trainer.confirmed()
            if self._is_near(figures) and figures.normalized:
                return "kl"
        if self.steps is not None and trainer.step_count - self.first_step >= self.steps:
            return "steps"
        if self.seconds is not None and trainer.seconds - self.first_second >= self.seconds:
            return "seconds"
        return ""

    def _is_near(self, figures: Figures | None) -> bool:
        kl = None if figures is None else figures.kl
        return kl is not None and self.until_kl is not None and kl <= self.until_kl


def train(
    trainer: Trainer,
    *,
    steps: int | None = None,
    seconds: float | None = None,
    until_kl: float | None = None,
    on_progress: Callable[[Trainer, Figures | None], None] | None = None,
    on_trained: Callable[[Trainer], None] | None = None,
) -> TrainReport:
    """Train until the first of the limits is reached; all count from the trainer's present state.

    Weights of which no figure can be made are left for those that were measured last, see
    `Trainer.retreat`; a last measurement that fails leaves the figures of the report empty.

    Args:
        trainer: The lane.
        steps: So many more steps; the learning rate anneals to zero on the last one.
        seconds: So much more training time; the learning rate anneals likewise.
        until_kl: Until KL(target ‖ model), measured five times a second, is no larger, in nats;
            of a VAE its upper bound. It counts only where the model is a density then.
        on_progress: Called after every step, with figures when they have just been measured.
        on_trained: Called when the last step is done, before it is measured: the moment to save.

    Raises:
        SpecError: no limit is given, one is no number from 0 on, or a KL is to be reached by a lane
            that has none.
        NumericsError: the flow gives no finite density, again and again.
    """
    if steps is None and seconds is None and until_kl is None:
        raise SpecError("Training needs a limit: steps, seconds or a KL to reach")
    for name, value in (("steps", steps), ("seconds", seconds), ("until_kl", until_kl)):
        if value is not None and (isinstance(value, bool) or not 0 <= value < math.inf):
            raise SpecError(
                "{name} must be a number from 0 on, got {value}", name=name, value=value
            )
    if until_kl is not None and trainer.average.likelihood == "none":
        raise SpecError(NO_KL, lane=trainer.lane)
    limits = Limits(trainer.step_count, trainer.seconds, steps, seconds, until_kl)
    measured_at, cost = trainer.seconds, 0.0
    figures: Figures | None = None
    fresh = False
    try:
        while not (reason := limits.reached(trainer, figures)):
            trainer.progress = limits.progress(trainer)
            trainer.step()
            fresh = trainer.seconds - measured_at >= max(MEASURE_EVERY_S, MOST_COST * cost)
            if fresh:
                began = time.perf_counter()
                figures, measured_at = _measure(trainer), trainer.seconds
                cost = time.perf_counter() - began
                fresh = figures is not None
            if on_progress is not None:
                on_progress(trainer, figures if fresh else None)
    finally:
        trainer.progress = None
    if on_trained is not None:
        on_trained(trainer)
    trainer.settle()
    return TrainReport.measured(trainer, reason)


def _measure(trainer: Trainer) -> Figures | None:
    """Figures of the present step, or None after a retreat to weights that do have some."""
    try:
        return trainer.evaluate()
    except NumericsError as error:
        if trainer.retreat(error.sentence):
            return None
        raise
