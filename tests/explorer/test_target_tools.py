"""The target editor's tools: chosen by mouse and key, and what they do to a stroke."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QEvent, Qt, QTimer
from PySide6.QtGui import QKeyEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from explorer.target.brush import Tool
from tests.explorer.target_probe import NO_KEY, click, stroke

# Said by Qt's offscreen platform of every popup.
pytestmark = pytest.mark.qt_log_ignore("This plugin does not support (grabbing|raise)")


def test_the_tools_take_turns(editor, edits):
    click(editor.tools.tools[Tool.ERASER])
    assert editor.canvas.tool is Tool.ERASER
    stroke(editor, (0.0, 0.0), (0.5, 0.0))
    assert edits[-1][1] == "Eraser stroke"
    assert editor.canvas.density()[128, 128] < 0.1
    assert editor.canvas.density()[160, 128] > 0.9  # the rest of the star
    click(editor.tools.tools[Tool.BRUSH])
    checked = [tool for tool, button in editor.tools.tools.items() if button.isChecked()]
    assert checked == [Tool.BRUSH]


@pytest.mark.parametrize(
    ("key", "tool"),
    [
        (Qt.Key.Key_E, Tool.ERASER),
        (Qt.Key.Key_S, Tool.SMOOTH),
        (Qt.Key.Key_L, Tool.LINE),
        (Qt.Key.Key_F, Tool.FILL),
        (Qt.Key.Key_T, Tool.TEXT),
        (Qt.Key.Key_P, Tool.POINTS),
        (Qt.Key.Key_B, Tool.BRUSH),
    ],
)
def test_letters_take_up_tools(editor, key, tool):
    QTest.keyClick(editor.canvas, key)
    assert editor.canvas.tool is tool
    assert editor.tools.tools[tool].isChecked()


def test_the_size_slider_sizes_the_brush(editor):
    editor.tools.size_slider.setValue(64)
    assert editor.canvas.brush.size == 64
    stroke(editor, (0.0, 0.0))
    assert editor.canvas.density()[128, 128 + 10] > 0.9
    assert editor.canvas.density()[128, 128 + 40] == 0.0


def test_brackets_size_the_brush_wherever_the_focus_is(editor):
    start = editor.canvas.brush.size
    QTest.keyClick(editor.canvas, Qt.Key.Key_BracketRight)
    larger = editor.canvas.brush.size
    assert larger > start
    QTest.keyClick(editor.tools.size_slider, Qt.Key.Key_BracketLeft)
    assert editor.canvas.brush.size < larger
    for _ in range(40):
        QTest.keyClick(editor.canvas, Qt.Key.Key_BracketLeft)
    assert editor.canvas.brush.size == 2
    QTest.keyClick(editor.canvas, Qt.Key.Key_BracketRight)
    assert editor.canvas.brush.size == 3


def test_softness_and_strength_shape_the_stroke(editor, qtbot):
    click(editor.tools.tip)
    popup = editor.tools.tip_popup
    qtbot.waitUntil(popup.isVisible)
    popup.softness.setValue(0)
    popup.strength.setValue(40)
    popup.close()
    assert (editor.canvas.brush.softness, editor.canvas.brush.strength) == (0.0, 0.4)
    stroke(editor, (0.0, 0.0))
    levels = np.unique(editor.canvas.density())
    assert levels.max() == pytest.approx(0.4)


def test_opening_the_tip_popup_changes_nothing(editor, qtbot):
    before = editor.canvas.brush
    click(editor.tools.tip)
    qtbot.waitUntil(editor.tools.tip_popup.isVisible)
    QTest.keyClick(editor.tools.tip_popup, Qt.Key.Key_Escape)
    assert not editor.tools.tip_popup.isVisible()
    assert editor.canvas.brush == before


def test_the_mirror_menu_sets_the_symmetry(editor):
    actions = editor.tools.mirror.menu().actions()
    assert [action.text() for action in actions][:3] == ["Off", "2-fold mirror", "3-fold rotation"]
    actions[3].trigger()
    assert editor.canvas.brush.symmetry == 4
    assert editor.tools.mirror.text() == "4×"
    stroke(editor, (1.0, 2.0))
    density = editor.canvas.density()
    np.testing.assert_allclose(density, density[::-1, ::-1], atol=1e-4)
    actions[0].trigger()
    assert editor.canvas.brush.symmetry == 1
    assert editor.tools.mirror.text() == ""


def test_the_tools_are_named_where_there_is_room(editor):
    brush = editor.tools.tools[Tool.BRUSH]
    assert brush.text() == ""
    editor.resize(900, 600)
    QApplication.processEvents()
    assert brush.text() == "Brush"
    assert len({button.y() for button in editor.tools.tools.values()}) == 1
    editor.resize(238, 400)
    QApplication.processEvents()
    assert brush.text() == ""


@pytest.mark.parametrize(("key", "strength"), [(Qt.Key.Key_3, 0.3), (Qt.Key.Key_0, 1.0)])
def test_digits_set_the_strength(editor, key, strength):
    editor.tools.set_strength(0.5)
    QTest.keyClick(editor.canvas, key)
    assert editor.canvas.brush.strength == strength


def test_braces_soften_the_brush_and_stop_at_the_ends(editor):
    QTest.keyClick(editor.canvas, Qt.Key.Key_BraceRight, Qt.KeyboardModifier.ShiftModifier)
    assert editor.canvas.brush.softness == 0.6
    for _ in range(12):
        QTest.keyClick(editor.canvas, Qt.Key.Key_BraceLeft)
    assert editor.canvas.brush.softness == 0.0


def test_keys_invert_and_clear_once_however_long_they_are_held(editor, edits):
    before = editor.canvas.density()
    QTest.keyPress(editor.canvas, Qt.Key.Key_I)
    for _ in range(5):
        held = QKeyEvent(QEvent.Type.KeyPress, Qt.Key.Key_I, NO_KEY, "i", True)
        QApplication.sendEvent(editor.canvas, held)
    np.testing.assert_allclose(editor.canvas.density(), 1 - before, atol=1e-6)
    QTest.keyClick(editor.canvas, Qt.Key.Key_Delete)
    assert [text for _, text, _ in edits] == ["Invert the target", "Clear the target"]


def test_the_editors_keys_win_over_the_windows(editor, qtbot):
    fired = []
    action = editor.addAction("Elsewhere")
    action.setShortcut(Qt.Key.Key_L)
    action.triggered.connect(lambda: fired.append("L"))
    editor.activateWindow()
    qtbot.waitActive(editor)
    editor.tools.size_slider.setFocus()
    QTest.keyClick(editor.tools.size_slider, Qt.Key.Key_L)
    assert editor.canvas.tool is Tool.LINE
    assert fired == []


def test_m_opens_the_mirror_menu_and_the_keyboard_chooses(editor, qtbot):
    menu = editor.tools.mirror.menu()
    QTimer.singleShot(0, lambda: (QTest.keyClick(menu, Qt.Key.Key_End), menu.close()))
    QTest.keyClick(editor.canvas, Qt.Key.Key_M)
    qtbot.waitUntil(menu.isHidden)
    assert menu.actions()[-1].text() == "8-fold mirror"
