"""The VAE and the GAN as lanes: trained, resumed, edited, shown, measured and taken away."""

from __future__ import annotations

import math

import msgspec
import numpy as np
import pytest
import torch

from flowengine import protocol, targets
from flowengine.baselines.pictures import BaselineDisplay, display_of
from flowengine.catalogue import GanSpec, Ring, VaeSpec
from flowengine.distances import energy_distance
from flowengine.errors import AbsentError, ProjectError, SpecError
from flowengine.lane import build_model
from flowengine.lane_worker import Worker
from flowengine.metrics import evaluate, samples_of
from flowengine.project import BASELINE_LANES, LANES, Project, StopRule
from flowengine.projectfile import migrate_1_to_2, read_project, write_project
from flowengine.protocol import HeatFrame, Metrics, ParticleFrames, SetView
from flowengine.shorthand import parse_compare
from flowengine.stopping import stop_reason
from flowengine.trainer import Trainer
from flowengine.training import train
from tests.engine.baseline_projects import project
from tests.engine.test_snapshots import show_all
from tests.engine.trainers import advance, weights_of

# --- training -----------------------------------------------------------------------------------


@pytest.mark.parametrize("lane", LANES)
def test_every_weight_of_every_lane_gets_a_gradient(lane):
    trainer = Trainer(project(), lane)
    advance(trainer, 3)  # the outputs start silent, and pass nothing back before they have moved
    trainer.optimizer.zero_grad()
    trainer.objective.backward(trainer.model)
    silent = [n for n, p in trainer.model.named_parameters() if not p.grad.norm() > 1e-6]
    # only differences of verdicts count, so that the height of them all never matters
    assert silent == (["critic.biases.2"] if lane == "gan" else [])


def test_a_vae_learns_and_its_bounds_stay_in_order():
    trainer = Trainer(project(), "vae")
    before = trainer.evaluate()
    report = train(trainer, steps=400)
    assert report.bound == "iwae"
    assert report.kl < 0.6 * before.kl
    assert report.nll == pytest.approx(report.kl + before.entropy)
    assert report.nll >= before.entropy - 0.01
    x = trainer.held_out[:256]
    vae = trainer.average
    with torch.no_grad():
        elbo, bound = vae.elbo(x, 1024).mean(), vae.log_likelihood(x).mean()
        estimate = vae.iwae(x, 4096, seed=9).mean()
    assert elbo < bound < estimate + 2e-3
    assert estimate - bound < 0.05  # 64 samples are close to very many


def test_a_gans_samples_come_near_the_target():
    trainer = Trainer(project(), "gan")
    target = trainer.target.sample(1024, seed=5)

    def apart() -> float:
        return energy_distance(samples_of(trainer.average, 1024), target)

    before, sliced = apart(), trainer.evaluate().w2
    report = train(trainer, steps=800)
    assert apart() < 0.3 * before
    assert report.sliced_w2 < 0.6 * sliced
    assert (report.nll, report.kl, report.bound) == (None, None, None)


def test_a_gan_has_no_kl_to_reach_and_says_so():
    trainer = Trainer(project(), "gan")
    with pytest.raises(SpecError, match="gan lane has no likelihood"):
        train(trainer, until_kl=0.1)
    with pytest.raises(AbsentError, match="no likelihood"):
        trainer.average.log_likelihood(torch.zeros(1, 2))
    assert list(trainer.measure()) == []


def test_a_lane_without_a_likelihood_stops_on_a_plateau_of_w2():
    trainer = Trainer(project(), "gan")
    trainer.history = [(step, 0.0, math.nan, math.nan, 0.3) for step in range(0, 900, 100)]
    trainer.step_count = 900
    assert stop_reason(trainer, StopRule(kind="plateau")) == "W2 has stopped falling"
    assert stop_reason(trainer, StopRule(kind="kl", value=9.0)) is None


@pytest.mark.parametrize("lane", BASELINE_LANES)
def test_an_edit_keeps_what_still_fits_and_goes_on(lane):
    first = project()
    trainer = Trainer(first, lane)
    advance(trainer, 20)
    weights = weights_of(trainer.average)
    moved = msgspec.structs.replace(first, base=Ring())  # the flows' base is nothing to a baseline
    trainer.edit(moved)
    assert torch.equal(weights_of(trainer.average), weights)
    trainer.edit(Project.from_dict(moved.to_dict() | {"target": {"name": "rings"}}))
    assert torch.equal(weights_of(trainer.average), weights)
    wider = msgspec.structs.replace(getattr(first, lane), width=24)
    trainer.edit(msgspec.structs.replace(first, **{lane: wider}))
    assert len(weights_of(trainer.average)) > len(weights)
    advance(trainer, 2)
    assert math.isfinite(trainer.loss)


def test_another_loss_keeps_every_weight():
    first = project()
    trainer = Trainer(first, "gan")
    advance(trainer, 10)
    weights = weights_of(trainer.average)
    spec = msgspec.structs.replace(first.gan, loss="non_saturating", penalty=1.0)
    trainer.edit(msgspec.structs.replace(first, gan=spec))
    assert torch.equal(weights_of(trainer.average), weights)
    advance(trainer, 2)
    assert math.isfinite(trainer.loss)


@pytest.mark.parametrize("lane", BASELINE_LANES)
def test_a_step_that_is_not_finite_rolls_back(lane):
    trainer = Trainer(project(), lane)
    advance(trainer, 3)
    with torch.no_grad():
        next(trainer.model.parameters()).fill_(math.nan)
    trainer.step()
    assert trainer.rate_scale == 0.5
    assert torch.isfinite(weights_of(trainer.model)).all()
    assert "not finite" in trainer.notices[0]


@pytest.mark.parametrize("lane", BASELINE_LANES)
def test_curves_are_saved_with_what_was_measured(lane):
    trainer = Trainer(project(), lane)
    advance(trainer, 2)
    figures = trainer.evaluate()
    saved = msgspec.structs.replace(project(), lanes={lane: trainer.state()})
    ((step, _, nll, kl, w2),) = Trainer(saved, lane).history
    assert step == 2
    if lane == "gan":
        assert math.isnan(nll)
        assert math.isnan(kl)
        assert w2 == figures.w2 > 0
    else:
        assert (nll, kl) == (figures.nll, figures.kl)


# --- the document -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"vae": {"kind": "vae", "latent": 1}}, r"`\$\.vae\.latent`"),
        ({"vae": {"kind": "vae", "importance_samples": 0}}, r"`\$\.vae\.importance_samples`"),
        ({"gan": {"kind": "gan", "penalty": 0.0}}, r"`\$\.gan\.penalty`"),
        ({"gan": {"kind": "gan", "loss": "hinge"}}, r"`\$\.gan\.loss`"),
        ({"gan": {"kind": "vae"}}, r"`\$\.gan\.kind`"),
        ({"compare": ["wgan"]}, r"`\$\.compare\[0\]`"),
        ({"compare": ["gan", "gan"]}, r"each baseline once at `\$\.compare`"),
        ({"training": {"vae": {"batch_size": 0}}}, r"`\$\.training\.vae\.batch_size`"),
    ],
)
def test_bad_settings_are_refused_by_name(changes, where):
    with pytest.raises(ProjectError, match=where):
        project(**changes)


def test_a_file_from_before_the_baselines_opens_with_the_usual_ones():
    old = project().to_dict()
    for name in ("vae", "gan", "compare"):
        del old[name]
    del old["training"]["vae"], old["training"]["gan"]
    opened = Project.from_dict(old)
    assert (opened.vae, opened.gan, opened.compare) == (VaeSpec(), GanSpec(), ())
    assert opened.shown_lanes == ("discrete", "continuous")
    first = {**old, "version": 1, "base": "standard_normal"}
    assert migrate_1_to_2(first)["version"] == 2
    assert "vae" not in migrate_1_to_2(first)  # the defaults fill in


def test_baselines_are_named_once_on_the_command_line():
    assert parse_compare("") == ()
    assert parse_compare("gan, vae") == ("vae", "gan")
    for text in ("wgan", "vae,vae"):
        with pytest.raises(SpecError, match="each named once"):
            parse_compare(text)


@pytest.mark.parametrize("lane", BASELINE_LANES)
def test_a_saved_lane_comes_back_from_its_file(lane, tmp_path):
    trainer = Trainer(project(), lane)
    advance(trainer, 5)
    path = tmp_path / "p.flow"
    write_project(msgspec.structs.replace(project(), lanes={lane: trainer.state()}), path)
    resumed = Trainer(read_project(path), lane)
    advance(trainer, 5)
    advance(resumed, 5)
    assert torch.equal(weights_of(trainer.average), weights_of(resumed.average))


# --- figures ------------------------------------------------------------------------------------


def test_figures_of_a_vae_are_bounds_in_order():
    target = targets.preset("moons")
    trainer = Trainer(project(), "vae")
    train(trainer, steps=200)
    found = evaluate(trainer.average, target)
    assert found.bound == "iwae"
    assert target.entropy - 0.02 < found.nll < found.nll_elbo
    assert found.nll == pytest.approx(found.kl + target.entropy)
    assert (found.mass, found.inverse_error, found.kl_reverse, found.ess) == (None,) * 4


def test_a_gan_is_measured_by_its_samples_alone():
    found = evaluate(build_model(project(), "gan"), targets.preset("moons"))
    assert (found.bound, found.nll, found.kl, found.mass, found.ess) == (None,) * 5
    assert min(found.w2, found.sliced_w2, found.energy_distance) > 0
    assert 0 < found.outside < 1


# --- pictures -----------------------------------------------------------------------------------


@pytest.mark.parametrize("lane", LANES)
@pytest.mark.parametrize("direction", ["generate", "normalize"])
def test_what_a_resting_lane_shows(lane, direction):
    trainer = Trainer(project(), lane)
    advance(trainer, 2)
    display = display_of(trainer, 0, SetView(particles=200, direction=direction))
    assert isinstance(display, BaselineDisplay) == (lane in BASELINE_LANES)
    events = show_all(display)
    (metrics,) = [event for event in events if isinstance(event, Metrics)]
    assert metrics.w2 > 0
    assert (metrics.kl is None) == (lane == "gan")
    assert metrics.bound == ("iwae" if lane == "vae" else None)
    particles = [event for event in events if isinstance(event, ParticleFrames)]
    assert sum(event.positions.shape[1] for event in particles) == (
        0 if (lane, direction) == ("gan", "normalize") else 200
    )
    assert any(isinstance(event, HeatFrame) for event in events) == (
        lane not in BASELINE_LANES or (lane, direction) == ("vae", "generate")
    )
    assert show_all(display) == []


@pytest.mark.parametrize("base", [{"kind": "standard_normal"}, {"kind": "ring"}])
def test_particles_of_a_baseline_start_from_a_normal_as_those_of_the_flows_do(base):
    starts = {}
    for lane in ("discrete", "vae", "gan"):
        display = display_of(Trainer(project(base=base), lane), 0, SetView(particles=64))
        frames = [e for e in show_all(display) if isinstance(e, ParticleFrames)]
        starts[lane] = np.concatenate([frame.positions[0] for frame in frames])
    np.testing.assert_array_equal(starts["vae"], starts["gan"])
    same = np.allclose(starts["discrete"], starts["vae"])
    assert same == (base["kind"] == "standard_normal")


def test_the_shown_density_of_a_vae_has_mass_one():
    trainer = Trainer(project(), "vae")
    advance(trainer, 50)
    heat = [
        e for e in show_all(display_of(trainer, 0, SetView(particles=8))) if hasattr(e, "index")
    ]
    for frame in heat:
        x_min, x_max, y_min, y_max = frame.extent
        area = (x_max - x_min) * (y_max - y_min) / frame.density.size
        assert float(frame.density.sum()) * area == pytest.approx(1.0, abs=0.05)
    assert sorted(frame.index for frame in heat) == [0, 1]


# --- the engine behind the window ---------------------------------------------------------------


def worker(lane, **changes) -> tuple[Worker, list]:
    said: list = []
    engine = Worker(said.append)
    engine.handle(protocol.Load(lane=lane, project=project(**changes), training=True))
    return engine, said


def of(said, kind) -> list:
    return [event for event in said if isinstance(event, kind)]


@pytest.mark.parametrize("lane", LANES)
def test_an_engine_of_any_lane_pauses_resumes_and_saves(lane):
    engine, said = worker(lane)
    for _ in range(3):
        engine._train_a_step()
    engine.handle(protocol.Pause())
    assert of(said, protocol.LaneStatus)[-1].state == "paused"
    assert not engine.training
    engine.handle(protocol.Checkpoint(request=7))
    (reply,) = [r for r in of(said, protocol.CheckpointReply) if r.request == 7]
    again = Worker(said.append)
    again.handle(protocol.Load(lane=lane, project=project(), state=reply.state, training=True))
    engine.handle(protocol.Resume())
    assert engine.training
    for each in (engine, again):
        each._train_a_step()
        assert each._trainer.step_count == 4
    assert torch.equal(weights_of(engine._trainer.model), weights_of(again._trainer.model))
    assert not of(said, protocol.Failure)


@pytest.mark.parametrize(
    "spec", [VaeSpec(width=24), GanSpec(width=24, depth=2)], ids=["vae", "gan"]
)
def test_an_engine_takes_up_another_baseline(spec):
    engine, said = worker(spec.kind)
    engine._train_a_step()
    engine.handle(protocol.EditBaseline(baseline=spec, generation=3))
    assert engine._trainer.average.spec == spec
    assert of(said, protocol.LaneStatus)[-1].generation == 3
    engine._train_a_step()
    other = GanSpec() if spec.kind == "vae" else VaeSpec()
    engine.handle(protocol.EditBaseline(baseline=other, generation=4))
    assert f"A {other.kind} belongs in the {other.kind} lane" in said[-1].text
    assert engine._trainer.average.spec == spec


@pytest.mark.parametrize("lane", BASELINE_LANES)
def test_a_question_for_a_ledger_is_answered_with_the_reason_why_there_is_none(lane):
    engine, said = worker(lane)
    engine.handle(protocol.Query(request=5, point=(0.0, 0.0)))
    assert (said[-1].request, said[-1].error) == (5, "AbsentError")
    assert "has no ledger" in said[-1].text
    engine.handle(protocol.Trace(request=6, points=np.zeros((3, 2), np.float32)))
    assert of(said, protocol.TraceReply)[-1].positions.shape[1:] == (3, 2)
    engine._train_a_step()  # and training goes on
