"""The engine process itself: real processes, real pipes, every command."""

from __future__ import annotations

import io

import msgspec
import numpy as np
import pytest

from flowengine import protocol
from flowengine.catalogue import FlowMatching, Ring, Rotation
from flowengine.continuous.solvers import SOLVERS
from flowengine.lane import load
from flowengine.project import Project, StopRule, TargetSpec
from tests.engine.engines import PATIENCE_S, Engine, running_engine


@pytest.fixture(scope="module")
def shared():
    """One engine for all tests that leave it as they found it; starting one costs seconds."""
    with running_engine() as engine:
        engine.wait_for(protocol.Ready)
        yield engine


@pytest.fixture
def engine(shared):
    yield shared
    shared.send(protocol.SetView(), protocol.Pause())
    shared.wait_for(protocol.LaneStatus)


def project(**changes) -> Project:
    return Project.from_dict(
        {
            "target": {"name": "moons"},
            "stack": [{"kind": "affine_coupling", "width": 8}] * 2,
            "continuous": {"kind": "flow_matching", "width": 8, "depth": 1},
            "training": {"discrete": {"batch_size": 64}, "continuous": {"batch_size": 64}},
        }
        | changes
    )


def loaded(engine: Engine, lane: str = "discrete", *, training: bool = False, **changes):
    loaded.generation += 10
    engine.send(
        protocol.Load(
            lane=lane,
            project=project(**changes),
            generation=loaded.generation,
            training=training,
            device="cpu",
        )
    )
    engine.wait_for(protocol.LaneStatus, lambda s: s.generation == loaded.generation)
    return loaded.generation


loaded.generation = 0


def test_ready_names_the_devices_and_training_moves_on(engine):
    ready = next(e for e in engine.heard if isinstance(e, protocol.Ready))
    assert ready.devices[0].kind == "cpu"
    assert ready.pid == engine.process.pid
    loaded(engine, training=True)
    first = engine.wait_for(protocol.Metrics)
    later = engine.wait_for(protocol.Metrics, lambda m: m.step > first.step + 20)
    assert later.kl < first.kl
    assert later.nll == pytest.approx(later.kl + later.entropy)
    assert later.steps_per_second > 0


@pytest.mark.parametrize("lane", ["discrete", "continuous"])
def test_resting_engine_shows_every_picture_of_the_present_model_and_then_keeps_still(engine, lane):
    generation = loaded(engine, lane)
    engine.send(protocol.SetView(particles=400))
    seen: dict[str, list] = {}
    frames = 0
    while not (frames and len(seen.get("HeatFrame", [])) == frames and "Metrics" in seen):
        event = engine.hear()
        if getattr(event, "generation", None) == generation:
            seen.setdefault(type(event).__name__, []).append(event)
        if isinstance(event, protocol.HeatFrame):
            frames = event.frames
    particles = [e for e in seen["ParticleFrames"] if e.total == 400]
    assert sorted(e.first for e in particles) == [0, 100, 200, 300]
    assert all(e.positions.shape == (len(e.tau), 100, 2) for e in particles)
    assert {e.index for e in seen["HeatFrame"]} == set(range(frames))
    assert ("GridFrames" in seen) == (lane == "discrete")
    assert ("FieldFrames" in seen) == (lane == "continuous")
    heat = next(e for e in seen["HeatFrame"] if e.index == frames - 1)
    x_min, x_max, _, _ = heat.extent
    cell = (x_max - x_min) / len(heat.density)
    assert heat.density.sum() * cell * cell == pytest.approx(1.0, abs=0.03)  # but for its tails
    before = len(engine.heard)
    engine.send(protocol.Query(request=99, point=(0.0, 0.0)))
    engine.wait_for(protocol.Ledger, lambda e: e.request == 99)
    strays = [e for e in engine.heard[before:-1] if not isinstance(e, protocol.LayerFacts)]
    assert strays == []


def test_both_lanes_start_from_the_same_latent_batch(engine):
    batches = []
    for lane in ("discrete", "continuous"):
        loaded(engine, lane)
        engine.send(protocol.SetView(particles=100))
        parts = {}
        while len(parts) < 4:
            event = engine.wait_for(protocol.ParticleFrames, lambda e: e.total == 100)
            parts[event.first] = event.positions[0]
        batches.append(np.concatenate([parts[k] for k in sorted(parts)]))
    np.testing.assert_array_equal(batches[0], batches[1])


def test_normalize_starts_from_the_target_and_ends_near_the_base(engine):
    loaded(engine)
    engine.send(protocol.SetView(direction="normalize", particles=400))
    event = engine.wait_for(protocol.ParticleFrames, lambda e: e.direction == "normalize")
    moons = Project.from_dict({"target": {"name": "moons"}})
    import flowengine as fe

    target = fe.targets.from_spec(moons.target)
    import torch

    assert torch.isfinite(target.log_prob(torch.tensor(event.positions[-1]))).all()


def test_edits_keep_the_process_and_carry_their_generation(engine):
    generation = loaded(engine, training=True)
    engine.wait_for(protocol.Metrics)
    target = TargetSpec(source="preset", name="star")
    engine.send(protocol.ReplaceTarget(target=target, generation=generation + 1))
    status = engine.wait_for(protocol.LaneStatus, lambda s: s.generation == generation + 1)
    assert status.state == "training"
    assert status.step > 0
    stack = (*project().stack, Rotation(id="turn"))
    engine.send(protocol.EditStack(stack=stack, generation=generation + 2))
    facts = engine.wait_for(protocol.LayerFacts, lambda f: f.generation == generation + 2)
    assert [fact.id for fact in facts.layers][-1] == "turn"
    assert engine.process.poll() is None


def test_a_wish_that_cannot_be_met_blocks_the_lane_until_the_next_edit(engine):
    generation = loaded(engine, training=True)
    engine.send(protocol.EditStack(stack=(), generation=generation + 1))
    status = engine.wait_for(protocol.LaneStatus, lambda s: s.generation == generation + 1)
    assert status.state == "blocked"
    assert "layer" in status.reason
    engine.send(protocol.Checkpoint(request=5))
    reply = engine.wait_for(protocol.CheckpointReply, lambda r: r.request == 5)
    assert reply.state.weights == b""  # nothing that does not fit the empty stack may be saved
    engine.send(protocol.EditStack(stack=project().stack, generation=generation + 2))
    status = engine.wait_for(protocol.LaneStatus, lambda s: s.generation == generation + 2)
    assert status.state == "training"


def test_pause_step_resume_and_stop_rule(engine):
    loaded(engine)
    engine.send(protocol.Step(count=3))
    status = engine.wait_for(protocol.LaneStatus, lambda s: s.step == 3)
    assert status.state == "paused"
    engine.send(protocol.SetStopRule(rule=StopRule(kind="steps", value=10)), protocol.Resume())
    status = engine.wait_for(protocol.LaneStatus, lambda s: s.state == "stopped")
    assert status.step == 10
    assert "10 steps" in status.reason


def test_reset_runs_exactly_the_same_again(engine):
    generation = loaded(engine, seed=5)
    states = []
    for turn in (1, 2):
        engine.send(protocol.Reset(seed=5, generation=generation + turn), protocol.Step(count=5))
        engine.wait_for(protocol.LaneStatus, lambda s: s.step == 5)
        engine.send(protocol.Checkpoint(request=turn))
        reply = engine.wait_for(protocol.CheckpointReply, lambda r, turn=turn: r.request == turn)
        states.append(reply.state.weights)
    assert states[0] == states[1]


def test_hyperparameter_out_of_range_is_refused_with_its_limits(engine):
    loaded(engine)
    engine.send(protocol.SetHyperparameter(name="learning_rate", value=7.0))
    failure = engine.wait_for(protocol.Failure)
    assert "<= 1" in failure.text
    assert "learning_rate" in failure.text
    engine.send(protocol.SetHyperparameter(name="no_such", value=1))
    assert "no_such" in engine.wait_for(protocol.Failure).text


def test_ledger_adds_up_and_trace_follows_any_points(engine):
    loaded(engine)
    engine.send(protocol.Step(count=20))
    engine.send(protocol.Query(request=7, point=(0.5, -0.25)))
    ledger = engine.wait_for(protocol.Ledger, lambda e: e.request == 7)
    total = ledger.rows[0].log_prob - sum(row.log_det for row in ledger.rows[1:])
    assert ledger.log_prob == pytest.approx(total, abs=1e-4)
    assert ledger.rows[-1].position == pytest.approx((0.5, -0.25), abs=1e-4)
    assert ledger.round_trip_error < 1e-4
    points = np.array([[0.0, 0.0], [1.0, 2.0]], "f4")
    engine.send(protocol.Trace(request=8, points=points, direction="generate"))
    reply = engine.wait_for(protocol.TraceReply, lambda e: e.request == 8)
    np.testing.assert_allclose(reply.positions[0], points)


def test_query_during_training_is_answered_at_once(engine):
    loaded(engine, training=True)
    engine.wait_for(protocol.Metrics)
    steps = []
    for request in range(100, 105):
        engine.send(protocol.Query(request=request, point=(0.1, 0.2)))
        ledger = engine.wait_for(protocol.Ledger, lambda e, r=request: e.request == r)
        steps.append(ledger)
    assert len(steps) == 5


def test_checkpoint_loads_as_a_trained_model_and_resumes(engine):
    loaded(engine, "continuous")
    engine.send(protocol.Step(count=8))
    engine.wait_for(protocol.LaneStatus, lambda s: s.step == 8)
    engine.send(protocol.Checkpoint(request=3))
    reply = engine.wait_for(protocol.CheckpointReply, lambda r: r.request == 3)
    saved = msgspec.structs.replace(project(), lanes={"continuous": reply.state})
    import torch

    assert torch.isfinite(load(saved, "continuous").log_prob(torch.zeros(1, 2))).all()
    engine.send(
        protocol.Load(
            lane="continuous", project=project(), state=reply.state, generation=10**6, device="cpu"
        )
    )
    status = engine.wait_for(protocol.LaneStatus, lambda s: s.generation == 10**6)
    assert status.step == 8


def test_missing_device_is_told_and_training_stays_where_it_is(engine):
    loaded(engine)
    missing = {"cuda", "mps"} - {d.kind for e in engine.heard[:1] for d in e.devices}
    for device in missing:
        engine.send(protocol.SetDevice(device=device))
        failure = engine.wait_for(protocol.Failure)
        assert failure.error == "DeviceError"
        assert device in failure.text
    engine.send(protocol.Step(count=1))
    assert engine.wait_for(protocol.LaneStatus, lambda s: s.step == 1).device == "cpu"


def test_edit_of_the_continuous_flow_keeps_weights_where_the_network_is_the_same(engine):
    generation = loaded(engine, "continuous")
    engine.send(protocol.Step(count=30))
    engine.wait_for(protocol.LaneStatus, lambda s: s.step == 30)
    engine.send(protocol.Checkpoint(request=1))
    before = engine.wait_for(protocol.CheckpointReply, lambda r: r.request == 1)
    spec = FlowMatching(width=8, depth=1, solver="heun", solver_steps=20)
    engine.send(protocol.EditContinuous(continuous=spec, generation=generation + 1))
    engine.send(protocol.Checkpoint(request=2))
    after = engine.wait_for(protocol.CheckpointReply, lambda r: r.request == 2)
    assert before.state.weights == after.state.weights


@pytest.mark.parametrize("lane", ["discrete", "continuous"])
def test_another_base_moves_the_particles_and_keeps_the_weights(engine, lane):
    generation = loaded(engine, lane)
    engine.send(protocol.Step(count=5))
    engine.wait_for(protocol.LaneStatus, lambda s: s.step == 5)
    engine.send(protocol.Checkpoint(request=1))
    before = engine.wait_for(protocol.CheckpointReply, lambda r: r.request == 1)
    ring = Ring(radius=3.0, spread=0.05)
    engine.send(protocol.EditBase(base=ring, generation=generation + 1))
    frames = engine.wait_for(protocol.ParticleFrames, lambda f: f.generation == generation + 1)
    assert np.abs(np.linalg.norm(frames.positions[0], axis=1) - 3).max() < 0.5
    engine.send(protocol.Checkpoint(request=2))
    after = engine.wait_for(protocol.CheckpointReply, lambda r: r.request == 2)
    assert before.state.weights == after.state.weights


def test_a_damaged_message_is_told_and_the_engine_goes_on(engine):
    loaded(engine)
    engine.process.stdin.write(b"\x03\x00\x00\x00\xc1\xc1\xc1")
    engine.process.stdin.flush()
    assert engine.wait_for(protocol.Failure).error == "ProtocolError"
    engine.send(protocol.Step(count=1))
    engine.wait_for(protocol.LaneStatus, lambda s: s.step == 1)


def test_stray_prints_do_not_break_the_stream():
    noise = (
        "import os, torch.optim, flowengine.trainer as t\n"
        "step = t.Trainer.step\n"
        "def noisy(self):\n"
        "    print('a stray print'); os.write(1, b'and one from below')\n"
        "    step(self)\n"
        "t.Trainer.step = noisy\n"
    )
    with running_engine(noise) as engine:
        engine.wait_for(protocol.Ready)
        loaded(engine, training=True)
        engine.wait_for(protocol.Metrics, lambda m: m.step > 3)
        engine.send(protocol.Stop())
        _, stderr = engine.process.communicate(timeout=PATIENCE_S)
        assert b"a stray print" in stderr
        assert b"and one from below" in stderr
        assert engine.process.returncode == 0


def test_the_solver_lab_answers_while_training_goes_on(engine):
    loaded(engine, "continuous", training=True)
    engine.send(protocol.SolverLab(request=71, points=16))
    reply = engine.wait_for(protocol.SolverLabReply)
    first = engine.wait_for(protocol.Metrics)
    assert reply.request == 71
    assert {row.solver for row in reply.rows} == {*SOLVERS, "dopri5"}
    assert all(row.evaluations > 0 for row in reply.rows)
    engine.wait_for(protocol.Metrics, lambda m: m.step > first.step)


def test_a_second_solver_lab_takes_the_place_of_the_first(engine):
    loaded(engine, "continuous")
    for request in (81, 82):
        engine.send(protocol.SolverLab(request=request, points=512))
    failure = engine.wait_for(protocol.Failure)
    assert failure.request == 81
    assert "asked again" in failure.text
    assert engine.wait_for(protocol.SolverLabReply).request == 82


def test_the_discrete_lane_has_no_solver_lab(engine):
    loaded(engine)
    engine.send(protocol.SolverLab(request=72))
    failure = engine.wait_for(protocol.Failure)
    assert (failure.request, failure.error) == (72, "SpecError")
    assert "this is the discrete model" in failure.text


def test_a_number_that_is_not_finite_is_told_with_its_remedy_and_training_goes_on():
    fault = (
        "import flowengine.objectives as o\n"
        "real, calls = o.MaximumLikelihood.backward, []\n"
        "def faulty(self, flow):\n"
        "    calls.append(1)\n"
        "    return real(self, flow) * (float('nan') if len(calls) == 3 else 1.0)\n"
        "o.MaximumLikelihood.backward = faulty\n"
    )
    with running_engine(fault) as engine:
        engine.wait_for(protocol.Ready)
        loaded(engine, training=True)
        notice = engine.wait_for(protocol.Notice)
        assert "not finite" in notice.text
        assert notice.remedy == "halve_rate"
        engine.wait_for(protocol.Metrics, lambda m: m.step > 5)


def test_engine_ends_when_its_standard_input_closes():
    with running_engine() as engine:
        engine.wait_for(protocol.Ready)
        loaded(engine, training=True)
        engine.process.stdin.close()
        while protocol.read_frame(engine.process.stdout) is not None:
            pass
        assert engine.process.wait(PATIENCE_S) == 0


def test_what_is_saved_has_been_measured_at_the_step_at_which_it_is_saved(engine):
    loaded(engine, training=True)
    engine.wait_for(protocol.Metrics, lambda m: m.step > 20)
    engine.send(protocol.Pause())
    engine.send(protocol.Checkpoint(request=9))
    status = engine.wait_for(protocol.LaneStatus, lambda s: s.state == "paused")
    reply = engine.wait_for(protocol.CheckpointReply, lambda r: r.request == 9)
    with np.load(io.BytesIO(reply.state.history)) as history:
        assert history["step"][-1] == status.step
        assert len(set(history["step"])) == len(history["step"])
