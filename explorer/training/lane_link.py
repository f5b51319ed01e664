"""What the window knows of one lane's engine, so that a lost engine can be replaced."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final, Literal

from PySide6.QtCore import QObject, QTimer, Signal

from explorer.lanes import lane_title
from explorer.training.commands import changes_structure, commands_between
from explorer.training.thread import TrainingThread
from flowengine import protocol
from flowengine.errors import Sentence, phrase
from flowengine.project import LaneState

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flowengine.project import Lane, Project

Device = Literal["auto", "cpu", "cuda", "mps"]
_READING_S: Final = 0.004


class LaneLink(QObject):
    """Mirrors what an engine should be doing and says it to whichever engine is there.

    A checkpoint is a pair of a document and what training made of it. When an engine is lost, the
    next one gets the last checkpoint and then the commands that lead to the present document, the
    same that the lost one would have followed.

    Signals:
        message: The lane's name and a message that still holds for the present document.
        notice: A sentence for the status bar.
        lost: The lane's name, once its engine has ended by itself.
    """

    message = Signal(str, object)
    notice = Signal(object)
    lost = Signal(str)

    def __init__(
        self, lane: Lane, view: protocol.SetView, device: Device, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self.lane: Lane = lane
        self.up = False
        self.has_stopped = False
        self._view = view
        self._device = device
        self._training = False
        self._steps_to_make = 0
        self._question: protocol.Query | protocol.SolverLab | None = None
        self._lab_request = 0  # of the solver lab that is being measured
        self._exports: dict[int, protocol.Export] = {}
        self._generation = 0
        self._project: Project | None = None
        self._documents: dict[int, Project] = {}
        self._saved: tuple[int, LaneState] = (0, LaneState())
        self.training_thread = TrainingThread(lane)
        self.training_thread.mail.connect(self._read_mail)
        self.training_thread.engine_started.connect(self._greet)
        self.training_thread.engine_lost.connect(self._mourn)
        self.training_thread.gave_up.connect(self._give_up)

    @property
    def _name(self) -> str:
        return lane_title(self.lane).lower()

    @property
    def busy(self) -> bool:
        """Whether the engine should be training now."""
        return self._training and not self.has_stopped

    def last_state(self) -> LaneState:
        """The last checkpoint that belongs to the present document, or an empty one."""
        generation, state = self._saved
        return state if generation == self._generation else LaneState()

    # --- what the engine should do --------------------------------------------------------------

    def load(self, project: Project, state: LaneState, *, training: bool) -> None:
        """Take up another project."""
        self._project = project
        self._training = training
        self.has_stopped = False
        self._next_generation(project)
        self._documents = {self._generation: project}
        self._saved = (self._generation, state)
        if self.up:
            self._send_all()

    def follow(self, project: Project) -> None:
        """Follow an edit of the document."""
        if self._project is None:
            return
        old, self._project = self._project, project
        if changes_structure(self.lane, old, project):
            self._next_generation(project)
        self._documents[self._generation] = project
        self._forget_old_documents()
        self.send(commands_between(self.lane, old, project, self._generation))

    def reset(self, project: Project) -> None:
        """Begin again from the first step."""
        self._project = project
        self.has_stopped = False
        self._next_generation(project)
        self._documents[self._generation] = project
        self._saved = (self._generation, LaneState())
        self.send([protocol.Reset(seed=project.seed, generation=self._generation)])

    def set_training(self, training: bool) -> None:
        """Train, or rest."""
        self._training = training
        self.has_stopped = False
        self.send([protocol.Resume() if training else protocol.Pause()])

    def step(self, count: int) -> None:
        """Make a few steps, then rest."""
        self._training = False
        self.has_stopped = False
        if self.up:
            self.send([protocol.Step(count=count)])
        else:
            self._steps_to_make += count

    def ask(self, question: protocol.Query | protocol.SolverLab) -> None:
        """Ask now, or, where the engine is still starting, as soon as it is up."""
        if isinstance(question, protocol.SolverLab):
            self._lab_request = question.request
        if self.up:
            self.send([question])
        else:
            self._question = question

    def export(self, order: protocol.Export) -> None:
        """Export now, or as soon as an engine is up; an engine that dies leaves it to the next."""
        self._exports[order.request] = order
        self.send([order])

    def cancel_export(self, request: int) -> None:
        """Give up an export."""
        self._exports.pop(request, None)
        self.send([protocol.CancelExport(request=request)])

    def set_device(self, device: Device) -> None:
        """Train on another device."""
        self._device = device
        self.send([protocol.SetDevice(device=device)])

    def set_view(self, view: protocol.SetView) -> None:
        """Compute other pictures."""
        self._view = view
        self.send([view])

    def send(self, commands: Sequence[protocol.Command]) -> None:
        """Pass commands to an engine that has been loaded; `_send_all` makes up for the others."""
        if self.up:
            self.training_thread.send(commands)

    # --- what the engine says -------------------------------------------------------------------

    def _read_mail(self) -> None:
        """Read for a moment; the rest is left until the window has painted and heard the hand."""
        until = time.perf_counter() + _READING_S
        while (message := self.training_thread.mailbox.take()) is not None:
            self._read(message)
            if time.perf_counter() >= until:
                QTimer.singleShot(0, self, self._read_mail)
                return

    def _read_rest(self) -> None:
        """Read all that an engine said before it went."""
        for message in self.training_thread.mailbox.take_all():
            self._read(message)

    def _read(self, message: protocol.Event) -> None:
        if isinstance(message, protocol.CheckpointReply):
            self._keep(message)
        if isinstance(message, protocol.LaneStatus):
            self.has_stopped = message.state == "stopped"
        if isinstance(message, protocol.ExportDone | protocol.Failure):
            self._exports.pop(message.request, None)
        if isinstance(message, protocol.SolverLabReply | protocol.Failure):
            self._forget_lab(message.request)
        if self._holds(message):
            self.message.emit(self.lane, message)

    def _holds(self, message: protocol.Event) -> bool:
        """Whether a message is of the present document, or was asked for of an earlier one."""
        if isinstance(message, protocol.CheckpointReply) and message.request:
            return True
        return getattr(message, "generation", self._generation) >= self._generation

    def _keep(self, reply: protocol.CheckpointReply) -> None:
        if reply.generation in self._documents and reply.state.weights:
            self._saved = (reply.generation, reply.state)
            self._forget_old_documents()

    def _greet(self, restarted: bool) -> None:
        self.up = True
        if self._project is not None:
            self._send_all()
        self.send(list(self._exports.values()))
        if restarted:
            self.notice.emit(
                phrase(
                    "The {name} engine was restarted from its last checkpoint",
                    name=phrase(self._name),
                )
            )

    def _send_all(self) -> None:
        """Lead a fresh engine from the last checkpoint to the present document."""
        assert self._project is not None
        generation, state = self._saved
        document = self._documents[generation]
        load = protocol.Load(
            lane=self.lane,
            project=document,
            state=state,
            device=self._device,
            generation=self._generation if document == self._project else generation,
            training=self._training,
        )
        edits = commands_between(self.lane, document, self._project, self._generation)
        steps = [protocol.Step(count=self._steps_to_make)] if self._steps_to_make else []
        questions = [self._question] if self._question else []
        self._steps_to_make, self._question = 0, None
        self.training_thread.send([self._view, load, *edits, *steps, *questions])

    def _mourn(self, ending: str) -> None:
        self._read_rest()
        self.up = False
        self.lost.emit(self.lane)
        text = phrase(
            "The {name} engine ended by itself ({ending}); starting another",
            name=phrase(self._name),
            ending=ending,
        )
        self.notice.emit(text)
        if self._lab_request and self._question is None:  # else the next engine will be asked
            self._fail(self._lab_request, text)

    def _give_up(self, ending: str) -> None:
        self._read_rest()
        self.up = False
        text = phrase(
            "The {name} engine keeps ending ({ending}); save the project and start "
            "Flow Explorer again",
            name=phrase(self._name),
            ending=ending,
        )
        self.notice.emit(text)
        labs = (self._lab_request,) if self._lab_request else ()
        for request in (0, *labs, *self._exports):
            self._fail(request, text)
        self._exports.clear()

    def _fail(self, request: int, text: Sentence) -> None:
        self._forget_lab(request)
        self.message.emit(
            self.lane, protocol.Failure(request=request, error="EngineLost", text=text)
        )

    def _forget_lab(self, request: int) -> None:
        if request == self._lab_request:
            self._lab_request = 0

    def _next_generation(self, project: Project) -> None:
        self._generation += 1
        self._documents[self._generation] = project

    def _forget_old_documents(self) -> None:
        """Only the document of the last checkpoint and later ones can still be needed."""
        oldest = self._saved[0]
        self._documents = {g: p for g, p in self._documents.items() if g >= oldest}
