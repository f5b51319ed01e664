"""A lesson that locks training keeps the models as they are, whatever is drawn."""

from __future__ import annotations

import pytest

from flowengine.project import Project
from flowengine.protocol import LaneStatus
from tests.explorer.windows import shown_window, stroke

PATIENCE_MS = 60_000


def lesson_with(**rules) -> Project:
    return Project.from_dict(
        {
            "stack": [{"kind": "affine_coupling", "width": 8}],
            "continuous": {"kind": "flow_matching", "width": 8, "depth": 1},
            "target": {"name": "moons"},
            "lesson": {"note": "Look.", "rules": rules},
        }
    )


@pytest.mark.parametrize("rule", ["locked", "hidden"])
def test_a_stroke_trains_nothing_where_training_is_locked(qtbot, qapp, monkeypatch, rule):
    with shown_window(lesson_with(training=rule), qtbot, qapp, monkeypatch, 50) as window:
        before = window.store.project.target
        said = []
        window.controller.message.connect(lambda _lane, message: said.append(message))
        window.controller.training_changed.connect(said.append)
        window.start_engines()
        stroke(window)
        assert window.store.project.target != before
        qtbot.waitUntil(
            lambda: (
                {m.lane for m in said if isinstance(m, LaneStatus)} == {"discrete", "continuous"}
            ),
            timeout=PATIENCE_MS,
        )
        assert True not in said
        assert not window.controller.training
        assert {m.step for m in said if isinstance(m, LaneStatus)} == {0}


def test_who_prepares_the_lesson_is_not_bound_by_it(qtbot, qapp, monkeypatch):
    with shown_window(lesson_with(training="locked"), qtbot, qapp, monkeypatch, 50) as window:
        window.start_engines()
        window.store.set_teaching(True)
        with qtbot.waitSignal(window.controller.training_changed, timeout=PATIENCE_MS) as told:
            stroke(window)
        assert told.args == [True]
        window.store.set_teaching(False)


def test_a_lesson_that_leaves_training_open_trains_after_a_stroke(qtbot, qapp, monkeypatch):
    with shown_window(lesson_with(stack="locked"), qtbot, qapp, monkeypatch, 50) as window:
        window.start_engines()
        with qtbot.waitSignal(window.controller.training_changed, timeout=PATIENCE_MS) as told:
            stroke(window)
        assert told.args == [True]
