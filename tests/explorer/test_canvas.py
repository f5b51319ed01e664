"""Drawing on the canvas with the mouse, by real events."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QFocusEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from explorer.target.brush import Tool
from explorer.target.canvas import CHANGE_INTERVAL_MS
from explorer.theme import theme
from tests.explorer.canvas_probe import LEFT, NO_KEY, RIGHT, SHIFT, SQUARE, drag, move, pixel, value

# --- mouse ----------------------------------------------------------------------------------------


def test_a_drag_paints_where_the_mouse_is(canvas, qtbot):
    with qtbot.waitSignals([canvas.stroke_started, canvas.stroke_finished], order="strict"):
        drag(canvas, (-2.0, 1.0), (0.0, 2.0), (1.5, -1.0))
    for point in ((-2.0, 1.0), (-1.0, 1.5), (0.0, 2.0), (0.75, 0.5), (1.5, -1.0)):
        assert value(canvas, *point) == 1.0
    for point in ((-2.0, 2.0), (0.0, 0.0), (1.5, 1.0), (-1.0, 1.0)):
        assert value(canvas, *point) == 0.0


def test_the_finished_stroke_is_handed_over_read_only_with_its_name(canvas, qtbot):
    with qtbot.waitSignal(canvas.stroke_finished) as finished:
        drag(canvas, (-1.0, 0.0), (1.0, 0.0))
    density, text = finished.args
    assert text == "Brush stroke"
    assert density.dtype == np.float32
    assert not density.flags.writeable
    np.testing.assert_array_equal(density, canvas.density())


def test_a_stroke_stops_on_release(canvas):
    drag(canvas, (-2.0, 0.0), (-1.0, 0.0))
    move(canvas, 2.0, 2.0, button=Qt.MouseButton.NoButton)
    assert not canvas.painting
    assert value(canvas, 2.0, 2.0) == 0.0


@pytest.mark.parametrize("lost", ["button", "focus", "hidden"])
def test_a_stroke_stops_when_its_release_goes_elsewhere(canvas, qtbot, lost):
    drag(canvas, (-2.0, 0.0), (-1.0, 0.0), release=False)
    assert canvas.painting
    with qtbot.waitSignal(canvas.stroke_finished):
        if lost == "button":
            move(canvas, 2.0, 2.0, button=Qt.MouseButton.NoButton)
        elif lost == "focus":
            QApplication.sendEvent(
                canvas, QFocusEvent(QEvent.Type.FocusOut, Qt.FocusReason.ActiveWindowFocusReason)
            )
        else:
            canvas.hide()
    assert not canvas.painting
    assert value(canvas, 2.0, 2.0) == 0.0


def test_the_right_button_erases(canvas, qtbot):
    canvas.set_density(np.ones((256, 256)), SQUARE, clears=False)
    with qtbot.waitSignal(canvas.stroke_finished) as finished:
        drag(canvas, (-1.0, -1.0), (1.0, -1.0), button=RIGHT)
    assert finished.args[1] == "Eraser stroke"
    assert value(canvas, 0.0, -1.0) == 0.0
    assert value(canvas, 0.0, 1.0) == 1.0


def test_another_button_does_not_end_the_stroke(canvas):
    drag(canvas, (-2.0, 0.0), (-1.0, 0.0), release=False)
    QTest.mousePress(canvas, RIGHT, NO_KEY, pixel(canvas, -1.0, 0.0))
    QTest.mouseRelease(canvas, RIGHT, NO_KEY, pixel(canvas, -1.0, 0.0))
    assert canvas.painting
    move(canvas, 1.0, 0.0)
    QTest.mouseRelease(canvas, LEFT, NO_KEY, pixel(canvas, 1.0, 0.0))
    assert not canvas.painting
    assert value(canvas, 0.5, 0.0) == 1.0


def test_the_smooth_tool_blurs(canvas, qtbot):
    canvas.set_density(np.indices((256, 256)).sum(0) % 2, SQUARE, clears=False)
    canvas.set_tool(Tool.SMOOTH)
    with qtbot.waitSignal(canvas.stroke_finished) as finished:
        drag(canvas, (-1.0, 0.0), (1.0, 0.0), (-1.0, 0.0))
    assert finished.args[1] == "Smoothing stroke"
    assert 0.3 < value(canvas, 0.0, 0.0) < 0.7
    assert value(canvas, 0.0, 2.0) in (0.0, 1.0)


def test_shift_draws_a_straight_line_from_the_last_point(canvas):
    drag(canvas, (-2.0, -2.0))
    QTest.mouseClick(canvas, LEFT, SHIFT, pixel(canvas, 2.0, 2.0))
    assert value(canvas, 0.0, 0.0) == 1.0
    QTest.mouseClick(canvas, LEFT, SHIFT, pixel(canvas, 2.0, -2.0))
    assert value(canvas, 2.0, 0.0) == 1.0
    QTest.mouseClick(canvas, LEFT, NO_KEY, pixel(canvas, -2.0, 2.0))
    assert value(canvas, 0.0, 2.0) == 0.0


def test_a_stroke_that_changes_nothing_is_no_edit(canvas, qtbot):
    canvas.set_tool(Tool.ERASER)
    with (
        qtbot.assertNotEmitted(canvas.stroke_finished),
        qtbot.waitSignal(canvas.stroke_cancelled),
    ):
        drag(canvas, (-1.0, 0.0), (1.0, 0.0))


def test_a_stroke_beside_the_grid_does_not_clear_the_example(canvas, qtbot):
    canvas.set_density(np.ones((32, 64)), (0.0, 4.0, 0.0, 2.0), clears=True)
    with qtbot.waitSignal(canvas.stroke_cancelled):
        drag(canvas, (1.0, 2.8), (2.0, 2.8))
    assert canvas.density().shape == (32, 64)
    assert canvas.clears_on_first_stroke


def test_no_line_starts_from_a_stroke_that_was_taken_back(canvas):
    drag(canvas, (-2.0, 2.0))
    drag(canvas, (-2.0, -2.0), release=False)
    QTest.keyClick(canvas, Qt.Key.Key_Escape)
    QTest.mouseClick(canvas, LEFT, SHIFT, pixel(canvas, 2.0, 2.0))
    assert value(canvas, 0.0, 2.0) == 1.0
    assert value(canvas, 0.0, 0.0) == 0.0


def test_a_stroke_may_start_and_end_outside(canvas):
    drag(canvas, (-6.0, 0.0), (6.0, 0.0))
    assert value(canvas, -3.9, 0.0) == 1.0
    assert value(canvas, 3.9, 0.0) == 1.0


# --- the first stroke -----------------------------------------------------------------------------


def test_the_first_brush_stroke_clears_an_example(canvas):
    canvas.set_density(np.full((256, 256), 0.2), SQUARE, clears=True)
    assert value(canvas, 2.0, 2.0) == 1.0  # shown at its peak
    assert canvas.clears_on_first_stroke
    drag(canvas, (-1.0, 0.0), (1.0, 0.0))
    assert value(canvas, 0.0, 0.0) == 1.0
    assert value(canvas, 2.0, 2.0) == 0.0
    assert not canvas.clears_on_first_stroke
    drag(canvas, (-1.0, 2.0), (1.0, 2.0))
    assert value(canvas, 0.0, 0.0) == 1.0  # the second stroke keeps the first


def test_erasing_from_an_example_keeps_the_rest_of_it(canvas):
    canvas.set_density(np.ones((256, 256)), SQUARE, clears=True)
    drag(canvas, (-1.0, 0.0), (1.0, 0.0), button=RIGHT)
    assert value(canvas, 0.0, 0.0) == 0.0
    assert value(canvas, 2.0, 2.0) == 1.0


@pytest.mark.parametrize("clears", [True, False])
def test_escape_takes_the_stroke_back(canvas, qtbot, clears):
    canvas.set_density(np.full((256, 256), 0.5), SQUARE, clears=clears)
    before = canvas.density()
    drag(canvas, (-1.0, 0.0), (1.0, 0.0), release=False)
    assert not np.array_equal(canvas.density(), before)
    with (
        qtbot.assertNotEmitted(canvas.stroke_finished),
        qtbot.waitSignal(canvas.stroke_cancelled),
    ):
        QTest.keyClick(canvas, Qt.Key.Key_Escape)
        QTest.mouseRelease(canvas, LEFT, NO_KEY, pixel(canvas, 1.0, 0.0))
    np.testing.assert_array_equal(canvas.density(), before)
    assert canvas.clears_on_first_stroke == clears


def test_a_faint_drawing_keeps_its_scale(canvas):
    canvas.set_density(np.full((256, 256), 0.25), SQUARE, clears=False)
    assert value(canvas, 0.0, 0.0) == 0.25


# --- line, fill, text, points ---------------------------------------------------------------------


def test_a_line_shows_while_it_is_drawn_and_shift_straightens_it(canvas):
    canvas.set_tool(Tool.LINE)
    drag(canvas, (-2.0, 0.0), (2.0, 2.0), release=False)
    assert value(canvas, 0.0, 1.0) == 1.0
    move(canvas, 2.0, 0.3, modifiers=SHIFT)
    assert value(canvas, 1.9, 0.0) == 1.0
    assert value(canvas, 0.0, 1.0) == 0.0
    QTest.mouseRelease(canvas, LEFT, SHIFT, pixel(canvas, 2.0, 0.3))
    assert value(canvas, 1.9, 0.0) == 1.0


def test_escape_takes_every_gesture_back(canvas, qtbot):
    canvas.set_text("M")
    drag(canvas, (-3.0, 3.0))
    before = canvas.density()
    for tool in Tool:
        canvas.set_tool(tool)
        drag(canvas, (-1.0, 0.0), (1.0, 1.0), release=False)
        QTest.keyClick(canvas, Qt.Key.Key_Escape)
        QTest.mouseRelease(canvas, LEFT, NO_KEY, pixel(canvas, 1.0, 1.0))
        np.testing.assert_array_equal(canvas.density(), before, err_msg=tool.value)
        assert canvas.cloud is None


def test_points_are_shown_and_go_with_them(canvas):
    def dots():
        image = canvas.grab().toImage()
        spot = pixel(canvas, 2.0, 2.0)
        return image.pixelColor(spot) == theme.color("panel_text")

    canvas.set_tool(Tool.POINTS)
    drag(canvas, (2.0, 2.0))
    QApplication.sendEvent(canvas, QEvent(QEvent.Type.Leave))
    assert dots()
    canvas.set_tool(Tool.BRUSH)
    drag(canvas, (-2.0, -2.0))
    QApplication.sendEvent(canvas, QEvent(QEvent.Type.Leave))
    assert not dots()


def test_the_keyboard_sets_and_moves_points(canvas):
    canvas.set_tool(Tool.POINTS)
    QTest.keyClick(canvas, Qt.Key.Key_Right)
    QTest.keyClick(canvas, Qt.Key.Key_Space)
    QTest.keyPress(canvas, Qt.Key.Key_Space)  # the same point is taken up
    for _ in range(8):
        QTest.keyClick(canvas, Qt.Key.Key_Up)
    QTest.keyRelease(canvas, Qt.Key.Key_Space)
    np.testing.assert_allclose(canvas.cloud.points, [[0.125, 1.0]], atol=1e-6)


# --- signals on the way ---------------------------------------------------------------------------


def test_changes_are_told_during_the_stroke_but_not_for_every_move(canvas, qtbot):
    sent = []
    canvas.density_changed.connect(sent.append)
    drag(canvas, (-2.0, 0.0), release=False)
    for x in np.linspace(-2, 0, 50):
        move(canvas, x, 0.0)
    assert sent == []  # many moves within one interval
    with qtbot.waitSignal(canvas.density_changed, timeout=20 * CHANGE_INTERVAL_MS):
        pass
    assert len(sent) == 1
    assert not sent[0].flags.writeable
    assert canvas.painting
    with qtbot.assertNotEmitted(canvas.density_changed, wait=2 * CHANGE_INTERVAL_MS):
        QTest.mouseRelease(canvas, LEFT, NO_KEY, pixel(canvas, 0.0, 0.0))


def test_hovering_tells_coordinates_and_density(canvas, qtbot):
    density = np.zeros((256, 256))
    density[128:160, 128:160] = 3.0  # one square unit
    canvas.set_density(density, SQUARE, clears=True)
    with qtbot.waitSignal(canvas.hovered) as hovered:
        QTest.mouseMove(canvas, pixel(canvas, 0.5, 0.5))
    x, y, p = hovered.args
    assert (x, y) == pytest.approx((0.5, 0.5), abs=0.02)
    assert p == pytest.approx(1.0)
    with qtbot.waitSignal(canvas.pointer_left):
        QApplication.sendEvent(canvas, QEvent(QEvent.Type.Leave))
