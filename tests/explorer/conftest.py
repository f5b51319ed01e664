"""What several test files of the window begin with."""

from __future__ import annotations

import pytest

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
