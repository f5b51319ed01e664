"""Where the engines' messages go: to the panels, curves, cards and sentences of the window."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from explorer.words.languages import mark
from flowengine import protocol

if TYPE_CHECKING:
    from explorer.window.main_window import MainWindow
    from flowengine.protocol import Event


class Switchboard(QObject):
    """Hands every message of an engine to the part of the window that it concerns.

    Args:
        window: The window, all its parts made.
    """

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._lab_request = -1

    def measure_solvers(self) -> None:
        """Ask for the solver lab; its answer, or why there is none, goes where it was asked."""
        self._lab_request = self._window.controller.measure_solvers()

    def receive(self, lane: str, message: Event) -> None:
        """Pass a message on."""
        window = self._window
        if window.exporter.receive(message):
            return
        window.stage.receive(lane, message)
        window.inquiry.receive(message)
        match message:
            case protocol.Ready():
                window.status_line.set_engine_ready(lane)
            case protocol.Metrics():
                self._take_metrics(message)
            case protocol.LayerFacts():
                window.models.set_facts(message)
            case protocol.LaneStatus():
                self._take_status(message)
            case protocol.Notice():
                self._take_notice(message)
            case protocol.SolverLabReply():
                window.models.lab.set_rows(message.rows)
            case protocol.Failure() if message.request == self._lab_request:
                window.models.lab.set_problem(message.text)
            case protocol.Failure():
                window.banner.show_error(message.text)

    def say_training(self, training: bool) -> None:
        """Say that training goes on, or rests."""
        fitting = mark("Training: the models are fitting the target")
        self._window.status_line.say(fitting if training else mark("Training rests"))

    def _take_metrics(self, metrics: protocol.Metrics) -> None:
        window = self._window
        window.metrics.add(metrics)
        window.runs.watch(metrics)
        if metrics.lane == "continuous":
            window.models.set_accuracy(metrics.steps, metrics.steps_error)
        if window.controller.training:
            window.store.mark_trained()
            window.status_line.set_rate(metrics.lane, metrics.steps_per_second)

    def _take_status(self, status: protocol.LaneStatus) -> None:
        self._window.models.set_weights(status.lane, status.weights)
        if status.state != "training":
            self._window.status_line.set_rate(status.lane, 0.0)
        if status.state in ("stopped", "blocked") and status.reason:
            self._window.status_line.say(status.reason)

    def _take_notice(self, notice: protocol.Notice) -> None:
        window = self._window
        if notice.remedy == "halve_rate":
            words = mark("Halve the learning rate for good")
            window.banner.show_notice(
                notice.text, words, lambda: window.training.halve_rate(notice.lane)
            )
        else:
            window.status_line.say(notice.text)
