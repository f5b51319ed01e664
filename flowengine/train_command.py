"""`flowengine train`: what was trained is written before anything else can go wrong."""

from __future__ import annotations

import contextlib
import sys
import time
from typing import TYPE_CHECKING

from flowengine.command_parts import Answer, check_output, lane_table, lanes_of
from flowengine.errors import ProjectError, SpecError, phrase
from flowengine.interruption import Told, interruption
from flowengine.progress import ProgressBar
from flowengine.standard_streams import tell

if TYPE_CHECKING:
    from argparse import Namespace

    from flowengine.figures import Figures
    from flowengine.interruption import Interruption
    from flowengine.project import Lane
    from flowengine.saving import SharedProject
    from flowengine.trainer import Trainer
    from flowengine.training import TrainReport

DEFAULT_STEPS = 2000
SAVE_EVERY_S = 30.0
FAILED, INTERRUPTED = 1, 130


def train(arguments: Namespace) -> Answer:
    """Train one lane or all that are shown, and write each before it is measured."""
    import torch

    from flowengine.saving import SharedProject
    from flowengine.training import NO_KL

    output = arguments.project if arguments.output is None else arguments.output
    shared = SharedProject(arguments.project, output)
    check_output(output)
    lanes = lanes_of(arguments.lane, shared.project)
    if arguments.until_kl is not None and "gan" in lanes:
        raise SpecError(NO_KL, lane="gan")  # before the others are trained for nothing
    torch.set_num_threads(1)  # more threads make steps of this size slower, not faster
    reports: dict[Lane, TrainReport] = {}
    complaints: list[str] = []
    with interruption() as told:
        for lane in lanes:
            run = _LaneRun(shared, lane, arguments, told)
            reports[lane] = run.finish()
            complaints += run.complaints
            if told:
                break
    complaints += shared.moved
    if told:
        complaints.append(f"interrupted; what was trained so far is in {shared.path}")
    status = FAILED if complaints else 0
    return Answer(
        {"lanes": reports},
        lane_table(reports),
        status=INTERRUPTED if told else status,
        complaint="; ".join(complaints),
    )


class _LaneRun:
    """One lane in training by the command line.

    Attributes:
        complaints: What went wrong, of which the lane's report says nothing.
    """

    def __init__(
        self, shared: SharedProject, lane: Lane, arguments: Namespace, told: Interruption
    ) -> None:
        from flowengine.trainer import Trainer

        self.complaints: list[str] = []
        self._trainer = Trainer(shared.refresh(lane), lane, device=arguments.device)
        self._shared = shared
        self._lane = lane
        self._arguments = arguments
        self._told = told
        self._saved_at = time.monotonic()
        self._first_step = self._trainer.step_count
        self._saved: tuple[int, int] | None = None
        self._closeness = ""

    def finish(self) -> TrainReport:
        """Train, write and measure.

        Raises:
            KeyboardInterrupt: Ctrl-C came twice; what stands in the file is what was written last.
            ProjectError: the lane can be written nowhere.
        """
        try:
            report = self._trained_and_measured()
        except KeyboardInterrupt:
            raise KeyboardInterrupt(self._standing()) from None
        except ProjectError:  # of the writing itself
            raise
        except Exception as error:
            if self._trainer.step_count > self._first_step:
                self._write()
                error.add_note(self._standing())
            raise
        with contextlib.suppress(ProjectError):  # the weights are there, if not the last figures
            self._save()
        for notice in self._trainer.notices:
            tell(f"flowengine: {notice}")
        if report.sliced_w2 is None:
            self.complaints.append(f"the {self._lane} lane could not be measured; it is kept")
        return report

    def _trained_and_measured(self) -> TrainReport:
        from flowengine.training import TrainReport

        try:
            with ProgressBar(self._lane, sys.stderr) as bar:
                return self._run(bar)
        except Told:
            self._write()
            return TrainReport.measured(self._trainer, "interrupt")

    def _run(self, bar: ProgressBar) -> TrainReport:
        from flowengine.training import train as run

        def show(trainer: Trainer, figures: Figures | None) -> None:
            self._told.check()
            if figures is not None:
                self._closeness = _closeness(trainer, figures)
            rate = f"{trainer.steps_per_second:.0f} steps/s"
            note = f"step {trainer.step_count}  {rate}  {self._closeness}".rstrip()
            bar.update(trainer.progress, note)
            if time.monotonic() - self._saved_at >= self._arguments.save_every:
                self._write_if_possible()

        limits = {name: getattr(self._arguments, name) for name in ("steps", "seconds", "until_kl")}
        if all(limit is None for limit in limits.values()):
            limits["steps"] = DEFAULT_STEPS
        return run(self._trainer, **limits, on_progress=show, on_trained=lambda _: self._write())

    def _write_if_possible(self) -> None:
        """Write what was trained so far; where that cannot be, say so once and train on."""
        try:
            self._save()
        except ProjectError as error:
            text = phrase("{error}; training goes on, and it is tried again", error=error)
            if text not in self._trainer.notices:
                self._trainer.notices.append(text)

    def _write(self) -> None:
        """Write what was trained, wherever there is room for it.

        Raises:
            ProjectError: there is no room anywhere.
        """
        try:
            self._save(anywhere=True)
        except ProjectError as error:
            error.add_note(self._standing())
            raise

    def _save(self, *, anywhere: bool = False) -> None:
        """Write the lane as it is now, unless that is done; no signal comes in between.

        Raises:
            ProjectError: it cannot be written.
        """
        self._saved_at = time.monotonic()
        if self._saved == self._moment():
            return
        save = self._shared.rescue if anywhere else self._shared.save
        with self._told.held():
            save(self._lane, self._trainer.state())
        self._saved = self._moment()

    def _moment(self) -> tuple[int, int]:
        return self._trainer.step_count, len(self._trainer.history)

    def _standing(self) -> str:
        """Which weights of this lane are in the file."""
        if self._saved is None:
            return f"nothing of this {self._lane} run is in {self._shared.path}, which is as it was"
        step = self._saved[0]
        return f"{self._shared.path} holds the {self._lane} lane as trained up to step {step}"


def _closeness(trainer: Trainer, figures: Figures) -> str:
    """How well a lane fits, by the figure that it has."""
    if figures.kl is None:
        return f"sliced W2 {figures.w2:.4f}"
    return f"KL {'≤ ' * (trainer.bound is not None)}{figures.kl:.4f}"
