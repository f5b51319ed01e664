"""The window's one door to its engines: intentions in, messages out."""

from __future__ import annotations

import itertools
import time
from typing import TYPE_CHECKING

import msgspec
from PySide6.QtCore import QObject, QTimer, Signal

from explorer.lanes import shown_lanes
from explorer.training.lane_link import LaneLink
from flowengine import protocol
from flowengine.project import FLOW_LANES, LaneState, Project

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from explorer.training.lane_link import Device
    from explorer.training.thread import TrainingThread
    from flowengine.project import Lane, TargetSpec
    from flowengine.protocol import Direction, Event

SILENCE_S = 30.0
SAVE_PATIENCE_MS = 4000


class Controller(QObject):
    """Runs one engine for each lane that is shown and speaks to all of them as one.

    Nothing here waits: every method returns at once, and answers come as `message(lane, …)`
    with an event of `flowengine.protocol`. Pictures of a model that has since been edited are
    dropped before they get here.

    Signals:
        message: A lane's name and what its engine said.
        training_changed: Whether the person wants training to run.
        devices_changed: What the engines can train on, a list of `DeviceInfo`.
        notice: A sentence for the status bar.
        engine_lost: The name of a lane whose engine has ended by itself.
        saved_without: The name of a lane whose state came too late to be saved with the others.
    """

    message = Signal(str, object)
    training_changed = Signal(bool)
    devices_changed = Signal(list)
    notice = Signal(object)
    engine_lost = Signal(str)
    saved_without = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._links: dict[Lane, LaneLink] = {}
        self._leaving: list[TrainingThread] = []
        self._project: Project | None = None
        self._training = False
        self._device: Device = "auto"
        self._view = protocol.SetView()
        self._devices: tuple[protocol.DeviceInfo, ...] = ()
        self._requests = itertools.count(1)
        self._savings: dict[int, _Saving] = {}
        self._watch = QTimer(self, interval=2000)
        self._watch.timeout.connect(self._look_for_silence)

    @property
    def training(self) -> bool:
        """Whether the person wants training to run."""
        return self._training

    @property
    def devices(self) -> list[protocol.DeviceInfo]:
        """What the engines said they can train on; empty until the first one is up."""
        return list(self._devices)

    @property
    def running(self) -> bool:
        """Whether there are engines."""
        return bool(self._links)

    def engine_pids(self) -> dict[str, int | None]:
        """The process number of each lane's engine."""
        return {lane: link.training_thread.engine_pid for lane, link in self._links.items()}

    # --- the document ---------------------------------------------------------------------------

    def start(self, project: Project, lanes: Mapping[Lane, LaneState] | None = None) -> None:
        """Take up a project: start the engines, or give it to those that run already.

        Args:
            project: The document.
            lanes: What training has made of its lanes so far; those of `project` if left out.
        """
        states: dict[Lane, LaneState] = dict(project.lanes if lanes is None else lanes)
        self._project = msgspec.structs.replace(project, lanes={})
        self._fit_lanes()
        for lane, link in self._links.items():
            link.load(self._project, states.get(lane, LaneState()), training=self._training)
        self._watch.start()

    def set_project(self, project: Project) -> None:
        """Follow an edit of the document with the smallest commands that do it."""
        self._project = msgspec.structs.replace(project, lanes={})
        for link in self._links.values():
            link.follow(self._project)
        if self.running:
            for lane in self._fit_lanes():
                self._links[lane].load(self._project, LaneState(), training=self._training)

    def preview_target(self, target: TargetSpec) -> None:
        """Fit a target that is still being drawn; the document follows when the stroke ends."""
        if self._project is not None:
            self.set_project(msgspec.structs.replace(self._project, target=target))

    # --- training -------------------------------------------------------------------------------

    def train(self, lanes: Collection[Lane] | None = None) -> None:
        """Train these lanes, or all, until told otherwise; the others rest."""
        self._training = True
        for lane, link in self._links.items():
            link.set_training(lanes is None or lane in lanes)
        self.training_changed.emit(True)

    def pause(self) -> None:
        """Let both lanes rest after the step in progress."""
        self._training = False
        for link in self._links.values():
            link.set_training(False)
        self.training_changed.emit(False)

    def step(self, count: int = 1) -> None:
        """Make `count` steps in each lane, then rest."""
        self._training = False
        for link in self._links.values():
            link.step(count)
        self.training_changed.emit(False)

    def reset(self, seed: int | None = None) -> None:
        """Start both lanes again from their first step, with the document's seed or another."""
        if self._project is None:
            return
        self._project = msgspec.structs.replace(
            self._project, seed=self._project.seed if seed is None else seed
        )
        for link in self._links.values():
            link.reset(self._project)

    def set_device(self, device: Device) -> None:
        """Train on another device; a lane that cannot go there says so and stays."""
        self._device = device
        for link in self._links.values():
            link.set_device(device)

    def set_view(self, **changes: bool | int | Direction) -> None:
        """Tell the engines what is looked at: see `protocol.SetView` for the names."""
        view = msgspec.structs.replace(self._view, **changes)
        if view != self._view:
            self._view = view
            for link in self._links.values():
                link.set_view(view)

    # --- questions ------------------------------------------------------------------------------

    def query(self, x: float, y: float) -> int:
        """Ask both flows for the ledger of a point of data space; gives the request's number."""
        request = next(self._requests)
        for lane, link in self._links.items():
            if lane in FLOW_LANES:  # a baseline has no change of variables to write out
                link.ask(protocol.Query(request=request, point=(x, y)))
        return request

    def measure_solvers(self) -> int:
        """Ask the continuous lane for its solver lab; gives the request's number."""
        request = next(self._requests)
        self._links["continuous"].ask(protocol.SolverLab(request=request))
        return request

    def request_checkpoints(
        self,
        callback: Callable[[dict[Lane, LaneState]], None],
        patience_ms: int = SAVE_PATIENCE_MS,
        *,
        measured: bool = True,
    ) -> None:
        """Ask for the state of every lane and call back when all are there.

        Unless they must be `measured`, their curves may end a little before they do.

        A lane that does not answer in time is given as its engine had last told it, so that saving
        never hangs on a busy or broken engine.
        """
        request = next(self._requests)
        waiting = {lane for lane, link in self._links.items() if link.up}
        told = {lane: link.last_state() for lane, link in self._links.items()}
        self._savings[request] = _Saving(callback, set(waiting), told)
        for lane in waiting:
            self._links[lane].send([protocol.Checkpoint(request=request, measured=measured)])
        delay = patience_ms if waiting else 0
        QTimer.singleShot(delay, self, lambda: self._finish_saving(request))

    def export(self, lane: Lane, fmt: str, path: str, *, count: int = 1, seed: int = 0) -> int:
        """Have a lane's engine write its trained model, or samples; gives the request's number."""
        request = next(self._requests)
        order = protocol.Export(request=request, format=fmt, path=path, count=count, seed=seed)
        self._links[lane].export(order)
        return request

    def cancel_export(self, request: int) -> None:
        """Give up an export."""
        for link in self._links.values():
            link.cancel_export(request)

    def stop(self) -> None:
        """End all engines and wait for them; the controller can be started again."""
        self._watch.stop()
        for lane in list(self._links):
            self._dismiss(lane)
        for thread in self._leaving:
            thread.wait()
        self._leaving.clear()
        for request in list(self._savings):
            self._finish_saving(request)

    # --- inside ---------------------------------------------------------------------------------

    def _new_link(self, lane: Lane) -> LaneLink:
        link = LaneLink(lane, self._view, self._device, self)
        link.message.connect(self._receive)
        link.notice.connect(self.notice)
        link.lost.connect(self.engine_lost)
        self._links[lane] = link
        link.training_thread.start()
        return link

    def _fit_lanes(self) -> list[Lane]:
        """Have an engine for each lane that is shown, and no other; gives those that are new."""
        assert self._project is not None
        shown = shown_lanes(self._project)
        for lane in set(self._links) - set(shown):
            self._dismiss(lane)
        new = [lane for lane in shown if lane not in self._links]
        for lane in new:
            self._new_link(lane)
        return new

    def _dismiss(self, lane: Lane) -> None:
        """Let an engine end by itself, unheard."""
        link = self._links.pop(lane)
        link.message.disconnect(self._receive)
        link.notice.disconnect(self.notice)
        thread = link.training_thread
        self._leaving = [t for t in self._leaving if t.isRunning()] + [thread]
        thread.finished.connect(link.deleteLater)
        thread.stop()

    def _receive(self, lane: str, message: Event) -> None:
        if isinstance(message, protocol.Ready) and message.devices != self._devices:
            self._devices = message.devices
            self.devices_changed.emit(list(message.devices))
        if isinstance(message, protocol.CheckpointReply) and message.request:
            self._take_checkpoint(message)
            return
        if isinstance(message, protocol.LaneStatus):
            self._follow_status(message)
        self.message.emit(lane, message)

    def _follow_status(self, status: protocol.LaneStatus) -> None:
        """When every lane has stopped by its own rule, training as a whole is over."""
        if self._training and all(link.has_stopped for link in self._links.values()):
            self._training = False
            self.training_changed.emit(False)

    def _take_checkpoint(self, reply: protocol.CheckpointReply) -> None:
        saving = self._savings.get(reply.request)
        if saving is None:
            self.saved_without.emit(reply.lane)
            return
        saving.states[reply.lane] = reply.state
        saving.waiting.discard(reply.lane)
        if not saving.waiting:
            self._finish_saving(reply.request)

    def _finish_saving(self, request: int) -> None:
        saving = self._savings.pop(request, None)
        if saving is None:
            return
        saving.callback({lane: state for lane, state in saving.states.items() if state.weights})

    def _look_for_silence(self) -> None:
        """End an engine that should be training but has said nothing for long."""
        for link in self._links.values():
            silent = time.monotonic() - link.training_thread.last_heard
            if link.up and link.busy and silent > SILENCE_S:
                link.training_thread.kill_engine()


class _Saving:
    def __init__(
        self,
        callback: Callable[[dict[Lane, LaneState]], None],
        waiting: set[Lane],
        states: dict[Lane, LaneState],
    ) -> None:
        self.callback = callback
        self.waiting = waiting
        self.states = states
