"""A monkey at the target editor: seeded random events, and nothing breaks."""

from __future__ import annotations

import random

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QApplication

from explorer.session.store import Store
from explorer.target.target_bar import TargetEditor
from explorer.theme import theme
from explorer.words.languages import translator
from flowengine.project import Project, TargetSpec, default_stack
from flowengine.targets.sources import density_of, spec_from_formula, spec_from_points

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support (grabbing|raise)")

BUTTONS = (Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton, Qt.MouseButton.MiddleButton)
KEYS = (
    *(Qt.Key.Key_B, Qt.Key.Key_E, Qt.Key.Key_S, Qt.Key.Key_L, Qt.Key.Key_F, Qt.Key.Key_T),
    *(Qt.Key.Key_P, Qt.Key.Key_I, Qt.Key.Key_Delete, Qt.Key.Key_BracketLeft, Qt.Key.Key_3),
    *(Qt.Key.Key_BracketRight, Qt.Key.Key_BraceLeft, Qt.Key.Key_Escape, Qt.Key.Key_Shift),
    *(Qt.Key.Key_Left, Qt.Key.Key_Up, Qt.Key.Key_Right, Qt.Key.Key_Down, Qt.Key.Key_Space),
)


class Monkey:
    """Sends what a mouse and a keyboard would, in no sensible order."""

    def __init__(self, editor, store, seed):
        self.editor, self.store, self.chance = editor, store, random.Random(seed)
        self.held = Qt.MouseButton.NoButton

    def act(self):
        deeds = {
            self.move: 10, self.press: 4, self.release: 3, self.key: 6, self.slide: 1,
            self.undo: 1, self.mirror: 1, self.target: 1, self.surroundings: 1,
        }  # fmt: skip
        self.chance.choices(list(deeds), list(deeds.values()))[0]()

    def mouse(self, kind, button):
        canvas = self.editor.canvas
        at = QPointF(
            self.chance.uniform(-20, canvas.width() + 20),
            self.chance.uniform(-20, canvas.height() + 20),
        )
        shift = self.chance.choice((Qt.NoModifier, Qt.ShiftModifier))
        everywhere = QPointF(canvas.mapToGlobal(at.toPoint()))
        QApplication.sendEvent(canvas, QMouseEvent(kind, at, everywhere, button, self.held, shift))

    def move(self):
        self.mouse(QEvent.Type.MouseMove, Qt.MouseButton.NoButton)

    def press(self):
        self.held = self.chance.choice(BUTTONS)
        self.mouse(QEvent.Type.MouseButtonPress, self.held)

    def release(self):
        button, self.held = self.held, Qt.MouseButton.NoButton
        self.mouse(QEvent.Type.MouseButtonRelease, button)

    def key(self):
        key = self.chance.choice(KEYS)
        kinds = (QEvent.Type.KeyPress, QEvent.Type.KeyRelease)
        for kind in self.chance.choices(kinds, k=2):
            repeats = self.chance.random() < 0.3
            event = QKeyEvent(kind, key, Qt.NoModifier, "", repeats)
            QApplication.sendEvent(self.editor.canvas, event)

    def slide(self):
        tools = self.editor.tools
        slider = self.chance.choice((tools.size_slider, tools.points.slider))
        if slider.isEnabled():
            slider.setValue(self.chance.randint(slider.minimum(), slider.maximum()))

    def undo(self):
        self.chance.choice((self.store.undo_stack.undo, self.store.undo_stack.redo))()

    def mirror(self):
        self.chance.choice(self.editor.tools.mirror.menu().actions()).trigger()

    def target(self):
        self.editor.set_target(
            self.chance.choice(
                (
                    TargetSpec(name="cat"),
                    spec_from_points([[0.0, 0.0], [1.0, 1.0], [30.0, 2.0]]),
                    spec_from_formula("exp(-r^2)", (0.0, 2.0, -1.0, 0.0)),
                )
            )
        )

    def surroundings(self):
        self.editor.resize(self.chance.randint(160, 700), self.chance.randint(250, 700))
        theme.set_theme(self.chance.choice(("dark", "light")))
        translator.set_language(self.chance.choice(("en", "vi")))
        QApplication.processEvents()


@pytest.mark.parametrize("seed", range(4))
def test_nothing_breaks_and_every_edit_is_a_document(qtbot, seed):
    store = Store(Project(target=TargetSpec(name="star"), stack=default_stack()))
    edits = []
    editor = TargetEditor()
    editor.target_edited.connect(lambda *edit: edits.append(edit))
    qtbot.addWidget(editor)
    editor.target_edited.connect(
        lambda spec, text, key: store.apply(
            Project(target=spec, stack=store.project.stack), text, key
        )
    )
    store.changed.connect(lambda _before, after: editor.set_target(after.target))
    editor.set_target(store.project.target)
    editor.show()
    qtbot.waitExposed(editor)
    monkey = Monkey(editor, store, seed)
    for _ in range(300):
        monkey.act()
    editor.canvas.hide()  # which ends a stroke under way
    assert not editor.canvas.painting
    assert len(edits) > 5
    editor.set_target(store.project.target)
    shown, kept = editor.canvas.density(), density_of(store.project.target)
    assert np.isfinite(shown).all()
    assert shown.min() >= 0
    assert (shown > 0).any() == (kept > 0).any()
    store.undo_stack.clear()  # while the store is whole: it tells that it is clean
