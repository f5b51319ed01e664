"""The target editor: canvas, tools and presets, and the targets that they propose."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QMimeData, QPoint, QPointF, Qt, QTimer, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QImage, QKeyEvent, QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QSlider, QVBoxLayout, QWidget

from explorer.i18n import translator
from explorer.store import Store
from explorer.target.brush import Tool
from explorer.target.target_bar import TargetEditor
from explorer.theme import theme
from flowengine.arrays import FrozenArray
from flowengine.project import Project, TargetSpec
from flowengine.targets.presets import PRESETS, preset_density
from flowengine.targets.sources import spec_from_points

# Said by Qt's offscreen platform of every popup.
pytestmark = pytest.mark.qt_log_ignore("This plugin does not support (grabbing|raise)")

LEFT = Qt.MouseButton.LeftButton
NO_KEY = Qt.KeyboardModifier.NoModifier


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


def click(button):
    QTest.mouseClick(button, LEFT)


def press(editor, x, y):
    at = editor.canvas.view().to_widget(x, y).toPoint()
    QTest.mousePress(editor.canvas, LEFT, NO_KEY, at)


def move(editor, x, y):
    at = editor.canvas.view().to_widget(x, y)
    everywhere = QPointF(editor.canvas.mapToGlobal(at.toPoint()))
    no_button = Qt.MouseButton.NoButton
    event = QMouseEvent(QEvent.Type.MouseMove, at, everywhere, no_button, LEFT, NO_KEY)
    QApplication.sendEvent(editor.canvas, event)


def release(editor):
    QTest.mouseRelease(editor.canvas, LEFT)


def stroke(editor, *points):
    press(editor, *points[0])
    for point in points[1:]:
        move(editor, *point)
    release(editor)


def is_drawing(spec):
    return (spec.source, spec.name) == ("drawing", "drawing")


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


# --- tools ----------------------------------------------------------------------------------------


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


def test_no_words_are_no_edit(editor, edits):
    editor.tools.set_tool(Tool.TEXT)
    editor.tools.text.field.clear()
    stroke(editor, (0.0, 0.0))
    assert edits == []


# --- points ---------------------------------------------------------------------------------------


@pytest.fixture
def three(editor):
    """The editor with three points in it, and the points tool at hand."""
    points = [[-2.0, -1.0], [2.0, -1.0], [0.0, 2.0]]
    editor.set_target(spec_from_points(points, "three"))
    editor.tools.set_tool(Tool.POINTS)
    return editor


def points_of(spec):
    return spec.points.values.round(1).tolist()


def test_clicks_add_points_and_the_first_takes_the_place_of_the_example(editor, edits):
    QTest.keyClick(editor.canvas, Qt.Key.Key_P)
    stroke(editor, (1.0, 1.0))
    stroke(editor, (-1.0, -1.0))
    assert [text for _, text, _ in edits] == ["Add a point", "Add a point"]
    spec = edits[-1][0]
    assert (spec.source, spec.name, spec.bandwidth) == ("points", "points", None)
    np.testing.assert_allclose(spec.points.values, [[1, 1], [-1, -1]], atol=0.02)
    expected = spec_from_points(spec.points.values).density.values
    np.testing.assert_allclose(spec.density.values, expected / expected.max(), atol=1e-5)
    assert Project.from_dict(Project(target=spec).to_dict()).target == spec


def test_a_drag_moves_the_point_under_it_and_nothing_else(three, edits):
    stroke(three, (0.05, 2.0), (0.5, 1.0), (1.05, 0.0))
    [(spec, text, _)] = edits
    assert text == "Move a point"
    assert points_of(spec) == [[-2.0, -1.0], [2.0, -1.0], [1.0, 0.0]]
    assert spec.name == "three"


def test_a_click_on_a_point_without_a_move_is_no_edit(three, edits):
    stroke(three, (0.0, 2.0))
    assert edits == []


def test_a_point_cannot_leave_the_square(three, edits):
    stroke(three, (0.0, 2.0), (9.0, 9.0))
    assert edits[-1][0].points.values[2].tolist() == [4.0, 4.0]


def test_the_right_button_removes_points_down_to_none(three, edits):
    at = three.canvas.view().to_widget
    for x, y in ((-2.0, -1.0), (2.0, -1.0), (0.0, 2.0)):
        QTest.mouseClick(three.canvas, Qt.MouseButton.RightButton, NO_KEY, at(x, y).toPoint())
    assert [text for _, text, _ in edits] == ["Remove points"] * 3
    assert points_of(edits[0][0]) == [[2.0, -1.0], [0.0, 2.0]]
    empty = edits[-1][0]
    assert not empty.density.values.any()
    assert three.figure == "H = –"
    assert Project.from_dict(Project(target=empty).to_dict()).target == empty
    stroke(three, (1.0, 1.0))
    assert points_of(edits[-1][0]) == [[1.0, 1.0]]


def test_the_eraser_removes_the_points_on_its_way_and_leaves_the_others_points(three, edits):
    three.tools.set_tool(Tool.ERASER)
    stroke(three, (-3.0, -1.0), (3.0, -1.0))
    [(spec, text, _)] = edits
    assert text == "Remove points"
    assert points_of(spec) == [[0.0, 2.0]]


def test_a_mirror_adds_points_on_all_sides(editor, edits):
    editor.tools.set_tool(Tool.POINTS)
    editor.tools.mirror.menu().actions()[1].trigger()
    stroke(editor, (1.0, 2.0), (2.0, 1.0))
    assert points_of(edits[-1][0]) == [[2.0, 1.0], [-2.0, 1.0]]


def test_escape_puts_a_point_back(three, edits):
    before = three.canvas.density()
    press(three, 0.0, 2.0)
    move(three, 1.0, 0.0)
    assert not np.array_equal(three.canvas.density(), before)
    QTest.keyClick(three.canvas, Qt.Key.Key_Escape)
    release(three)
    np.testing.assert_array_equal(three.canvas.density(), before)
    assert three.canvas.cloud.points.tolist() == [[-2, -1], [2, -1], [0, 2]]
    assert edits == []


def test_the_bandwidth_is_kept_with_the_points(three, edits):
    chosen = three.canvas.cloud.width
    three.tools.points.slider.setValue(20)
    [(spec, text, merge_key)] = edits
    assert (text, merge_key) == ("Bandwidth", "bandwidth")
    assert spec.bandwidth < chosen
    assert points_of(spec) == [[-2.0, -1.0], [2.0, -1.0], [0.0, 2.0]]
    expected = spec_from_points(spec.points.values, bandwidth=spec.bandwidth).density.values
    np.testing.assert_allclose(spec.density.values, expected / expected.max(), atol=1e-5)
    stroke(three, (3.0, 3.0))
    assert edits[-1][0].bandwidth == spec.bandwidth  # chosen by hand, it stays
    click(three.tools.points.auto)
    assert edits[-1][0].bandwidth is None


def test_a_brush_stroke_over_points_begins_a_drawing(three, edits):
    three.tools.set_tool(Tool.BRUSH)
    stroke(three, (-1.0, 0.0), (1.0, 0.0))
    spec = edits[-1][0]
    assert is_drawing(spec)
    assert spec.points is None
    assert three.canvas.cloud is None


def test_undo_brings_points_back_as_points(three, edits):
    first = three._spec
    stroke(three, (3.0, 3.0))
    three.set_target(first)
    assert len(three.canvas.cloud.points) == 3
    stroke(three, (0.0, 2.0), (0.0, 3.0))
    assert points_of(edits[-1][0])[2] == [0.0, 3.0]


def test_the_width_of_no_points_cannot_be_set(editor):
    editor.tools.set_tool(Tool.POINTS)
    assert not editor.tools.points.slider.isEnabled()
    stroke(editor, (0.0, 0.0))
    assert editor.tools.points.slider.isEnabled()


# --- formula --------------------------------------------------------------------------------------


@pytest.fixture
def formula(editor, qtbot):
    """The popup in which a formula is written, opened by its key."""
    QTest.keyClick(editor.canvas, Qt.Key.Key_Equal)
    popup = editor._formula_popup
    qtbot.waitUntil(popup.isVisible)
    yield popup
    popup.close()


def test_a_formula_becomes_the_target(editor, edits, formula):
    formula.field.clear()
    QTest.keyClicks(formula.field, "(x > 0) * exp(-r^2)")
    QTest.keyClick(formula.field, Qt.Key.Key_Return)
    assert not formula.isVisible()
    [(spec, text, _)] = edits
    assert (spec.source, spec.formula, text) == ("formula", "(x > 0) * exp(-r^2)", "Formula")
    assert editor.canvas.density()[128, 130] > 0.9
    assert editor.canvas.density()[128, 120] == 0.0
    click(editor.tools.formula)
    assert formula.field.text() == "(x > 0) * exp(-r^2)"


def test_what_is_wrong_is_said_while_it_is_written(editor, edits, formula):
    formula.field.setText("exp(-r^2)")
    assert formula.take.isEnabled()
    assert not formula.picture.pixmap().isNull()
    formula.field.setText("exp(-r^")
    assert formula.message.text() == (
        "Expected a number, a name or “(” at character 8, got the end"
    )
    assert not formula.take.isEnabled()
    assert formula.picture.pixmap().isNull()
    QTest.keyClick(formula.field, Qt.Key.Key_Return)
    assert formula.isVisible()
    assert edits == []


def test_every_example_is_a_target(formula):
    for button in formula.examples:
        click(button)
        assert formula.take.isEnabled(), button.text()


# --- presets, files -------------------------------------------------------------------------------


def popup_of(editor, qtbot):
    click(editor.tools.presets)
    popup = editor._popup
    qtbot.waitUntil(popup.isVisible)
    return popup


@pytest.mark.parametrize("name", ["moons", "cat"])
def test_clicking_a_preset_proposes_it(editor, edits, qtbot, name):
    popup = popup_of(editor, qtbot)
    item = popup.list.item(list(PRESETS).index(name))
    QTest.mouseClick(popup.list.viewport(), LEFT, NO_KEY, popup.list.visualItemRect(item).center())
    assert not popup.isVisible()
    [(spec, text, _)] = edits
    assert spec == TargetSpec(source="preset", name=name)
    assert text == f"Preset: {PRESETS[name].title}"
    assert editor.canvas.clears_on_first_stroke


def test_presets_can_be_chosen_by_the_keyboard(editor, edits, qtbot):
    popup = popup_of(editor, qtbot)
    assert popup.list.currentRow() == list(PRESETS).index("star")
    QTest.keyClick(popup.list, Qt.Key.Key_Home)
    QTest.keyClick(popup.list, Qt.Key.Key_Right)
    QTest.keyClick(popup.list, Qt.Key.Key_Return)
    assert [spec.name for spec, *_ in edits] == [list(PRESETS)[1]]
    assert not popup.isVisible()


def test_escape_closes_the_presets(editor, edits, qtbot):
    popup = popup_of(editor, qtbot)
    QTest.keyClick(popup.list, Qt.Key.Key_Escape)
    assert not popup.isVisible()
    assert edits == []


def test_every_preset_has_a_picture_of_its_own_and_a_name(editor, qtbot):
    popup = popup_of(editor, qtbot)
    items = [popup.list.item(row) for row in range(popup.list.count())]
    assert [item.text() for item in items] == [preset.title for preset in PRESETS.values()]
    pictures = {bytes(_image(item).constBits()) for item in items}
    assert len(pictures) == len(PRESETS)
    popup.close()


def _image(item):
    return item.icon().pixmap(64, 64).toImage().convertToFormat(QImage.Format.Format_RGB32)


def test_open_asks_for_a_file(editor, qtbot):
    with qtbot.waitSignal(editor.import_requested):
        click(editor.tools.open)


def test_dropped_files_are_passed_on(editor, qtbot):
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile("/tmp/cat.png"), QUrl.fromLocalFile("/tmp/points.csv")])
    at = editor.canvas.geometry().center()
    drag = QDragEnterEvent(at, Qt.DropAction.CopyAction, data, LEFT, NO_KEY)
    QApplication.sendEvent(editor, drag)
    assert drag.isAccepted()
    with qtbot.waitSignal(editor.files_dropped) as dropped:
        drop = QDropEvent(QPointF(at), Qt.DropAction.CopyAction, data, LEFT, NO_KEY)
        QApplication.sendEvent(editor, drop)
    assert [url.fileName() for url in dropped.args[0]] == ["cat.png", "points.csv"]


def test_dragged_text_is_refused(editor):
    data = QMimeData()
    data.setText("moons")
    drag = QDragEnterEvent(QPoint(9, 9), Qt.DropAction.CopyAction, data, LEFT, NO_KEY)
    QApplication.sendEvent(editor, drag)
    assert not drag.isAccepted()


def test_what_a_browser_drags_is_left_to_the_window(editor):
    data = QMimeData()
    data.setUrls([QUrl("https://example.org/cat.png")])
    data.setImageData(QImage(8, 8, QImage.Format.Format_RGB32))
    drag = QDragEnterEvent(QPoint(9, 9), Qt.DropAction.CopyAction, data, LEFT, NO_KEY)
    QApplication.sendEvent(editor, drag)
    assert not drag.isAccepted()


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
    monkeypatch.setattr(
        translator, "_table", {"Brush": "Cọ", "H = {entropy} nats": "{entropy} nat"}
    )
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
