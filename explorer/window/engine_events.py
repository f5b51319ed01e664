"""Where the engines' messages go: to the panels, curves, cards and sentences of the window."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from explorer.words.languages import mark
from flowengine import protocol

if TYPE_CHECKING:
    from explorer.export.exporter import Exporter
    from explorer.session.session import Session
    from explorer.window.parts import Parts
    from flowengine.project import Lane
    from flowengine.protocol import Event


class EngineEvents(QObject):
    """Hands every message of an engine to the part of the window that it concerns.

    Args:
        session: Whose engines they are.
        parts: Of the window, which show what the engines say.
        exporter: Takes the messages of a running export up.
        parent: The window.
    """

    def __init__(self, session: Session, parts: Parts, exporter: Exporter, parent: QObject) -> None:
        super().__init__(parent)
        self._session = session
        self._parts = parts
        self._exporter = exporter
        self._lab_request = -1

    def measure_solvers(self) -> None:
        """Ask for the solver lab; its answer, or why there is none, goes where it was asked."""
        self._lab_request = self._session.controller.measure_solvers()

    def receive(self, lane: Lane, message: Event) -> None:
        """Pass a message on."""
        parts = self._parts
        if self._exporter.receive(message):
            return
        parts.area.receive(lane, message)
        self._session.points.receive(message)
        match message:
            case protocol.Ready():
                parts.status_line.set_engine_ready(lane)
            case protocol.Metrics():
                self._take_metrics(message)
            case protocol.LayerFacts():
                parts.models.set_facts(message)
            case protocol.LaneStatus():
                self._take_status(message)
            case protocol.Notice():
                self._take_notice(message)
            case protocol.SolverLabReply():
                parts.models.lab.set_rows(message.rows)
            case protocol.Failure() if message.request == self._lab_request:
                parts.models.lab.set_problem(message.text)
            case protocol.Failure():
                parts.banner.show_error(message.text)

    def say_training(self, training: bool) -> None:
        """Say that training goes on, or rests."""
        fitting = mark("Training: the models are fitting the target")
        self._parts.status_line.say(fitting if training else mark("Training rests"))

    def _take_metrics(self, metrics: protocol.Metrics) -> None:
        parts = self._parts
        parts.metrics.add(metrics)
        self._session.runs.watch(metrics)
        if metrics.lane == "continuous":
            parts.models.set_accuracy(metrics.steps, metrics.steps_error)
        if self._session.controller.training:
            self._session.store.mark_trained()
            parts.status_line.set_rate(metrics.lane, metrics.steps_per_second)

    def _take_status(self, status: protocol.LaneStatus) -> None:
        self._parts.models.set_weights(status.lane, status.weights)
        if status.state != "training":
            self._parts.status_line.set_rate(status.lane, 0.0)
        if status.state in ("stopped", "blocked") and status.reason:
            self._parts.status_line.say(status.reason)

    def _take_notice(self, notice: protocol.Notice) -> None:
        parts = self._parts
        if notice.remedy == "halve_rate":
            words = mark("Halve the learning rate for good")
            parts.banner.show_notice(
                notice.text, words, lambda: self._session.training.halve_rate(notice.lane)
            )
        else:
            parts.status_line.say(notice.text)
