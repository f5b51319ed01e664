"""What a script or a notebook asks for by one call: build, train, evaluate.

`flowengine.export` is a package that can be called.
"""

from __future__ import annotations

import contextlib
import signal
from typing import TYPE_CHECKING, Any, NamedTuple, SupportsIndex

import msgspec
import numpy as np
import torch

from flowengine import stack as stacks
from flowengine.checkpoint import HISTORY_COLUMNS, is_change
from flowengine.errors import SpecError
from flowengine.interruption import Told, interruption
from flowengine.lane import load
from flowengine.metrics import evaluate as measure
from flowengine.model import Model
from flowengine.new_project import stack_specs, target_spec
from flowengine.numbers import as_whole, check_seed
from flowengine.project import Project
from flowengine.targets import from_spec
from flowengine.trainer import Trainer
from flowengine.training import TrainReport
from flowengine.training import train as run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from os import PathLike

    from numpy.typing import NDArray

    from flowengine.catalogue import BaseSpec
    from flowengine.figures import Figures
    from flowengine.metrics import Evaluation
    from flowengine.new_project import StackLike, TargetLike
    from flowengine.project import Lane

    Source = Project | str | PathLike[str]


class Progress(NamedTuple):
    """How far a training is, as `train` tells it.

    Attributes:
        step: Steps so far, those of earlier trainings included.
        seconds: Of training, likewise.
        done: How much of this training is done, from 0 to 1; None where only a KL ends it.
        loss: Of the last step, in the lane's own measure.
        kl: KL(target ‖ model) in nats when it has just been measured, about five times a second;
            None at other steps, and of a lane without a likelihood.
    """

    step: int
    seconds: float
    done: float | None
    loss: float
    kl: float | None


class TrainResult(NamedTuple):
    """What a training came to.

    Attributes:
        flow: The trained model, on the CPU, in float32, without gradients, as `load` gives it.
        project: The project with this lane trained; `project.save(path)` keeps it.
        history: The curves by name, arrays of equal length: step, seconds, nll and kl in nats, w2
            in data units; NaN where one was not measured.
        report: How it ended; see `TrainReport`.
    """

    flow: Any
    project: Project
    history: dict[str, NDArray[np.float64]]
    report: TrainReport

    def __repr__(self) -> str:
        kl = "" if self.report.kl is None else f", KL {self.report.kl:.4g} nats"
        return (
            f"TrainResult({self.flow!r}, step {self.report.step}, {self.report.seconds:.1f} s{kl}, "
            f"ended by {self.report.stopped_by})"
        )


def build(
    stack: Project | StackLike, seed: SupportsIndex = 0, base: BaseSpec | None = None
) -> stacks.DiscreteFlow:
    """Make an untrained discrete flow, float32, on the CPU.

    Args:
        stack: Layers, base first: specs, a text like `"actnorm, affine_coupling*4"`, a list of
            both; or a project, which brings its own seed and base.
        seed: Of the starting weights.
        base: What it starts from; the standard normal if left out.

    Raises:
        SpecError: a part is no layer, there is none, or all are switched off.
    """
    if isinstance(stack, Project):
        return stacks.build(stack.stack, stack.seed, stack.base)
    if stack is None:
        raise SpecError('A flow needs layers, such as "affine_coupling*4", got None')
    return stacks.build(stack_specs(stack), check_seed(seed), base)


def train(
    project: Source,
    lane: Lane = "discrete",
    *,
    steps: SupportsIndex | None = None,
    seconds: float | None = None,
    until_kl: float | None = None,
    device: str | torch.device = "auto",
    progress: Callable[[Progress], object] | None = None,
) -> TrainResult:
    """Train a lane of a project until the first of the limits is reached.

    Training goes on where the project's own stands; the project itself is not changed. Ctrl-C, or
    a notebook's stop button, ends training between two steps, and what was trained comes back.

    Args:
        project: A project, or the path of a project file, which is only read.
        lane: `discrete`, `continuous`, `vae` or `gan`.
        steps: So many more steps.
        seconds: So much more training time.
        until_kl: Until KL(target ‖ model) is no larger, in nats.
        device: `auto`, `cpu`, `cuda`, `cuda:1`, `mps`, or torch's own object.
        progress: Called after every step.

    Raises:
        SpecError: there is no limit or no such lane, or the lane's model is impossible.
        ProjectError: the file cannot be read.
        TargetError: the target is no density.
        DeviceError: this machine has no such device.
        NumericsError: no figure can be made of the model, again and again.
    """
    known = opened(project)
    trainer = Trainer(known, lane, device=device)
    with _one_thread(), interruption(_stop_button()) as told:

        def show(trainer: Trainer, figures: Figures | None) -> None:
            told.check()
            if progress is not None:
                kl = None if figures is None else figures.kl
                progress(
                    Progress(
                        trainer.step_count, trainer.seconds, trainer.progress, trainer.loss, kl
                    )
                )

        try:
            report = run(
                trainer,
                steps=_whole_or(steps),
                seconds=seconds,
                until_kl=until_kl,
                on_progress=show,
            )
        except Told:
            report = TrainReport.measured(trainer, "interrupt")
    trained = msgspec.structs.replace(known, lanes={**known.lanes, lane: trainer.state()})
    return TrainResult(load(trained, lane), trained, _history(trainer), report)


def evaluate(
    model: Source | Model | TrainResult,
    target: TargetLike | None = None,
    *,
    lane: Lane = "discrete",
) -> Evaluation:
    """Measure a trained model against a target: nll, kl, mass, w2 and more; see `Evaluation`.

    Args:
        model: A project or the path of its file, what `train` gave, or a model itself.
        target: What to measure against; a project has its own, a model needs one. See
            `Project.new` for what it may be.
        lane: Which of a project's models.

    Raises:
        ProjectError: the file cannot be read, or that lane has not been trained.
        SpecError: a model came without a target.
        NumericsError: the model gives no finite samples or densities.
    """
    if isinstance(model, TrainResult):
        target, model = target if target is not None else model.project.target, model.flow
    if not isinstance(model, Model):
        project = opened(model)
        target, model = target if target is not None else project.target, load(project, lane)
    if target is None:
        raise SpecError("A model is measured against a target: evaluate(flow, target)")
    return measure(model, from_spec(target_spec(target)))


def _whole_or(steps: Any) -> Any:  # noqa: ANN401
    """A number of steps as Python's own, if it is a whole one; what it is not, `run` refuses."""
    whole = None if steps is None else as_whole(steps)
    return steps if whole is None else whole


def opened(project: Source | TrainResult) -> Project:
    """The project that was given, trained or named.

    Raises:
        ProjectError: the file cannot be read.
    """
    if isinstance(project, TrainResult):
        return project.project
    return project if isinstance(project, Project) else Project.open(project)


def _stop_button() -> tuple[int, ...]:
    """Ctrl-C, unless whoever called has other plans for it; other signals are not ours to take."""
    usual = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    return (signal.SIGINT,) if usual else ()


def _history(trainer: Trainer) -> dict[str, NDArray[np.float64]]:
    rows = [row for row in trainer.history if not is_change(row)]
    table = np.array(rows, dtype=np.float64).reshape(-1, len(HISTORY_COLUMNS))
    return dict(zip(HISTORY_COLUMNS, table.T, strict=True))


@contextlib.contextmanager
def _one_thread() -> Iterator[None]:
    """More threads make steps of this size slower, not faster; the caller's number comes back."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
