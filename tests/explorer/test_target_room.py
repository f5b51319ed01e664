"""The canvas takes the room that its card has: nothing is left empty under the tools."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from shiboken6 import isValid

from explorer.widgets.flow_layout import FlowLayout
from explorer.words.languages import translator
from flowengine.project import Project, default_stack
from tests.explorer.windows import shown_window

# Said by Qt's offscreen platform of every dock that floats.
pytestmark = pytest.mark.qt_log_ignore("This plugin does not support raise")

GAP = 8  # between canvas and tools


@pytest.fixture
def window(qtbot, qapp, monkeypatch):
    project = Project(stack=default_stack())
    with shown_window(project, qtbot, qapp, monkeypatch, particles=50) as window:
        yield window


def void(window) -> int:
    """How many pixels of the editor are neither canvas nor tools, nor the gap between them."""
    editor = window.target
    tools = editor.tools
    between = tools.y() - editor.canvas.geometry().bottom() - 1
    below = editor.height() - tools.geometry().bottom() - 1
    spread = tools.height() - tools.heightForWidth(tools.width())
    return below + spread + between - GAP


@pytest.mark.parametrize("language", ["en", "vi"])
def test_a_small_window_that_is_enlarged_leaves_nothing_empty(window, qtbot, language):
    translator.set_language(language)
    canvas = window.target.canvas

    def is_square() -> bool:
        return void(window) == 0 and canvas.height() == canvas.width()

    for size in ((1440, 900), (1920, 1080), (1440, 900)):
        window.resize(1100, 700)
        qtbot.waitUntil(lambda: void(window) == 0 and not is_square(), timeout=5_000)
        window.resize(*size)
        qtbot.waitUntil(is_square, timeout=5_000)


def test_what_the_target_leaves_goes_to_the_models(window, qtbot):
    window.resize(1440, 1000)
    qtbot.waitUntil(lambda: void(window) == 0, timeout=5_000)
    target, models = window.docks["target"], window.docks["models"]
    assert models.geometry().top() - target.geometry().bottom() <= 4
    assert models.height() > target.height()


def test_a_target_that_floats_may_grow_as_it_likes(window, qtbot):
    dock = window.docks["target"]
    dock.setFloating(True)
    dock.resize(700, 820)
    qtbot.waitUntil(lambda: window.target.canvas.height() > 600, timeout=5_000)


def test_the_window_keeps_its_parts_when_a_panel_has_gone(window, qtbot):
    """PySide once forgot the items of every row of buttons with the panel that was taken away."""
    for baselines in (("gan",), (), ("vae", "gan"), ()):
        window.area.compare_chosen.emit(baselines)
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    rows = [row for layout in window.findChildren(FlowLayout) for row in layout._items]
    assert len(rows) > 20
    assert all(isValid(row) for row in rows)
    translator.set_language("vi")
    window.resize(1100, 700)
    qtbot.waitUntil(lambda: void(window) == 0, timeout=5_000)


def drag_the_side(window, qtbot, by):
    """Move the separator between the left docks and the panels, as a mouse does."""
    dock = window.docks["target"]
    width, edge = dock.width(), dock.geometry().topRight() + QPoint(2, 200)
    QTest.mouseMove(window, edge)
    QTest.mousePress(window, Qt.MouseButton.LeftButton, pos=edge)
    QTest.mouseMove(window, edge + QPoint(by, 0))
    qtbot.waitUntil(lambda: dock.width() == width + by, timeout=5_000)
    QTest.mouseRelease(window, Qt.MouseButton.LeftButton, pos=edge + QPoint(by, 0))


def test_a_side_that_was_dragged_wider_has_a_larger_canvas(window, qtbot):
    window.resize(1440, 900)
    qtbot.waitUntil(lambda: void(window) == 0, timeout=5_000)
    dock, canvas = window.docks["target"], window.target.canvas
    before = canvas.size()
    drag_the_side(window, qtbot, 40)
    assert canvas.width() == before.width() + 40
    qtbot.waitUntil(lambda: canvas.height() >= before.height() + 39, timeout=5_000)
    models = window.docks["models"]
    assert models.geometry().top() - dock.geometry().bottom() <= 4


def test_a_side_that_was_dragged_wider_leaves_the_models_their_room(window, qtbot):
    window.resize(1440, 700)
    qtbot.waitUntil(lambda: void(window) == 0, timeout=5_000)
    drag_the_side(window, qtbot, 300)
    models = window.docks["models"]
    qtbot.waitUntil(lambda: void(window) == 0, timeout=5_000)
    assert models.height() >= models.minimumSizeHint().height()
    assert window.height() == 700
