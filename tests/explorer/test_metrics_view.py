"""Curves and figures show what the engines measured."""

import io

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtGui import QFontMetrics, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QTableWidget

from explorer.i18n import translator
from explorer.lanes import LANE_ORDER
from explorer.metrics.figures import FiguresView
from explorer.metrics.history import MAX_POINTS, History
from explorer.metrics.metrics_view import MetricsView
from explorer.metrics.runs import Run
from explorer.metrics.ticks import linear_ticks, log_ticks
from explorer.theme import theme
from flowengine.project import LaneState, Project
from flowengine.protocol import Metrics

SIMPLE = QImage.Format.Format_RGB32


def measured(step, kl, lane="discrete", generation=1, entropy=2.0, **changes):
    nll = None if kl is None else entropy + kl
    fields = {
        "lane": lane, "generation": generation, "step": step, "seconds": step / 100, "kl": kl,
        "steps_per_second": 100.0, "loss": 2.0, "nll": nll, "entropy": entropy,
    }  # fmt: skip
    return Metrics(**(fields | changes))


def saved(**columns):
    buffer = io.BytesIO()
    np.savez(buffer, **columns)
    return LaneState(history=buffer.getvalue())


@pytest.fixture
def view(qtbot):
    view = MetricsView()
    qtbot.addWidget(view)
    view.resize(320, 460)
    view.show()
    return view


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


def test_a_kl_of_nothing_or_less_is_still_drawn_on_a_logarithmic_scale(view):
    view.add(measured(100, -0.002))
    view.curves.draw()
    assert view.curves.curve("discrete")[1] == pytest.approx([1e-4])
    view.curves.set_logarithmic(False)
    assert view.curves.curve("discrete")[1] == pytest.approx([-0.002])


def test_the_floor_of_nll_is_the_entropy(view):
    view.add(measured(100, 0.3, entropy=1.688))
    view.curves.draw()
    assert view.curves.floor == 0.05
    view.curves.show_quantity("nll")
    assert view.curves.floor == 1.688


@pytest.mark.parametrize(
    "kls", [(0.5, 0.04, 0.01, 0.004), (0.004, 0.01, 0.04, 0.5), (0.06, 0.06, 0.06, 0.06)]
)
def test_the_words_of_the_floor_hide_no_curve(view, kls):
    for k, kl in enumerate(kls):
        view.add(measured(100 * (k + 1), kl))
    view.curves.draw()
    chart = view.curves.chart
    frame, floor = chart._frame(), chart._floor
    y = float(frame.y(np.array([floor[0]]))[0])
    box = chart._words_box(frame, y, floor[1])
    assert frame.area.contains(box)
    assert box.top() == pytest.approx(y) or box.bottom() == pytest.approx(y)
    seconds = np.linspace(1, 4, 400)
    along = np.exp(np.interp(seconds, [1, 2, 3, 4], np.log(kls)))
    drawn = zip(frame.x(seconds), frame.y(along), strict=True)
    assert not any(box.contains(*place) for place in drawn)


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
    assert "0.0210" in told
    assert "0.0480" in told
    assert "1.40 s" in told


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


def test_it_speaks_vietnamese(view):
    translator.set_language("vi")
    assert view.figures._table.item(6, 0).text() == "bước"


@pytest.mark.parametrize(
    ("low", "high", "most", "texts"),
    [
        (0.0, 15.6, 4, ["0", "5", "10", "15"]),
        (1.9, 3.6, 5, ["2.0", "2.5", "3.0", "3.5"]),
        (-0.3, 0.4, 4, ["−0.2", "0.0", "0.2", "0.4"]),
        (0.0, 12_000.0, 3, ["0", "5,000", "10,000"]),
    ],
)
def test_linear_ticks_are_few_and_round(low, high, most, texts):
    assert [tick.text for tick in linear_ticks(low, high, most)] == texts


@pytest.mark.parametrize(
    ("low", "high", "most", "texts"),
    [
        (0.01, 1.2, 8, ["0.01", "0.02", "0.05", "0.1", "0.2", "0.5", "1"]),
        (0.01, 1.2, 5, ["0.01", "0.05", "0.1", "0.5", "1"]),
        (0.01, 1.2, 3, ["0.01", "0.1", "1"]),
        (0.001, 100.0, 3, ["0.001", "0.1", "10"]),
    ],
)
def test_logarithmic_ticks_are_few_and_round(low, high, most, texts):
    assert [tick.text for tick in log_ticks(low, high, most)] == texts


def test_curves_are_painted_in_the_colours_of_their_lanes(view):
    for step in range(1, 40):
        view.add(measured(step, 1 / step))
        view.add(measured(step, 2 / step, lane="continuous"))
    view.curves.draw()
    image = view.curves.chart.grab().toImage()
    seen = {
        image.pixelColor(x, y).name()
        for x in range(0, image.width())
        for y in range(0, image.height())
    }
    assert {theme.color("discrete").name(), theme.color("continuous").name()} <= seen


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


def test_a_change_parts_what_was_measured_before_from_what_comes_after(view):
    for step, kl in ((100, 0.04), (200, 0.01)):
        view.add(measured(step, kl))
    view.mark_change("discrete")
    for name in ("kl", "nll", "w2", "reached"):
        assert view.figures.text("discrete", name) == "–"
    assert view.figures.text("discrete", "step") == "200"
    assert view.latest("discrete", "kl") is None
    view.add(measured(300, 0.5))
    view.add(measured(500, 0.03))
    view.curves.draw()
    _, y, *_ = view.curves.curve("discrete")
    np.testing.assert_allclose(y, [0.04, 0.01, np.nan, 0.5, 0.03])
    assert view.curves.chart.grab().toImage().width() > 0
    assert view.figures.text("discrete", "reached") == "3.00 s"  # from 2 s to 5 s


def run(number, **columns):
    return Run(number, Project(), {"discrete": saved(**columns)}, QImage(1, 1, SIMPLE), ())


def test_runs_compare_from_where_each_one_s_target_and_model_began(view):
    columns = {
        "step": [100, 200, 200, 250, 400],
        "seconds": [1.0, 2.0, 2.0, 3.0, 6.0],
        "nll": [2.3, 2.1, np.inf, 2.5, 2.04],
        "kl": [0.3, 0.1, np.nan, 0.5, 0.04],
    }
    view.add(measured(300, 0.2))
    view.mark_change("discrete")
    view.add(measured(500, 0.6))
    view.add(measured(700, 0.02))
    curves, chart = view.curves, view.curves.chart
    curves.lay_under([run(3, **columns)])
    np.testing.assert_allclose(chart.curve("discrete").x, [2.0, 4.0])
    np.testing.assert_allclose(chart.curve("discrete").y, [0.6, 0.02])
    np.testing.assert_allclose(chart.curve("3 discrete").x, [1.0, 4.0])
    np.testing.assert_allclose(chart.curve("3 discrete").y, [0.5, 0.04])
    assert chart.curve("3 discrete").label == "3"
    assert "0.600" in curves.values_at(1.9)
    view.keep(run(3, **columns))
    assert "Discrete: 200 steps in 4.00 s" in view.shelf.list.item(0).toolTip()
    assert curves.axis == "seconds since the last change"

    QTest.mouseClick(curves._axis_button, Qt.MouseButton.LeftButton)
    np.testing.assert_allclose(chart.curve("discrete").x, [200, 400])
    np.testing.assert_allclose(chart.curve("3 discrete").x, [50, 200])
    assert curves.axis == curves._axis_button.text() == "steps since the last change"
    assert "step 190" in curves.values_at(190)
    curves.lay_under([])
    np.testing.assert_allclose(chart.curve("discrete").x, [300, 300, 500, 700])
    assert curves.axis == "steps of training"


def test_the_number_of_a_run_stands_at_the_end_of_its_curve(view):
    columns = {"step": [1, 9], "seconds": [1.0, 9.0], "nll": [2.9, 2.1], "kl": [0.9, 0.1]}
    view.curves.lay_under([run(3, **columns)])
    bare = view.curves.chart.copy()
    bare.resize(view.curves.chart.size())
    curves = {k: c._replace(label="") for k, c in bare.curves.items()}
    bare.show_curves(curves, (0.05, "KL = 0.05"), logarithmic=True)
    whole = view.curves.chart.copy()
    whole.resize(bare.size())
    assert whole.grab().toImage() != bare.grab().toImage()


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


@pytest.mark.parametrize("quantity", ["kl", "nll"])
@pytest.mark.parametrize("logarithmic", [True, False])
def test_one_wild_measurement_does_not_flatten_the_curves(view, quantity, logarithmic):
    view.curves.show_quantity(quantity)
    view.curves.set_logarithmic(logarithmic)
    for step, kl in ((100, 1.7e8), (200, 2.0), (300, 0.1)):
        view.add(measured(step, kl))
    view.curves.draw()
    picture = view.curves.chart.grab().toImage()
    rows = coloured_rows(picture, theme.color("discrete"))
    assert max(rows) - min(rows) > 0.4 * view.curves.chart.height()
    assert view.curves.curve("discrete").y[0] > 1e8  # which hovering still tells


def test_where_every_measurement_is_wild_they_are_all_seen(view):
    for step, kl in ((100, 1.7e8), (200, 40.0)):
        view.add(measured(step, kl))
    view.curves.draw()
    rows = coloured_rows(view.curves.chart.grab().toImage(), theme.color("discrete"))
    assert max(rows) - min(rows) > 0.4 * view.curves.chart.height()


@pytest.mark.parametrize("odd", [301, 599])
def test_a_single_measurement_among_many_is_seen(view, odd):
    values = np.full(600, 0.05)
    values[odd] = 1.0
    steps = np.arange(600.0)
    columns = {"step": steps, "seconds": steps, "nll": 2 + values, "kl": values}
    view.load({"discrete": saved(**columns)})
    view.curves.draw()
    rows = coloured_rows(view.curves.chart.grab().toImage(), theme.color("discrete"))
    assert max(rows) - min(rows) > 0.4 * view.curves.chart.height()


def coloured_rows(picture, colour):
    """The rows of a picture that hold a pixel of a colour."""
    wanted = colour.rgb()
    return [
        y
        for y in range(picture.height())
        if any(picture.pixel(x, y) == wanted for x in range(picture.width()))
    ]


@pytest.mark.parametrize("language", ["en", "vi"])
def test_four_columns_of_figures_fit_beside_each_other_in_every_theme(qtbot, qapp, language):
    theme.apply(qapp)
    translator.set_language(language)
    figures = FiguresView()
    qtbot.addWidget(figures)
    figures.set_lanes(LANE_ORDER)
    figures.resize(282, 300)
    figures.show()
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
