"""What several test files of the window begin with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from explorer import dialogs
from explorer.panels.camera import Camera
from explorer.panels.clock import FrameClock
from explorer.panels.flow_panel import FlowPanel
from explorer.session.store import Store
from explorer.target.brush import Brush
from explorer.target.canvas import TargetCanvas
from explorer.target.target_bar import TargetEditor
from explorer.theme import theme
from explorer.training.controller import Controller
from explorer.window.main_window import MainWindow
from flowengine.project import Project, TargetSpec, default_stack
from tests.explorer.panel_probe import shown
from tests.explorer.stack_probe import STACK, Desk
from tests.explorer.time_source import Time

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from PySide6.QtWidgets import QApplication
    from pytestqt.qtbot import QtBot

    from explorer.stack.edits import Stack


@pytest.fixture(scope="session")
def qapp(qapp: QApplication) -> QApplication:
    """The application in the program's own font, whatever the machine has."""
    theme.prepare(qapp)
    return qapp


@pytest.fixture
def desk_of(qtbot: QtBot) -> Callable[..., Desk]:
    def make(stack: Stack = STACK, height: int = 620) -> Desk:
        desk = Desk(stack)
        qtbot.addWidget(desk.editor)
        desk.editor.resize(300, height)
        with qtbot.waitActive(desk.editor):
            desk.editor.show()
            desk.editor.activateWindow()
        desk.list.setFocus()
        return desk

    return make


@pytest.fixture
def desk(desk_of: Callable[..., Desk]) -> Desk:
    return desk_of()


@pytest.fixture
def editor(qtbot: QtBot) -> TargetEditor:
    """The editor in a narrow dock's width, with a preset in it."""
    editor = TargetEditor()
    qtbot.addWidget(editor)
    editor.resize(238, 400)
    editor.set_target(TargetSpec(name="star"))
    editor.show()
    qtbot.waitExposed(editor)
    return editor


@pytest.fixture
def edits(editor: TargetEditor) -> list[tuple[Any, ...]]:
    """What the editor has proposed so far."""
    proposed: list[tuple[Any, ...]] = []
    editor.target_edited.connect(lambda *edit: proposed.append(edit))
    return proposed


@pytest.fixture
def canvas(qtbot: QtBot) -> TargetCanvas:
    """An empty canvas with one pixel to a cell."""
    canvas = TargetCanvas()
    qtbot.addWidget(canvas)
    canvas.resize(258, 258)
    canvas.set_brush(Brush(16, softness=0.0))
    canvas.show()
    qtbot.waitExposed(canvas)
    return canvas


@pytest.fixture
def time() -> Time:
    """A time that passes when it is told to."""
    return Time()


@pytest.fixture
def clock(qapp: QApplication, time: Time) -> Iterator[FrameClock]:
    """A clock that goes by `time`."""
    clock = FrameClock(time_source=time)
    yield clock
    clock.pause()
    clock.tick()


@pytest.fixture
def camera(qapp: QApplication) -> Camera:
    return Camera()


@pytest.fixture
def panel(qtbot: QtBot, camera: Camera) -> FlowPanel:
    """A discrete panel on the screen, empty."""
    return shown(qtbot, FlowPanel("discrete", camera))


@pytest.fixture
def window(
    qtbot: QtBot, qapp: QApplication, monkeypatch: pytest.MonkeyPatch
) -> Iterator[MainWindow]:
    """The window on a new project, its engines never started."""
    theme.apply(qapp)
    monkeypatch.setattr(dialogs, "ask", lambda *_: "discard")
    window = MainWindow(Store(Project(name="star", stack=default_stack())), Controller())
    qtbot.addWidget(window)
    window.show()
    qtbot.waitExposed(window)
    yield window
    window.presentation.leave()
