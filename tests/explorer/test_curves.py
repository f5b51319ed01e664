"""The curves of the metrics, and how runs stand in them."""

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QFontMetrics
from PySide6.QtTest import QTest

from explorer.plot.chart import label_boxes
from explorer.plot.polylines import polylines
from explorer.plot.ticks import linear_ticks, log_ticks
from explorer.theme import theme
from tests.explorer.measurements import measured, run, saved, shown_view


@pytest.fixture
def view(qtbot):
    return shown_view(qtbot)


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
    curves = [chart.curve(lane) for lane in ("discrete", "continuous")]
    lines = [polylines(frame.x(curve.x), frame.y(curve.y)) for curve in curves]
    box = chart._words_box(frame, y, floor[1], lines)
    assert frame.area.contains(box)
    assert box.top() == pytest.approx(y) or box.bottom() == pytest.approx(y)
    seconds = np.linspace(1, 4, 400)
    along = np.exp(np.interp(seconds, [1, 2, 3, 4], np.log(kls)))
    drawn = zip(frame.x(seconds), frame.y(along), strict=True)
    assert not any(box.contains(*place) for place in drawn)


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
    assert "step 190" in curves.told_at(190)
    curves.lay_under([])
    np.testing.assert_allclose(chart.curve("discrete").x, [300, 300, 500, 700])
    assert curves.axis == "steps of training"


def test_the_arrow_keys_read_every_curve_in_words_and_leave_no_line_behind(view, qtbot):
    for step, kl in ((100, 0.6), (300, 0.02)):
        view.add(measured(step, kl))
    curves, chart = view.curves, view.curves.chart
    columns = {"step": [100, 200], "seconds": [1.0, 2.0], "nll": [2.3, 2.1], "kl": [0.3, 0.1]}
    curves.lay_under([run(7, **columns)])
    bare = chart.grab().toImage()
    hint = curves._values.text()
    with qtbot.waitActive(view):
        view.activateWindow()
    curves._axis_button.setFocus()
    QTest.keyClick(curves._axis_button, Qt.Key.Key_Backtab)
    assert chart.hasFocus()
    QTest.keyClick(chart, Qt.Key.Key_Right)
    assert chart.accessibleDescription().splitlines() == [
        "KL(target ‖ model) in nats, 3.00 s",
        "Discrete: 0.0200",
        "Run 7 · Discrete: 0.100 (2.00 s)",
    ]
    assert "━&nbsp;0.0200" in curves._values.text()
    for _ in range(60):
        QTest.keyClick(chart, Qt.Key.Key_Left)
    assert "Run 7 · Discrete: 0.300" in chart.toolTip()
    QTest.keyClick(chart, Qt.Key.Key_Escape)
    assert curves._values.text() == hint
    QTest.keyClick(chart, Qt.Key.Key_Right)
    QTest.keyClick(chart, Qt.Key.Key_Tab)
    assert curves._values.text() == hint
    assert chart.toolTip() == ""
    curves._axis_button.clearFocus()
    assert chart.grab().toImage() == bare


def test_the_unit_of_the_curves_stands_at_their_axis(view):
    for quantity, unit in (("kl", "nats"), ("w2", "data units"), ("nll", "nats")):
        view.curves.show_quantity(quantity)
        assert view.curves._corner.text() == unit
        assert not view.curves._corner.geometry().intersects(view.curves._axis_button.geometry())


def test_numbers_of_runs_that_end_together_stand_beside_each_other(view):
    columns = {"step": [100, 300], "seconds": [1.0, 3.0], "nll": [2.3, 2.1], "kl": [0.3, 0.1]}
    both = ("discrete", "continuous")
    lanes = {lane: saved(**columns) for lane in both}
    view.curves.lay_under([run(n, **columns)._replace(lanes=lanes) for n in (5, 7)])
    chart = view.curves.chart
    frame = chart._frame()
    curves = [curve for name, curve in chart.curves.items() if name not in both]
    lines = [polylines(frame.x(curve.x), frame.y(curve.y)) for curve in curves]
    boxes = label_boxes(frame, curves, lines, QFontMetrics(chart._small_font()))
    assert [curve.label for _, curve in boxes] == ["5", "7"]
    assert not boxes[0][0].intersects(boxes[1][0])
    words = chart._words_box(frame, boxes[0][0].center().y(), "0.1", lines, [b for b, _ in boxes])
    assert not any(words.intersects(box) for box, _ in boxes)


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


def test_the_first_measurement_of_a_new_target_is_seen(view):
    for step in range(1, 60):
        view.add(measured(50 * step, 0.05))
    view.mark_change("discrete")
    view.add(measured(3500, 1.0))
    view.curves.draw()
    assert coloured_rows(view.curves.chart.grab().toImage(), theme.color("discrete"))


def coloured_rows(picture, colour):
    """The rows of a picture that hold a pixel of a colour."""
    wanted = colour.rgb()
    return [
        y
        for y in range(picture.height())
        if any(picture.pixel(x, y) == wanted for x in range(picture.width()))
    ]
