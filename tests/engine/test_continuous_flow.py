"""The continuous flow: an invertible map with exact densities, traces and ledgers."""

from __future__ import annotations

import math

import pytest
import torch
from torchdiffeq import odeint

from flowengine.catalogue import FlowMatching
from flowengine.continuous import build_continuous
from flowengine.errors import NumericsError, ShapeError, SpecError
from flowengine.flow import base_log_prob
from tests.engine.continuous_flows import ROUND_TRIP, SPECS, points, randomised, slogdet_of, spec_id

every_spec = pytest.mark.parametrize("spec", SPECS, ids=spec_id)


@every_spec
@pytest.mark.parametrize("side", ["forward", "inverse"])
def test_log_det_is_that_of_the_map_that_was_called(spec, side):
    flow = randomised(spec, solver_steps=3)  # few steps: an approximate integral would show
    x = points(6)
    _, log_det = getattr(flow, side)(x)
    torch.testing.assert_close(log_det, slogdet_of(getattr(flow, side), x), atol=1e-11, rtol=1e-11)
    assert log_det.abs().min() > 1e-4


@every_spec
def test_forward_and_inverse_undo_each_other_up_to_the_solver_s_error(spec):
    z = points(50)
    misses = []
    for steps in (32, 64):
        flow = randomised(spec, solver_steps=steps)
        x, log_det = flow.forward(z)
        again, back = flow.inverse(x)
        misses.append(float((again - z).detach().norm(dim=1).max()))
    assert misses[1] < ROUND_TRIP[spec.solver]
    assert misses[1] < misses[0] / (1.7 if spec.solver == "euler" else 3)
    torch.testing.assert_close(back, -log_det, atol=10 * ROUND_TRIP[spec.solver], rtol=0)
    assert (x - z).norm(dim=1).mean() > 0.1


def test_it_agrees_with_an_adaptive_solver_and_the_integral_of_the_divergence():
    flow = randomised(FlowMatching(), solver_steps=64)
    z = points(20)

    def field(t, state):
        v, divergence = flow.velocity.with_divergence(state[:, :2], float(t))
        return torch.cat([v, divergence.unsqueeze(1)], dim=1)

    start = torch.cat([z, torch.zeros(20, 1, dtype=z.dtype)], dim=1)
    ends = torch.tensor([0.0, 1.0], dtype=z.dtype)
    with torch.no_grad():
        far = odeint(field, start, ends, method="dopri5", rtol=1e-10, atol=1e-12)[1]
        x, log_det = flow.forward(z)
        log_prob = flow.log_prob(far[:, :2])
    torch.testing.assert_close(x, far[:, :2], atol=1e-7, rtol=0)
    torch.testing.assert_close(log_det, far[:, 2], atol=1e-6, rtol=0)
    torch.testing.assert_close(log_prob, base_log_prob(z) - far[:, 2], atol=1e-6, rtol=0)


@every_spec
@torch.no_grad()
def test_the_density_integrates_to_one_however_few_the_steps(spec):
    flow = randomised(spec, solver_steps=2, dtype=torch.float32)
    side, reach = 200, 9.0
    axis = (torch.arange(side) + 0.5) * (2 * reach / side) - reach
    grid = torch.cartesian_prod(axis, axis)
    mass = flow.log_prob(grid).double().exp().sum() * (2 * reach / side) ** 2
    assert float(mass) == pytest.approx(1, abs=2e-3)


@every_spec
@torch.no_grad()
def test_a_point_does_not_feel_the_others_of_its_batch(spec):
    flow = randomised(spec)
    x = points(8)
    crowd = torch.cat([x, 1e4 * points(3, seed=9)])
    for function in (flow.log_prob, lambda p: flow.forward(p)[0], lambda p: flow.inverse(p)[0]):
        alone = torch.cat([function(x[i : i + 1]) for i in range(len(x))])
        torch.testing.assert_close(function(crowd)[:8], alone, atol=1e-12, rtol=1e-12)


@torch.no_grad()
def test_large_batches_are_cut_without_a_seam(monkeypatch):
    flow = randomised(FlowMatching())
    x = points(50)
    whole = (*flow.inverse(x), *flow.trace(x))
    monkeypatch.setattr("flowengine.continuous.flow.CHUNK", 16)
    for cut, expected in zip((*flow.inverse(x), *flow.trace(x)), whole, strict=True):
        torch.testing.assert_close(cut, expected, atol=1e-12, rtol=1e-12)


@every_spec
@torch.no_grad()
def test_maps_from_a_moment_meet_the_whole_way(spec):
    flow = randomised(spec, solver_steps=64)
    z = points(10)
    trace = flow.trace(z)
    x, log_det = flow.forward(z)
    for frame in (0, 8, 32):
        tau = float(trace.tau[frame])
        on, on_log_det = flow.forward_from(trace.positions[frame], tau)
        close = {"atol": 5 * ROUND_TRIP[spec.solver], "rtol": 0}  # from there in other steps
        torch.testing.assert_close(on, x, **close)
        torch.testing.assert_close(trace.log_det[frame] + on_log_det, log_det, **close)
        back, _ = flow.inverse_from(trace.positions[frame], tau)
        torch.testing.assert_close(back, z, atol=5 * ROUND_TRIP[spec.solver], rtol=0)
    torch.testing.assert_close(flow.log_prob_at(x, 1.0), flow.log_prob(x))
    torch.testing.assert_close(flow.log_prob_at(z, 0.0), base_log_prob(z))


@torch.no_grad()
def test_at_the_ends_there_is_nothing_to_do():
    flow = randomised(FlowMatching())
    u = points(4)
    for ended, log_det in (flow.forward_from(u, 1.0), flow.inverse_from(u, 0.0)):
        assert torch.equal(ended, u)
        assert log_det.count_nonzero() == 0


def test_bad_input_is_named():
    flow = build_continuous(FlowMatching(), 0)
    for function in (flow.forward, flow.inverse, flow.log_prob, flow.trace, flow.inverse_trace):
        with pytest.raises(ShapeError, match=r"\(batch, 2\), got \(3,\)"):
            function(torch.zeros(3))
    for function in (flow.forward_from, flow.inverse_from, flow.log_prob_at):
        with pytest.raises(SpecError, match=r"tau must lie in \[0, 1\], got 1.5"):
            function(torch.zeros(3, 2), 1.5)


@every_spec
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_far_away_everything_stays_finite(spec, dtype):
    flow = randomised(spec, dtype=dtype)
    far = torch.tensor([[1e6, -1e6], [-1e6, 3.0], [0.0, 1e6], [0.0, 0.0]], dtype=dtype)
    x = far.clone().requires_grad_()
    log_prob = flow.log_prob(x)
    (slope,) = torch.autograd.grad(log_prob.sum(), x)
    z, log_det = flow.forward(far)
    for values in (log_prob, slope, z, log_det):
        assert torch.isfinite(values).all()


@every_spec
@torch.no_grad()
def test_float32_follows_float64(spec):
    wide = randomised(spec, dtype=torch.float64)
    short = randomised(spec, dtype=torch.float32)
    x = points(50)
    log_prob = short.log_prob(x.float())
    assert log_prob.dtype == torch.float32
    torch.testing.assert_close(log_prob.double(), wide.log_prob(x), atol=1e-4, rtol=0)
    assert short.trace(x.float()).positions.dtype == torch.float32


@every_spec
@torch.no_grad()
def test_weights_can_be_reloaded(spec):
    flow = randomised(spec, dtype=torch.float32)
    again = build_continuous(flow.spec, seed=99)
    again.load_state_dict(flow.state_dict())
    x = points(20, dtype=torch.float32)
    assert torch.equal(again.log_prob(x), flow.log_prob(x))


@torch.no_grad()
def test_a_fresh_flow_is_the_identity():
    flow = build_continuous(FlowMatching(), 0)
    z = points(10, dtype=torch.float32)
    x, log_det = flow.forward(z)
    assert torch.equal(x, z)
    assert log_det.count_nonzero() == 0
    torch.testing.assert_close(flow.log_prob(z), base_log_prob(z))


@torch.no_grad()
def test_samples_follow_the_generator_and_the_density():
    flow = randomised(FlowMatching(), dtype=torch.float32, solver_steps=8)
    first = flow.sample(4_000, generator=torch.Generator().manual_seed(5))
    again = flow.sample(4_000, generator=torch.Generator().manual_seed(5))
    assert torch.equal(first, again)
    # The mean of log p over samples is minus the entropy, which the trace tells otherwise.
    z = torch.randn(4_000, 2, generator=torch.Generator().manual_seed(6))
    _, log_det = flow.forward(z)
    expected = (base_log_prob(z) - log_det).mean()
    assert flow.log_prob(first).mean() == pytest.approx(float(expected), abs=0.06)


@torch.no_grad()
def test_points_that_a_rough_field_loses_have_no_density_and_no_neighbour_notices():
    flow = randomised(FlowMatching(), dtype=torch.float32, strength=300.0, solver_steps=8)
    x = torch.tensor([[0.1, -0.2], [1e6, -1e6], [1e30, 1e30]])
    assert (flow.inverse(x)[1] + base_log_prob(flow.inverse(x)[0])).isnan().any()  # it does lose
    found = flow.log_prob(x)
    assert not found.isnan().any()
    assert (found[1:] == -math.inf).any()
    torch.testing.assert_close(found[:1], flow.log_prob(x[:1]))


@torch.no_grad()
def test_an_empty_batch_comes_back_empty():
    flow = randomised(FlowMatching())
    nothing = torch.zeros(0, 2, dtype=torch.float64)
    assert flow.log_prob(nothing).shape == (0,)
    assert flow.trace(nothing).positions.shape[1:] == (0, 2)


@every_spec
def test_every_weight_gets_a_gradient_from_the_likelihood(spec):
    flow = randomised(spec, solver_steps=2)
    flow.log_prob(points(10)).mean().backward()
    for name, parameter in flow.named_parameters():
        assert parameter.grad is not None, name
        assert torch.isfinite(parameter.grad).all(), name
        assert parameter.grad.abs().max() > 0, name


@torch.no_grad()
def test_positions_are_those_of_forward():
    for spec in SPECS:
        flow, z = randomised(spec, solver_steps=64, tolerance=1e-6), points(9)
        torch.testing.assert_close(flow.positions(z), flow.forward(z)[0], atol=1e-4, rtol=0)
        assert torch.equal(flow.positions(z[:0]), z[:0])


@torch.no_grad()
def test_dopri5_carries_points_to_its_tolerance():
    spec, z = FlowMatching(solver="dopri5"), points(30)
    dense = randomised(spec).with_solver("rk4", 128)
    errors = []
    for tolerance in (1e-3, 1e-6):
        flow = randomised(spec, tolerance=tolerance, solver_steps=1)
        traces = [flow.trace(z, densities=False), flow.inverse_trace(z, 9, densities=False)]
        expected = [dense.trace(z, densities=False), dense.inverse_trace(z, 9, densities=False)]
        assert [len(trace.tau) for trace in traces] == [33, 9]
        torch.testing.assert_close(traces[1].positions[-1], z)
        gaps = [
            (found.positions - wanted.positions[:: len(wanted.tau) // (len(found.tau) - 1)])
            for found, wanted in zip(traces, expected, strict=True)
        ]
        errors.append(max(float(gap.norm(dim=2).mean()) for gap in gaps))
        sampled = flow.sample(8, generator=torch.Generator().manual_seed(1))
        z8 = torch.randn(8, 2, generator=torch.Generator().manual_seed(1), dtype=z.dtype)
        assert (sampled - dense.positions(z8)).norm(dim=1).mean() < 30 * tolerance
    assert errors[1] < errors[0] / 30
    assert errors[1] < 1e-4


@torch.no_grad()
def test_a_field_too_steep_for_dopri5_is_told():
    flow = randomised(FlowMatching(solver="dopri5", tolerance=1e-6), dtype=torch.float32)
    flow.network.weights[-1].mul_(1e20)
    with pytest.raises(NumericsError, match="tolerance of 1e-06"):
        flow.positions(points(4, dtype=torch.float32))
