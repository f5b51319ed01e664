"""The ledger reads term by term, and adds up."""

import pytest
import torch
from msgspec.structs import replace
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QHelpEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QStyle, QToolTip

import flowengine as fe
from explorer import resources
from explorer.ledger import titles
from explorer.ledger.copies import as_text
from explorer.ledger.lines import sum_in_words, sum_lines
from explorer.ledger.titles import fitting
from explorer.theme import theme
from explorer.words.languages import translator
from tests.explorer.ledger_probe import continuous, discrete, row, show_lane, shown_view


@pytest.fixture
def view(qtbot):
    return shown_view(qtbot)


def test_every_layer_has_its_line_and_the_last_is_log_p(view, qtbot):
    with qtbot.waitSignal(view.point_changed) as told:
        view.set_ledger(discrete())
    assert told.args == ["x = (0.41, −1.87)"]
    assert view.rows() == [
        ("z = (0.30, 1.20)", "", "−2.603"),
        ("1 ActNorm", "+0.02", "−2.623"),
        ("2 Spline coupling", "−0.31", "−2.313"),
        ("log p(x)", "−0.29", "−2.313"),
        ("target's log p", "", "−2.250"),
        ("round trip", "", "2·10⁻⁷"),
    ]


def test_the_continuous_flow_is_summed_up_below(view):
    view.set_ledger(discrete())
    view.set_ledger(continuous())
    assert view.rows()[-2:] == [("CNF ∫div v dt", "−0.66", "−1.943"), ("round trip", "", "0")]


def test_another_point_takes_the_place_of_both(view):
    view.set_ledger(discrete())
    view.set_ledger(continuous(point=(1.0, 1.0)))
    assert view.rows()[0][0] == "CNF ∫div v dt"


def test_a_clicked_line_asks_for_its_moment(view, qtbot):
    view.set_ledger(discrete())
    table = view._table
    with qtbot.waitSignal(view.tau_picked) as asked:
        centre = table.visualItemRect(table.item(1, 0)).center()
        QTest.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=centre)
    assert asked.args == [0.5]
    with qtbot.assertNotEmitted(view.tau_picked):
        click_sum(table, 5)
    with qtbot.waitSignal(view.tau_picked) as asked:
        click_sum(table, 3)
    assert asked.args == [1.0]


def click_sum(table, row):
    sums = table.sums
    centre = sums.visualRect(sums.model().index(row, 0)).center()
    QTest.mouseClick(sums.viewport(), Qt.MouseButton.LeftButton, pos=centre)


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


def test_the_arrow_keys_go_on_to_the_sums_and_back(view, qtbot):
    view.set_ledger(discrete())
    with qtbot.waitActive(view):
        view.activateWindow()
    view._table.setFocus()
    view._table.setCurrentCell(2, 0)
    QTest.keyClick(view._table, Qt.Key.Key_Down)
    assert view._table.sums.hasFocus()
    assert view._table.currentRow() == 3
    with qtbot.waitSignal(view.tau_picked) as asked:
        QTest.keyClick(view._table.sums, Qt.Key.Key_Return)
    assert asked.args == [1.0]
    QTest.keyClick(view._table.sums, Qt.Key.Key_Up)
    assert view._table.hasFocus()
    assert view._table.currentRow() == 2


def long_stack():
    layers = tuple(row("ActNorm", k / 20, (0.3, 1.2), 0.0, -2.603) for k in range(1, 21))
    return replace(discrete(), rows=(discrete().rows[0], *layers))


@pytest.mark.parametrize("height", [220, 280, 360])
def test_the_sums_stand_still_below_a_long_stack(view, qapp, height):
    view.set_ledger(long_stack())
    view.set_ledger(continuous())
    view.resize(320, height)
    qapp.processEvents()
    table, sums = view._table, view._table.sums
    assert table.verticalScrollBar().maximum() > 0
    assert sums.verticalScrollBar().maximum() == 0
    seen = [sums.visualRect(sums.model().index(k, 4)) for k in range(21, table.rowCount())]
    assert len(seen) == 5
    assert all(sums.viewport().rect().contains(rect) for rect in seen)
    assert view.rect().contains(sums.geometry())
    assert table.viewport().height() >= 2 * table.line_height
    for column in (3, 4):  # and below the columns of the lines
        assert sums.columnViewportPosition(column) == table.columnViewportPosition(column)
        assert sums.columnWidth(column) == table.columnWidth(column)


def test_in_little_room_log_p_alone_stands_still(view, qapp):
    view.set_ledger(long_stack())
    view.set_ledger(continuous())
    view.resize(320, 150)
    qapp.processEvents()
    table, sums = view._table, view._table.sums
    first = table.rowCount() - 2
    assert [view.rows()[k][0] for k in (first, first + 1)] == ["log p(x)", "CNF ∫div v dt"]
    seen = [sums.visualRect(sums.model().index(k, 4)) for k in (first, first + 1)]
    assert all(sums.viewport().rect().contains(rect) for rect in seen)
    view.resize(320, 300)
    qapp.processEvents()
    assert view.rows()[-1][0] == "round trip"


@pytest.mark.parametrize("height", [150, 157, 164, 171, 178, 185, 250, 290, 310, 331, 347])
def test_no_line_is_cut(view, qapp, height):
    view.set_ledger(long_stack())
    view.set_ledger(continuous())
    view.resize(320, height)
    qapp.processEvents()
    table = view._table
    assert table.viewport().height() % table.line_height == 0
    centre = table.visualItemRect(table.item(1, 0)).center()
    QTest.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=centre)
    qapp.processEvents()
    assert view._detail.isVisible()  # which takes room
    assert table.viewport().height() % table.line_height == 0


def test_without_room_a_new_point_is_read_from_its_log_p(view, qtbot):
    view.resize(320, 120)
    view.set_ledger(long_stack())
    view.set_ledger(continuous())
    table = view._table
    total = next(k for k, line in enumerate(view.rows()) if line[0] == "log p(x)")

    def seen():
        return table.viewport().rect().contains(table.visualItemRect(table.item(total, 4)))

    qtbot.waitUntil(seen)
    table.scrollToTop()
    view.set_ledger(long_stack())  # it follows the model, and stays where it is read
    assert not seen()


def test_without_room_every_line_scrolls(view, qapp):
    view.set_ledger(long_stack())
    view.set_ledger(continuous())
    view.resize(320, 120)
    qapp.processEvents()
    assert not view._table.sums.isVisible()
    view._table.scrollToBottom()
    assert view._table.visualItemRect(view._table.item(25, 4)).height() > 0


def test_a_sum_says_how_it_comes_about():
    words = "log p(x) = log p(z) − log|det J| = −2.603 − (−0.290) = −2.313"
    assert sum_in_words(discrete()) == words


@pytest.mark.parametrize("lane", ["discrete", "continuous"])
def test_the_sum_s_change_of_volume_is_that_of_the_way_from_z_to_x_in_both_lanes(qapp, lane):
    """Checked against the generating map's own difference quotients."""
    flow = fe.load(resources.path("examples", "star.flow"), lane=lane)
    page = flow.ledger((0.6, -0.9))
    ledger = replace(
        discrete(page.rows[-1].position), lane=lane, rows=page.rows, log_prob=page.log_prob
    )
    steps = 1e-3 * torch.tensor([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
    with torch.no_grad():
        right, left, up, down = flow.forward(torch.tensor(page.rows[0].position) + steps)[0]
    jacobian = torch.stack([right - left, up - down]) / 2e-3
    expected = float(torch.linalg.slogdet(jacobian.double())[1])
    total = next(line for line in sum_lines(ledger) if line.total)
    assert abs(expected) > 0.3
    assert float(total.log_det.replace("−", "-")) == pytest.approx(expected, abs=0.02)


# --- one lane or both ---------------------------------------------------------------------------


def test_the_continuous_flow_alone_is_read_moment_by_moment(view):
    view.set_ledger(discrete())
    view.set_ledger(continuous())
    show_lane(view, "continuous")
    assert view.rows() == [
        ("z = (0.30, 1.20)", "", "−2.603"),
        ("t = 0.5", "−0.40", "−2.203"),
        ("t = 1", "−0.26", "−1.943"),
        ("CNF ∫div v dt", "−0.66", "−1.943"),
        ("round trip", "", "0"),
    ]
    assert view.as_text() == as_text(continuous())
    show_lane(view, "discrete")
    assert view.rows()[-2:] == [("target's log p", "", "−2.250"), ("round trip", "", "2·10⁻⁷")]
    assert view.as_text() == as_text(discrete())


def test_a_wide_ledger_has_a_column_of_positions(view):
    view.set_ledger(discrete())
    view.resize(460, 360)
    positions = [view._text(row, 1) for row in range(view._table.rowCount())]
    assert positions == ["(0.30, 1.20)", "(0.35, 1.30)", "(0.41, −1.87)", "", "", ""]
    assert view.rows()[0] == ("z", "", "−2.603")
    view.resize(260, 360)
    assert view.rows()[0] == ("z = (0.30, 1.20)", "", "−2.603")


def test_the_chosen_line_says_where_the_point_is_and_its_jacobian(view):
    view.set_ledger(discrete())
    assert not view._detail.isVisible()
    view._table.selectRow(2)
    assert view._detail.isVisible()
    assert view._detail.text() == (
        "2 Spline coupling: here the point lies at (0.41, −1.87); "
        "the Jacobian is [[1.00, −0.500], [0, 0.733]]"
    )
    view._table.selectRow(4)
    assert not view._detail.isVisible()


def test_the_chosen_step_is_pointed_out_and_follows_the_model(view):
    told = []
    view.step_chosen.connect(lambda ledger, row: told.append((ledger.lane, row)))
    view.set_ledger(discrete())
    view.set_ledger(continuous())
    assert told == []
    view._table.selectRow(2)
    assert told[-1] == ("discrete", discrete().rows[2])
    moved = replace(discrete().rows[2], position=(0.5, -1.8))
    view.set_ledger(replace(discrete(), rows=(*discrete().rows[:2], moved)))
    assert told[-1] == ("discrete", moved)
    view._table.selectRow(3)  # log p(x) is the whole way again
    assert told[-1] == ("discrete", None)
    count = len(told)
    view.set_ledger(discrete())
    assert len(told) == count
    view._table.selectRow(1)
    view.clear()
    view.set_ledger(continuous())
    assert told[-1] == ("discrete", discrete().rows[1])


# --- words, themes and room -----------------------------------------------------------------------


def test_theme_and_language_can_change_while_a_point_is_shown(view):
    view.set_ledger(discrete())
    view.set_ledger(continuous())
    dark = view.grab().toImage()
    theme.set_theme("light")
    translator.set_language("vi")
    assert view.grab().toImage() != dark
    assert view.rows()[1][1:] == ("+0.02", "−2.623")


def test_without_a_point_it_says_what_to_do(view):
    view.set_ledger(discrete())
    view.clear()
    assert view.rows() == []
    assert view._hint.isVisible()
    assert "Click a point" in view._hint.text()


def test_a_title_without_room_leaves_out_what_every_coupling_is_called(view):
    metrics = view.fontMetrics()
    room = metrics.horizontalAdvance
    assert fitting("2 Spline coupling", metrics, room("2 Spline coupling")) == "2 Spline coupling"
    assert fitting("2 Spline coupling", metrics, room("2 Spline coup")) == "2 Spline"
    assert fitting("12 Coupling affine", metrics, 20) == "12 affine"
    assert fitting("1 Linear (LU)", metrics, room("1 Linear")) == "1 Linear"
    assert fitting("1 ActNorm", metrics, 5) == "1 ActNorm"


def test_no_coupling_is_cut_in_a_narrow_ledger(view, qapp):
    theme.apply(qapp)
    view.resize(250, 360)
    view.set_ledger(discrete())
    step = view._table.columnWidth(0)
    assert view._table.fontMetrics().horizontalAdvance("2 Spline") + 8 <= step


@pytest.mark.qt_log_ignore("This plugin does not support raise")  # offscreen, of every tip
def test_the_narrowest_ledger_names_its_layers_and_tells_the_rest_on_asking(view, qapp):
    theme.apply(qapp)
    translator.set_language("vi")
    view.resize(200, 360)
    view.set_ledger(discrete())
    table = view._table
    step = table.columnWidth(0)
    assert table.fontMetrics().horizontalAdvance("2 spline") + 8 <= step
    spot = table.visualItemRect(table.item(2, 0)).center()
    where = table.viewport().mapToGlobal(spot)
    QApplication.sendEvent(table.viewport(), QHelpEvent(QEvent.Type.ToolTip, spot, where))
    assert QToolTip.text().startswith("2 Coupling spline: ")
    QToolTip.hideText()
    view.resize(250, 360)
    assert table.columnWidth(0) < step + 50
    assert not table.isColumnHidden(2)


@pytest.mark.parametrize("width", range(246, 264, 3))
def test_what_is_drawn_of_a_coupling_is_never_cut(view, qapp, width, monkeypatch):
    theme.apply(qapp)
    left = []  # of the column's width beside each title that is drawn

    def measured(title, metrics, room):
        text = fitting(title, metrics, room)
        if "Spline" in title:
            left.append(view._table.columnWidth(0) - metrics.horizontalAdvance(text))
        return text

    monkeypatch.setattr(titles, "fitting", measured)
    view.resize(width, 360)
    view.set_ledger(discrete())
    view.show()
    view._table.viewport().repaint()
    # Qt keeps as much free on both sides of a text, and cuts what needs it
    margin = view.style().pixelMetric(QStyle.PixelMetric.PM_FocusFrameHMargin) + 1
    assert left
    assert min(left) >= 2 * margin
