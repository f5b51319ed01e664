"""What the real window asks real engines for: the run shelf and the solver lab."""

import msgspec
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from explorer.i18n import number
from explorer.metrics.run_shelf import PICTURE_WIDTH
from explorer.metrics.runs import differences
from explorer.shell.run_keeper import LEAST_STEPS
from flowengine.catalogue import FlowMatching, Planar
from flowengine.continuous.solvers import SOLVERS
from flowengine.lane import load
from flowengine.project import Project, TargetSpec
from tests.explorer.windows import shown_window

PATIENCE_MS = 60_000


def project(**changes):
    return Project.from_dict(
        {
            "name": "lecture",
            "target": {"name": "moons"},
            "stack": [{"kind": "affine_coupling", "width": 8}] * 2,
            "continuous": {"kind": "flow_matching", "width": 8, "depth": 1},
        }
        | changes
    )


@pytest.fixture
def window(qtbot, qapp, monkeypatch):
    with shown_window(project(), qtbot, qapp, monkeypatch, particles=200) as window:
        window.start_engines()
        yield window


def steps(window):
    shown = [window.metrics.figures.text(lane, "step") for lane in ("discrete", "continuous")]
    return [0 if text == "–" else int(text.replace(",", "")) for text in shown]


def train(qtbot, window):
    """Train until the present run is long enough to be kept."""

    first = steps(window)

    def far_enough():
        assert all(now > then + LEAST_STEPS for now, then in zip(steps(window), first, strict=True))

    window.controller.train()
    qtbot.waitUntil(far_enough, timeout=PATIENCE_MS)
    window.controller.pause()


def kept(qtbot, window, count):
    qtbot.waitUntil(lambda: len(window.metrics.shelf.runs()) == count, timeout=PATIENCE_MS)
    return window.metrics.shelf.runs()


def test_an_edit_keeps_the_run_before_it_which_can_be_seen_and_restored(window, qtbot):
    train(qtbot, window)
    before = window.store.project
    after = msgspec.structs.replace(before, target=TargetSpec(name="star"))
    window.store.apply(after, "Preset")
    (run,) = kept(qtbot, window, 1)
    assert run.project == before
    assert run.picture.width() == PICTURE_WIDTH
    assert run.best_kl("discrete") > 0

    train(qtbot, window)
    shelf = window.metrics.shelf
    shelf.list.item(0).setCheckState(Qt.CheckState.Checked)
    x, y, _, _, faint = window.metrics.curves.chart.curve("1 discrete")
    assert faint
    assert len(x) == len(y) == len(run.history("discrete"))

    shelf.list.setCurrentRow(0)
    QTest.mouseClick(shelf.restore, Qt.MouseButton.LeftButton)
    assert window.store.project == before
    assert window.stage.panels["discrete"].view.hasFocus()  # where Space plays
    (latest, _) = kept(qtbot, window, 2)
    assert latest.project == after
    assert latest.changes == ("target: star",)
    states = {}
    window.controller.request_checkpoints(states.update)
    qtbot.waitUntil(lambda: len(states) == 2, timeout=PATIENCE_MS)
    for lane in ("discrete", "continuous"):
        document = msgspec.structs.replace(before, lanes=states)
        original = msgspec.structs.replace(before, lanes=run.lanes)
        for now, then in zip(
            load(document, lane).parameters(), load(original, lane).parameters(), strict=True
        ):
            assert now.equal(then)
    window.store.undo_stack.undo()
    assert window.store.project == after


def test_a_run_stands_beside_the_models_that_came_after_it(window, qtbot):
    train(qtbot, window)
    qtbot.waitUntil(
        lambda: not any(panel.film.empty for panel in window.stage.panels.values()),
        timeout=PATIENCE_MS,
    )
    before = window.store.project
    window.edit(msgspec.structs.replace(before, stack=before.stack[:1]), "Remove a layer", "")
    (run,) = kept(qtbot, window, 1)
    shelf, stage = window.metrics.shelf, window.stage
    shelf.list.setCurrentRow(0)
    QTest.mouseClick(shelf.beside, Qt.MouseButton.LeftButton)
    assert shelf.beside.isChecked()
    guests = stage.guests.panels
    assert list(guests) == ["discrete", "continuous"]
    assert guests["discrete"].title == "Run 1 · Discrete"
    shown = stage.panels["discrete"].film.positions(1.0, 1e9, 50).positions
    then = guests["discrete"].film.positions(1.0, 1e9, 50).positions
    assert then.shape == shown.shape
    assert len(guests["discrete"]._layers) == 2
    assert len(stage.panels["discrete"]._layers) == 1
    qtbot.waitUntil(lambda: all(panel.isVisible() for panel in guests.values()))
    assert guests["discrete"]._figure.text() == f"KL {number(run.history('discrete').latest('kl'))}"
    window.stage.go_to(0.5)
    qtbot.waitUntil(lambda: guests["discrete"].view.tau == pytest.approx(0.5))
    QTest.mouseClick(guests["discrete"].view, Qt.MouseButton.LeftButton)
    assert window.status_line.sentence.startswith("Run 1 is a picture of what was")

    QTest.mouseClick(shelf.beside, Qt.MouseButton.LeftButton)
    assert not shelf.beside.isChecked()
    assert not stage.guests.panels
    QTest.mouseClick(shelf.beside, Qt.MouseButton.LeftButton)
    QTest.mouseClick(shelf.remove, Qt.MouseButton.LeftButton)
    assert not stage.guests.panels


def test_a_reset_keeps_the_run_and_a_short_one_is_not_worth_a_place(window, qtbot):
    train(qtbot, window)
    window.training.reset()
    (run,) = kept(qtbot, window, 1)
    assert run.history("continuous").last.step >= LEAST_STEPS
    window.training.reset()
    QTest.mouseClick(window.metrics.shelf.keep, Qt.MouseButton.LeftButton)
    assert window.metrics.shelf.runs() == [run]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"target": TargetSpec(name="rings")}, ("target: rings",)),
        ({"seed": 5}, ("another seed",)),
        ({"continuous": FlowMatching(width=9, depth=1)}, ("continuous: Hidden width 9",)),
        ({"stack": (*project().stack, Planar(id="p"))}, ("+Planar",)),
        ({"stack": ()}, ("−2 Affine coupling",)),
        ({"stack": project().stack[::-1]}, ("the stack's settings or order",)),
        ({}, ()),
    ],
)
def test_what_sets_runs_apart_in_words(changes, words):
    assert differences(project(), msgspec.structs.replace(project(), **changes)) == words


def test_the_solver_lab_is_measured_by_the_engine(window, qtbot):
    lab = window.models.lab
    assert not lab.isHidden()
    qtbot.waitUntil(lambda: all(window.controller.engine_pids().values()), timeout=PATIENCE_MS)
    QTest.mouseClick(lab.button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: bool(lab.rows), timeout=PATIENCE_MS)
    assert {row.solver for row in lab.rows} == {*SOLVERS, "dopri5"}
    assert lab.button.isEnabled()
