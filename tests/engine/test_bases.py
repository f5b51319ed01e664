"""Bases: exact densities, exact draws, finite everywhere, and a part of every flow."""

from __future__ import annotations

import math
from pathlib import Path

import msgspec
import pytest
import torch
from torch import distributions

import flowengine as fe
from flowengine import bases, metrics
from flowengine.bases import OUTSIDE, build_base
from flowengine.bases.gaussian_mixture import LOG_SCALE_LIMIT
from flowengine.catalogue import (
    BASE_SPECS,
    BaseSpec,
    FlowMatching,
    GaussianMixture,
    Ring,
    StandardNormal,
    Uniform,
    fields_of,
    kind_of,
)
from flowengine.continuous import build_continuous
from flowengine.errors import NumericsError, ShapeError, SpecError
from flowengine.lane import build_flow, load
from flowengine.project import FLOW_LANES as LANES
from flowengine.project import Project
from flowengine.snapshots import latent_batch
from flowengine.targets.streams import sobol_points
from flowengine.trainer import Trainer
from flowengine.training import train
from tests.engine.models import randomised

EXAMPLES = Path(__file__).resolve().parents[2] / "resources" / "examples"
LEARNED = GaussianMixture(components=3, parameters="learned")


def at_the_limits(cls: type[BaseSpec]) -> list[BaseSpec]:
    """The spec as it comes, and with every number at its least and at its most."""
    numbers = [field for field in fields_of(cls) if not field.choices]
    low = {field.name: field.type(field.minimum) for field in numbers}
    high = {field.name: field.type(field.maximum) for field in numbers}
    return [cls(), *([cls(**low), cls(**high)] if numbers else [])]


USUAL = [*(cls() for cls in BASE_SPECS), LEARNED]
ALL = [spec for cls in BASE_SPECS for spec in at_the_limits(cls)] + [LEARNED]


def described(spec: BaseSpec) -> str:
    return kind_of(spec) + "".join(f"-{getattr(spec, f.name)}" for f in fields_of(type(spec)))


def made(spec: BaseSpec, seed: int = 0) -> bases.Base:
    """The base in float64, what it has learned moved away from its start."""
    base = build_base(spec).double()
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for weight in base.parameters():
            weight += 0.4 * torch.randn(weight.shape, generator=generator, dtype=torch.float64)
    return base


def around(base: bases.Base, n: int) -> tuple[torch.Tensor, float]:
    """The centres of n × n cells over the square that holds the base, and a cell's area."""
    side = torch.linspace(-1, 1, n + 1, dtype=torch.float64)
    centres = base.reach * 0.5 * (side[1:] + side[:-1])
    return torch.cartesian_prod(centres, centres), (2 * base.reach / n) ** 2


# --- the density and the draws ------------------------------------------------------------------


@pytest.mark.parametrize("spec", USUAL, ids=described)
def test_density_integrates_to_one_and_its_entropy_is_right(spec):
    base = made(spec).requires_grad_(False)
    points, area = around(base, 500)
    log_p = base.log_prob(points)
    assert float(log_p.exp().sum() * area) == pytest.approx(1, abs=1e-4)
    entropy = -float((log_p.exp() * log_p).sum() * area)
    assert base.entropy == pytest.approx(entropy, abs=2e-3)


@pytest.mark.parametrize("spec", ALL, ids=described)
def test_draws_follow_the_density(spec):
    """E[log p] over the draws is minus the entropy, and so is every moment of a thin grid."""
    base = made(spec)
    with torch.no_grad():
        z = base.from_uniform(sobol_points(1 << 15, 2, seed=1))
        assert torch.isfinite(z).all()
        assert -float(base.log_prob(z).mean()) == pytest.approx(base.entropy, abs=5e-3)
        assert float((z.norm(dim=1) > base.reach).double().mean()) <= OUTSIDE + 2**-15


@pytest.mark.parametrize("spec", USUAL, ids=described)
def test_draws_fill_every_part_of_the_plane_as_densely_as_the_density_says(spec):
    base = made(spec)
    points, area = around(base, 400)
    with torch.no_grad():
        z = base.from_uniform(sobol_points(1 << 16, 2, seed=2))
        mass = base.log_prob(points).exp() * area
    cells = 16
    for where, weights in ((points, mass), (z, torch.full((len(z),), 1 / len(z)).double())):
        index = ((where / base.reach + 1) / 2 * cells).long().clamp(0, cells - 1)
        held = torch.zeros(cells * cells).double()
        held.index_add_(0, index[:, 0] * cells + index[:, 1], weights)
        if where is points:
            expected = held
    torch.testing.assert_close(held, expected, atol=1.5e-3, rtol=0)


@pytest.mark.parametrize("spec", USUAL, ids=described)
def test_map_from_uniform_has_the_jacobian_that_the_density_demands(spec):
    """p(z(u)) · |det dz/du| = 1 where the uniform density is 1; a mixture has one share a bell."""
    base = made(spec).requires_grad_(False)
    u = 0.02 + 0.96 * sobol_points(64, 2, seed=3)
    z = base.from_uniform(u)
    jacobian = torch.stack([_jacobian(base, row) for row in u])
    volume = torch.linalg.det(jacobian).abs().log()
    if isinstance(spec, GaussianMixture):
        with torch.no_grad():  # the bells overlap: only where another one is far is the sum one
            alone = base.log_prob(z) + volume
        assert (alone > -1e-9).all()
        return
    torch.testing.assert_close(base.log_prob(z), -volume, atol=1e-7, rtol=0)


def _jacobian(base, row):
    return torch.autograd.functional.jacobian(lambda u: base.from_uniform(u[None])[0], row)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("spec", ALL, ids=described)
def test_value_and_gradient_are_finite_everywhere(spec, dtype):
    base = made(spec).to(dtype)
    edge = getattr(spec, "half_side", getattr(spec, "radius", 1.0))
    special = [0.0, 1e-30, edge, math.nextafter(edge, 0), math.nextafter(edge, 99), 100.0, 1e6]
    axis = torch.tensor(special + [-value for value in special], dtype=dtype)
    z = torch.cartesian_prod(axis, axis).requires_grad_()
    log_p = base.log_prob(z)
    log_p.sum().backward()
    assert torch.isfinite(log_p).all()
    assert torch.isfinite(z.grad).all()
    assert all(torch.isfinite(weight.grad).all() for weight in base.parameters())


@pytest.mark.parametrize("spec", USUAL, ids=described)
def test_gradient_is_that_of_finite_differences(spec):
    base = made(spec).requires_grad_(False)
    z = base.from_uniform(sobol_points(40, 2, seed=4)).requires_grad_()
    assert torch.autograd.gradcheck(base.log_prob, (z,))


@pytest.mark.parametrize("spec", USUAL, ids=described)
def test_samples_follow_the_generator_and_leave_the_global_one_alone(spec):
    base = build_base(spec)
    state = torch.get_rng_state()
    first, second, other = (
        base.sample(50, generator=torch.Generator().manual_seed(seed)) for seed in (1, 1, 2)
    )
    assert torch.equal(first, second)
    assert not torch.equal(first, other)
    assert first.dtype == torch.float32
    assert first.shape == (50, 2)
    assert torch.equal(state, torch.get_rng_state())
    assert base.sample(0).shape == (0, 2)


def test_the_mixture_is_that_of_torch():
    base = made(LEARNED).requires_grad_(False)
    scales = base.spread * torch.exp(
        base.log_scales / (1 + base.log_scales.abs() / LOG_SCALE_LIMIT)
    )
    theirs = distributions.MixtureSameFamily(
        distributions.Categorical(logits=base.logits),
        distributions.Independent(distributions.Normal(base.means, scales), 1),
    )
    z = base.sample(200, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    torch.testing.assert_close(base.log_prob(z), theirs.log_prob(z))


def test_the_square_has_an_edge_as_soft_as_was_asked_for():
    hard, soft = (build_base(Uniform(half_side=2, softness=s)) for s in (0.01, 0.2))
    inside, edge, outside = (torch.tensor([[x, 0.0]]) for x in (1.5, 2.0, 2.5))
    assert float(hard.log_prob(inside)) == pytest.approx(-math.log(16), abs=1e-6)
    for base in (hard, soft):
        assert float(base.log_prob(edge) - base.log_prob(torch.zeros(1, 2))) == pytest.approx(
            -math.log(2), abs=0.02
        )
    assert float(hard.log_prob(outside)) < float(soft.log_prob(outside)) - 10


def test_the_ring_is_as_thick_as_was_asked_for():
    z = build_base(Ring(radius=3, spread=0.1)).from_uniform(sobol_points(1 << 14, 2, seed=0))
    distance = z.norm(dim=1)
    assert float(distance.mean()) == pytest.approx(3, abs=0.01)
    assert float(distance.std()) == pytest.approx(0.1, rel=0.02)


def test_gradient_of_an_expectation_reaches_centres_widths_and_weights():
    """E_p[log p] is minus the entropy: its gradient through the draws is that of a quadrature."""
    base = made(LEARNED)
    points, area = around(base, 300)
    log_p = base.log_prob(points)
    exact = torch.autograd.grad((log_p.exp() * log_p).sum() * area, list(base.parameters()))
    u = sobol_points(1 << 16, 2, seed=5)
    mean = (base.log_prob(base.from_uniform(u)) * base.choice_ratio(u)).mean()
    found = torch.autograd.grad(mean, list(base.parameters()))
    for name, got, expected in zip(dict(base.named_parameters()), found, exact, strict=True):
        torch.testing.assert_close(got, expected, atol=3e-3, rtol=0, msg=name)


def test_bad_input_is_named():
    base = build_base(Ring())
    with pytest.raises(ShapeError, match=r"z must have shape \(batch, 2\), got \(3,\)"):
        base.log_prob(torch.zeros(3))
    with pytest.raises(ShapeError, match=r"z must be of a floating type, got torch\.int64"):
        base.log_prob(torch.zeros(3, 2, dtype=torch.long))
    with pytest.raises(ShapeError, match=r"u must be a torch tensor .* got list"):
        base.from_uniform([[0.5, 0.5]])
    with pytest.raises(SpecError, match=r"n must be a whole number from 0 to .*, got -1"):
        base.sample(-1)
    with pytest.raises(SpecError, match="No base implements"):
        build_base(BaseSpec())


# --- within a flow ------------------------------------------------------------------------------


def project(base: BaseSpec, **changes) -> Project:
    return Project.from_dict(
        {
            "target": {"name": "eight_gaussians"},
            "base": msgspec.to_builtins(base),
            "stack": [{"kind": "linear"}, *[{"kind": "spline_coupling", "width": 16}] * 2],
            "continuous": {"kind": "flow_matching", "width": 16, "depth": 2},
            "training": {"discrete": {"batch_size": 128}, "continuous": {"batch_size": 128}},
        }
        | changes
    )


def advance(trainer: Trainer, steps: int) -> None:
    for _ in range(steps):
        trainer.step()


@pytest.mark.parametrize("lane", LANES)
@pytest.mark.parametrize("spec", USUAL, ids=described)
def test_an_untrained_flow_near_the_identity_is_its_base(spec, lane):
    flow = build_flow(project(spec), lane).requires_grad_(False)  # before it meets a target
    z = flow.base.sample(100, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(flow.log_prob(z), flow.base.log_prob(z), atol=1e-4, rtol=1e-4)
    trace = flow.trace(z)
    torch.testing.assert_close(trace.log_prob[0], flow.base.log_prob(z))
    torch.testing.assert_close(
        trace.log_prob[-1], flow.log_prob(trace.positions[-1]), atol=1e-3, rtol=1e-4
    )
    page = flow.ledger((0.4, -1.2))
    assert page.log_prob == pytest.approx(
        float(flow.log_prob(torch.tensor([[0.4, -1.2]]))), abs=1e-4
    )
    assert page.rows[0].log_prob == pytest.approx(
        float(flow.base.log_prob(torch.tensor([page.rows[0].position]))), abs=1e-4
    )


@pytest.mark.parametrize("lane", LANES)
@pytest.mark.parametrize("spec", USUAL, ids=described)
def test_training_on_every_base_lowers_kl_and_keeps_the_law(spec, lane):
    trainer = Trainer(project(spec, target={"name": "moons"}), lane)
    before = trainer.evaluate()
    # a continuous flow begins with the target's mean and covariance, a stack does not
    report = train(trainer, steps=100 if lane == "discrete" else 800)
    assert report.kl < 0.75 * before.kl
    assert report.nll >= before.entropy - 0.01
    side = torch.linspace(-6, 6, 161)
    mass = (
        trainer.average.log_prob(torch.cartesian_prod(side, side)).double().exp().sum() * 0.075**2
    )
    assert float(mass) == pytest.approx(1, abs=2e-3)
    assert trainer.notices == []


@pytest.mark.parametrize("spec", USUAL, ids=described)
def test_mass_is_measured_over_all_of_a_base(spec):
    flow = randomised(fe.build(project(spec).stack[:2], 0, spec), 0.2)
    assert metrics.mass(flow, (-1.0, 1.0, -1.0, 1.0)) == pytest.approx(1, abs=2e-3)


@pytest.mark.parametrize("lane", LANES)
@pytest.mark.parametrize("spec", USUAL, ids=described)
def test_resumed_run_equals_the_uninterrupted_one(spec, lane):
    through = Trainer(project(spec), lane)
    advance(through, 5)
    saved = through.state()
    resumed = Trainer(msgspec.structs.replace(project(spec), lanes={lane: saved}), lane)
    advance(through, 10)
    advance(resumed, 10)
    ours, theirs = through.model.state_dict(), resumed.model.state_dict()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)


def test_a_learned_base_trains_with_the_stack_and_is_saved_and_loaded(tmp_path):
    trainer = Trainer(project(LEARNED), "discrete")
    names = {name for name in trainer.average.state_dict() if name.startswith("base.")}
    assert names == {"base.means", "base.log_scales", "base.logits"}
    before = {name: trainer.model.state_dict()[name].clone() for name in names}
    advance(trainer, 30)
    assert not any(torch.equal(trainer.model.state_dict()[n], before[n]) for n in names)
    path = tmp_path / "p.flow"
    msgspec.structs.replace(project(LEARNED), lanes={"discrete": trainer.state()}).save(path)
    x = torch.randn(20, 2, generator=torch.Generator().manual_seed(0))
    assert torch.equal(load(path).log_prob(x), trainer.average.log_prob(x))


def test_flow_matching_leaves_a_learned_base_as_it_is():
    trainer = Trainer(project(LEARNED), "continuous")
    before = trainer.model.base.means.clone()
    advance(trainer, 5)
    assert torch.equal(trainer.model.base.means, before)
    ffjord = {"kind": "ffjord", "width": 8, "depth": 1, "solver_steps": 2}
    likely = Trainer(project(LEARNED, continuous=ffjord), "continuous")
    advance(likely, 3)
    assert not torch.equal(likely.model.base.means, before)
    likely.edit(project(LEARNED))  # and what likelihood had moved goes back for flow matching
    assert torch.equal(likely.model.base.means, before)


@pytest.mark.parametrize("lane", ["discrete", "continuous"])
def test_examples_of_version_1_have_the_normal_base_and_fit_as_they_did(lane):
    project = Project.open(EXAMPLES / "two-moons.flow")
    flow, target = load(project, lane), fe.targets.from_spec(project.target)
    assert metrics.kl(flow, target, 1024).value < 0.05


def test_a_fixed_base_needs_no_weights_in_the_file():
    for spec in (cls() for cls in BASE_SPECS):
        names = Trainer(project(spec), "discrete").average.state_dict()
        assert not [name for name in names if name.startswith("base.")]


def test_another_base_keeps_the_layers_and_starts_itself_anew():
    trainer = Trainer(project(LEARNED), "discrete")
    advance(trainer, 20)
    layers = {n: t.clone() for n, t in trainer.average.state_dict().items() if "layers" in n}
    wider = msgspec.structs.replace(LEARNED, radius=3.0)
    trainer.edit(project(wider))
    now = trainer.average.state_dict()
    assert all(torch.equal(now[name], layers[name]) for name in layers)
    assert torch.equal(trainer.average.base.means, build_base(wider).means)
    trainer.edit(project(Ring()))
    assert isinstance(trainer.average.base, bases.Ring)
    advance(trainer, 2)
    assert math.isfinite(trainer.loss)


def test_an_edit_of_the_stack_keeps_what_the_base_has_learned():
    trainer = Trainer(project(LEARNED), "discrete")
    advance(trainer, 20)
    means = trainer.average.base.means.clone()
    trainer.edit(project(LEARNED, stack=[{"kind": "affine_coupling"}]))
    assert torch.equal(trainer.average.base.means, means)


@pytest.mark.parametrize("spec", USUAL, ids=described)
def test_both_lanes_show_the_same_latent_batch(spec):
    first, second = (Trainer(project(spec), lane).average.base for lane in LANES[:2])
    assert torch.equal(latent_batch(first, 64, 3), latent_batch(second, 64, 3))


def test_float64_and_devices_follow_the_module():
    flow = fe.build(project(LEARNED).stack, 0, LEARNED).double()
    x = torch.randn(4, 2, dtype=torch.float64)
    assert flow.log_prob(x).dtype == torch.float64
    assert flow.sample(3).dtype == torch.float64
    continuous = build_continuous(FlowMatching(width=4), 0, GaussianMixture()).double()
    assert continuous.log_prob(x).dtype == torch.float64


def test_normal_keeps_its_old_numbers():
    generator = torch.Generator().manual_seed(4)
    expected = torch.randn(6, 2, generator=torch.Generator().manual_seed(4))
    assert torch.equal(build_base(StandardNormal()).sample(6, generator=generator), expected)


def test_points_that_are_not_finite_are_refused_by_flows():
    flow = fe.build(project(Ring()).stack, 0, Ring())
    with pytest.raises(NumericsError, match="x must be finite, but 1 of 2 rows"):
        flow.log_prob(torch.tensor([[0.0, math.nan], [1.0, 2.0]]))
