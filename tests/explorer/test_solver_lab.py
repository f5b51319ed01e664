"""The solver lab asks for a measurement, shows it, and puts a solver to use."""

from __future__ import annotations

import itertools
import math

import pytest
from msgspec.structs import replace
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtGui import QHelpEvent, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QToolTip

from explorer.models.model_tabs import ModelTabs
from explorer.stack.solver_lab import LabRow, SolverLab
from explorer.stack.solver_marks import icon_of
from explorer.theme import theme
from explorer.words.languages import translator
from flowengine.catalogue import FlowMatching
from flowengine.project import Project, default_stack

ROWS = (
    LabRow("heun", 4, 0.0, 8, 8, 3e-3, 2e-2),
    LabRow("heun", 16, 0.0, 32, 32, 2e-4, 1e-3),
    LabRow("rk4", 2, 0.0, 8, 8, 1e-3, 8e-3),
    LabRow("rk4", 8, 0.0, 32, 32, 4e-6, 3e-5),
    LabRow("dopri5", 0, 1e-5, 50, 62, 1e-7, 0.0),
)


@pytest.fixture
def lab(qtbot):
    lab = SolverLab()
    qtbot.addWidget(lab)
    lab.resize(280, 520)
    lab.show()
    return lab


def cells(lab):
    columns = range(lab.table.columnCount())
    return [
        tuple(lab.table.item(row, column).text() for column in columns)
        for row in range(lab.table.rowCount())
    ]


def test_the_button_asks_once_and_waits_for_the_answer(lab, qtbot):
    with qtbot.waitSignal(lab.requested):
        QTest.mouseClick(lab.button, Qt.MouseButton.LeftButton)
    assert lab.button.text() == "Measuring …"
    lab.button.setFocus()
    with qtbot.assertNotEmitted(lab.requested):
        QTest.keyClick(lab.button, Qt.Key.Key_Space)
    assert lab.button.isEnabled()  # and keeps the keyboard
    lab.set_rows(ROWS)
    assert lab.button.text() == "Measure again"


BEST_FIRST = [
    ("dopri5 10⁻⁵", "62", "1·10⁻⁷", "0"),
    ("RK4 × 8", "32", "4·10⁻⁶", "3·10⁻⁵"),
    ("Heun × 16", "32", "2·10⁻⁴", "0.0010"),
    ("RK4 × 2", "8", "0.0010", "0.0080"),
    ("Heun × 4", "8", "0.0030", "0.020"),
]


def test_every_row_is_in_the_table_with_its_figures_the_best_first(lab):
    assert not lab.table.isVisible()
    with_lost_ways = (LabRow("euler", 1, 0.0, 1, 1, math.inf, math.nan), *ROWS)
    lab.set_rows(with_lost_ways)
    assert lab.table.isVisible()
    assert cells(lab) == [*BEST_FIRST, ("Euler × 1", "1", "∞", "–")]


def click_head(lab, column):
    header = lab.table.horizontalHeader()
    spot = QPoint(header.sectionViewportPosition(column) + 5, header.height() // 2)
    QTest.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, pos=spot)


def test_a_click_on_a_title_sorts_by_it_and_another_turns_the_order(lab):
    lab.set_rows(ROWS)
    click_head(lab, 0)
    assert [cell[0] for cell in cells(lab)] == [row.short_name for row in ROWS]
    click_head(lab, 1)
    assert [cell[1] for cell in cells(lab)] == ["8", "8", "32", "32", "62"]
    click_head(lab, 1)
    assert [cell[1] for cell in cells(lab)] == ["62", "32", "32", "8", "8"]
    assert lab.table.horizontalHeaderItem(1).text() == "evals ↓"
    click_head(lab, 3)
    assert cells(lab) == BEST_FIRST
    assert lab.table.horizontalHeaderItem(1).text() == "evals"


def test_a_row_that_is_entered_puts_its_solver_to_use(lab, qtbot):
    lab.set_rows(ROWS)
    lab.table.setFocus()
    lab.table.setCurrentCell(1, 0)
    with qtbot.waitSignal(lab.chosen) as chosen:
        QTest.keyClick(lab.table, Qt.Key.Key_Return)
    assert chosen.args == [ROWS[3]]


@pytest.mark.parametrize("language", ["en", "vi"])
def test_no_name_and_no_figure_is_cut_in_a_narrow_dock(lab, qapp, language):
    theme.apply(qapp)
    translator.set_language(language)
    lab.resize(236, 560)
    lab.set_rows(
        [LabRow(s, 64, 0.0, 256, 256, 4.2e-8, 5.7e-7) for s in ("midpoint", "euler")]
        + [LabRow("dopri5", 0, 1e-6, 856, 920, 2.2e-5, 8.1e-6)]
    )
    for measure, hidden in ((0, 2), (1, 3)):
        lab._measure.setCurrentIndex(measure)
        qapp.processEvents()
        table = lab.table
        assert [c for c in range(4) if table.isColumnHidden(c)] == [hidden]
        for column in {0, 1, 5 - hidden}:
            assert table.sizeHintForColumn(column) <= table.columnWidth(column)
    lab.resize(420, 560)
    assert not any(lab.table.isColumnHidden(column) for column in range(4))


def test_the_legend_names_every_solver_and_no_two_names_meet(lab):
    kinds = ("euler", "midpoint", "heun", "rk4", "adams", "dopri5")
    lab.resize(226, 560)
    lab.set_rows([LabRow(kind, 8, 0.0, 8, 8, 1e-3, 1e-3) for kind in kinds])
    boxes = list(lab.plot.legend().values())
    assert tuple(lab.plot.legend()) == kinds
    assert all(lab.plot.rect().toRectF().contains(box) for box in boxes)
    assert not any(a.intersects(b) for a, b in itertools.combinations(boxes, 2))
    top = min(lab.plot.place_of(p).y() for line in lab.plot._lines.values() for p in line)
    assert top > max(box.bottom() for box in boxes)


def test_no_two_solvers_have_the_same_mark(qapp):
    """Nor do they when all colour is taken away."""
    pictures = []
    for kind in ("euler", "midpoint", "heun", "rk4", "adams", "dopri5"):
        image = icon_of(kind).pixmap(12, 12).toImage()
        image.convertTo(QImage.Format.Format_Alpha8)
        hollow = icon_of(kind).pixmap(12, 12).toImage().pixelColor(6, 6) == theme.color("surface")
        pictures.append((bytes(image.constBits()), hollow))
    assert len(set(pictures)) == len(pictures)


@pytest.mark.qt_log_ignore("This plugin does not support", extend=True)
def test_the_plot_falls_to_the_right_and_tells_its_points(lab):
    lab.set_rows(ROWS)
    points = lab.plot._lines
    assert list(points) == ["heun", "rk4", "dopri5"]
    first, last = map(lab.plot.place_of, points["rk4"])
    assert last.x() > first.x()
    assert last.y() > first.y()  # pixels count downwards, errors fall
    assert all(lab.plot.rect().contains(lab.plot.place_of(p).toPoint()) for p in points["dopri5"])
    spot = last.toPoint()
    event = QHelpEvent(QEvent.Type.ToolTip, spot, lab.plot.mapToGlobal(spot))
    QApplication.sendEvent(lab.plot, event)
    assert QToolTip.text() == (
        "RK4 × 8, 32 evaluations: positions err by 4·10⁻⁶, log p by 3·10⁻⁵ nats"
    )
    QToolTip.hideText()


def test_the_other_error_gives_another_plot(lab):
    lab.set_rows(ROWS)
    assert [point.evaluations for point in lab.plot._lines["dopri5"]] == [62]
    before = lab.plot.grab().toImage()
    lab._measure.setCurrentIndex(1)
    assert lab.plot.grab().toImage() != before
    assert [point.evaluations for point in lab.plot._lines["dopri5"]] == [50]
    assert "positions" in lab.plot.accessibleDescription()


def test_a_solver_that_lost_its_way_has_a_row_and_no_point(lab):
    lab.set_rows((*ROWS[:2], LabRow("euler", 1, 0.0, 1, 1, math.inf, math.nan)))
    assert cells(lab)[-1] == ("Euler × 1", "1", "∞", "–")
    assert lab.plot._lines["euler"] == []
    lab.plot.grab()


def test_a_problem_is_said_and_the_last_measurement_stays(lab):
    lab.set_rows(ROWS)
    QTest.mouseClick(lab.button, Qt.MouseButton.LeftButton)
    lab.set_problem("The engine is busy")
    assert lab._words.text() == "The engine is busy"
    assert lab.button.text() == "Measure again"
    assert len(cells(lab)) == len(ROWS)


def test_theme_and_language_can_change_at_any_time(lab):
    lab.set_rows(ROWS)
    theme.set_theme("light")
    translator.set_language("vi")
    lab.grab()
    assert len(cells(lab)) == len(ROWS)
    QTest.mouseClick(lab.button, Qt.MouseButton.LeftButton)
    lab.clear()
    assert not lab.table.isVisible()


@pytest.fixture
def tabs(qtbot):
    tabs = ModelTabs(Project(stack=default_stack()))
    qtbot.addWidget(tabs)
    return tabs


def test_the_flow_takes_the_solver_up_and_keeps_the_measurement(tabs, qtbot):
    tabs.lab.set_rows(ROWS)
    with qtbot.waitSignal(tabs.edited) as edited:
        tabs.lab.chosen.emit(ROWS[1])
    project, text, _ = edited.args
    assert (project.continuous.solver, project.continuous.solver_steps) == ("heun", 16)
    assert text == "Use Heun × 16"
    tabs.set_project(project)
    items = [tabs.lab.table.item(row, 0) for row in range(len(ROWS))]
    assert [item.text() for item in items if item.font().bold()] == ["Heun × 16"]
    assert len(tabs.lab.rows) == len(ROWS)
    wider = replace(project, continuous=replace(project.continuous, width=128))
    tabs.set_project(wider)
    assert tabs.lab.rows == ()


def test_a_solver_that_the_catalogue_lacks_changes_nothing(tabs, qtbot):
    with qtbot.assertNotEmitted(tabs.edited):
        tabs.lab.chosen.emit(ROWS[0]._replace(solver="leapfrog"))
    assert tabs.continuous.form.spec == FlowMatching()


def test_a_measurement_scrolls_into_sight(qtbot, qapp):
    tabs = ModelTabs(Project(stack=default_stack()))
    qtbot.addWidget(tabs)
    tabs.lab.show()
    tabs.resize(300, 360)
    tabs.tabs.setCurrentIndex(1)
    tabs.show()
    qtbot.waitExposed(tabs)
    tabs.lab.set_rows(ROWS)
    qtbot.waitUntil(lambda: tabs.lab.plot.visibleRegion().boundingRect().height() > 190)
