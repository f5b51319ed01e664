from __future__ import annotations

import tempfile
from concurrent.futures import ThreadPoolExecutor

import pytest
from PySide6.QtGui import QImage

from explorer.metrics.kept_lanes import KeptLanes, kept
from explorer.metrics.run_shelf import RunShelf
from explorer.metrics.runs import Run
from flowengine.project import LaneState, Project, TargetSpec
from tests.explorer.measurements import saved

STATES = {
    "discrete": LaneState(weights=b"w" * 1000, state=b"", history=b"h", trace=b"t" * 70_000),
    "continuous": LaneState(weights=b"\0\1\2"),
}


def test_kept_lanes_are_what_they_were():
    lanes = KeptLanes(STATES)
    assert dict(lanes) == STATES
    assert list(lanes) == ["discrete", "continuous"]
    assert lanes.get("gan") is None
    with pytest.raises(KeyError):
        lanes["vae"]


def test_several_threads_may_read_at_once():
    lanes = KeptLanes(STATES)
    with ThreadPoolExecutor(4) as pool:
        names = ["discrete", "continuous"] * 100
        for name, state in zip(names, pool.map(lanes.__getitem__, names), strict=True):
            assert state == STATES[name]


def test_kept_lanes_leave_no_file_behind(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    lanes = KeptLanes(STATES)
    assert lanes["discrete"] == STATES["discrete"]
    del lanes
    assert not list(tmp_path.iterdir())


def test_without_room_for_a_file_nothing_is_lost(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "absent"))
    assert kept(STATES) == STATES


class Counted(dict):
    """Says how often something was asked for."""

    asked = 0

    def get(self, name, default=None):
        self.asked += 1
        return super().get(name, default)


def test_a_stroke_reads_no_curve_of_the_runs_on_the_shelf(qtbot):
    """With many runs on it each stroke would be held up."""
    shelf = RunShelf()
    qtbot.addWidget(shelf)
    lanes = Counted(
        discrete=saved(step=[100, 200], seconds=[1, 2], nll=[2.5, 2.25], kl=[0.5, 0.25])
    )
    shelf.add(Run(1, Project(), lanes, QImage(), ()))
    asked = lanes.asked
    assert asked
    for name in ("star", "moons", "cat"):
        shelf.set_target(TargetSpec(name=name))
    assert "0.25" in shelf.list.item(0).text()
    assert "another target" in shelf.list.item(0).toolTip()
    shelf.set_target(Project().target)
    assert "another target" not in shelf.list.item(0).toolTip()
    assert lanes.asked == asked
