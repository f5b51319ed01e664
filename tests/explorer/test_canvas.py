"""Drawing on the canvas with mouse, pen and keyboard, by real events."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QObject, QPoint, QPointF, QRect, Qt
from PySide6.QtGui import (
    QFocusEvent,
    QInputDevice,
    QMouseEvent,
    QPaintEvent,
    QPointingDevice,
    QRegion,
    QTabletEvent,
)
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QVBoxLayout, QWidget

from explorer.i18n import translator
from explorer.target.brush import Brush, Tool
from explorer.target.canvas import CHANGE_INTERVAL_MS, TargetCanvas
from explorer.theme import theme

SQUARE = (-4.0, 4.0, -4.0, 4.0)
LEFT, RIGHT = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton
SHIFT = Qt.KeyboardModifier.ShiftModifier
NO_KEY = Qt.KeyboardModifier.NoModifier


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


def pixel(canvas, x, y):
    return canvas.view().to_widget(x, y).toPoint()


def drag(canvas, *points, button=LEFT, release=True):
    QTest.mousePress(canvas, button, NO_KEY, pixel(canvas, *points[0]))
    for point in points[1:]:
        move(canvas, *point, button=button)
    if release:
        QTest.mouseRelease(canvas, button, NO_KEY, pixel(canvas, *points[-1]))


def move(canvas, x, y, button=LEFT, modifiers=NO_KEY):
    """What the window system sends while `button` is held."""
    at = QPointF(pixel(canvas, x, y))
    QApplication.sendEvent(
        canvas,
        QMouseEvent(
            QEvent.Type.MouseMove,
            at,
            QPointF(canvas.mapToGlobal(at.toPoint())),
            Qt.MouseButton.NoButton,
            button,
            modifiers,
        ),
    )


def value(canvas, x, y):
    density = canvas.density()
    x_min, x_max, y_min, y_max = canvas.extent
    row = int((y - y_min) / (y_max - y_min) * density.shape[0])
    column = int((x - x_min) / (x_max - x_min) * density.shape[1])
    return float(density[row, column])


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


# --- pen ------------------------------------------------------------------------------------------


def pen(kind=QPointingDevice.PointerType.Pen):
    capabilities = QInputDevice.Capability.Position | QInputDevice.Capability.Pressure
    return QPointingDevice("pen", 7, QInputDevice.DeviceType.Stylus, kind, capabilities, 1, 2)


def send_pen(canvas, device, kind, x, y, pressure):
    at = QPointF(pixel(canvas, x, y))
    button = Qt.MouseButton.NoButton if kind == QEvent.Type.TabletMove else LEFT
    held = LEFT if pressure else Qt.MouseButton.NoButton
    event = QTabletEvent(
        kind, device, at, QPointF(canvas.mapToGlobal(at.toPoint())), pressure, 0, 0, 0, 0, 0,
        NO_KEY, button, held,
    )  # fmt: skip
    QApplication.sendEvent(canvas, event)


def pen_stroke(canvas, device, points):
    kinds = [QEvent.Type.TabletPress, *[QEvent.Type.TabletMove] * (len(points) - 1)]
    for kind, point in zip(kinds, points, strict=True):
        send_pen(canvas, device, kind, *point)
    send_pen(canvas, device, QEvent.Type.TabletRelease, *points[-1][:2], 0.0)


def test_pen_pressure_is_strength(canvas, qtbot):
    with qtbot.waitSignal(canvas.stroke_finished):
        pen_stroke(canvas, pen(), [(-2.0, 0.0, 0.25), (-1.0, 0.0, 0.25), (2.0, 0.0, 1.0)])
    assert value(canvas, -2.1, 0.0) == pytest.approx(0.25, abs=0.02)
    assert value(canvas, 2.0, 0.0) == pytest.approx(1.0, abs=0.02)
    assert 0.4 < value(canvas, 0.5, 0.0) < 0.8


def test_a_hovering_pen_does_not_paint(canvas):
    send_pen(canvas, pen(), QEvent.Type.TabletMove, 0.0, 0.0, 0.0)
    send_pen(canvas, pen(), QEvent.Type.TabletMove, 1.0, 0.0, 0.0)
    assert not canvas.density().any()


def test_the_other_end_of_the_pen_erases(canvas):
    canvas.set_density(np.ones((256, 256)), SQUARE, clears=False)
    eraser = pen(QPointingDevice.PointerType.Eraser)
    pen_stroke(canvas, eraser, [(-1.0, 0.0, 1.0), (1.0, 0.0, 1.0)])
    assert value(canvas, 0.0, 0.0) == 0.0
    assert canvas.tool is Tool.BRUSH


def test_the_pen_sets_points_and_its_other_end_removes_them(canvas, qtbot):
    canvas.set_tool(Tool.POINTS)
    with qtbot.waitSignal(canvas.stroke_finished) as finished:
        pen_stroke(canvas, pen(), [(1.0, 1.0, 0.2), (2.0, 1.0, 0.2)])
    assert finished.args[1] == "Add a point"
    np.testing.assert_allclose(canvas.cloud.points, [[2.0, 1.0]], atol=0.02)
    eraser = pen(QPointingDevice.PointerType.Eraser)
    with qtbot.waitSignal(canvas.stroke_finished) as finished:
        pen_stroke(canvas, eraser, [(2.0, 1.0, 0.2)])
    assert finished.args[1] == "Remove points"
    assert len(canvas.cloud.points) == 0


@pytest.mark.parametrize("tool", [Tool.LINE, Tool.FILL, Tool.TEXT])
def test_every_tool_draws_with_the_pen_and_takes_its_pressure(canvas, tool):
    canvas.set_text("M")
    canvas.set_brush(Brush(60, softness=0.0))
    canvas.set_tool(tool)
    pen_stroke(canvas, pen(), [(0.0, 0.0, 0.5)])
    assert canvas.density().max() == pytest.approx(0.5, abs=0.01)


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


# --- keyboard -------------------------------------------------------------------------------------


def test_arrows_move_and_space_paints(canvas, qtbot):
    for _ in range(8):
        QTest.keyClick(canvas, Qt.Key.Key_Right)  # an eighth of a unit each
    with qtbot.waitSignal(canvas.stroke_finished):
        QTest.keyPress(canvas, Qt.Key.Key_Space)
        for _ in range(16):
            QTest.keyClick(canvas, Qt.Key.Key_Up)
        QTest.keyRelease(canvas, Qt.Key.Key_Space)
    assert value(canvas, 1.0, 0.0) == 1.0
    assert value(canvas, 1.0, 1.0) == 1.0
    assert value(canvas, 1.0, 2.0) == 1.0
    assert value(canvas, 0.0, 0.0) == 0.0
    QTest.keyClick(canvas, Qt.Key.Key_Left)
    assert not canvas.painting


def test_the_keyboard_brush_stays_on_the_canvas(canvas):
    for _ in range(70):
        QTest.keyClick(canvas, Qt.Key.Key_Down)
    QTest.keyClick(canvas, Qt.Key.Key_Space)
    assert value(canvas, 0.0, -3.99) == 1.0


def test_ctrl_moves_in_finer_steps(canvas, qtbot):
    with qtbot.waitSignal(canvas.hovered) as hovered:
        QTest.keyClick(canvas, Qt.Key.Key_Right, Qt.KeyboardModifier.ControlModifier)
    assert hovered.args[0] == pytest.approx(8 / 256)


def test_shift_space_draws_a_line(canvas):
    drag(canvas, (-2.0, 0.0))
    for _ in range(32):
        QTest.keyClick(canvas, Qt.Key.Key_Right)
    QTest.keyClick(canvas, Qt.Key.Key_Space, SHIFT)
    assert value(canvas, 0.0, 0.0) == 1.0


def test_coming_by_tab_puts_the_brush_on_the_canvas(canvas, qtbot):
    with qtbot.waitSignal(canvas.hovered) as hovered:
        QApplication.sendEvent(
            canvas, QFocusEvent(QEvent.Type.FocusIn, Qt.FocusReason.TabFocusReason)
        )
    assert hovered.args[:2] == [0.0, 0.0]
    QTest.keyClick(canvas, Qt.Key.Key_Space)
    assert value(canvas, 0.0, 0.0) == 1.0


@pytest.mark.parametrize("by_keyboard", [True, False])
def test_space_paints_for_the_keyboard_and_stays_the_windows_own_for_the_mouse(qtbot, by_keyboard):
    window = QWidget()
    canvas = TargetCanvas()
    QVBoxLayout(window).addWidget(canvas)
    fired = []
    action = window.addAction("Play")
    action.setShortcut(Qt.Key.Key_Space)
    action.triggered.connect(lambda: fired.append("play"))
    qtbot.addWidget(window)
    window.show()
    window.activateWindow()
    qtbot.waitActive(window)
    canvas.setFocus()
    QTest.keyClick(canvas, Qt.Key.Key_Left)
    if not by_keyboard:
        QTest.mouseMove(canvas, QPoint(20, 20))
    QTest.keyClick(canvas, Qt.Key.Key_Space)
    assert canvas.density().any() == by_keyboard
    assert fired == ([] if by_keyboard else ["play"])


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


# --- what is painted ------------------------------------------------------------------------------


class PaintLog(QObject):
    """Collects the regions that a widget paints."""

    def __init__(self, widget):
        super().__init__(widget)
        self.regions = []
        widget.installEventFilter(self)

    def eventFilter(self, watched, event):  # noqa: N802 Qt's own name
        if isinstance(event, QPaintEvent):
            self.regions.append(QRegion(event.region()))
        return super().eventFilter(watched, event)


@pytest.fixture
def painted(canvas, qtbot):
    """What the canvas paints from now on because of `act`, as one region."""

    def painted_by(act):
        canvas.repaint()
        log = PaintLog(canvas)
        act()
        qtbot.waitUntil(lambda: log.regions != [])
        canvas.removeEventFilter(log)
        whole = QRegion()
        for region in log.regions:
            whole = whole.united(region)
        return whole

    return painted_by


def brightness(canvas, x, y):
    return canvas.grab().toImage().pixelColor(pixel(canvas, x, y)).lightness()


@pytest.mark.parametrize("size", [10, 60])
def test_a_stroke_shows_and_repaints_only_its_surroundings(canvas, painted, size):
    canvas.set_brush(Brush(size))
    drag(canvas, (-2.0, 1.0), release=False)
    region = painted(lambda: move(canvas, -1.7, 1.0))
    assert region.contains(pixel(canvas, -1.85, 1.0))
    around = region.boundingRect()
    assert around.width() <= size + 10 + 16  # the brush, its way, the rim of its footprint
    assert around.height() <= size + 16
    assert brightness(canvas, -1.85, 1.0) > 150
    QTest.mouseRelease(canvas, LEFT, NO_KEY, pixel(canvas, -1.7, 1.0))


def test_mirrored_strokes_do_not_repaint_what_lies_between(canvas, painted):
    canvas.set_brush(Brush(10, symmetry=2))
    drag(canvas, (-3.0, 1.0), release=False)
    region = painted(lambda: move(canvas, -2.9, 1.0))
    assert region.contains(pixel(canvas, 2.9, 1.0))
    assert not region.contains(pixel(canvas, 0.0, 1.0))
    QTest.mouseRelease(canvas, LEFT, NO_KEY, pixel(canvas, -2.9, 1.0))


def test_what_is_painted_bit_by_bit_is_what_a_full_repaint_shows(canvas, qtbot):
    drag(canvas, (-2.0, -1.0), (0.3, 1.7), (2.0, -1.5))
    QApplication.sendEvent(canvas, QEvent(QEvent.Type.Leave))
    in_steps = canvas.grab().toImage()
    fresh = TargetCanvas()
    qtbot.addWidget(fresh)
    fresh.resize(canvas.size())
    fresh.set_density(canvas.density(), SQUARE, clears=False)
    at_once = fresh.grab().toImage()
    inside = QRect(2, 2, 254, 254)
    assert in_steps.copy(inside) == at_once.copy(inside)


def test_the_canvas_is_square_in_data_units(canvas):
    canvas.set_density(np.ones((32, 64)), (0.0, 4.0, 0.0, 2.0), clears=True)
    assert value(canvas, 2.0, 1.0) == 1.0
    corner, opposite = pixel(canvas, 0.0, 0.0), pixel(canvas, 4.0, 2.0)
    assert opposite.x() - corner.x() == pytest.approx(2 * (corner.y() - opposite.y()), abs=1)
    assert brightness(canvas, 2.0, 1.0) > 150
    assert brightness(canvas, 2.0, 2.5) < 40


def test_an_empty_canvas_invites_and_a_stroke_takes_the_words_away(canvas):
    def words():
        image = canvas.grab(QRect(60, 110, 138, 38)).toImage()
        return len({image.pixel(x, y) for x in range(138) for y in range(38)}) > 4

    assert words()
    drag(canvas, (-3.0, 3.0), (-2.8, 3.0))
    QApplication.sendEvent(canvas, QEvent(QEvent.Type.Leave))
    assert not words()


def test_the_footprint_is_as_large_as_what_it_paints(canvas):
    canvas.set_brush(Brush(100, softness=0.0))
    QTest.mouseMove(canvas, pixel(canvas, 0.0, 0.0))
    row = canvas.grab().toImage()  # above the words in the middle, on the rim's widest part
    bright = [x for x in range(2, 256) if row.pixelColor(x, 129 - 12).lightness() > 120]
    half = (50**2 - 12**2) ** 0.5
    assert bright[0] == pytest.approx(129 - half, abs=2)
    assert bright[-1] == pytest.approx(129 + half, abs=2)


def test_the_grounds_stay_dark_in_both_themes(canvas):
    drag(canvas, (-1.0, 0.0), (1.0, 0.0))
    for name in ("light", "dark"):
        theme.set_theme(name)
        assert brightness(canvas, 2.0, 2.0) < 40
        assert brightness(canvas, 0.0, 0.0) > 150


def test_it_says_what_it_is_in_the_language_of_the_window(canvas):
    assert canvas.accessibleName() == "Target canvas"
    assert "Space" in canvas.accessibleDescription()
    translator.set_language("vi")
    assert canvas.accessibleName()


_ON_A_DENSE_SCREEN = """
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from explorer.target.brush import Brush
from explorer.target.canvas import TargetCanvas

app = QApplication([])
canvas = TargetCanvas()
canvas.resize(258, 258)
canvas.set_brush(Brush(3, softness=0.0))
canvas.show()
QTest.mouseClick(canvas, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, QPoint(65, 65))
assert canvas.density()[192, 64] > 0.5, canvas.density().nonzero()
picture = canvas.grab().toImage()
assert picture.devicePixelRatio() == 2.0 and picture.width() == 516
assert picture.pixelColor(131, 131).lightness() > 120
rim = [x for x in range(516) if picture.pixelColor(x, 131 - 1).lightness() > 120]
assert len(rim) < 24, rim
"""


def test_on_a_dense_screen_the_mouse_and_the_picture_agree():
    root = Path(__file__).resolve().parents[2]
    environment = os.environ | {"QT_SCALE_FACTOR": "2", "PYTHONPATH": str(root)}
    done = subprocess.run(
        [sys.executable, "-c", _ON_A_DENSE_SCREEN],
        env=environment, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_the_frame_tells_where_the_keyboard_is(canvas):
    def frame():
        return canvas.grab().toImage().pixelColor(QPoint(0, 100))

    canvas.setFocus()
    assert frame() == theme.color("accent")
    canvas.clearFocus()
    assert frame() == theme.color("border")
