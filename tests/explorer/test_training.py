"""The controller and its threads with real engines: start, edit, lose one, save, stop."""

from __future__ import annotations

import os
import signal
import subprocess

import msgspec
import pytest

from explorer.training import controller as controller_module
from explorer.training.commands import commands_between
from explorer.training.controller import Controller
from flowengine import protocol
from flowengine.catalogue import FlowMatching, Planar, Ring, Rotation
from flowengine.lane import load
from flowengine.project import FLOW_LANES as LANES
from flowengine.project import Project, StopRule, TargetSpec
from tests.explorer.warm_engines import use_warm_engines

PATIENCE_MS = 60_000


def project(**changes) -> Project:
    return Project.from_dict(
        {
            "target": {"name": "moons"},
            "stack": [{"kind": "affine_coupling", "width": 8}] * 2,
            "continuous": {"kind": "flow_matching", "width": 8, "depth": 1},
        }
        | changes
    )


class Ear:
    """Remembers what a controller says."""

    def __init__(self, controller: Controller) -> None:
        self.heard: list[tuple[str, object]] = []
        self.notices: list[str] = []
        controller.message.connect(lambda lane, message: self.heard.append((lane, message)))
        controller.notice.connect(self.notices.append)

    def of(self, kind, lane: str | None = None) -> list:
        return [m for who, m in self.heard if isinstance(m, kind) and lane in (None, who)]


@pytest.fixture
def controller(request, qtbot, monkeypatch):
    """Its engines are forked, but where a test asks for "started" ones."""
    if getattr(request, "param", "forked") == "forked":
        use_warm_engines(monkeypatch)
    controller = Controller()
    controller.set_view(particles=200)
    yield controller
    controller.stop()


@pytest.fixture
def ear(controller):
    return Ear(controller)


def wait(qtbot, condition) -> None:
    qtbot.waitUntil(lambda: bool(condition()), timeout=PATIENCE_MS)


@pytest.mark.parametrize("controller", ["forked", "started"], indirect=True)
def test_both_lanes_train_send_pictures_and_rest(qtbot, controller, ear):
    with qtbot.waitSignal(controller.devices_changed, timeout=PATIENCE_MS) as devices:
        controller.start(project())
    assert devices.args[0][0].kind == "cpu"
    controller.train()
    assert controller.training
    for lane in LANES:
        wait(qtbot, lambda lane=lane: len(ear.of(protocol.Metrics, lane)) >= 2)
        assert ear.of(protocol.ParticleFrames, lane)
        assert ear.of(protocol.Metrics, lane)[-1].step > 0
    controller.pause()
    wait(qtbot, lambda: all(ear.of(protocol.LaneStatus, n)[-1].state == "paused" for n in LANES))


def test_edits_reach_the_running_process_and_old_pictures_are_dropped(qtbot, controller, ear):
    first = project()
    controller.start(first)
    controller.train()
    wait(qtbot, lambda: ear.of(protocol.Metrics, "discrete"))
    pids = controller.engine_pids()
    edited = msgspec.structs.replace(
        first,
        target=TargetSpec(name="star"),
        stack=(*first.stack, Rotation(id="turn")),
    )
    controller.set_project(edited)
    mark = len(ear.heard)
    wait(
        qtbot,
        lambda: any(
            isinstance(m, protocol.LayerFacts) and m.layers[-1].id == "turn"
            for _, m in ear.heard[mark:]
        ),
    )
    generations = [m.generation for _, m in ear.heard[mark:] if hasattr(m, "generation")]
    assert min(generations) == max(generations)
    assert controller.engine_pids() == pids


def test_killed_engine_is_replaced_from_its_last_checkpoint_and_trains_on(qtbot, controller, ear):
    controller.start(project())
    controller.train()
    wait(qtbot, lambda: ear.of(protocol.CheckpointReply, "discrete"))
    saved = ear.of(protocol.Metrics, "discrete")[-1].step
    pids = controller.engine_pids()
    os.kill(pids["discrete"], signal.SIGKILL)
    wait(qtbot, lambda: any("restarted from its last checkpoint" in n for n in ear.notices))
    assert any("ended by itself" in n for n in ear.notices)
    mark = len(ear.heard)
    wait(
        qtbot,
        lambda: any(isinstance(m, protocol.Metrics) and who == "discrete"
                    for who, m in ear.heard[mark:]),
    )  # fmt: skip
    again = next(m for who, m in ear.heard[mark:]
                 if isinstance(m, protocol.Metrics) and who == "discrete")  # fmt: skip
    assert again.step > 0.2 * saved
    assert controller.engine_pids()["discrete"] != pids["discrete"]
    assert controller.engine_pids()["continuous"] == pids["continuous"]


def test_engine_lost_after_an_edit_comes_back_with_the_edited_document(qtbot, controller, ear):
    first = project()
    controller.start(first)
    controller.step(3)
    wait(qtbot, lambda: ear.of(protocol.CheckpointReply, "discrete"))
    edited = msgspec.structs.replace(first, stack=(*first.stack, Planar(id="push")))
    controller.set_project(edited)
    os.kill(controller.engine_pids()["discrete"], signal.SIGKILL)
    wait(
        qtbot,
        lambda: any(f.layers[-1].id == "push" for f in ear.of(protocol.LayerFacts)),
    )
    wait(qtbot, lambda: any("restarted" in n for n in ear.notices))
    assert not ear.of(protocol.Failure)


def test_engine_that_hangs_is_ended_and_replaced(qtbot, controller, ear, monkeypatch):
    monkeypatch.setattr(controller_module, "SILENCE_S", 1.0)
    controller.start(project())
    controller.train()
    wait(qtbot, lambda: all(ear.of(protocol.Metrics, lane) for lane in LANES))
    hung = controller.engine_pids()["continuous"]
    os.kill(hung, signal.SIGSTOP)
    wait(qtbot, lambda: controller.engine_pids()["continuous"] not in (hung, None))


def test_engines_that_cannot_run_are_given_up_with_a_sentence(qtbot, controller, ear, monkeypatch):
    real = subprocess.Popen

    def broken(command, **options):
        return real([command[0], "-c", "raise SystemExit('no torch here')"], **options)

    monkeypatch.setattr("explorer.training.engine.subprocess.Popen", broken)
    controller.start(project())
    wait(qtbot, lambda: len(ear.of(protocol.Failure)) == len(LANES))
    assert all("no torch here" in failure.text for failure in ear.of(protocol.Failure))


def test_checkpoints_of_all_lanes_fit_the_document(qtbot, controller, ear):
    controller.start(project())
    controller.step(2)
    wait(qtbot, lambda: all(ear.of(protocol.CheckpointReply, lane) for lane in LANES))
    answers = []
    controller.request_checkpoints(answers.append)
    wait(qtbot, lambda: answers)
    assert set(answers[0]) == set(LANES)
    saved = msgspec.structs.replace(project(), lanes=answers[0])
    from flowengine.archive import check_safetensors

    for lane in LANES:
        check_safetensors(saved.lanes[lane].weights, f"{lane} weights")


def test_a_checkpoint_asked_for_before_an_edit_is_of_the_document_before_it(qtbot, controller, ear):
    first = project()
    controller.start(first)
    controller.train()
    wait(qtbot, lambda: all(ear.of(protocol.Metrics, lane) for lane in LANES))
    answers = []
    controller.request_checkpoints(answers.append, PATIENCE_MS)
    controller.set_project(msgspec.structs.replace(first, stack=(Rotation(id="turn"),)))
    wait(qtbot, lambda: answers)
    assert set(answers[0]) == set(LANES)
    load(msgspec.structs.replace(first, lanes=answers[0]), "discrete")  # raises if they do not fit


def test_checkpoint_of_an_engine_that_does_not_answer_is_its_last_one(
    qtbot, controller, ear, monkeypatch
):
    monkeypatch.setattr(controller_module, "SAVE_PATIENCE_MS", 300)
    controller.start(project())
    controller.step(2)
    wait(qtbot, lambda: all(ear.of(protocol.CheckpointReply, lane) for lane in LANES))
    pid = controller.engine_pids()["discrete"]
    os.kill(pid, signal.SIGSTOP)
    late = []
    controller.saved_without.connect(late.append)
    try:
        answers = []
        controller.request_checkpoints(answers.append)
        wait(qtbot, lambda: answers)
        last = ear.of(protocol.CheckpointReply, "discrete")[-1].state
    finally:
        os.kill(pid, signal.SIGCONT)
    assert answers[0]["discrete"] == last
    wait(qtbot, lambda: late)
    assert late == ["discrete"]


def test_a_question_asked_while_the_engines_start_is_answered_once_they_are_up(
    qtbot, controller, ear
):
    controller.start(project())
    request = controller.query(0.25, -0.5)
    wait(qtbot, lambda: len(ear.of(protocol.Ledger)) == len(LANES))
    assert {ledger.request for ledger in ear.of(protocol.Ledger)} == {request}


def test_an_export_asked_while_the_engines_start_is_made_once_they_are_up(
    qtbot, controller, ear, tmp_path
):
    controller.start(project())
    request = controller.export("continuous", "python", str(tmp_path / "taken"))
    wait(qtbot, lambda: ear.of(protocol.ExportDone) or ear.of(protocol.Failure))
    (done,) = ear.of(protocol.ExportDone)
    assert done.request == request
    assert (tmp_path / "taken" / "model.py").is_file()


def test_a_measurement_whose_engine_dies_is_answered_with_a_sentence(qtbot, controller, ear):
    controller.start(project())
    wait(qtbot, lambda: all(ear.of(protocol.LaneStatus, lane) for lane in LANES))
    request = controller.measure_solvers()
    os.kill(controller.engine_pids()["continuous"], signal.SIGKILL)
    wait(qtbot, lambda: ear.of(protocol.SolverLabReply) or ear.of(protocol.Failure))
    (failure,) = ear.of(protocol.Failure)
    assert failure.request == request
    assert "continuous engine ended by itself" in failure.text


def test_an_export_whose_engine_dies_is_made_by_the_next_one(qtbot, controller, ear, tmp_path):
    controller.start(project())
    wait(qtbot, lambda: all(ear.of(protocol.LaneStatus, lane) for lane in LANES))
    request = controller.export("discrete", "python", str(tmp_path / "taken"))
    os.kill(controller.engine_pids()["discrete"], signal.SIGKILL)
    wait(qtbot, lambda: ear.of(protocol.ExportDone) or ear.of(protocol.Failure))
    (done,) = ear.of(protocol.ExportDone)
    assert done.request == request
    assert os.listdir(tmp_path) == ["taken"]


def test_ledger_query_and_export_answer_with_their_number(qtbot, controller, ear, tmp_path):
    controller.start(project())
    controller.step(1)
    wait(qtbot, lambda: all(ear.of(protocol.CheckpointReply, lane) for lane in LANES))
    request = controller.query(0.25, -0.5)
    wait(qtbot, lambda: len(ear.of(protocol.Ledger)) == len(LANES))
    assert {ledger.request for ledger in ear.of(protocol.Ledger)} == {request}
    request = controller.export("discrete", "python", str(tmp_path / "taken"))
    wait(qtbot, lambda: ear.of(protocol.ExportDone) or ear.of(protocol.Failure))
    (done,) = ear.of(protocol.ExportDone)
    assert done.request == request
    assert (tmp_path / "taken" / "model.py").is_file()


def test_training_is_over_when_every_lane_has_stopped_by_its_rule(qtbot, controller, ear):
    plain = project().to_dict()
    plain["training"]["stop"] = {"kind": "steps", "value": 5}
    controller.start(Project.from_dict(plain))
    controller.train()
    wait(qtbot, lambda: all(ear.of(protocol.LaneStatus, n)[-1:] for n in LANES))
    wait(qtbot, lambda: not controller.training)
    assert all(ear.of(protocol.LaneStatus, lane)[-1].step == 5 for lane in LANES)


def test_stop_ends_the_engines_and_start_brings_others(qtbot, controller, ear):
    controller.start(project())
    wait(qtbot, lambda: len(ear.of(protocol.LaneStatus)) >= len(LANES))
    pids = set(controller.engine_pids().values())
    controller.stop()
    assert not controller.running
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
    ear.heard.clear()
    controller.start(project())
    wait(qtbot, lambda: len(ear.of(protocol.LaneStatus)) >= len(LANES))


@pytest.mark.parametrize(
    ("changes", "discrete", "continuous"),
    [
        ({"name": "other"}, [], []),
        ({"target": TargetSpec(name="star")}, ["ReplaceTarget"], ["ReplaceTarget"]),
        ({"stack": (Planar(id="p"),)}, ["EditStack"], []),
        ({"continuous": FlowMatching(width=9)}, [], ["EditContinuous"]),
        ({"base": Ring()}, ["EditBase"], ["EditBase"]),
        ({"seed": 4}, ["Reset"], ["Reset"]),
    ],
)
def test_an_edit_becomes_the_fewest_commands(changes, discrete, continuous):
    old = project()
    new = msgspec.structs.replace(old, **changes)
    for lane, expected in (("discrete", discrete), ("continuous", continuous)):
        commands = commands_between(lane, old, new, 7)
        assert [type(command).__name__ for command in commands] == expected
        assert all(command.generation == 7 for command in commands)


def test_recipe_and_stop_rule_change_without_a_new_generation():
    old = project()
    recipe = msgspec.structs.replace(old.training.discrete, learning_rate=0.3, batch_size=99)
    training = msgspec.structs.replace(old.training, discrete=recipe, stop=StopRule(kind="plateau"))
    new = msgspec.structs.replace(old, training=training)
    assert {type(c).__name__ for c in commands_between("continuous", old, new, 1)} == {
        "SetStopRule"
    }
    named = [c for c in commands_between("discrete", old, new, 1) if hasattr(c, "name")]
    assert {(c.name, c.value) for c in named} == {("learning_rate", 0.3), ("batch_size", 99)}
