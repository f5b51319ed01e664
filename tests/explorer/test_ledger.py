"""The ledger reads term by term, and adds up."""

import math
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from msgspec.structs import replace
from PySide6.QtCore import QPoint, QRectF, Qt
from PySide6.QtGui import QColor, QGuiApplication, QImage, QPainter
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QStyle

import flowengine as fe
from explorer import resources
from explorer.i18n import translator
from explorer.ledger import titles
from explorer.ledger.copies import as_latex, as_markdown, as_text
from explorer.ledger.ellipse import JACOBIAN_ROLE, draw_jacobian, largest_stretch
from explorer.ledger.ledger_view import LedgerView
from explorer.ledger.lines import sum_in_words, sum_lines
from explorer.ledger.titles import fitting
from explorer.theme import theme
from flowengine.protocol import Ledger, LedgerRow

EYE = (1.0, 0.0, 0.0, 1.0)


def row(title, tau, position, log_det, log_prob, layer="l", jacobian=EYE):
    return LedgerRow(
        layer=layer, title=title, tau=tau, position=position, log_det=log_det,
        log_prob=log_prob, jacobian=jacobian,
    )  # fmt: skip


def discrete(point=(0.41, -1.87)):
    rows = (
        row("Base", 0.0, (0.3, 1.2), 0.0, -2.603, "base"),
        row("ActNorm", 0.5, (0.35, 1.3), 0.02, -2.623),
        row("Spline coupling", 1.0, point, -0.31, -2.313, jacobian=(1.0, -0.5, 0.0, 0.733)),
    )
    return Ledger(
        lane="discrete", generation=1, request=1, point=point, rows=rows, log_prob=-2.313,
        target_log_prob=-2.25, round_trip_error=2e-7,
    )  # fmt: skip


def continuous(point=(0.41, -1.87)):
    rows = (
        row("Base", 0.0, (0.3, 1.2), 0.0, -2.603, "base"),
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


DISCRETE_TEXT = """\
Discrete ledger of x = (0.41, −1.87), in nats
step                    position                        J  log|det J|   log p
z                   (0.30, 1.20)                                       −2.603
1 ActNorm           (0.35, 1.30)   [1.00 0.00; 0.00 1.00]       +0.02  −2.623
2 Spline coupling  (0.41, −1.87)  [1.00 −0.50; 0.00 0.73]       −0.31  −2.313
log p(x)                                                        −0.29  −2.313
target's log p                                                         −2.250
round trip                                                             2·10⁻⁷"""

CONTINUOUS_TEXT = """\
Continuous ledger of x = (0.41, −1.87), in nats
step                position                       J  log|det J|   log p
z               (0.30, 1.20)                                      −2.603
t = 0.5         (0.30, 1.20)  [1.00 0.00; 0.00 1.00]       −0.40  −2.203
t = 1          (0.41, −1.87)  [1.00 0.00; 0.00 1.00]       −0.26  −1.943
CNF ∫div v dt                                              −0.66  −1.943
round trip                                                             0"""


def test_it_reads_as_text():
    assert as_text(discrete()) == DISCRETE_TEXT
    assert as_text(continuous()) == CONTINUOUS_TEXT


def test_it_reads_as_markdown():
    assert (
        as_markdown(discrete())
        == """\
**Discrete ledger of x = (0.41, −1.87), in nats**

| step | position | J | log\\|det J\\| | log p |
| :-- | --: | :-: | --: | --: |
| z | (0.30, 1.20) |  |  | −2.603 |
| 1 ActNorm | (0.35, 1.30) | [1.00 0.00; 0.00 1.00] | +0.02 | −2.623 |
| 2 Spline coupling | (0.41, −1.87) | [1.00 −0.50; 0.00 0.73] | −0.31 | −2.313 |
| **log p(x)** |  |  | **−0.29** | **−2.313** |
| target's log p |  |  |  | −2.250 |
| round trip |  |  |  | 2·10⁻⁷ |"""
    )


def test_it_reads_as_latex():
    eye = r"$\bigl(\begin{smallmatrix}1.00 & 0.00 \\ 0.00 & 1.00\end{smallmatrix}\bigr)$"
    shear = r"$\bigl(\begin{smallmatrix}1.00 & -0.50 \\ 0.00 & 0.73\end{smallmatrix}\bigr)$"
    assert as_latex(discrete()).splitlines() == [
        "% Discrete ledger of x = (0.41, −1.87), in nats",
        r"\begin{tabular}{lrcrr}",
        r"\hline",
        r"step & position & $J$ & $\log|\det J|$ & $\log p$ \\",
        r"\hline",
        r"$z$ & $(0.30, 1.20)$ &  &  & $-2.603$ \\",
        rf"1 ActNorm & $(0.35, 1.30)$ & {eye} & $+0.02$ & $-2.623$ \\",
        rf"2 Spline coupling & $(0.41, -1.87)$ & {shear} & $-0.31$ & $-2.313$ \\",
        r"\hline",
        r"$\log p(x)$ &  &  & $-0.29$ & $-2.313$ \\",
        r"$\log p_{\mathrm{target}}(x)$ &  &  &  & $-2.250$ \\",
        r"round trip &  &  &  & $2 \cdot 10^{-7}$ \\",
        r"\hline",
        r"\end{tabular}",
    ]


def test_signs_that_mean_something_elsewhere_are_escaped():
    odd = replace(discrete(), rows=(*discrete().rows[:1], row("a_b | 5 % \\", 1, (0, 0), 0.1, -3)))
    assert r"| 1 a_b \| 5 % \ |" in as_markdown(odd)
    assert r"1 a\_b | 5 \% \textbackslash{} &" in as_latex(odd)


def test_what_is_no_number_is_a_dash_in_every_format():
    lost = replace(discrete(), log_prob=math.nan, round_trip_error=math.inf)
    assert "log p(x)" in as_text(lost)
    assert as_text(lost).splitlines()[5].endswith(" –")
    assert r"$\log p(x)$ &  &  & $-0.29$ & $\text{--}$ \\" in as_latex(lost)
    assert r"CNF $\int \mathrm{div}\, v\, dt$ &  &  & $-0.66$" in as_latex(continuous())
    assert r"round trip fails &  &  &  & $\infty$ \\" in as_latex(lost)


def test_another_language_has_the_same_figures(qapp):
    translator.set_language("vi")
    assert "−2.313" in as_text(discrete())
    assert r"$\log p(x)$ &" in as_latex(discrete())


@pytest.mark.parametrize(
    ("name", "modifiers"),
    [
        ("text", Qt.KeyboardModifier.ControlModifier),
        ("markdown", Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier),
        ("latex", Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier),
    ],
)
def test_every_format_has_a_key_and_a_line_of_the_menu(view, qtbot, name, modifiers):
    view.set_ledger(discrete())
    view.set_ledger(continuous())
    clipboard = QGuiApplication.clipboard()
    expected = view.as_text(name)
    with qtbot.waitActive(view):
        view.activateWindow()
    view._table.setFocus()
    clipboard.clear()
    QTest.keyClick(view._table, Qt.Key.Key_C, modifiers)
    assert clipboard.text() == expected
    clipboard.clear()
    next(a for a in view._copy.menu().actions() if a.objectName() == f"copy_{name}").trigger()
    assert clipboard.text() == expected


def test_both_lanes_are_copied_the_discrete_first(view):
    view.set_ledger(continuous())
    view.set_ledger(discrete())
    assert view.as_text() == f"{DISCRETE_TEXT}\n\n{CONTINUOUS_TEXT}"


@pytest.mark.qt_log_ignore("This plugin does not support", extend=True)
def test_the_copy_menu_opens_over_the_table(view):
    view.set_ledger(discrete())
    view._table.customContextMenuRequested.emit(QPoint(5, 5))
    assert view._copy.menu().isVisible()
    view._copy.menu().close()


# --- one lane or both ---------------------------------------------------------------------------


def show_lane(view, lane):
    view._lanes.setCurrentIndex(view._lanes.findData(lane))


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
    assert view.as_text() == CONTINUOUS_TEXT
    show_lane(view, "discrete")
    assert view.rows()[-2:] == [("target's log p", "", "−2.250"), ("round trip", "", "2·10⁻⁷")]
    assert view.as_text() == DISCRETE_TEXT


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
        "Here the point lies at (0.41, −1.87); the Jacobian is [[1.00, −0.500], [0, 0.733]]"
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


# --- the ellipses -------------------------------------------------------------------------------


@dataclass
class Drawn:
    """Where one colour was drawn: its extent in pixels and its mean direction."""

    width: int
    height: int
    slope: float


def drawn(jacobian, side=101):
    image = QImage(side, side, QImage.Format.Format_RGB32)
    image.fill(QColor("black"))
    painter = QPainter(image)
    draw_jacobian(painter, QRectF(0, 0, side, side), jacobian, QColor("white"))
    painter.end()
    pixels = np.array(image.constBits()).reshape(side, side, 4)[..., :3].min(axis=2)
    rows, columns = np.nonzero(pixels > 190)  # brighter than the muted circle
    if not rows.size:
        return None
    slope = -float(np.sum((columns - 50) * (rows - 50)) / np.sum((columns - 50) ** 2))
    return Drawn(int(np.ptp(columns)) + 1, int(np.ptp(rows)) + 1, slope)


def test_an_ellipse_has_the_shape_of_its_jacobian(qapp):
    stretched = drawn((2.0, 0.0, 0.0, 1.0))
    assert stretched.width == pytest.approx(98, abs=3)
    assert stretched.height == pytest.approx(49, abs=3)
    shrunk = drawn((0.5, 0.0, 0.0, 0.5))
    assert (shrunk.width, shrunk.height) == pytest.approx((49, 49), abs=3)


def test_an_ellipse_leans_the_way_its_jacobian_does(qapp):
    """A shear x' = x + y reaches up to the right; y counts upwards there, downwards in pixels."""
    assert drawn((1.0, 1.0, 0.0, 1.0)).slope > 0.2
    assert drawn((1.0, -1.0, 0.0, 1.0)).slope < -0.2


def test_a_jacobian_that_is_not_finite_gives_no_picture(qapp):
    assert drawn((math.nan, 0.0, 0.0, 1.0)) is None


def test_the_largest_stretch_is_the_larger_singular_value():
    generator = np.random.default_rng(0)
    for matrix in generator.normal(size=(20, 2, 2)):
        expected = np.linalg.svd(matrix, compute_uv=False)[0]
        assert largest_stretch(tuple(matrix.ravel())) == pytest.approx(expected)


def test_only_lines_that_warp_have_an_ellipse(view):
    view.set_ledger(discrete())
    view.set_ledger(continuous())
    ellipses = [view._table.item(k, 2).data(JACOBIAN_ROLE) for k in range(view._table.rowCount())]
    assert ellipses == [None, EYE, (1.0, -0.5, 0.0, 0.733), *[None] * 5]
    before = view._table.viewport().grab().toImage()
    view.set_ledger(
        replace(discrete(), rows=tuple(replace(r, jacobian=EYE) for r in discrete().rows))
    )
    assert view._table.viewport().grab().toImage() != before


# --- the curve of the continuous flow -----------------------------------------------------------


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
    assert fitting("1 ActNorm", metrics, 5) == "1 ActNorm"


def test_no_coupling_is_cut_in_a_narrow_ledger(view, qapp):
    theme.apply(qapp)
    view.resize(250, 360)
    view.set_ledger(discrete())
    step = view._table.columnWidth(0)
    assert view._table.fontMetrics().horizontalAdvance("2 Spline") + 8 <= step


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
