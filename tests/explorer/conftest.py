"""What several test files of the window begin with."""

from __future__ import annotations

import pytest

from explorer.target.brush import Brush
from explorer.target.canvas import TargetCanvas
from explorer.target.target_bar import TargetEditor
from flowengine.project import TargetSpec
from tests.explorer.stack_desk import STACK, Desk


@pytest.fixture
def desk_of(qtbot):
    def make(stack=STACK, height=620):
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
def desk(desk_of):
    return desk_of()


@pytest.fixture
def editor(qtbot):
    """The editor in a narrow dock's width, with a preset in it."""
    editor = TargetEditor()
    qtbot.addWidget(editor)
    editor.resize(238, 400)
    editor.set_target(TargetSpec(name="star"))
    editor.show()
    qtbot.waitExposed(editor)
    return editor


@pytest.fixture
def edits(editor):
    """What the editor has proposed so far."""
    proposed = []
    editor.target_edited.connect(lambda *edit: proposed.append(edit))
    return proposed


@pytest.fixture
def canvas(qtbot):
    """An empty canvas with one pixel to a cell."""
    canvas = TargetCanvas()
    qtbot.addWidget(canvas)
    canvas.resize(258, 258)
    canvas.set_brush(Brush(16, softness=0.0))
    canvas.show()
    qtbot.waitExposed(canvas)
    return canvas
