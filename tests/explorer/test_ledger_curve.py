"""The ledger's curve of what a continuous flow has stretched so far."""

import math

import numpy as np
import pytest
from msgspec.structs import replace
from PySide6.QtCore import QRectF, Qt
from PySide6.QtTest import QTest

from tests.explorer.ledger_probe import continuous, discrete, show_lane, shown_view


@pytest.fixture
def view(qtbot):
    return shown_view(qtbot)


def test_the_curve_runs_to_the_whole_change(view):
    view.set_ledger(continuous())
    assert view._curve.isVisible()
    assert np.allclose(view._curve.points, [(0.0, 0.0), (0.5, 0.4), (1.0, 0.66)])
    assert view._curve.accessibleDescription() == "t = 1.00: log p has changed by +0.66 nats"


def test_the_curve_is_asked_by_mouse_and_by_keys(view, qtbot):
    view.set_ledger(continuous())
    curve = view._curve
    with qtbot.waitSignal(view.tau_picked) as asked:
        QTest.mouseClick(curve, Qt.MouseButton.LeftButton, pos=curve.rect().center())
    assert asked.args == [0.5]
    with qtbot.waitSignal(view.tau_picked) as asked:
        QTest.keyClick(curve, Qt.Key.Key_Right)
    assert asked.args == [1.0]
    assert curve.accessibleDescription() == "t = 1.00: log p has changed by +0.66 nats"
    QTest.keyClick(curve, Qt.Key.Key_Left)
    assert curve.accessibleDescription() == "t = 0.500: log p has changed by +0.40 nats"


@pytest.mark.parametrize("width", [150, 230, 300])
@pytest.mark.parametrize(
    "changes",
    [(0.4, 0.3), (-0.4, -0.3), (1.0, -2.0), (-1.0, 2.0), (-1.0, 0.9), (1.0, -0.9), (0.0, 0.0)],
)
def test_the_name_of_the_curve_lies_over_no_line(view, changes, width):
    ledger = continuous()
    rows = tuple(
        replace(step, log_det=-change)
        for step, change in zip(ledger.rows, (0.0, *changes), strict=True)
    )
    view.set_ledger(replace(ledger, rows=rows))
    curve = view._curve
    curve.setFixedWidth(width)
    name, points = curve.name_box(), curve.points
    if name is None:  # rather than over the curve
        assert width < 200
        return
    assert QRectF(curve.rect()).contains(name)
    for t in np.linspace(0, 1, 500):
        change = float(np.interp(t, *np.transpose(points)))
        assert not name.contains(curve.place(float(t), change))
        assert not name.contains(curve.place(float(t), 0.0))


def test_the_curve_is_there_only_for_a_continuous_flow_and_where_there_is_room(view):
    view.set_ledger(discrete())
    assert not view._curve.isVisible()
    view.set_ledger(continuous())
    assert view._curve.isVisible()
    show_lane(view, "discrete")
    assert not view._curve.isVisible()
    show_lane(view, "")
    view.resize(320, 160)
    assert not view._curve.isVisible()


def test_no_line_is_scrolled_out_of_sight_for_the_curve_s_sake(view, qapp):
    view.set_ledger(discrete())
    view.set_ledger(continuous())
    seen = set()
    for height in range(600, 200, -10):
        view.resize(320, height)
        qapp.processEvents()
        whole = view._table.verticalScrollBar().maximum() == 0
        seen.add((whole, view._curve.isVisible()))
        if view._curve.isVisible() and not whole:  # then the curve is not what is in the way
            view._curve.hide()
            qapp.processEvents()
            assert view._table.verticalScrollBar().maximum() > 0, height
    assert {(True, True), (True, False)} <= seen


def test_a_change_that_is_not_finite_ends_the_curve(view):
    rows = continuous().rows
    broken = (rows[0], replace(rows[1], log_det=math.nan), rows[2])
    view.set_ledger(replace(continuous(), rows=broken))
    assert view._curve.points == [(0.0, 0.0)]
    view._curve.grab()
