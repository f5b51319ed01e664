"""Curves and figures show what the engines measured."""

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtGui import QFontMetrics
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QTableWidget

from explorer.lanes import LANE_ORDER
from explorer.metrics.figures import FiguresView
from explorer.metrics.history import MAX_POINTS, History
from explorer.theme import theme
from explorer.words.languages import translator
from flowengine.project import LaneState
from tests.explorer.measurements import measured, run, saved, shown_view


@pytest.fixture
def view(qtbot):
    return shown_view(qtbot)


def test_a_curve_grows_with_every_measurement(view, qtbot):
    for step, kl in ((100, 0.4), (200, 0.1)):
        view.add(measured(step, kl))

    def drawn():
        x, y, *_ = view.curves.curve("discrete")
        np.testing.assert_allclose(x, [1.0, 2.0])
        np.testing.assert_allclose(y, [0.4, 0.1])

    qtbot.waitUntil(lambda: drawn() is None, timeout=2000)
    assert not len(view.curves.curve("continuous")[0])


def test_an_earlier_step_starts_the_curve_again(view):
    view.add(measured(100, 0.4))
    view.add(measured(50, 0.5))
    view.curves.draw()
    assert list(view.curves.curve("discrete")[0]) == [0.5]


def test_a_measurement_without_kl_draws_nothing_and_shows_a_dash(view):
    view.add(measured(100, None))
    view.curves.draw()
    assert not len(view.curves.curve("discrete")[0])
    assert view.figures.text("discrete", "kl") == "–"
    assert view.figures.text("discrete", "step") == "100"


def test_w2_has_a_curve_of_its_own_for_what_was_measured(view):
    view.set_lanes(("discrete", "gan"))
    for step, w2 in ((100, 0.5), (200, None), (300, 0.2)):
        view.add(measured(step, 0.3, w2=w2))
        view.add(measured(step, None, lane="gan", w2=w2))
    view.curves.show_quantity("w2")
    for lane in ("discrete", "gan"):
        x, y, *_ = view.curves.curve(lane)
        np.testing.assert_allclose(x, [1.0, 3.0])
        np.testing.assert_allclose(y, [0.5, 0.2])
        assert view.figures.text(lane, "w2") == "0.200"
    assert "0.500" in view.curves.values_at(1.4)
    view.curves.show_quantity("kl")
    assert view.latest("gan", "kl") is None
    assert view.latest("discrete", "w2") == 0.2


def test_a_vaes_figures_are_bounds(view):
    view.add(measured(100, 0.3, lane="vae", bound="iwae"))
    assert view.figures.text("vae", "kl") == "≤ 0.300"
    assert view.figures.text("vae", "nll") == "≤ 2.300"
    assert "upper bound" in view.figures.tip("vae", "nll")


def test_curves_from_before_w2_still_open(view):
    columns = {"step": [5.0], "seconds": [1.0], "nll": [2.5], "kl": [0.5]}
    view.load({"discrete": saved(**columns)})
    assert view.latest("discrete", "kl") == 0.5
    assert view.latest("discrete", "w2") is None
    assert view.figures.text("discrete", "w2") == "–"


def test_buttons_choose_quantity_and_scale(view):
    buttons = {b.text(): b for b in view.curves.findChildren(type(view.curves._kl_button))}
    QTest.mouseClick(buttons["NLL"], Qt.MouseButton.LeftButton)
    assert view.curves.quantity == "nll"
    assert not buttons["KL"].isChecked()
    QTest.mouseClick(buttons["KL"], Qt.MouseButton.LeftButton)
    QTest.mouseClick(buttons["log"], Qt.MouseButton.LeftButton)
    assert view.curves.quantity == "kl"
    assert not view.curves.logarithmic


def test_hovering_gives_the_nearest_values_of_both_lanes(view):
    for lane, kl in (("discrete", 0.021), ("continuous", 0.048)):
        view.add(measured(100, kl, lane=lane))
        view.add(measured(300, kl / 2, lane=lane))
    view.curves.draw()
    told = view.curves.values_at(1.4)
    assert "━&nbsp;0.0210" in told
    assert "╍&nbsp;0.0480" in told
    assert "1.40 s" in view.curves.told_at(1.4)


def test_the_mouse_over_the_plot_shows_values(view, qtbot):
    view.add(measured(100, 0.021))
    view.add(measured(300, 0.011))
    view.curves.draw()
    chart, words = view.curves.chart, view.curves._values
    hint = words.text()
    QTest.mouseMove(chart, QPoint(chart.width() - 10, chart.height() // 2))
    qtbot.waitUntil(lambda: "0.0110" in words.text())
    QTest.mouseMove(view.figures, QPoint(5, 5))
    QApplication.sendEvent(chart, QEvent(QEvent.Type.Leave))
    assert words.text() == hint


def test_time_to_a_good_kl_counts_from_the_present_target(view):
    view.add(measured(100, 0.2))
    view.add(measured(200, 0.04))
    view.add(measured(300, 0.02))
    assert view.figures.text("discrete", "reached") == "2.00 s"
    view.figures.restart_race("discrete")
    view.add(measured(400, 1.5))
    assert view.figures.text("discrete", "reached") == "–"
    view.add(measured(500, 0.05))
    assert view.figures.text("discrete", "reached") == "2.00 s"


def test_a_run_from_the_first_step_is_a_new_race(view):
    view.add(measured(200, 0.04))
    view.add(measured(10, 1.5))
    assert view.figures.text("discrete", "reached") == "–"
    view.add(measured(100, 0.03))
    assert view.figures.text("discrete", "reached") == "1.00 s"


def test_figures_are_those_of_the_last_measurement(view):
    view.add(measured(3120, 0.0213, entropy=2.31, steps_per_second=412.4))
    shown = {row: view.figures.text("discrete", row) for row in ("kl", "nll", "rate", "step")}
    assert shown == {"kl": "0.0213", "nll": "2.331", "rate": "412", "step": "3,120"}
    assert view.figures.text("continuous", "kl") == "–"


def test_saved_curves_are_shown_at_once(view):
    columns = {"step": [10, 20], "seconds": [1.0, 2.0], "nll": [2.3, 2.04], "kl": [0.3, 0.04]}
    view.load({"discrete": saved(**columns), "continuous": LaneState()})
    assert list(view.curves.curve("discrete")[1]) == pytest.approx([0.3, 0.04])
    assert view.figures.text("discrete", "kl") == "0.0400"
    assert view.figures.text("discrete", "entropy") == "2.000"
    assert view.figures.text("discrete", "reached") == "2.00 s"
    view.add(measured(300, 0.03, seconds=3.0, generation=7))
    assert view.figures.text("discrete", "reached") == "2.00 s"
    view.curves.draw()
    assert len(view.curves.curve("discrete")[0]) == 3


def test_a_long_history_stays_short_and_keeps_its_ends():
    history = History()
    for step in range(1, 10 * MAX_POINTS):
        history.add(measured(step, 1 / step))
    steps = history.column("step")
    assert len(steps) <= MAX_POINTS
    assert steps[0] == 1
    assert steps[-1] == 10 * MAX_POINTS - 1
    assert (np.diff(steps) > 0).all()


def test_a_history_of_many_targets_stays_short_and_keeps_the_latest():
    history = History()
    for stroke in range(5 * MAX_POINTS):
        history.mark_change()
        history.add(measured(stroke + 1, 1 / (stroke + 1)))
    seconds, kl = history.curve("kl")
    assert len(seconds) <= MAX_POINTS
    assert not (np.isnan(kl[1:]) & np.isnan(kl[:-1])).any()
    assert history.latest("kl") == kl[-1] == pytest.approx(1 / (5 * MAX_POINTS))
    assert np.isnan(kl[-2])
    assert history.curve("kl", present=True)[1] == pytest.approx([kl[-1]])


def test_it_speaks_vietnamese(view):
    translator.set_language("vi")
    assert view.figures._table.item(7, 0).text() == "bước"


@pytest.mark.parametrize("language", ["en", "vi"])
def test_no_label_of_the_figures_is_cut_in_the_smallest_window(view, qapp, language):
    theme.apply(qapp)
    translator.set_language(language)
    view.resize(252, 460)
    for lane in ("discrete", "continuous"):
        view.add(measured(12_000, 0.00267, lane))
    table = view.figures._table
    qapp.processEvents()
    for row in range(table.rowCount()):
        label = table.item(row, 0).text()
        room = table.columnWidth(0) - 2 * 4
        assert table.fontMetrics().horizontalAdvance(label) <= room, label


def test_no_row_of_the_figures_is_cut_at_the_least_height(view, qapp):
    theme.apply(qapp)
    qapp.processEvents()
    view.resize(275, view.minimumSizeHint().height())
    qapp.processEvents()
    table = view.figures._table
    rows = [table.visualItemRect(table.item(row, 0)) for row in range(table.rowCount())]
    assert table.viewport().rect().contains(rows[-1])
    shown = rows[-1].translated(table.viewport().mapTo(view, QPoint()))
    assert view.rect().contains(shown)
    assert view.rect().contains(view._tabs.geometry())


def test_what_a_saved_run_came_to_is_that_of_its_last_model(view):
    columns = {
        "step": [100, 200, 200, 300],
        "seconds": [1.0, 2.0, 2.0, 4.0],
        "nll": [2.3, 2.1, np.inf, 2.04],
        "kl": [0.3, 0.01, np.nan, 0.04],
        "w2": [0.2, 0.1, np.nan, 0.1],
    }
    history = History()
    history.load(saved(**columns).history)
    assert history.least("kl") == 0.04
    assert history.seconds_to(0.05) == 2.0
    assert history.nearest("kl", 2.0) == 0.01
    view.load({"discrete": saved(**columns)})
    assert view.figures.text("discrete", "reached") == "2.00 s"


def test_at_rest_there_is_no_rate(view):
    view.add(measured(3000, 0.01, steps_per_second=0.0))
    assert view.figures.text("discrete", "rate") == "–"


@pytest.mark.parametrize("width", [252, 282])
@pytest.mark.parametrize("language", ["en", "vi"])
def test_four_columns_of_figures_fit_beside_each_other_in_every_theme(qtbot, qapp, language, width):
    theme.apply(qapp)
    translator.set_language(language)
    figures = FiguresView()
    qtbot.addWidget(figures)
    figures.set_lanes(LANE_ORDER)
    figures.resize(width, 300)
    figures.show()
    for lane in LANE_ORDER:
        figures.add(measured(12_000, 0.00267 if lane != "gan" else None, lane, w2=0.0273))
    qtbot.waitExposed(figures)
    table = figures.findChild(QTableWidget)
    for name in ("light", "dark"):
        theme.set_theme(name)
        qtbot.waitUntil(lambda: table.horizontalScrollBar().maximum() == 0)
        header = table.horizontalHeader()
        for column in range(table.columnCount()):
            item = table.horizontalHeaderItem(column)
            assert item.font().pointSizeF() < figures.font().pointSizeF()
            words = QFontMetrics(item.font()).horizontalAdvance(item.text())
            assert words <= header.sectionSize(column)
        assert table.font().pointSizeF() < figures.font().pointSizeF()


def test_letters_grow_again_with_the_room_for_them(qtbot, qapp):
    theme.apply(qapp)
    figures = FiguresView()
    qtbot.addWidget(figures)
    figures.set_lanes(LANE_ORDER)
    for lane in LANE_ORDER:
        figures.add(measured(12_000, 0.00267, lane, w2=0.0273))
    figures.resize(240, 300)
    figures.show()
    qtbot.waitExposed(figures)
    table = figures.findChild(QTableWidget)
    narrow = table.font().pointSizeF()
    figures.resize(400, 300)
    qtbot.waitUntil(lambda: table.font().pointSizeF() > narrow)


def test_the_keyboard_ticks_restores_and_removes_runs(view, qtbot):
    columns = {"step": [100, 300], "seconds": [1.0, 3.0], "nll": [2.3, 2.1], "kl": [0.3, 0.1]}
    for number in (1, 2):
        view.keep(run(number, **columns))
    shelf = view.shelf
    view._tabs.setCurrentWidget(shelf)
    with qtbot.waitActive(view):
        view.activateWindow()
    shelf.list.setFocus()
    QTest.keyClick(shelf.list, Qt.Key.Key_Down)
    QTest.keyClick(shelf.list, Qt.Key.Key_Space)
    assert [kept.number for kept in shelf.ticked()] == [1]
    with qtbot.waitSignal(shelf.restore_requested) as restored:
        QTest.keyClick(shelf.list, Qt.Key.Key_Return)
    assert restored.args[0].number == 1
    QTest.keyClick(shelf.list, Qt.Key.Key_Delete)
    assert [kept.number for kept in shelf.runs()] == [2]
    assert not shelf.ticked()


def test_what_is_no_density_is_marked_and_says_why(view):
    steps = {"lane": "continuous", "steps": 8}
    view.add(measured(100, 0.6, **steps, mass=1.48, mass_error=0.02, normalized=False))
    assert view.figures.text("continuous", "kl") == "≈ 0.600"
    assert view.figures.text("continuous", "nll") == "≈ 2.600"
    assert "1.480 ± 0.020 instead of 1" in view.figures.tip("continuous", "kl")
    view.add(measured(200, None, **steps, normalized=False))
    assert view.figures.text("continuous", "kl") == "–"
    assert "could not be measured" in view.figures.tip("continuous", "kl")
    view.add(measured(300, 0.5, **steps, mass=1.0, mass_error=1e-3))
    assert view.figures.text("continuous", "kl") == "0.500"
    assert "Not a density" not in view.figures.tip("continuous", "kl")


def test_the_solver_steps_stand_with_the_error_that_they_leave(view):
    view.add(measured(100, 0.6, "continuous", steps=16, steps_error=2.3e-4))
    assert view.figures.text("continuous", "solver") == "16 ± 2·10⁻⁴"
    assert view.figures.text("discrete", "solver") == "–"
