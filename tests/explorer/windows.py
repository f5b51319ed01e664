"""The whole window on a project, as tests open it: nothing asks, nothing is drawn for long."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from explorer import dialogs
from explorer.motion import motion
from explorer.session.store import Store, write_document
from explorer.theme import theme
from explorer.training.controller import Controller
from explorer.window.main_window import MainWindow
from flowengine.protocol import Metrics
from tests.explorer.warm_engines import use_warm_engines

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pytest
    from PySide6.QtWidgets import QApplication
    from pytestqt.qtbot import QtBot

    from flowengine.project import Lane, LaneState, Project
    from flowengine.protocol import Event


@contextmanager
def shown_window(
    project: Project,
    qtbot: QtBot,
    qapp: QApplication,
    monkeypatch: pytest.MonkeyPatch,
    particles: int,
) -> Iterator[MainWindow]:
    """A window on the screen, its engines not yet started; they end with it.

    It stands still until it is played: one that waits for its engines would be drawn all the while.
    """
    use_warm_engines(monkeypatch)
    theme.apply(qapp)
    motion.choose("less")
    monkeypatch.setattr(dialogs, "ask", lambda *_: "discard")
    window = MainWindow(Store(project), Controller())
    qtbot.addWidget(window)
    window.controller.set_view(particles=particles)
    window.area.clock.pause()
    window.show()
    qtbot.waitExposed(window)
    try:
        yield window
    finally:
        window.exporter.finish()
        window.controller.stop()
        motion.choose("system")


def save(store: Store, path: Path, document: Project, lanes: dict[Lane, LaneState]) -> None:
    """Write a store's document, without the window's threads."""
    write_document(path, document, lanes, b"")
    store.note_saved(path, document, lanes)


def tell(window: MainWindow, message: Event, lane: Lane = "discrete") -> None:
    """Let the window hear what an engine would say."""
    window.controller.message.emit(lane, message)


def measured(lane: Lane = "discrete", step: int = 100, kl: float = 0.0213) -> Metrics:
    """A measurement, as an engine sends it."""
    return Metrics(
        lane=lane, generation=1, step=step, seconds=step / 100, steps_per_second=412.0, loss=2.0,
        nll=2.31 + kl, kl=kl, entropy=2.31,
    )  # fmt: skip


def stroke(window: MainWindow) -> None:
    """Draw a short line on the middle of the canvas."""
    canvas = window.target.canvas
    middle = canvas.rect().center()
    QTest.mousePress(canvas, Qt.MouseButton.LeftButton, pos=middle)
    QTest.mouseMove(canvas, middle + QPoint(30, 10))
    QTest.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=middle + QPoint(30, 10))
