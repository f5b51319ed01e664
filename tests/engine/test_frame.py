"""Every target is learned in normalized coordinates, and told in its own units."""

from __future__ import annotations

import math

import msgspec
import numpy as np
import pytest
import torch
from safetensors.torch import load, save

import flowengine as fe
from flowengine import metrics
from flowengine.baselines.pictures import display_of
from flowengine.distances import Slices
from flowengine.export import run_export
from flowengine.flow import base_log_prob
from flowengine.frame import IDENTITY, Frame, frame_of
from flowengine.project import DEFAULT_EXTENT, FLOW_LANES, LANES, Project, default_stack
from flowengine.protocol import HeatFrame, ParticleFrames, SetView
from flowengine.snapshots import Display
from flowengine.targets.grid import GridTarget
from flowengine.targets.presets import preset_density
from flowengine.targets.sources import (
    spec_from_array,
    spec_from_formula,
    spec_from_points,
    spec_from_preset,
)
from flowengine.trainer import Trainer
from flowengine.training import train

# center and scale
UNITS = {
    "tiny": Frame((0.0, 0.0), (1e-7, 1e-7)),
    "shifted": Frame((3.0, -5.0), (1e-7, 2e-7)),
    "thousands": Frame((500.0, 0.5), (125.0, 0.125)),
    "degrees": Frame((45.07, 7.68), (0.003, 0.004)),
    "far": Frame((1e5, -1e5), (0.0025, 0.0025)),
    "stretched": Frame((0.0, 1.0), (1e7, 1e-7)),
}
STEPS = 12


def extent_of(frame: Frame):
    return frame.data_extent(DEFAULT_EXTENT)


def project_in(frame: Frame | None) -> Project:
    """Moons, drawn on the extent that a frame is of."""
    extent = DEFAULT_EXTENT if frame is None else extent_of(frame)
    target = spec_from_array(preset_density("moons"), extent=extent)
    return Project(target=target, stack=default_stack())


@pytest.fixture(scope="module")
def trained():
    """A trainer of a lane after a few steps, in given units; trained once for all tests."""
    known = {}

    def get(lane, name=""):
        if (lane, name) not in known:
            trainer = Trainer(project_in(UNITS.get(name)), lane, device="cpu")
            report = train(trainer, steps=STEPS)
            known[lane, name] = trainer, report
        return known[lane, name]

    return get


def saved(trainer) -> Project:
    return msgspec.structs.replace(trainer.project, lanes={trainer.lane: trainer.state()})


def to_normal(frame: Frame, x: torch.Tensor) -> torch.Tensor:
    """What `frame` says of points, computed as plainly as can be."""
    center, scale = torch.tensor(frame, dtype=torch.float64)
    return (x.double() - center) / scale


# --- the map itself -------------------------------------------------------------------------------


def test_the_standard_extent_has_the_identity():
    assert Frame.of(DEFAULT_EXTENT) == IDENTITY
    assert IDENTITY.is_identity
    assert IDENTITY.log_area == 0
    assert not any(Frame.of(extent_of(frame)).is_identity for frame in UNITS.values())


@pytest.mark.parametrize("frame", UNITS.values(), ids=UNITS)
def test_there_and_back_again(frame):
    assert frame.normal(frame.data((0.5, -3.0))) == pytest.approx((0.5, -3.0), abs=1e-6)
    assert Frame.of(extent_of(frame)).normal_extent(extent_of(frame)) == DEFAULT_EXTENT
    seen = frame.seen_from(UNITS["thousands"])
    assert UNITS["thousands"].data(seen.data((1.0, 2.0))) == pytest.approx(frame.data((1.0, 2.0)))


def test_a_formula_over_an_ordinary_plane_says_itself_where_it_lies():
    assert frame_of(spec_from_formula("exp(-r^2)", (-7.0, 9.0, -7.0, 9.0))).is_identity
    assert not frame_of(spec_from_formula("1 + 0 x", (0.0, 1000.0, 0.0, 1.0))).is_identity
    assert not frame_of(spec_from_array(np.eye(4), extent=(-7.0, 9.0, -7.0, 9.0))).is_identity


@pytest.mark.parametrize("frame", UNITS.values(), ids=UNITS)
def test_a_normalized_target_is_the_same_density(frame):
    target = GridTarget(preset_density("moons"), extent_of(frame))
    normal = target.normalized()
    assert normal.extent == DEFAULT_EXTENT
    assert normal.normalized() is normal
    assert target.entropy == pytest.approx(normal.entropy + frame.log_area)
    u = torch.rand(200, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    x, n = target.quantile(u), normal.quantile(u)
    torch.testing.assert_close(to_normal(frame, x), n, rtol=0, atol=1e-6)
    torch.testing.assert_close(target.log_prob(x), normal.log_prob(n) - frame.log_area)


# --- training -------------------------------------------------------------------------------------


@pytest.mark.parametrize("lane", LANES)
@pytest.mark.parametrize("name", UNITS)
def test_the_same_steps_give_the_same_fit_in_every_unit(trained, lane, name):
    (_, plain), (trainer, report) = trained(lane), trained(lane, name)
    if plain.kl is not None:
        assert report.kl == pytest.approx(plain.kl, rel=1e-6)
        assert report.nll == pytest.approx(plain.nll + UNITS[name].log_area, abs=1e-6)
    for name, weights in trained(lane)[0].average.state_dict().items():
        told = trainer.average.state_dict()[name]
        torch.testing.assert_close(told, weights, rtol=0, atol=1e-9 if "whitening" in name else 0)


@pytest.mark.parametrize("lane", FLOW_LANES)
def test_points_give_the_same_fit_at_every_scale_and_offset(lane):
    r = np.random.default_rng(0)
    points = r.normal(size=(300, 2))
    points[:, 1] = points[:, 0] ** 2 / 2 + 0.3 * points[:, 1] + 2
    kls = []
    for frame in (IDENTITY, *UNITS.values()):
        target = spec_from_points(points * frame.scale + frame.center)
        trainer = Trainer(Project(target=target, stack=default_stack()), lane, device="cpu")
        kls.append(train(trainer, steps=STEPS).kl)
    assert kls == pytest.approx([kls[0]] * len(kls), abs=2e-3)


@pytest.mark.parametrize("lane", ["discrete", "gan"])
def test_figures_do_not_depend_on_units_but_those_that_are_told_in_them(trained, lane):
    (plain, _), (trainer, _) = trained(lane), trained(lane, "tiny")
    one, other = (metrics.evaluate(t.average, t.target) for t in (plain, trainer))
    scale = 1e-7
    for name, value in msgspec.structs.asdict(one).items():
        found = getattr(other, name)
        if not isinstance(value, float):
            assert found == value
        elif name in ("w2", "sliced_w2", "energy_distance", "inverse_error"):
            assert found == pytest.approx(value * scale, rel=1e-3), name
        elif name in ("nll", "nll_elbo", "entropy"):
            assert found == pytest.approx(value + 2 * math.log(scale), abs=1e-6), name
        else:
            assert found == pytest.approx(value, rel=1e-4, abs=1e-6), name


# --- what a flow tells ----------------------------------------------------------------------------


def same(found, expected, **close):
    """Close, of whichever type: what comes back is of the type of what went in."""
    torch.testing.assert_close(found, expected, check_dtype=False, **close)


@pytest.mark.parametrize("lane", FLOW_LANES)
@pytest.mark.parametrize("name", UNITS)
def test_a_flow_speaks_data_units(trained, lane, name):
    frame, (trainer, _), (plain, _) = UNITS[name], trained(lane, name), trained(lane)
    flow, core = trainer.average, plain.average
    z = torch.randn(40, 2, generator=torch.Generator().manual_seed(1))
    n, log_det = core.forward(z)
    x, told = flow.forward(z)
    same(to_normal(frame, x).float(), n, rtol=1e-5, atol=1e-4)
    same(told, log_det + frame.log_area)
    assert (x.dtype is torch.float64) == frame.is_fine
    back, inverse = flow.inverse(x)
    same(back, z, rtol=1e-3, atol=1e-3)
    same(inverse, -told, rtol=1e-3, atol=2e-3)
    same(flow.log_prob(x), base_log_prob(back) + inverse)


@pytest.mark.parametrize("lane", FLOW_LANES)
@pytest.mark.parametrize("name", ["thousands", "far"])
def test_a_trace_shows_base_and_target_in_one_square(trained, lane, name):
    frame, flow = UNITS[name], trained(lane, name)[0].average
    z = torch.randn(30, 2, generator=torch.Generator().manual_seed(1))
    trace = flow.trace(z)
    start = to_normal(frame, trace.positions[0])
    same(start.float(), z, rtol=0, atol=1e-5)
    ends = (to_normal(frame, x) for x in (trace.positions[-1], flow.forward(z)[0]))
    same(*ends, atol=1e-3, rtol=0)
    same(trace.log_prob[0], base_log_prob(z) - frame.log_area)
    same(trace.log_prob, trace.log_prob[0] - trace.log_det)
    middle = len(trace.tau) // 2
    tau = float(trace.tau[middle])
    found = flow.log_prob_at(trace.positions[middle], tau)
    same(found, trace.log_prob[middle], rtol=1e-3, atol=5e-3)
    onward = flow.forward_from(trace.positions[middle], tau)[0]
    miss = to_normal(frame, onward) - to_normal(frame, trace.positions[-1])
    assert float(miss.abs().max()) < 5e-3


@pytest.mark.parametrize("lane", FLOW_LANES)
@pytest.mark.parametrize("name", UNITS)
def test_a_ledger_ends_in_data_units_and_sums_up_exactly(trained, lane, name):
    flow, frame = trained(lane, name)[0].average, UNITS[name]
    point = frame.data((0.4, -0.3))
    page = flow.ledger(point)
    assert page.rows[-1].title == "Units"
    assert page.rows[-1].position == point
    assert page.rows[-1].log_det == pytest.approx(frame.log_area, abs=1e-6)
    total = page.rows[0].log_prob - sum(row.log_det for row in page.rows)
    assert total == pytest.approx(page.log_prob, abs=1e-6)
    x = torch.tensor([point], dtype=torch.float64)
    assert page.log_prob == pytest.approx(float(flow.log_prob(x)), abs=1e-4)
    assert page.round_trip_error < 1e-3 * max(frame.scale)
    assert "Units" not in [row.title for row in flow.core.ledger((0.4, -0.3)).rows]


def test_gradients_are_by_data_units(trained):
    flow, frame = trained("discrete", "thousands")[0].average, UNITS["thousands"]
    x = torch.tensor([frame.data((0.4, -0.3))], dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(flow.log_prob(x).sum(), x)
    n = torch.tensor([[0.4, -0.3]], requires_grad=True)
    (normal,) = torch.autograd.grad(flow.core.log_prob(n).sum(), n)
    torch.testing.assert_close(slope.float() * torch.tensor(frame.scale), normal)


def test_a_vae_and_its_traces_speak_data_units(trained):
    (trainer, _), (plain, _) = trained("vae", "degrees"), trained("vae")
    frame, vae = UNITS["degrees"], trainer.average
    noise = vae.draw(20, generator=torch.Generator().manual_seed(0))
    n = plain.average.generate(noise)
    x = vae.generate(noise)
    torch.testing.assert_close(to_normal(frame, x).float(), n, rtol=0, atol=1e-5)
    bound = plain.average.log_likelihood(n)
    torch.testing.assert_close(vae.log_likelihood(x), bound - frame.log_area, atol=1e-3, rtol=1e-4)
    torch.testing.assert_close(vae.trace(noise).positions[-1], x)


# --- files and exports ----------------------------------------------------------------------------


@pytest.mark.parametrize("lane", LANES)
def test_a_file_keeps_the_frame_of_its_weights(trained, lane, tmp_path):
    trainer, _ = trained(lane, "far")
    saved(trainer).save(tmp_path / "p.flow")
    model = fe.load(tmp_path / "p.flow", lane)
    assert model.frame == trainer.frame == Frame.of(trainer.project.target.extent)
    noise = model.draw(10, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(model.generate(noise), trainer.average.generate(noise))


def test_training_goes_on_from_a_file_as_if_it_had_never_stopped(trained):
    trainer, _ = trained("discrete", "thousands")
    again = Trainer(saved(trainer), "discrete", device="cpu")
    assert again.frame == trainer.frame
    assert again.evaluate().kl == trainer.evaluate().kl


def test_weights_of_a_file_without_a_frame_are_for_data_units_as_they_are(trained):
    trainer, _ = trained("discrete")
    state = trainer.state()
    assert "frame" not in load(state.weights)
    wide = spec_from_array(preset_density("moons"), extent=(-8.0, 8.0, -4.0, 4.0))
    old = msgspec.structs.replace(trainer.project, target=wide, lanes={"discrete": state})
    x = torch.randn(20, 2)
    expected = trainer.average.log_prob(x)
    torch.testing.assert_close(fe.load(old, "discrete").log_prob(x), expected)
    again = Trainer(old, "discrete", device="cpu")
    assert again.frame.is_identity
    torch.testing.assert_close(again.average.log_prob(x), expected)
    fresh = msgspec.structs.replace(old, target=spec_from_array(np.eye(4), extent=(0, 9, 0, 1)))
    again.edit(fresh)
    assert again.frame == Frame.of((0, 9, 0, 1))


def test_a_frame_that_is_none_is_refused(trained):
    trainer, _ = trained("discrete", "thousands")
    weights = load(trainer.state().weights)
    weights["frame"] = torch.tensor([0.0, 0.0, 1.0, -1.0])
    state = msgspec.structs.replace(trainer.state(), weights=save(weights))
    with pytest.raises(fe.errors.ProjectError, match="expected a frame of two centres"):
        fe.load(msgspec.structs.replace(trainer.project, lanes={"discrete": state}), "discrete")


@pytest.mark.parametrize("lane", ["discrete", "vae"])
@pytest.mark.parametrize("name", ["far", "stretched"])
def test_an_exported_model_speaks_data_units(trained, lane, name, tmp_path):
    trainer, _ = trained(lane, name)
    told = {"project": trainer.project, "lane": lane}
    result = run_export(trainer.average, "python", tmp_path / "model", **told)
    assert result.largest_difference < 1e-4
    run_export(trainer.average, "samples", tmp_path / "s.csv", count=50, **told)
    rows = np.loadtxt(tmp_path / "s.csv", delimiter=",", skiprows=1)
    normal = (rows[:, :2] - UNITS[name].center) / UNITS[name].scale
    assert 0.3 < normal.std() < 4
    assert len(np.unique(rows[:, 0])) == 50


# --- pictures -------------------------------------------------------------------------------------


@pytest.mark.parametrize("lane", LANES)
def test_pictures_do_not_depend_on_units(trained, lane):
    kinds = ParticleFrames if lane == "gan" else (ParticleFrames, HeatFrame)
    pictures = []
    for name in ("", "far"):
        shown = display_of(trained(lane, name)[0], 0, SetView(particles=64))
        found = []
        while len(found) < 3:
            shown.earn(1.0)
            event = shown.advance(training=False)
            if isinstance(event, kinds):
                found.append(event)
        pictures.append(found)
    for one, other in zip(*pictures, strict=True):
        assert type(one) is type(other)
        part = "positions" if isinstance(one, ParticleFrames) else "density"
        # where rounding makes it a solver step more or less, paths differ by what steps may leave
        np.testing.assert_allclose(getattr(one, part), getattr(other, part), atol=1e-3)
        assert getattr(one, "extent", None) == getattr(other, "extent", None)


def test_pictures_of_a_formula_show_its_base_where_it_lies():
    """x = 2z + 1, seen in its target's square: the base stands half as wide, off the middle."""
    target = spec_from_formula("exp(-((x-1)^2 + (y-1)^2) / 8)", (-7.0, 9.0, -7.0, 9.0))
    stack = (fe.catalogue.ScaleShift(scale_x=2.0, scale_y=2.0, shift_x=1.0, shift_y=1.0),)
    trainer = Trainer(Project(target=target, stack=stack), "discrete", device="cpu")
    assert trainer.evaluate().kl < 1e-3
    display = Display(trainer, 0, SetView(particles=256))
    event = None
    while not isinstance(event, ParticleFrames):
        display.earn(1.0)
        event = display.advance(training=False)
    start, end = event.positions[0], event.positions[-1]
    np.testing.assert_allclose(start.mean(0), [-0.5, -0.5], atol=0.1)
    np.testing.assert_allclose(start.std(0), [0.5, 0.5], atol=0.1)
    np.testing.assert_allclose(end.mean(0), [0.0, 0.0], atol=0.2)
    np.testing.assert_allclose(end.std(0), [1.0, 1.0], atol=0.2)


def test_a_preset_is_as_it_was():
    project = Project(target=spec_from_preset("moons"), stack=default_stack())
    trainer = Trainer(project, "discrete", device="cpu")
    assert trainer.frame == IDENTITY
    assert trainer.normal_target is trainer.target
    assert trainer.average is trainer.optimizer.average


@pytest.mark.parametrize("name", ["far", "stretched"])
def test_every_figure_can_be_asked_for_alone_in_data_units(trained, name):
    (trainer, _), (plain, _) = trained("discrete", name), trained("discrete")
    flow, target, area = trainer.average, trainer.target, UNITS[name].log_area
    expected = metrics.kl(plain.average, plain.target, 2048).value
    assert metrics.kl(flow, target, 2048).value == pytest.approx(expected, abs=1e-4)
    assert metrics.mass(flow, target.extent) == pytest.approx(1.0, abs=1e-3)
    points = target.sample(512, seed=0)
    other = plain.target.sample(512, seed=0)
    expected = metrics.nll(plain.average, other) + area
    assert metrics.nll(flow, points) == pytest.approx(expected, abs=1e-4)
    if len(set(UNITS[name].scale)) == 1:
        scale = UNITS[name].scale[0]
        for figure in (metrics.w2, lambda model, target: Slices(target).distance(model)):
            alone = figure(plain.average, plain.target)
            assert figure(flow, target) == pytest.approx(alone * scale, rel=1e-3)
