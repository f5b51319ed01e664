"""The way of points through a continuous flow: traces, and the ledger of one."""

from __future__ import annotations

import itertools
import math

import pytest
import torch

from flowengine.catalogue import FlowMatching
from flowengine.continuous import build_continuous
from flowengine.errors import ShapeError
from flowengine.flow import base_log_prob
from tests.engine.continuous_flows import ROUND_TRIP, SPECS, points, randomised, slogdet_of, spec_id

every_spec = pytest.mark.parametrize("spec", SPECS, ids=spec_id)


@every_spec
@torch.no_grad()
def test_trace_leads_from_the_base_to_forward(spec):
    flow = randomised(spec)
    z = points(30)
    x, log_det = flow.forward(z)
    trace = flow.trace(z)
    assert len(trace.tau) >= 33
    assert trace.tau.dtype == torch.float32
    assert trace.tau[0] == 0
    assert trace.tau[-1] == 1
    assert (trace.tau.diff() > 0).all()
    torch.testing.assert_close(trace.positions[0], z)
    torch.testing.assert_close(trace.positions[-1], x)
    torch.testing.assert_close(trace.log_det[-1], log_det)
    torch.testing.assert_close(trace.log_prob, base_log_prob(z) - trace.log_det)


@every_spec
@torch.no_grad()
def test_inverse_trace_leads_from_the_target_to_inverse(spec):
    flow = randomised(spec)
    x = points(30)
    z, log_det = flow.inverse(x)
    trace = flow.inverse_trace(x)
    assert (trace.tau.diff() > 0).all()
    torch.testing.assert_close(trace.positions[-1], x)
    torch.testing.assert_close(trace.positions[0], z)
    torch.testing.assert_close(trace.log_det[0], torch.zeros(30, dtype=x.dtype))
    torch.testing.assert_close(trace.log_det[-1], -log_det)
    torch.testing.assert_close(trace.log_prob[-1], flow.log_prob(x))
    torch.testing.assert_close(trace.log_prob[0], base_log_prob(z))


@every_spec
@torch.no_grad()
def test_traces_of_both_sides_meet_at_every_moment(spec):
    flow = randomised(spec, solver_steps=64)
    there = flow.trace(points(10))
    back = flow.inverse_trace(there.positions[-1])
    close = {"atol": 20 * ROUND_TRIP[spec.solver], "rtol": 0}
    torch.testing.assert_close(back.positions, there.positions, **close)
    torch.testing.assert_close(back.log_det, there.log_det, **close)


def test_the_log_det_of_a_frame_is_that_of_the_way_to_it():
    flow = randomised(FlowMatching(), solver_steps=2)
    z = points(5)
    trace = flow.trace(z)
    for frame in (3, 16, 27):
        expected = slogdet_of(lambda p, k=frame: _positions(flow, p, k), z)
        torch.testing.assert_close(trace.log_det[frame], expected, atol=1e-11, rtol=1e-11)


def _positions(flow, z, frame):
    frames = flow._frames(z, 0.0, 1.0, None, densities=False)
    return next(itertools.islice(frames, frame, None)).positions, None


@torch.no_grad()
@pytest.mark.parametrize(
    ("steps", "wanted"), [(8, 2), (8, 9), (8, 20), (8, 65), (9, 5), (64, None), (1, 7), (100, 33)]
)
@pytest.mark.parametrize("solver", ["heun", "rk4", "adams"])
def test_there_are_as_many_frames_as_were_asked_for_and_evenly_spread(solver, steps, wanted):
    flow = randomised(FlowMatching(solver=solver), solver_steps=steps)
    found = wanted or 33
    for trace in (flow.trace(points(3), wanted), flow.inverse_trace(points(3), wanted)):
        assert trace.positions.shape == (found, 3, 2)
        assert trace.log_det.shape == trace.log_prob.shape == (found, 3)
        torch.testing.assert_close(trace.tau, torch.linspace(0, 1, found))
    there = flow.trace(points(3), wanted)
    torch.testing.assert_close(there.positions[-1], flow.forward(points(3))[0])


@torch.no_grad()
def test_a_trace_without_densities_goes_the_same_way():
    flow = randomised(FlowMatching())
    for follow in (flow.trace, flow.inverse_trace):
        full, bare = follow(points(9)), follow(points(9), densities=False)
        torch.testing.assert_close(bare.positions, full.positions)
        torch.testing.assert_close(bare.tau, full.tau)
        assert bare.log_det.shape == bare.log_prob.shape == (len(full.tau), 0)


@every_spec
@pytest.mark.parametrize("steps", [1, 8, 20, 100])
def test_the_ledger_adds_up(spec, steps):
    flow = randomised(spec, solver_steps=steps)
    page = flow.ledger((0.7, -1.2))
    x = torch.tensor([[0.7, -1.2]], dtype=torch.float64)
    with torch.no_grad():
        log_prob = float(flow.log_prob(x))
        z, log_det = flow.inverse(x)
    first, *rest = page.rows
    assert first.layer == "base"
    assert first.log_det == 0
    assert first.position == pytest.approx(z[0].tolist())
    assert first.log_prob == pytest.approx(float(base_log_prob(z)))
    assert page.log_prob == page.rows[-1].log_prob == pytest.approx(log_prob, abs=1e-10)
    assert page.rows[-1].position == pytest.approx((0.7, -1.2))
    assert page.rows[-1].tau == 1
    assert sum(row.log_det for row in rest) == pytest.approx(-float(log_det), abs=1e-10)
    assert 16 <= len(rest) <= 21
    for before, row in itertools.pairwise(page.rows):
        a, b, c, d = row.jacobian
        assert row.log_det == pytest.approx(math.log(abs(a * d - b * c)), abs=1e-10)
        assert row.log_prob == pytest.approx(before.log_prob - row.log_det, abs=1e-12)
        assert row.tau > before.tau


def test_the_ledger_s_jacobians_compose_to_that_of_the_flow():
    flow = randomised(FlowMatching())
    x = points(1)
    page = flow.ledger(tuple(x[0].tolist()))
    product = torch.eye(2, dtype=x.dtype)
    for row in page.rows:
        product = torch.tensor(row.jacobian, dtype=x.dtype).view(2, 2) @ product
    inverse = torch.autograd.functional.jacobian(lambda p: flow.inverse(p)[0], x)[0, :, 0]
    torch.testing.assert_close(product, torch.linalg.inv(inverse), atol=1e-9, rtol=1e-9)


def test_the_ledger_tells_the_round_trip():
    coarse = randomised(FlowMatching(), solver_steps=1, strength=1.0)
    fine = randomised(FlowMatching(), solver_steps=64, strength=1.0)
    point = (0.4, 1.1)
    x = torch.tensor([point], dtype=torch.float64)
    with torch.no_grad():
        miss = float((coarse.forward(coarse.inverse(x)[0])[0] - x).norm())
    assert coarse.ledger(point).round_trip_error == pytest.approx(miss)
    assert fine.ledger(point).round_trip_error < 1e-4 < miss


@pytest.mark.parametrize("point", [(1.0,), (0.0, math.nan), (math.inf, 0.0), (1.0, 2.0, 3.0)])
def test_the_ledger_wants_two_finite_numbers(point):
    with pytest.raises(ShapeError, match="two finite numbers"):
        build_continuous(FlowMatching(), 0).ledger(point)
