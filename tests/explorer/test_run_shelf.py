"""The shelf of runs alone, without engines."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage

from explorer.metrics.run_shelf import MAX_RUNS, RunShelf
from explorer.metrics.runs import Run
from flowengine.project import Project, default_stack


@pytest.fixture
def shelf(qtbot):
    shelf = RunShelf()
    qtbot.addWidget(shelf)
    return shelf


def run(number):
    picture = QImage(1, 1, QImage.Format.Format_RGB32)
    return Run(number, Project(stack=default_stack()), {}, picture, ())


def test_what_is_looked_at_stays_on_a_full_shelf(shelf):
    for number in range(1, MAX_RUNS + 1):
        shelf.add(run(number))
    shelf.list.item(MAX_RUNS - 1).setCheckState(Qt.CheckState.Checked)
    shelf.pin(run(2))
    for number in range(MAX_RUNS + 1, MAX_RUNS + 4):
        shelf.add(run(number))
    numbers = [each.number for each in shelf.runs()]
    assert len(numbers) == MAX_RUNS
    assert numbers[-3:] == [6, 2, 1]
