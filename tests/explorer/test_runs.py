"""What the real window asks real engines for: the run shelf and the solver lab."""

import msgspec
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from explorer.metrics.run_shelf import PICTURE_WIDTH
from explorer.metrics.runs import achieved, differences
from explorer.session.run_keeper import LEAST_STEPS
from explorer.stack.ready_made import READY_MADE
from explorer.words.languages import number
from flowengine.catalogue import FlowMatching, Planar
from flowengine.continuous.solvers import SOLVERS
from flowengine.lane import load
from flowengine.project import Project, TargetSpec
from flowengine.protocol import LaneStatus
from flowengine.trainer import Trainer
from flowengine.training import train as train_until
from tests.explorer.windows import shown_window

PATIENCE_MS = 60_000
NO_KEY = Qt.KeyboardModifier.NoModifier


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


def step_once(qtbot, window):
    """A single step in each lane."""
    with qtbot.waitSignals(
        2 * [window.controller.message],
        timeout=PATIENCE_MS,
        check_params_cbs=[rests("discrete"), rests("continuous")],
    ):
        window.controller.step()


def rests(lane):
    """Whether a message says that a lane has come to rest."""
    return lambda said, message: (
        said == lane and isinstance(message, LaneStatus) and message.state == "paused"
    )


def states(qtbot, window):
    """What training has made of every lane, as the engines say it."""
    told = {}
    window.controller.request_checkpoints(told.update, PATIENCE_MS)
    qtbot.waitUntil(lambda: len(told) == 2, timeout=PATIENCE_MS)
    return told


def same_weights(project, before, after):
    """Whether two states of training hold the same models."""
    old, new = (msgspec.structs.replace(project, lanes=lanes) for lanes in (before, after))
    return all(
        now.equal(then)
        for lane in ("discrete", "continuous")
        for now, then in zip(
            load(new, lane).parameters(), load(old, lane).parameters(), strict=True
        )
    )


def undone(qtbot, window):
    """Take the last edit back, and its models."""
    with qtbot.waitSignal(window.session.restorer.swapped, timeout=PATIENCE_MS):
        window.actions_["undo"].trigger()


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
    assert achieved(run).best["discrete"] > 0

    train(qtbot, window)
    shelf = window.metrics.shelf
    shelf.list.item(0).setCheckState(Qt.CheckState.Checked)
    under = window.metrics.curves.chart.curve("1 discrete")
    assert under.faint
    assert under.label == "1"
    assert len(under.x) == len(under.y) == len(run.history("discrete"))

    shelf.list.setCurrentRow(0)
    QTest.mouseClick(shelf.restore, Qt.MouseButton.LeftButton)
    assert window.store.project == before
    assert window.area.panels["discrete"].view.hasFocus()  # where Space plays
    (latest, _) = kept(qtbot, window, 2)
    assert latest.project == after
    assert latest.changes == ("target: Star",)
    assert same_weights(before, run.lanes, states(qtbot, window))

    undone(qtbot, window)
    assert window.store.project == after
    assert same_weights(after, latest.lanes, states(qtbot, window))
    assert window.metrics.curves.last("discrete").step == latest.history("discrete").last.step


def test_undo_and_redo_of_a_restore_lose_no_model(window, qtbot):
    train(qtbot, window)
    QTest.mouseClick(window.metrics.shelf.keep, Qt.MouseButton.LeftButton)
    (run,) = kept(qtbot, window, 1)
    step_once(qtbot, window)  # too little for the shelf
    project, before = window.store.project, states(qtbot, window)
    window.run_actions.restore(run)  # the same document: the weights alone are other ones
    assert same_weights(project, run.lanes, states(qtbot, window))
    step_once(qtbot, window)
    after = states(qtbot, window)
    assert not same_weights(project, run.lanes, after)

    undone(qtbot, window)
    assert same_weights(project, before, states(qtbot, window))
    with qtbot.waitSignal(window.session.restorer.swapped, timeout=PATIENCE_MS):
        window.actions_["redo"].trigger()
    assert same_weights(project, after, states(qtbot, window))


@pytest.fixture(scope="module")
def trained():
    """A project as a file has it: trained for a few steps."""
    lanes = {}
    for lane in ("discrete", "continuous"):
        trainer = Trainer(project(), lane)
        train_until(trainer, steps=3)
        lanes[lane] = trainer.state()
    return msgspec.structs.replace(project(), lanes=lanes)


@pytest.mark.parametrize("engines", [True, False], ids=["engines up", "engines starting"])
def test_what_a_file_was_opened_with_is_on_the_shelf_before_the_first_edit(
    trained, engines, tmp_path, qtbot, qapp, monkeypatch
):
    trained.save(tmp_path / "lecture.flow")
    with shown_window(project(), qtbot, qapp, monkeypatch, particles=200) as window:
        window.store.open(tmp_path / "lecture.flow")
        if engines:
            window.start_engines()
            qtbot.waitUntil(lambda: bool(window.controller.devices), timeout=PATIENCE_MS)
        before = window.store.project
        window.store.edit(
            msgspec.structs.replace(before, stack=before.stack[:1]), "Remove a layer", ""
        )
        (run,) = kept(qtbot, window, 1)
        assert run.project == before
        assert same_weights(before, trained.lanes, run.lanes)
        item = window.metrics.shelf.list.item(0)
        assert item.text().startswith("Run 1 · lecture.flow\nbest KL: ")
        window.store.edit(before, "Add a layer", "")
        window.store.edit(
            msgspec.structs.replace(before, stack=before.stack[:1]), "Remove a layer", ""
        )
        assert len(window.metrics.shelf.runs()) == 1


def test_the_first_stroke_leaves_the_opened_model_on_the_shelf(trained, qtbot, qapp, monkeypatch):
    with shown_window(trained, qtbot, qapp, monkeypatch, particles=200) as window:
        window.start_engines()
        qtbot.waitUntil(lambda: all(steps(window)), timeout=PATIENCE_MS)
        canvas = window.target.canvas
        middle = canvas.rect().center()
        QTest.mousePress(canvas, Qt.MouseButton.LeftButton, NO_KEY, middle)
        with qtbot.waitSignal(window.target.target_preview, timeout=PATIENCE_MS):
            QTest.mouseMove(canvas, middle + QPoint(20, 0))
        train(qtbot, window)  # the stroke is held: the engines follow what there is of it
        QTest.mouseMove(canvas, middle + QPoint(20, 20))
        QTest.mouseRelease(canvas, Qt.MouseButton.LeftButton, NO_KEY, middle + QPoint(20, 20))
        assert window.store.project.target.source == "drawing"
        (run,) = kept(qtbot, window, 1)
        assert run.project.target == trained.target
        assert same_weights(trained, trained.lanes, run.lanes)


def test_a_tick_stays_for_the_same_target_alone(window, qtbot):
    train(qtbot, window)
    before = window.store.project
    window.store.edit(msgspec.structs.replace(before, stack=before.stack[:1]), "Remove a layer", "")
    kept(qtbot, window, 1)
    shelf, chart = window.metrics.shelf, window.metrics.curves.chart
    item = shelf.list.item(0)
    item.setCheckState(Qt.CheckState.Checked)
    window.store.edit(msgspec.structs.replace(before, stack=()), "Remove a layer", "")
    assert chart.curve("1 discrete").faint
    here = item.foreground().color()

    after = msgspec.structs.replace(before, target=TargetSpec(name="star"))
    window.store.edit(after, "Preset", "")
    assert not shelf.ticked()
    with pytest.raises(KeyError):
        chart.curve("1 discrete")
    assert item.foreground().color() != here
    assert "another target" in item.toolTip()
    window.store.undo_stack.undo()
    assert item.foreground().color() == here


def test_a_run_stands_beside_the_models_that_came_after_it(window, qtbot):
    train(qtbot, window)
    qtbot.waitUntil(
        lambda: not any(panel.film.empty for panel in window.area.panels.values()),
        timeout=PATIENCE_MS,
    )
    before = window.store.project
    window.store.edit(msgspec.structs.replace(before, stack=before.stack[:1]), "Remove a layer", "")
    (run,) = kept(qtbot, window, 1)
    shelf, stage = window.metrics.shelf, window.area
    shelf.list.setCurrentRow(0)
    QTest.mouseClick(shelf.beside, Qt.MouseButton.LeftButton)
    assert shelf.beside.isChecked()
    guests = stage.pinned.panels
    assert list(guests) == ["discrete", "continuous"]
    assert guests["discrete"].title == "Run 1 · Discrete"
    shown = stage.panels["discrete"].film.positions(1.0, 1e9, 50).positions
    then = guests["discrete"].film.positions(1.0, 1e9, 50).positions
    assert then.shape == shown.shape
    assert len(guests["discrete"]._layers) == 2
    assert len(stage.panels["discrete"]._layers) == 1
    qtbot.waitUntil(lambda: all(panel.isVisible() for panel in guests.values()))
    assert guests["discrete"]._figure.text() == f"KL {number(run.history('discrete').latest('kl'))}"
    window.area.go_to(0.5)
    qtbot.waitUntil(lambda: guests["discrete"].view.tau == pytest.approx(0.5))
    QTest.mouseClick(guests["discrete"].view, Qt.MouseButton.LeftButton)
    assert window.status_line.sentence.startswith("Run 1 is a picture of what was")

    QTest.mouseClick(shelf.beside, Qt.MouseButton.LeftButton)
    assert not shelf.beside.isChecked()
    assert not stage.pinned.panels
    QTest.mouseClick(shelf.beside, Qt.MouseButton.LeftButton)
    QTest.mouseClick(shelf.remove, Qt.MouseButton.LeftButton)
    assert not stage.pinned.panels


def test_a_reset_keeps_the_run_and_a_short_one_is_not_worth_a_place(window, qtbot):
    train(qtbot, window)
    window.session.training.reset()
    (run,) = kept(qtbot, window, 1)
    assert run.history("continuous").last.step >= LEAST_STEPS
    window.session.training.reset()
    QTest.mouseClick(window.metrics.shelf.keep, Qt.MouseButton.LeftButton)
    assert window.metrics.shelf.runs() == [run]


def with_first(**settings):
    first, *others = project().stack
    return (msgspec.structs.replace(first, **settings), *others)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"target": TargetSpec(name="rings")}, ("target: Rings",)),
        ({"seed": 5}, ("another seed",)),
        ({"continuous": FlowMatching(width=9, depth=1)}, ("continuous: Hidden width 9",)),
        (
            {"continuous": FlowMatching(width=8, depth=1, solver="adams")},
            ("continuous: Solver Adams",),
        ),
        ({"stack": (*project().stack, Planar(id="p"))}, ("+Planar",)),
        ({"stack": READY_MADE[2].stack()}, ("Neural spline flow",)),
        ({"stack": READY_MADE[2].stack()[1:]}, ("+3 Spline coupling", "−2 Affine coupling")),
        ({"stack": ()}, ("−2 Affine coupling",)),
        ({"stack": project().stack[::-1]}, ("another order of layers",)),
        ({"stack": with_first(enabled=False)}, ("Affine coupling bypassed",)),
        ({"stack": with_first(frozen=True)}, ("Affine coupling frozen",)),
        ({"stack": with_first(width=9)}, ("Affine coupling: Hidden width 9",)),
        ({"stack": with_first(id="other")}, ("the stack's settings or order",)),
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
    assert lab.button.text() == "Measure again"
