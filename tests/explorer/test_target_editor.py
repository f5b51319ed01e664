"""The target editor: strokes, tools and looks, and the targets that they propose."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QSlider, QVBoxLayout, QWidget

from explorer.session.store import Store
from explorer.target.brush import Tool
from explorer.target.preset_popup import PresetPopup
from explorer.target.target_bar import TargetEditor
from explorer.theme import theme
from explorer.words.languages import translator
from flowengine.arrays import FrozenArray
from flowengine.project import Project, TargetSpec
from flowengine.targets.presets import preset_density
from tests.explorer.target_probe import click, is_drawing, move, press, release, stroke

# Said by Qt's offscreen platform of every popup.
pytestmark = pytest.mark.qt_log_ignore("This plugin does not support (grabbing|raise)")


# --- strokes --------------------------------------------------------------------------------------


def test_a_stroke_proposes_one_drawing(editor, edits):
    stroke(editor, (-1.0, 0.0), (1.0, 0.0), (1.0, 1.0))
    [(spec, text, merge_key)] = edits
    assert is_drawing(spec)
    assert spec.extent == (-4.0, 4.0, -4.0, 4.0)
    assert spec.density.values.shape == (256, 256)
    assert spec.density.values[128, 128] > 0.9
    assert spec.density.values[240, 128] == 0.0
    assert (text, merge_key) == ("Brush stroke", "")


def test_strokes_are_steps_of_undo_and_undo_brings_the_example_back(editor):
    store = Store(Project(target=TargetSpec(name="star")))
    editor.target_edited.connect(
        lambda spec, text, key: store.apply(
            Project(target=spec, stack=store.project.stack), text, key
        )
    )
    store.changed.connect(lambda _before, after: editor.set_target(after.target))
    stroke(editor, (-1.0, 0.0), (1.0, 0.0))
    one = editor.canvas.density()
    stroke(editor, (-1.0, 2.0), (1.0, 2.0))
    assert store.undo_stack.count() == 2
    store.undo_stack.undo()
    np.testing.assert_array_equal(editor.canvas.density(), one)
    store.undo_stack.undo()
    assert store.project.target == TargetSpec(name="star")
    star = preset_density("star")
    np.testing.assert_allclose(editor.canvas.density(), star / star.max(), atol=1e-6)
    assert editor.canvas.clears_on_first_stroke
    store.undo_stack.redo()
    np.testing.assert_array_equal(editor.canvas.density(), one)


def test_the_target_can_be_followed_while_it_is_drawn(editor, edits, qtbot):
    press(editor, -1.0, 0.0)
    with qtbot.waitSignal(editor.target_preview) as preview:
        move(editor, 1.0, 0.0)
    assert is_drawing(preview.args[0])
    assert preview.args[0].density.values[128, 128] > 0.9
    assert edits == []
    release(editor)
    assert len(edits) == 1


def test_taking_a_stroke_back_returns_to_the_standing_target(editor, edits, qtbot):
    press(editor, -1.0, 0.0)
    move(editor, 1.0, 0.0)
    with qtbot.waitSignal(editor.target_preview) as preview:
        QTest.keyClick(editor.canvas, Qt.Key.Key_Escape)
    assert preview.args[0] == TargetSpec(name="star")
    assert edits == []


def test_the_echo_of_an_edit_does_not_disturb_the_canvas(editor, edits):
    stroke(editor, (-1.0, 0.0), (1.0, 0.0))
    before = editor.canvas.density()
    press(editor, -1.0, 2.0)
    release(editor)
    editor.set_target(edits[-1][0])
    assert not editor.canvas.clears_on_first_stroke
    assert not np.array_equal(editor.canvas.density(), before)


def test_another_target_ends_a_stroke_under_way(editor, edits):
    press(editor, -1.0, 0.0)
    editor.set_target(TargetSpec(name="heart"))
    release(editor)
    assert edits == []
    heart = preset_density("heart")
    np.testing.assert_allclose(editor.canvas.density(), heart / heart.max(), atol=1e-6)


# --- clear, invert, entropy -----------------------------------------------------------------------


def test_clear_empties_the_canvas_and_that_is_a_legal_target(editor, edits, qtbot):
    with qtbot.waitSignal(editor.figure_changed) as figure:
        click(editor.tools.clear)
    [(spec, text, _)] = edits
    assert is_drawing(spec)
    assert not spec.density.values.any()
    assert text == "Clear the target"
    assert figure.args == ["H = –"]
    assert Project.from_dict(Project(target=spec).to_dict()).target == spec
    click(editor.tools.clear)
    assert len(edits) == 1  # it was empty already


def test_an_empty_target_is_no_preview(editor, qtbot):
    editor.set_target(_dot())
    editor.tools.set_tool(Tool.ERASER)
    with (
        qtbot.assertNotEmitted(editor.target_preview),
        qtbot.waitSignal(editor.canvas.density_changed) as changed,
    ):
        press(editor, 0.0, 0.0)
    assert not changed.args[0].any()
    release(editor)


def _dot():
    grid = np.zeros((256, 256), np.float32)
    grid[128, 128] = 1.0
    return TargetSpec(source="drawing", name="drawing", density=FrozenArray(grid))


def test_invert_swaps_dense_and_empty_and_twice_is_nothing(editor, edits):
    stroke(editor, (-1.0, 0.0), (1.0, 0.0))
    before = editor.canvas.density()
    click(editor.tools.invert)
    np.testing.assert_allclose(editor.canvas.density(), 1 - before, atol=1e-6)
    assert edits[-1][1] == "Invert the target"
    click(editor.tools.invert)
    np.testing.assert_allclose(editor.canvas.density(), before, atol=1e-6)


def test_the_entropy_is_that_of_the_target(editor):
    editor.set_target(TargetSpec(name="checkerboard"))
    assert editor.figure == "H = 3.47 nats"  # ln 32
    grid = np.zeros((16, 16), np.float32)
    grid[:8, :8] = 0.5
    editor.set_target(
        TargetSpec(
            source="array", name="block", extent=(0.0, 1.0, 0.0, 1.0), density=FrozenArray(grid)
        )
    )
    assert editor.figure == "H = \N{MINUS SIGN}1.39 nats"  # ln 1/4


def test_the_entropy_follows_the_stroke(editor, qtbot):
    press(editor, -1.0, 0.0)
    with qtbot.waitSignal(editor.figure_changed) as figure:
        move(editor, 1.0, 0.0)
    release(editor)
    assert figure.args[0] != "H = –"
    assert editor.figure.endswith(" nats")


# --- line, fill, text -----------------------------------------------------------------------------


def test_a_line_is_one_edit(editor, edits):
    QTest.keyClick(editor.canvas, Qt.Key.Key_L)
    stroke(editor, (-2.0, -2.0), (0.0, 3.0), (2.0, 2.0))
    [(spec, text, _)] = edits
    assert is_drawing(spec)
    assert text == "Line"
    assert spec.density.values[128, 128] > 0.9
    assert spec.density.values[200, 128] == 0.0  # where it was on its way
    assert not editor.canvas.clears_on_first_stroke


def test_the_fill_tool_fills_what_was_clicked(editor, edits):
    QTest.keyClick(editor.canvas, Qt.Key.Key_F)
    stroke(editor, (-3.5, 3.5))
    [(spec, text, _)] = edits
    assert text == "Fill"
    assert spec.density.values.min() > 0.9  # all around the star, up its rim, and the star itself


def test_words_are_typed_and_put_on_the_canvas_by_keys_alone(editor, edits, qtbot):
    editor.activateWindow()
    qtbot.waitActive(editor)
    editor.canvas.setFocus(Qt.FocusReason.TabFocusReason)
    QTest.keyClick(editor.canvas, Qt.Key.Key_T)
    qtbot.waitUntil(editor.tools.text.field.hasFocus)
    QTest.keyClicks(editor.tools.text.field, "be")  # letters that are tools on the canvas
    QTest.keyClick(editor.tools.text.field, Qt.Key.Key_Return)
    assert editor.canvas.hasFocus()
    QTest.keyClick(editor.canvas, Qt.Key.Key_Up)
    QTest.keyClick(editor.canvas, Qt.Key.Key_Space)
    [(spec, text, _)] = edits
    assert text == "Text"
    assert editor.tools.text.field.text() == "be"
    assert spec.density.values.any()


@pytest.mark.parametrize("language", ["en", "vi"])
@pytest.mark.parametrize("width", [222, 238, 300])
def test_no_tool_lies_over_the_canvas_or_takes_room_from_it(editor, language, width, qtbot, qapp):
    theme.apply(qapp)
    translator.set_language(language)
    editor.resize(width, 0)  # as low as it goes
    qtbot.waitUntil(lambda: editor.tools.height() >= editor.tools.minimumSizeHint().height())
    assert editor.tools.y() > editor.canvas.geometry().bottom()
    low = editor.canvas.height()
    for tool in Tool:
        click(editor.tools.tools[tool])
        assert editor.canvas.height() >= low
        assert editor.tools.y() > editor.canvas.geometry().bottom()
        shown = [part for part in editor.tools.findChildren(QWidget) if part.isVisible()]
        for part in shown:
            assert editor.tools.rect().contains(
                part.geometry().translated(part.parentWidget().mapTo(editor.tools, QPoint()))
            ), (tool, part)


def test_words_begin_large_and_leave_the_brush_its_size(editor, edits):
    small = editor.tools.brush.size
    editor.tools.set_tool(Tool.TEXT)
    stroke(editor, (0.0, 0.0))
    [(spec, *_)] = edits
    columns = np.flatnonzero(spec.density.values.any(axis=0))
    assert np.ptp(columns) > 0.4 * spec.density.values.shape[1]
    editor.tools.size_slider.setValue(40)
    editor.tools.set_tool(Tool.BRUSH)
    assert editor.tools.brush.size == small
    editor.tools.set_tool(Tool.TEXT)
    assert editor.tools.brush.size == 40


def test_who_takes_the_text_tool_up_by_mouse_writes_at_once(editor, edits):
    click(editor.tools.tools[Tool.TEXT])
    QTest.keyClicks(editor.focusWidget(), "Hi")  # i alone inverts the target
    assert editor.tools.text.field.text() == "Hi"
    assert edits == []


def test_the_eraser_takes_a_stroke_with_its_soft_rim_away(editor):
    editor.set_target(TargetSpec(name="moons"))
    click(editor.tools.clear)
    stroke(editor, (-1.0, 0.0), (1.0, 0.0))
    click(editor.tools.tools[Tool.ERASER])
    stroke(editor, (-1.0, 0.0), (1.0, 0.0))
    assert editor.canvas.density().max() < 0.02


def test_the_canvas_keeps_its_size_whatever_the_tool_needs(editor, qapp):
    theme.apply(qapp)
    editor.resize(260, 300)
    heights = {}
    for tool in Tool:
        click(editor.tools.tools[tool])
        qapp.processEvents()
        heights[tool] = editor.canvas.height()
    assert len(set(heights.values())) == 1, heights


def test_no_words_are_no_edit(editor, edits):
    editor.tools.set_tool(Tool.TEXT)
    editor.tools.text.field.clear()
    stroke(editor, (0.0, 0.0))
    assert edits == []


# --- arrangement, words, looks --------------------------------------------------------------------


def test_it_fits_a_narrow_dock(qtbot):
    theme.apply(QApplication.instance())
    editor = TargetEditor()
    qtbot.addWidget(editor)
    editor.resize(226, 390)
    editor.show()
    qtbot.waitExposed(editor)
    canvas, tools = editor.canvas.geometry(), editor.tools.geometry()
    assert editor.minimumSizeHint().width() <= 226
    assert abs(canvas.width() - canvas.height()) <= 1
    assert canvas.width() == 226
    assert tools.height() <= 110
    assert tools.bottom() <= 390


def test_the_canvas_gives_way_where_there_is_little_height(editor):
    editor.resize(238, 300)
    assert editor.canvas.height() < 200
    assert editor.tools.geometry().bottom() <= 300


def test_the_header_can_be_left_to_a_dock(qtbot):
    host = QWidget()
    layout = QVBoxLayout(host)
    with_header, without = TargetEditor(), TargetEditor(header=False)
    layout.addWidget(with_header)
    layout.addWidget(without)
    qtbot.addWidget(host)
    assert with_header.sizeHint().height() > without.sizeHint().height()


def test_every_control_has_a_name_and_a_hint(editor):
    controls = [*editor.findChildren(QAbstractButton), *editor.findChildren(QSlider)]
    assert len(controls) >= 11
    for control in controls:
        assert control.accessibleName(), control
        assert control.toolTip(), control
        assert control.focusPolicy() & Qt.FocusPolicy.TabFocus, control


def test_words_and_colours_follow_the_window(editor, monkeypatch):
    words = {"Brush": "Cọ", "H = {entropy} nats": "{entropy} nat"}
    monkeypatch.setattr(translator, "translate", lambda text: words.get(text, text))
    translator.changed.emit()
    assert editor.tools.tools[Tool.BRUSH].accessibleName() == "Cọ"
    assert editor.figure.endswith(" nat")
    before = editor.tools.clear.icon().pixmap(16).toImage()
    theme.set_theme("light")
    assert editor.tools.clear.icon().pixmap(16).toImage() != before


def test_popups_stay_on_the_screen(editor, qtbot):
    popup = editor.tools.tip_popup
    popup.open_with(QPoint(100_000, 100_000), editor.canvas.brush)
    qtbot.waitUntil(popup.isVisible)
    room = editor.screen().availableGeometry()
    # The offscreen platform shifts every window by a frame of 2 pixels that it does not draw.
    assert room.adjusted(0, 0, 2, 2).contains(popup.geometry())
    popup.close()


def test_the_presets_stand_clear_of_the_edge_of_their_popup(editor, qtbot):
    click(editor.tools.presets)
    popup = editor.findChild(PresetPopup)
    rects = [popup.list.visualItemRect(popup.list.item(i)) for i in range(popup.list.count())]
    viewport = popup.list.viewport()
    tops = [viewport.mapTo(popup, rect.topLeft()).y() for rect in rects]
    bottoms = [viewport.mapTo(popup, rect.bottomLeft()).y() for rect in rects]
    assert min(tops) >= 12
    assert max(bottoms) <= popup.height() - 12
    popup.close()
