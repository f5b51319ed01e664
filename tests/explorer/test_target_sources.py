"""The target editor: points, formulas, presets and files, and the targets that they propose."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from explorer.target.brush import Tool
from flowengine.project import Project, TargetSpec
from flowengine.targets.presets import PRESETS
from flowengine.targets.sources import spec_from_points
from tests.explorer.target_probe import (
    LEFT,
    NO_KEY,
    click,
    is_drawing,
    move,
    press,
    release,
    stroke,
)

# Said by Qt's offscreen platform of every popup.
pytestmark = pytest.mark.qt_log_ignore("This plugin does not support (grabbing|raise)")


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
