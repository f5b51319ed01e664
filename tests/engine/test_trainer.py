"""Training: it learns, it resumes exactly, it keeps what fits, it never shows a NaN."""

from __future__ import annotations

import math

import msgspec
import pytest
import torch

import flowengine as fe
from flowengine.catalogue import Ffjord, FlowMatching, Planar, RectifiedFlow, Swap
from flowengine.checkpoint import is_change
from flowengine.errors import DeviceError, NumericsError, ProjectError, SpecError, TargetError
from flowengine.lane import load
from flowengine.project import FLOW_LANES, LANES, LaneState, Project, StopRule, TargetSpec
from flowengine.stopping import stop_reason
from flowengine.trainer import Trainer
from flowengine.training import Limits, train
from tests.engine.trainers import advance, project, weights_of

ROTATING = [{"kind": "rotation"}, {"kind": "spline_coupling", "width": 16}] * 2


@pytest.mark.parametrize("lane", FLOW_LANES)
def test_training_lowers_kl_and_nll_stays_above_the_entropy(lane):
    trainer = Trainer(project(), lane)
    before = trainer.evaluate()
    report = train(trainer, steps=300)
    assert report.stopped_by == "steps"
    assert report.step == 300
    assert report.kl < 0.6 * before.kl
    assert report.nll == pytest.approx(report.kl + before.entropy)
    # the law of the house: no model can beat the entropy beyond the error of the held-out points
    assert report.nll >= before.entropy - 0.01


@pytest.mark.parametrize("lane", FLOW_LANES)
def test_a_trained_density_integrates_to_one_over_the_whole_plane(lane):
    trainer = Trainer(project(), lane)
    train(trainer, steps=400)
    steps = torch.linspace(-8, 8, 321)
    y, x = torch.meshgrid(steps, steps, indexing="ij")
    points = torch.stack([x, y], dim=-1).reshape(-1, 2)
    mass = trainer.average.log_prob(points).double().exp().sum() * 0.05**2
    assert float(mass) == pytest.approx(1.0, abs=2e-3)


@pytest.mark.parametrize("lane", LANES)
def test_same_seed_gives_same_numbers_and_another_seed_others(lane):
    first, second = Trainer(project(), lane), Trainer(project(), lane)
    other = Trainer(project(seed=1), lane)
    for trainer in (first, second, other):
        advance(trainer, 5)
    assert torch.equal(weights_of(first.model), weights_of(second.model))
    assert not torch.equal(weights_of(first.model), weights_of(other.model))


@pytest.mark.parametrize("lane", LANES)
def test_looking_does_not_change_training(lane):
    looked, blind = Trainer(project(), lane), Trainer(project(), lane)
    for _ in range(6):
        looked.step()
        looked.evaluate()
        looked.average.sample(10)
        blind.step()
    assert torch.equal(weights_of(looked.model), weights_of(blind.model))


@pytest.mark.parametrize("lane", LANES)
def test_resumed_run_equals_the_uninterrupted_one(lane):
    through = Trainer(project(), lane)
    advance(through, 12)
    saved = through.state()
    resumed = Trainer(msgspec.structs.replace(project(), lanes={lane: saved}), lane)
    assert resumed.step_count == 12
    advance(through, 40)
    advance(resumed, 40)
    assert torch.equal(weights_of(through.model), weights_of(resumed.model))
    assert torch.equal(weights_of(through.average), weights_of(resumed.average))


@pytest.mark.parametrize(
    "spec",
    [
        FlowMatching(coupling="optimal_transport", path="variance_preserving"),
        FlowMatching(coupling="transport_plan", path="trigonometric"),
        RectifiedFlow(round_steps=10, rounds=2, coupling="transport_plan"),
        Ffjord(divergence="hutchinson", kinetic_penalty=0.1, jacobian_penalty=0.1),
    ],
    ids=["optimal_transport", "transport_plan", "rectified_flow", "ffjord"],
)
def test_every_way_to_learn_a_continuous_flow_resumes_exactly(spec):
    spec = msgspec.structs.replace(spec, width=16, depth=2, solver="heun", solver_steps=4)
    recipe = {"continuous": {"batch_size": 4096}}  # so that blocks, and plans with them, end soon
    small = project(continuous=msgspec.to_builtins(spec), training=recipe)
    through = Trainer(small, "continuous")
    advance(through, 14)
    saved = through.state()
    resumed = Trainer(msgspec.structs.replace(small, lanes={"continuous": saved}), "continuous")
    for trainer in (through, resumed):
        advance(trainer, 10)
        assert math.isfinite(trainer.loss)
    assert torch.equal(weights_of(through.model), weights_of(resumed.model))
    assert torch.equal(weights_of(through.average), weights_of(resumed.average))


def test_a_rectified_flow_learns_from_the_averaged_flow():
    spec = RectifiedFlow(width=16, depth=2, round_steps=5)
    trainer = Trainer(project(continuous=msgspec.to_builtins(spec)), "continuous")
    advance(trainer, 5)
    teacher = {n: t.clone() for n, t in trainer.average.state_dict().items()}
    advance(trainer, 3)
    saved = trainer.objective.state()
    assert all(torch.equal(saved[f"teacher.{name}"], teacher[name]) for name in teacher)


def test_edit_keeps_weights_of_unchanged_layers_and_brings_removed_ones_back():
    whole = project(stack=ROTATING)
    trainer = Trainer(whole, "discrete")
    advance(trainer, 30)
    names = [layer.id for layer in whole.stack]
    kept = {n: t.clone() for n, t in trainer.average.state_dict().items()}
    shorter = msgspec.structs.replace(whole, stack=(*whole.stack[:1], *whole.stack[2:]))
    trainer.edit(shorter)
    now = trainer.average.state_dict()
    assert all(torch.equal(now[n], kept[n]) for n in now)
    assert not any(names[1] in n for n in now)
    trainer.edit(whole)
    again = trainer.average.state_dict()
    assert set(again) == set(kept)
    assert all(torch.equal(again[n], kept[n]) for n in kept)
    trainer.step()
    assert math.isfinite(trainer.loss)


def test_a_new_start_replaces_what_a_layer_had_learned_and_no_other():
    whole = project(stack=[{"kind": "scale_shift"}, {"kind": "affine_coupling", "width": 8}])
    trainer = Trainer(whole, "discrete")
    advance(trainer, 10)
    coupling = trainer.average.layers["layer-2"].state_dict()
    stretched = msgspec.structs.replace(whole.stack[0], scale_x=2.0, shift_x=1.0)
    trainer.edit(msgspec.structs.replace(whole, stack=(stretched, whole.stack[1])))
    x, _ = trainer.average.layers["layer-1"](torch.tensor([[1.0, 0.0]]))
    torch.testing.assert_close(x, torch.tensor([[3.0, 0.0]]))  # the guide's x = 2z + 1
    now = trainer.average.layers["layer-2"].state_dict()
    assert all(torch.equal(now[n], coupling[n]) for n in now)


def test_inserting_a_layer_bends_the_fit_and_does_not_break_it():
    before = project()
    trainer = Trainer(before, "discrete")
    train(trainer, steps=120)
    kl = trainer.evaluate().kl
    new = Planar(id="new")
    trainer.edit(msgspec.structs.replace(before, stack=(before.stack[0], new, before.stack[1])))
    assert trainer.evaluate().kl == pytest.approx(kl, abs=0.05)


def test_changing_the_target_keeps_the_weights_and_the_process():
    first = project()
    trainer = Trainer(first, "discrete")
    advance(trainer, 20)
    weights = weights_of(trainer.average)
    moons = Project.from_dict(first.to_dict() | {"target": {"name": "moons"}})
    trainer.edit(moons)
    assert torch.equal(weights_of(trainer.model), weights)
    assert trainer.evaluate().entropy == pytest.approx(fe.targets.preset("moons").entropy)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"stack": []}, SpecError),
        ({"stack": [{"kind": "affine_coupling", "enabled": False}]}, SpecError),
        (
            {"target": {"source": "drawing", "name": "blank", "density": [[0, 0], [0, 0]]}},
            TargetError,
        ),
    ],
    ids=["empty stack", "everything bypassed", "empty drawing"],
)
def test_impossible_project_is_refused_with_a_sentence_and_the_old_one_trains_on(changes, error):
    impossible = project(**changes)
    with pytest.raises(error, match=r"\w+ \w+ \w+"):
        Trainer(impossible, "discrete")
    trainer = Trainer(project(), "discrete")
    advance(trainer, 3)
    with pytest.raises(error):
        trainer.edit(impossible)
    advance(trainer, 3)
    assert trainer.step_count == 6
    assert trainer.project == project()


def test_nan_rolls_back_to_good_weights_and_halves_the_rate(monkeypatch):
    trainer = Trainer(project(), "discrete")
    advance(trainer, 5)
    trainer._keep_good()
    good = weights_of(trainer.model)
    real = trainer.objective.backward
    monkeypatch.setattr(trainer.objective, "backward", lambda flow: real(flow) * math.nan)
    trainer.step()
    assert torch.equal(weights_of(trainer.model), good)
    assert trainer.rate_scale == 0.5
    assert "halved the learning rate" in trainer.notices[0]
    monkeypatch.setattr(trainer.objective, "backward", real)
    advance(trainer, 3)
    assert math.isfinite(trainer.evaluate().kl)
    slower = project(training={"discrete": {"learning_rate": 1e-4}})
    trainer.edit(slower)
    assert trainer.rate_scale == 1.0


def test_points_that_leave_the_numbers_on_their_way_roll_back_too(monkeypatch):
    reverse = {"discrete": {"objective": "reverse_kl", "batch_size": 64}}
    trainer = Trainer(project(training=reverse), "discrete")
    advance(trainer, 3)
    good = weights_of(trainer.model)
    trainer._keep_good()
    with torch.no_grad():
        next(trainer.model.layers["layer-1"].parameters()).fill_(math.nan)
    trainer.step()
    assert torch.equal(weights_of(trainer.model), good)
    assert len(trainer.notices) == 1

    def refuse(_points):
        raise NumericsError("z must be finite")

    monkeypatch.setattr(trainer.model, "forward", refuse)
    trainer.step()
    assert len(trainer.notices) == 2
    assert trainer.rate_scale == 0.25


def test_learning_rate_far_too_large_never_gives_a_nan():
    wild = project(training={"discrete": {"learning_rate": 1.0, "clip_norm": 1e6}})
    trainer = Trainer(wild, "discrete")
    advance(trainer, 60)
    assert torch.isfinite(weights_of(trainer.model)).all()
    assert torch.isfinite(trainer.average.log_prob(torch.randn(100, 2))).all()


def test_frozen_layer_keeps_its_weights_while_the_others_learn():
    locked = project()
    stack = (msgspec.structs.replace(locked.stack[0], frozen=True), locked.stack[1])
    trainer = Trainer(msgspec.structs.replace(locked, stack=stack), "discrete")
    before = {n: t.clone() for n, t in trainer.model.state_dict().items()}
    advance(trainer, 5)
    changed = {n for n, t in trainer.model.state_dict().items() if not torch.equal(t, before[n])}
    assert changed
    assert all(stack[1].id in name for name in changed)


def test_recipe_changes_take_effect_between_steps():
    trainer = Trainer(project(), "continuous")
    advance(trainer, 3)
    plain = project().to_dict()
    plain["training"]["continuous"] |= {"batch_size": 32, "learning_rate": 0.5}
    trainer.edit(Project.from_dict(plain))
    advance(trainer, 2)
    assert trainer.step_count == 5
    assert trainer.recipe.batch_size == 32


def test_history_tells_where_the_target_changed():
    trainer = Trainer(project(), "discrete")
    advance(trainer, 2)
    trainer.record(0.5)
    trainer.edit(project(target={"name": "moons"}))
    assert not trainer.measured
    trainer.record(0.9)
    assert [row[3] for row in trainer.history] == pytest.approx([0.5, math.nan, 0.9], nan_ok=True)
    assert [is_change(row) for row in trainer.history] == [False, True, False]
    trainer.edit(trainer.project)
    assert len(trainer.history) == 3


def test_missing_device_is_named():
    if torch.backends.mps.is_available():
        pytest.skip("this machine has it")
    with pytest.raises(DeviceError, match="no mps device"):
        Trainer(project(), "discrete", device="mps")


@pytest.mark.parametrize("lane", LANES)
def test_loaded_model_is_the_averaged_one(lane):
    trainer = Trainer(project(), lane)
    advance(trainer, 10)
    trained = msgspec.structs.replace(project(), lanes={lane: trainer.state()})
    model = load(trained, lane)
    noise = torch.randn(50, model.noise)
    assert torch.equal(model.generate(noise), trainer.average.generate(noise))
    assert torch.equal(weights_of(model), weights_of(trainer.average))
    assert not any(p.requires_grad for p in model.parameters())


def test_untrained_lane_cannot_be_loaded():
    with pytest.raises(ProjectError, match="not been trained"):
        load(project(), "discrete")


def test_weights_of_another_model_are_refused_by_name():
    trainer = Trainer(project(), "discrete")
    state = trainer.state()
    other = project(stack=[{"kind": "affine_coupling"}])
    mixed = msgspec.structs.replace(other, lanes={"discrete": state})
    with pytest.raises(ProjectError, match=r"lanes/discrete/weights\.safetensors: expected"):
        Trainer(mixed, "discrete")
    with pytest.raises(ProjectError, match=r"lanes/discrete/weights\.safetensors"):
        load(mixed, "discrete")


@pytest.mark.parametrize("part", ["weights", "state", "history"])
def test_damaged_state_is_refused_by_part(part):
    state = Trainer(project(), "discrete").state()
    damaged = msgspec.structs.replace(state, **{part: b"no such thing"})
    with pytest.raises(ProjectError, match=rf"lanes/discrete/{part}"):
        Trainer(msgspec.structs.replace(project(), lanes={"discrete": damaged}), "discrete")


def test_state_without_optimizer_still_trains_on():
    state = Trainer(project(), "discrete").state()
    bare = LaneState(weights=state.weights)
    trainer = Trainer(msgspec.structs.replace(project(), lanes={"discrete": bare}), "discrete")
    advance(trainer, 2)
    assert trainer.step_count == 2


def test_a_stack_without_weights_can_be_looked_at_but_not_trained():
    trainer = Trainer(project(stack=[msgspec.to_builtins(Swap())]), "discrete")
    assert math.isfinite(trainer.evaluate().kl)
    with pytest.raises(SpecError, match="nothing to learn"):
        train(trainer, steps=1)


def test_optimal_transport_coupling_trains():
    spec = FlowMatching(width=16, depth=2, coupling="optimal_transport")
    trainer = Trainer(project(continuous=msgspec.to_builtins(spec)), "continuous")
    before = trainer.evaluate().kl
    train(trainer, steps=150)
    assert trainer.evaluate().kl < before


def endless(trainer):
    """Finite weights that send every point to infinity."""
    with torch.no_grad():
        for weights in (*trainer.model.parameters(), *trainer.average.parameters()):
            weights.fill_(1e30)


def test_weights_of_which_no_figure_can_be_made_are_left_for_the_last_that_had_figures():
    trainer = Trainer(project(), "discrete")
    advance(trainer, 20)
    kl = trainer.record(float(torch.cat(list(trainer.measure())).mean()), trainer.sliced_w2()).kl
    measured = weights_of(trainer.average)
    advance(trainer, 5)
    endless(trainer)
    with pytest.raises(NumericsError, match="sends points of its base to NaN") as caught:
        trainer.sliced_w2()
    assert trainer.retreat(str(caught.value))
    assert torch.equal(weights_of(trainer.average), measured)
    assert torch.equal(weights_of(trainer.model), measured)
    assert trainer.rate_scale == 0.5
    assert "the discrete model went back to its last good weights" in trainer.notices[-1]
    advance(trainer, 5)
    assert trainer.evaluate().kl < 2 * kl


def test_a_model_that_never_had_figures_goes_back_to_its_start():
    trainer = Trainer(project(), "discrete")
    start = weights_of(trainer.average)
    advance(trainer, 5)
    assert trainer.retreat("No figures")
    assert torch.equal(weights_of(trainer.model), start)


def test_weights_that_fail_again_and_again_are_given_up():
    trainer = Trainer(project(), "discrete")
    assert [trainer.retreat("No figures") for _ in range(4)] == [True, True, True, False]
    given_up = "No figures; training of the discrete model rests until you press Reset"
    assert trainer.notices[-1] == given_up
    trainer.record(0.1, trainer.sliced_w2())
    assert trainer.retreat("No figures")


def test_a_stroke_on_a_model_that_has_left_the_plane_does_not_count_it_as_good():
    trainer = Trainer(project(), "discrete")
    advance(trainer, 20)
    trainer.record(0.1, trainer.sliced_w2())
    measured = weights_of(trainer.average)
    advance(trainer, 5)
    endless(trainer)
    trainer.edit(project(target={"source": "preset", "name": "rings"}))
    assert trainer.retreat("No figures")
    assert torch.equal(weights_of(trainer.model), measured)


# --- what is no density ---------------------------------------------------------------------------


def folding_trainer():
    """A continuous lane whose few steps fold the plane: weights that no training has tamed."""
    spec = FlowMatching(width=16, depth=2, solver="euler", solver_steps=1)
    trainer = Trainer(Project(target=TargetSpec(), continuous=spec), "continuous", device="cpu")
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for model in (trainer.model, trainer.average):
            weight = model.network.weights[-1]
            weight.copy_(2 * torch.randn(weight.shape, generator=generator.manual_seed(0)))
    trainer.step_count = 1
    return trainer


def test_kl_of_what_is_no_density_is_that_of_the_density_left_when_it_is_divided_by_its_mass():
    trainer = folding_trainer()
    raw = sum(float(part.sum()) for part in trainer.measure()) / len(trainer.held_out)
    figures = trainer.confirmed()
    assert not figures.normalized
    if figures.mass is None:
        assert (figures.kl, figures.nll) == (None, None)
    else:
        assert figures.kl == pytest.approx(raw + math.log(figures.mass))
        assert figures.nll == pytest.approx(figures.kl + figures.entropy)
    assert any("mass over the whole plane" in notice for notice in trainer.notices)
    count = len(trainer.notices)
    trainer.step_count += 1
    trainer.confirmed()
    assert len(trainer.notices) == count  # said once


def test_kl_of_what_is_no_density_stops_nothing():
    trainer = folding_trainer()
    trainer.evaluate()
    for kind in ("kl", "plateau"):
        assert stop_reason(trainer, StopRule(kind=kind, value=1e6)) is None
    limits = Limits(0, 0.0, None, None, until_kl=1e6)
    assert limits.reached(trainer, trainer.evaluate()) == ""


def test_mass_of_a_stack_is_not_measured_while_it_trains():
    trainer = Trainer(
        Project(target=TargetSpec(), stack=(Swap(), Planar())), "discrete", device="cpu"
    )
    trainer.step_count = 1
    figures = trainer.confirmed()
    assert (figures.mass, figures.mass_error, figures.normalized) == (1.0, 0.0, True)
    assert not trainer.mass_is_due
