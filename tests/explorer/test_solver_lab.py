"""The solver lab asks for a measurement, shows it, and puts a solver to use."""

from __future__ import annotations

import math

import pytest
from msgspec.structs import replace
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QHelpEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QToolTip

from explorer.i18n import translator
from explorer.shell.model_tabs import ModelTabs
from explorer.stack.solver_lab import LabRow, SolverLab
from explorer.theme import theme
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
    assert not lab.button.isEnabled()
    with qtbot.assertNotEmitted(lab.requested):
        QTest.mouseClick(lab.button, Qt.MouseButton.LeftButton)
    lab.set_rows(ROWS)
    assert lab.button.isEnabled()
    assert lab.button.text() == "Measure again"


def test_every_row_is_in_the_table_with_its_figures(lab):
    assert not lab.table.isVisible()
    lab.set_rows(ROWS)
    assert lab.table.isVisible()
    assert cells(lab) == [
        ("Heun × 4", "8", "0.0030", "0.020"),
        ("Heun × 16", "32", "2·10⁻⁴", "0.0010"),
        ("RK4 × 2", "8", "0.0010", "0.0080"),
        ("RK4 × 8", "32", "4·10⁻⁶", "3·10⁻⁵"),
        ("dopri5 to 1·10⁻⁵", "50", "1·10⁻⁷", "0"),
    ]


def test_a_row_that_is_entered_puts_its_solver_to_use(lab, qtbot):
    lab.set_rows(ROWS)
    lab.table.setFocus()
    lab.table.setCurrentCell(3, 0)
    with qtbot.waitSignal(lab.chosen) as chosen:
        QTest.keyClick(lab.table, Qt.Key.Key_Return)
    assert chosen.args == [ROWS[3]]


@pytest.mark.qt_log_ignore("This plugin does not support", extend=True)
def test_the_plot_falls_to_the_right_and_tells_its_points(lab):
    lab.set_rows(ROWS)
    points = lab.plot._lines
    assert list(points) == ["Heun", "RK4", "dopri5"]
    first, last = map(lab.plot.place_of, points["RK4"])
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
    assert cells(lab)[2] == ("Euler × 1", "1", "∞", "–")
    assert lab.plot._lines["Euler"] == []
    lab.plot.grab()


def test_a_problem_is_said_and_the_last_measurement_stays(lab):
    lab.set_rows(ROWS)
    QTest.mouseClick(lab.button, Qt.MouseButton.LeftButton)
    lab.set_problem("The engine is busy")
    assert lab._words.text() == "The engine is busy"
    assert lab.button.isEnabled()
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
    bold = [tabs.lab.table.item(row, 0).font().bold() for row in range(len(ROWS))]
    assert bold == [False, True, False, False, False]
    assert len(tabs.lab.rows) == len(ROWS)
    wider = replace(project, continuous=replace(project.continuous, width=128))
    tabs.set_project(wider)
    assert tabs.lab.rows == ()


def test_a_solver_that_the_catalogue_lacks_changes_nothing(tabs, qtbot):
    with qtbot.assertNotEmitted(tabs.edited):
        tabs.lab.chosen.emit(ROWS[0]._replace(solver="leapfrog"))
    assert tabs.continuous.form.spec == FlowMatching()
