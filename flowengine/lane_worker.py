"""One lane in training, steered by commands: what an engine process does, without the pipes."""

from __future__ import annotations

import contextlib
import functools
import queue
import time
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from flowengine import protocol
from flowengine.answers import ledger_of, trace_of
from flowengine.baselines.pictures import display_of
from flowengine.beside import Beside
from flowengine.continuous import ContinuousFlow
from flowengine.devices import choose_device, is_out_of_memory, left_for_cpu
from flowengine.errors import (
    DeviceError,
    FlowError,
    NumericsError,
    ProtocolError,
    SpecError,
    phrase,
)
from flowengine.foreign import words_of
from flowengine.memory import give_back
from flowengine.project import LaneState, Project
from flowengine.protocol.commands import is_superseded
from flowengine.stopping import stop_reason
from flowengine.trainer import NOTHING_TO_LEARN, Trainer

if TYPE_CHECKING:
    from collections.abc import Callable

    from flowengine.project import Lane
    from flowengine.protocol import Command, Event
    from flowengine.snapshots import Display

CHECKPOINT_EVERY_S = 2.0


class Worker:
    """Trains a lane and answers between two steps.

    The window's wish (`_project`, `_wants_training`) and what can be trained (`_trainer`) are kept
    apart: a wish that cannot be met, such as an empty stack, blocks the lane with a sentence and
    leaves the last good model alive until another edit can be met.
    """

    def __init__(self, send: Callable[[Event], None]) -> None:
        self._send = send
        self._project: Project | None = None
        self._trainer: Trainer | None = None
        self._display: Display | None = None
        self._lane: Lane = "discrete"
        self._device = "auto"
        self._view = protocol.SetView()
        self._generation = 0
        self._wants_training = False
        self._steps_left: int | None = None
        self._blocked = ""
        self._stopped = ""
        self._saved_at = 0.0
        self._beside = Beside(send)
        self.stopping = False

    # --- the loop -------------------------------------------------------------------------------

    def run(self, commands: queue.SimpleQueue[Command | None]) -> None:
        """Work until told to stop, or until the commands end."""
        try:
            while not self.stopping:
                self._take_commands(commands)
                if self.stopping:
                    break
                if self.training and not (self._display and self._display.comes_first):
                    self._train_a_step()
                self._show()
        finally:
            self._beside.end()

    @property
    def training(self) -> bool:
        """Whether the next turn of the loop makes a step."""
        trainer = self._trainer
        return bool(trainer and self._wants_training and not self._blocked and trainer.learnable)

    def _take_commands(self, commands: queue.SimpleQueue[Command | None]) -> None:
        busy = self.training or bool(self._display and self._display.pending(training=False))
        waiting: list[Command | None] = []
        try:
            waiting.append(commands.get(block=not busy))
            while True:
                waiting.append(commands.get_nowait())
        except queue.Empty:
            pass
        for i, command in enumerate(waiting):
            if command is None:
                self.stopping = True
            elif not is_superseded(command, waiting[i + 1 :]):
                self.handle(command)

    def _train_a_step(self) -> None:
        assert self._trainer is not None
        trainer, before = self._trainer, self._trainer.seconds
        try:
            trainer.step()
        except RuntimeError as error:
            self._leave_device(error)
            return
        if self._display is not None:
            self._display.earn(trainer.seconds - before)
        self._pass_on_notices()
        self._count_down()
        if trainer.seconds - self._saved_at > CHECKPOINT_EVERY_S:
            self._send_checkpoint(0)
            give_back()

    def _count_down(self) -> None:
        assert self._trainer is not None
        if self._steps_left is not None:
            self._steps_left -= 1
            if self._steps_left == 0:
                self._rest()
            return
        reason = stop_reason(self._trainer, self._trainer.project.training.stop)
        if reason is not None:
            self._stopped = reason
            self._rest()

    def _rest(self) -> None:
        self._wants_training = False
        self._steps_left = None
        self._send_checkpoint(0)  # what was trained is safe before it is measured
        if self._trainer is not None and self._trainer.settle():
            self._send_checkpoint(0)
        self._send_status()

    def _show(self) -> None:
        if self._display is None:
            return
        try:
            event = self._display.advance(training=self.training)
        except NumericsError as error:
            if self._display.trainer.retreat(error.sentence):
                self._display.renew(self._generation)
            else:  # there is nothing to show until it is edited or begins anew
                self._display, self._wants_training, self._stopped = None, False, error.sentence
                self._send_status()
            self._pass_on_notices()
            return
        except RuntimeError as error:
            self._leave_device(error)
            return
        if event is not None:
            started = time.perf_counter()
            self._send(event)
            if self.training:
                self._display.charge(time.perf_counter() - started)

    # --- commands -------------------------------------------------------------------------------

    def handle(self, command: Command) -> None:
        """Carry out one command; what a person can put right comes back as a `Failure`."""
        try:
            self._carry_out(command)
        except FlowError as error:
            request = getattr(command, "request", 0)
            self._send(
                protocol.Failure(request=request, error=type(error).__name__, text=error.sentence)
            )
        except RuntimeError as error:
            self._leave_device(error)
            if isinstance(command, protocol.Query | protocol.Trace):
                self.handle(command)  # the CPU can answer it

    @functools.singledispatchmethod
    def _carry_out(self, command: Any) -> None:  # noqa: ANN401
        raise ProtocolError("{command} is no command", command=type(command).__name__)

    @_carry_out.register
    def _(self, command: protocol.Load) -> None:
        self._lane, self._device = command.lane, command.device
        self._generation = command.generation
        self._wants_training, self._steps_left = command.training, None
        self._trainer = self._display = None
        lanes = {command.lane: command.state} if command.state.weights else {}
        self._wish(msgspec.structs.replace(command.project, lanes=lanes))

    @_carry_out.register
    def _(self, _command: protocol.Pause) -> None:
        self._rest()

    @_carry_out.register
    def _(self, _command: protocol.Resume) -> None:
        self._wants_training, self._steps_left, self._stopped = True, None, ""
        self._send_status()

    @_carry_out.register
    def _(self, command: protocol.Step) -> None:
        self._wants_training, self._steps_left, self._stopped = True, command.count, ""

    @_carry_out.register
    def _(self, command: protocol.Reset) -> None:
        project = self._known_project()
        self._generation = command.generation
        self._trainer = self._display = None
        self._stopped = ""
        self._wish(msgspec.structs.replace(project, seed=command.seed, lanes={}))

    @_carry_out.register
    def _(self, command: protocol.SetHyperparameter) -> None:
        project = self._known_project()
        plain = project.to_dict()
        recipe = plain["training"][self._lane]
        if command.name not in recipe:
            raise SpecError(
                "A recipe has {recipe}; it has no {name}",
                recipe=", ".join(recipe),
                name=repr(command.name),
            )
        recipe[command.name] = command.value
        self._wish(Project.from_dict(plain))

    @_carry_out.register
    def _(self, command: protocol.SetStopRule) -> None:
        project = self._known_project()
        training = msgspec.structs.replace(project.training, stop=command.rule)
        self._wish(msgspec.structs.replace(project, training=training))

    @_carry_out.register
    def _(self, command: protocol.ReplaceTarget) -> None:
        self._edit(command.generation, target=command.target)

    @_carry_out.register
    def _(self, command: protocol.EditStack) -> None:
        self._edit(command.generation, stack=command.stack)

    @_carry_out.register
    def _(self, command: protocol.EditContinuous) -> None:
        self._edit(command.generation, continuous=command.continuous)

    @_carry_out.register
    def _(self, command: protocol.EditBase) -> None:
        self._edit(command.generation, base=command.base)

    @_carry_out.register
    def _(self, command: protocol.EditBaseline) -> None:
        kind = command.baseline.kind
        if kind != self._lane:
            raise SpecError(
                "A {kind} belongs in the {kind_} lane; this is the {lane} lane",
                kind=kind,
                kind_=kind,
                lane=phrase(self._lane),
            )
        self._edit(command.generation, **{kind: command.baseline})

    @_carry_out.register
    def _(self, command: protocol.SetDevice) -> None:
        self._move_to(command.device)

    @_carry_out.register
    def _(self, command: protocol.SetView) -> None:
        self._view = command
        if self._display is not None:
            self._display.renew(self._generation, command)

    @_carry_out.register
    def _(self, command: protocol.Query) -> None:
        trainer = self._ready_trainer()
        self._send(ledger_of(trainer, command, self._generation))

    @_carry_out.register
    def _(self, command: protocol.Trace) -> None:
        trainer = self._ready_trainer()
        self._send(trace_of(trainer, command))

    @_carry_out.register
    def _(self, command: protocol.SolverLab) -> None:
        flow = self._ready_trainer().average
        if not isinstance(flow, ContinuousFlow):
            raise SpecError(
                "Only the continuous flow has solvers; this is the {lane} model",
                lane=phrase(self._lane),
            )
        self._beside.measure_solvers(command, flow)

    @_carry_out.register
    def _(self, command: protocol.Checkpoint) -> None:
        if command.measured:
            self._measure(self._ready_trainer())
        self._send_checkpoint(command.request)

    @_carry_out.register
    def _(self, command: protocol.Export) -> None:
        trainer = self._ready_trainer()
        trainer.settle()
        self._beside.export(command, trainer.average, trainer.project, self._lane)

    @_carry_out.register
    def _(self, command: protocol.CancelExport) -> None:
        self._beside.cancel(command.request)

    @_carry_out.register
    def _(self, _command: protocol.Stop) -> None:
        self.stopping = True

    # --- the wish and what can be met of it -----------------------------------------------------

    def _edit(self, generation: int, **changes: Any) -> None:  # noqa: ANN401
        self._generation = generation
        self._stopped = ""
        self._wish(msgspec.structs.replace(self._known_project(), **changes))

    def _wish(self, project: Project) -> None:
        """Train this project from now on, if it can be trained; otherwise say why not."""
        self._project = project
        before = self._trainer and self._trainer.optimizer.average
        try:
            if self._trainer is None:
                self._trainer = Trainer(project, self._lane, device=self._device)
                self._say_what_is_odd(self._trainer)
                self._saved_at = self._trainer.seconds
            else:
                self._trainer.edit(project)
            self._blocked = ""
        except FlowError as error:
            self._blocked = error.sentence
        if self._trainer is not None and not self._blocked:
            if self._display is None:
                self._display = display_of(self._trainer, self._generation, self._view)
            elif self._display.generation != self._generation:
                same = self._trainer.optimizer.average is before
                self._display.renew(self._generation, same_weights=same)
        self._send_status()

    def _move_to(self, device: str) -> None:
        trainer = self._ready_trainer()
        project = msgspec.structs.replace(trainer.project, lanes={self._lane: trainer.state()})
        try:  # may fail: then all stays as it was
            moved = Trainer(project, self._lane, device=device)
        except RuntimeError as error:
            if not is_out_of_memory(error):
                raise
            raise DeviceError(
                "The {device} device has no memory for this model: {error}",
                device=device,
                error=words_of(error),
            ) from None
        self._device, self._trainer = device, moved
        self._display = display_of(moved, self._generation, self._view)
        self._send_status()

    def _leave_device(self, error: RuntimeError) -> None:
        """Go on on the CPU if a device has no memory left; any other error is not for here."""
        trainer = self._trainer
        device = trainer.device if trainer is not None else choose_device(self._device)
        if not is_out_of_memory(error) or device.type == "cpu":
            raise error
        self._say(left_for_cpu(device, error))
        if trainer is not None:
            self._move_to("cpu")
        else:
            self._device = "cpu"
            self._wish(self._known_project())

    def _known_project(self) -> Project:
        if self._project is None:
            raise ProtocolError("This engine has not been given a project yet")
        return self._project

    def _ready_trainer(self) -> Trainer:
        if self._trainer is None:
            raise ProtocolError(self._blocked or "This engine has not been given a project yet")
        return self._trainer

    # --- what is said ---------------------------------------------------------------------------

    def _say_what_is_odd(self, trainer: Trainer) -> None:
        """What a trainer noticed of its target; one lane says it for all."""
        if self._lane == "discrete":
            for notice in trainer.notices:
                self._say(notice)
        trainer.notices.clear()

    def _pass_on_notices(self) -> None:
        while self._trainer is not None and self._trainer.notices:
            text = self._trainer.notices.pop(0)
            of_mass = text == self._trainer.mass.note
            self._say(text, remedy="" if of_mass else "halve_rate")

    def _say(self, text: str, remedy: Literal["", "halve_rate"] = "") -> None:
        self._send(protocol.Notice(lane=self._lane, text=phrase(text), remedy=remedy))

    def _send_status(self) -> None:
        trainer = self._trainer
        if self._blocked:
            state, reason = "blocked", self._blocked
        elif trainer is not None and not trainer.learnable:
            state, reason = "stopped", NOTHING_TO_LEARN
        elif self._stopped:
            state, reason = "stopped", self._stopped
        else:
            state, reason = ("training" if self._wants_training else "paused"), ""
        self._send(
            protocol.LaneStatus(
                lane=self._lane,
                generation=self._generation,
                state=state,  # type: ignore[arg-type]
                step=trainer.step_count if trainer else 0,
                device=trainer.device.type if trainer else "cpu",
                weights=sum(p.numel() for p in trainer.average.parameters()) if trainer else 0,
                reason=phrase(reason),
            )
        )

    def _measure(self, trainer: Trainer) -> None:
        """Let the curves of what is saved end at the step at which it is saved."""
        if self._blocked or self._display is None or not trainer.step_count or trainer.measured:
            return
        with contextlib.suppress(NumericsError):  # what cannot be measured can still be saved
            self._send(self._display.measured(trainer.confirmed()))

    def _send_checkpoint(self, request: int) -> None:
        if self._trainer is None:
            return
        self._saved_at = self._trainer.seconds
        self._send(
            protocol.CheckpointReply(
                lane=self._lane,
                generation=self._generation,
                request=request,
                # weights that belong to an earlier stack must not be saved beside the present one
                state=LaneState() if self._blocked else self._trainer.state(),
            )
        )
