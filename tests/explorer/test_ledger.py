"""The ledger reads term by term, and adds up."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest

from explorer.ledger.ledger_view import LedgerView
from flowengine.protocol import Ledger, LedgerRow


def row(title, tau, position, log_det, log_prob, layer="l"):
    return LedgerRow(
        layer=layer, title=title, tau=tau, position=position, log_det=log_det,
        log_prob=log_prob, jacobian=(1.0, 0.0, 0.0, 1.0),
    )  # fmt: skip


def discrete(point=(0.41, -1.87)):
    rows = (
        row("Base", 0.0, (0.3, 1.2), 0.0, -2.603, "base"),
        row("ActNorm", 0.5, (0.35, 1.3), 0.02, -2.623),
        row("Spline coupling", 1.0, point, -0.31, -2.313),
    )
    return Ledger(
        lane="discrete", generation=1, request=1, point=point, rows=rows, log_prob=-2.313,
        target_log_prob=-2.25, round_trip_error=2e-7,
    )  # fmt: skip


def continuous(point=(0.41, -1.87)):
    rows = (
        row("t = 0", 0.0, (0.3, 1.2), 0.0, -2.603, "t"),
        row("t = 0.5", 0.5, (0.3, 1.2), -0.4, -2.203, "t"),
        row("t = 1", 1.0, point, -0.26, -1.943, "t"),
    )
    return Ledger(
        lane="continuous", generation=1, request=1, point=point, rows=rows, log_prob=-1.943,
        target_log_prob=None, round_trip_error=0.0,
    )  # fmt: skip


@pytest.fixture
def view(qtbot):
    view = LedgerView()
    qtbot.addWidget(view)
    view.resize(320, 360)
    view.show()
    return view


def test_every_layer_has_its_line_and_the_last_is_log_p(view, qtbot):
    with qtbot.waitSignal(view.point_changed) as told:
        view.set_ledger(discrete())
    assert told.args == ["x = (0.41, −1.87)"]
    assert view.rows() == [
        ("z = (0.30, 1.20)", "", "−2.603"),
        ("1 ActNorm", "+0.02", "−2.623"),
        ("2 Spline coupling", "−0.31", "−2.313"),
        ("log p(x)", "", "−2.313"),
        ("target's log p", "", "−2.250"),
        ("round trip", "", "2·10⁻⁷"),
    ]


def test_the_continuous_flow_is_summed_up_below(view):
    view.set_ledger(discrete())
    view.set_ledger(continuous())
    assert view.rows()[-2:] == [("CNF −∫div v dt", "+0.66", "−1.943"), ("round trip", "", "0")]


def test_another_point_takes_the_place_of_both(view):
    view.set_ledger(discrete())
    view.set_ledger(continuous(point=(1.0, 1.0)))
    assert view.rows()[0][0] == "CNF −∫div v dt"


def test_a_clicked_line_asks_for_its_moment(view, qtbot):
    view.set_ledger(discrete())
    table = view._table
    with qtbot.waitSignal(view.tau_picked) as asked:
        centre = table.visualItemRect(table.item(1, 0)).center()
        QTest.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=centre)
    assert asked.args == [0.5]
    with qtbot.assertNotEmitted(view.tau_picked):
        last = table.visualItemRect(table.item(5, 0)).center()
        QTest.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=last)


def test_a_line_stays_chosen_while_the_model_trains(view):
    view.set_ledger(discrete())
    view._table.selectRow(1)
    view.set_ledger(discrete())
    assert view._table.currentRow() == 1
    assert view._table.selectedItems()


def test_the_arrow_keys_and_enter_reach_every_line(view, qtbot):
    view.set_ledger(discrete())
    view._table.setFocus()
    view._table.setCurrentCell(0, 0)
    QTest.keyClick(view._table, Qt.Key.Key_Down)
    with qtbot.waitSignal(view.tau_picked) as asked:
        QTest.keyClick(view._table, Qt.Key.Key_Return)
    assert asked.args == [0.5]


def test_it_is_copied_as_text(view):
    view.set_ledger(discrete())
    view.set_ledger(continuous())
    QTest.mouseClick(view._copy, Qt.MouseButton.LeftButton)
    text = QGuiApplication.clipboard().text()
    assert text == view.as_text()
    assert "1 ActNorm" in text
    assert "−2.313" in text
    assert text.index("Discrete ledger") < text.index("Continuous ledger")
    assert len({len(line) for line in text.split("\n\n")[0].splitlines()[1:]}) == 1


def test_without_a_point_it_says_what_to_do(view):
    view.set_ledger(discrete())
    view.clear()
    assert view.rows() == []
    assert view._hint.isVisible()
    assert "Click a point" in view._hint.text()
