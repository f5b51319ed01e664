"""Drawing on the canvas with a pen and with the keyboard, by real events."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import (
    QFocusEvent,
    QInputDevice,
    QPointingDevice,
    QTabletEvent,
)
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QVBoxLayout, QWidget

from explorer.target.brush import Brush, Tool
from explorer.target.canvas import TargetCanvas
from tests.explorer.canvas_probe import LEFT, NO_KEY, SHIFT, SQUARE, drag, pixel, value

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
