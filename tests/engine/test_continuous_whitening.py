"""Whitened coordinates, the tame field in them, and the velocities that it learns."""

from __future__ import annotations

import pytest
import torch

from flowengine.bases import build_base
from flowengine.catalogue import (
    FlowMatching,
    GaussianMixture,
    RectifiedFlow,
    Ring,
    StandardNormal,
    Uniform,
)
from flowengine.continuous import build_continuous
from flowengine.continuous.exact import exact_field
from flowengine.continuous.paths import PATHS, path_of
from flowengine.continuous.posterior import BatchPosterior, Ends, GridPosterior
from flowengine.continuous.tangents import lifted, points_of
from flowengine.continuous.whitening import Whitening, spread_of_target
from flowengine.mass import mass_of
from flowengine.targets import from_formula, preset
from tests.engine.continuous_flows import points, randomised

GAUSSIAN = "exp(-0.5*((x-1)^2/0.3 + (y+0.5)^2*2 - (x-1)*(y+0.5)))"
BASES = [StandardNormal(), Uniform(), Ring(), GaussianMixture()]
SPECS = [FlowMatching(path=path) for path in PATHS] + [RectifiedFlow()]
every_spec = pytest.mark.parametrize(
    "spec", SPECS, ids=lambda s: f"{s.kind}-{getattr(s, 'path', '')}"
)
every_base = pytest.mark.parametrize("base", BASES, ids=lambda b: b.kind)


@pytest.fixture(scope="module")
def target():
    return preset("pinwheel")


def met(spec, target, base=None):
    whitening = Whitening(build_base(base or StandardNormal()), spec).double()
    whitening.meet(target)
    return whitening


@every_spec
@every_base
def test_points_of_the_path_are_white_at_both_ends(spec, base, target):
    whitening = met(spec, target, base)
    z = whitening.enter(build_base(base).from_uniform(torch.rand(40_000, 2).double()), 0.0)
    x = whitening.enter(target.sample(40_000, seed=1, dtype=torch.float64), 1.0)
    for y in (z.detach(), x):
        assert y.mean(0).abs().max() < 0.03
        torch.testing.assert_close(torch.cov(y.T), torch.eye(2).double(), atol=0.03, rtol=0)
        assert y.norm(dim=1).max() < float(whitening.reach) * 1.05


@every_spec
@pytest.mark.parametrize("t", [0.0, 0.3, 1.0])
def test_leaving_undoes_entering_for_points_and_tangents(spec, t, target):
    whitening, x = met(spec, target), points(6)
    torch.testing.assert_close(whitening.leave(whitening.enter(x, t), t), x)
    state = lifted(x)
    inside = whitening.enter_state(state, t)
    torch.testing.assert_close(points_of(inside), whitening.enter(x, t))
    torch.testing.assert_close(whitening.leave_state(inside, t), state)


@every_spec
def test_velocities_in_both_coordinates_are_of_the_same_way(spec, target):
    whitening, t, h = met(spec, target), 0.4, 1e-5
    y, rate = points(6), points(6, seed=2)
    there, here = (whitening.leave(y + s * rate, t + s) for s in (h, -h))
    v = whitening.velocity_in_x(y, rate, t)
    torch.testing.assert_close(v, (there - here) / (2 * h), atol=1e-7, rtol=1e-7)
    rows = whitening.rows_to_y(whitening.leave(y, t), v, torch.full((6,), t).double())
    torch.testing.assert_close(rows, (y, rate))


def test_the_spread_of_a_target_is_that_of_its_samples(target):
    spread = spread_of_target(target)
    x = target.sample(1 << 16, seed=3, dtype=torch.float64)
    torch.testing.assert_close(spread.mean, x.mean(0), atol=2e-3, rtol=0)
    torch.testing.assert_close(spread.covariance, torch.cov(x.T), atol=5e-3, rtol=0)


@torch.no_grad()
@pytest.mark.parametrize("spec", [FlowMatching(), RectifiedFlow()], ids=lambda s: s.kind)
def test_an_untrained_flow_is_the_normal_distribution_with_the_target_s_moments(spec):
    target = from_formula(GAUSSIAN)
    flow = build_continuous(spec, 0)
    flow.meet(target)
    x = target.sample(2_000, seed=4)
    gap = target.log_prob(x) - flow.log_prob(x)
    assert abs(float(gap.mean())) < 2e-3  # what the cells of the grid leave
    assert mass_of(flow, target.extent).is_one


@pytest.mark.parametrize("spec", [FlowMatching(), RectifiedFlow()], ids=lambda s: s.kind)
def test_the_field_s_jacobian_is_its_derivative(spec, target):
    flow = randomised(spec)
    flow.meet(target)
    x = points(6)
    v, jacobian = flow.velocity.with_jacobian(x, 0.3)
    whole = torch.autograd.functional.jacobian(lambda p: flow.velocity(p, 0.3), x)
    torch.testing.assert_close(v, flow.velocity(x, 0.3))
    torch.testing.assert_close(jacobian, torch.stack([whole[i, :, i] for i in range(6)]))
    each = flow.velocity(x, torch.tensor([0.3, 0.6] * 3).double())
    torch.testing.assert_close(each[::2], v[::2])


@torch.no_grad()
def test_far_from_all_data_a_point_rests(target):
    flow = randomised(FlowMatching(), strength=3.0)
    flow.meet(target)
    far = 30 * torch.randn(50, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    far = far[far.norm(dim=1) > 25]
    v, jacobian = flow.network.with_jacobian(far, 0.5)
    assert v.abs().max() < 1e-3
    assert jacobian.abs().max() < 1e-3
    assert flow.network(far / 20, 0.5).abs().max() > 0.1


@pytest.mark.parametrize("name", ["moons", "checkerboard", "two_spirals"])
@pytest.mark.parametrize("path", PATHS)
def test_the_grid_s_posterior_is_the_exact_field(name, path):
    target = preset(name)
    numbers = torch.Generator().manual_seed(2)
    x0, x1 = torch.randn(600, 2, generator=numbers), target.sample(600, seed=5)
    t = torch.rand(600, generator=numbers) * 0.998
    a, b, da, db = path_of(FlowMatching(path=path))(t)
    x = a[:, None] * x0 + b[:, None] * x1
    start, end = GridPosterior(target)(x, a, b, Ends(x0, x1))
    found = da[:, None] * start + db[:, None] * end
    expected = exact_field(target, FlowMatching(path=path))(x, t)
    noise = (da[:, None] * x0 + db[:, None] * x1 - expected).square().mean().sqrt()
    miss = (found - expected).square().sum(1).sqrt()
    assert miss.square().mean().sqrt() < 3e-3 * noise
    assert miss.quantile(0.99) < 3e-2 * noise


def test_the_batch_s_posterior_comes_near_the_exact_field(target):
    numbers = torch.Generator().manual_seed(2)
    x0, x1 = torch.randn(256, 2, generator=numbers), target.sample(256, seed=5)
    t = torch.full((256,), 0.4)
    x = 0.6 * x0 + 0.4 * x1
    ends = BatchPosterior(build_base(StandardNormal()))(x, 1 - t, t, Ends(x0, x1))
    expected = exact_field(target)(x, t)
    miss, noise = (
        float((e.end - e.start - expected).square().mean().sqrt()) for e in (ends, Ends(x0, x1))
    )
    assert miss < 0.5 * noise


@every_base
def test_ends_of_any_base_lead_through_the_point(base, target):
    start, there = build_base(base), target.sample(64, seed=6)
    x0 = start.from_uniform(torch.rand(64, 2)).detach().float()
    t = torch.linspace(0.05, 0.95, 64)
    a, b = (1 - t)[:, None], t[:, None]
    x = a * x0 + b * there
    ends = BatchPosterior(start)(x, 1 - t, t, Ends(x0, there))
    torch.testing.assert_close(a * ends.start + b * ends.end, x, atol=1e-4, rtol=1e-4)
    assert torch.isfinite(ends.start).all()
