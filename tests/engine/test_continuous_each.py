"""Points in steps of their own: against closed forms, whatever company they are in."""

from __future__ import annotations

import math

import pytest
import torch

from flowengine.catalogue import Ffjord, FlowMatching, RectifiedFlow
from flowengine.continuous import build_continuous, each
from flowengine.continuous.flow import CLOSE, PICTURED, ROUGH, USUAL
from flowengine.targets import from_spec
from tests.engine.drawn import drawn_target

DOUBLE = torch.float64


def error_to(tolerance):
    return lambda off, _at: off.norm(dim=0) / tolerance


def turning(state, t):
    """A plane that turns by 3 t² rad per unit of time: one radian from 0 to 1."""
    x, y = state
    return 3 * t**2 * torch.stack([-y, x])


@pytest.mark.parametrize("span", [(0.0, 1.0), (1.0, 0.0), (0.25, 0.75), (0.9, 0.2)])
def test_a_closed_form_is_met_to_the_tolerance(span):
    state = torch.randn(2, 3_000, dtype=DOUBLE, generator=torch.Generator().manual_seed(1))
    found = each.follow(turning, state, span, error_to(1e-8))
    angle = span[1] ** 3 - span[0] ** 3
    x, y = state
    expected = torch.stack(
        [
            math.cos(angle) * x - math.sin(angle) * y,
            math.sin(angle) * x + math.cos(angle) * y,
        ]
    )
    torch.testing.assert_close(found, expected, atol=1e-6, rtol=0)


@pytest.mark.parametrize("tolerance", [1e-4, 1e-6, 1e-8])
def test_the_error_falls_with_the_tolerance(tolerance):
    def steep(state, t):
        return 40 * torch.sin(40 * t) * state

    state = torch.ones(1, 5, dtype=DOUBLE)
    found = each.follow(steep, state, (0.0, 1.0), error_to(tolerance))
    expected = math.exp(1 - math.cos(40))
    assert float((found - expected).abs().max()) < 300 * tolerance


def test_every_point_goes_alone():
    """A wild neighbour costs a point nothing and changes nothing."""
    asked = []

    def field(state, t):
        asked.append(state.shape[1])
        return torch.stack([torch.cos(state[1] * t) * state[1], 0 * state[1]])

    calm = torch.stack([torch.zeros(8, dtype=DOUBLE), torch.linspace(0, 1, 8, dtype=DOUBLE)])
    wild = torch.tensor([[0.0], [300.0]], dtype=DOUBLE)
    alone = each.follow(field, calm, (0.0, 1.0), error_to(1e-7))
    each.follow(field, wild, (0.0, 1.0), error_to(1e-7))
    apart, asked[:] = sum(asked), []
    both = each.follow(field, torch.cat([calm, wild], dim=1), (0.0, 1.0), error_to(1e-7))
    torch.testing.assert_close(both[:, :8], alone, atol=0, rtol=0)
    assert sum(asked) == apart
    assert float(both[0, 8]) == pytest.approx(math.sin(300), abs=1e-5)


def test_a_slope_that_is_not_finite_comes_to_an_end():
    def hole(state, t):
        return torch.where(state.abs() < 0.5, torch.nan, torch.ones_like(state))

    state = torch.tensor([[-1.0, 2.0]])
    found = each.follow(hole, state, (0.0, 1.0), error_to(1e-5))
    assert not torch.isfinite(found[0, 0])
    assert float(found[0, 1]) == pytest.approx(3.0, abs=1e-5)


def test_no_points_go_nowhere():
    nothing = each.follow(turning, torch.empty(2, 0), (0.0, 1.0), error_to(1e-5))
    assert nothing.shape == (2, 0)


@pytest.mark.parametrize("kind", [FlowMatching, RectifiedFlow, Ffjord])
@torch.no_grad()
def test_the_same_density_in_steps_of_its_own_and_in_many_fixed_ones(kind):
    """Of a rough field, on a target off the middle, in every kind's own coordinates."""
    flow = build_continuous(kind(), seed=3)
    target = from_spec(drawn_target(5)).normalized()
    flow.meet(target)
    generator = torch.Generator().manual_seed(4)
    for weight in flow.network.weights:
        weight += 0.15 * torch.randn(weight.shape, generator=generator)
    x = target.sample(300, seed=1)
    dense = flow.with_solver("rk4", 512)
    expected = dense.log_prob(x)
    assert float((flow.log_prob(x) - expected).abs().max()) < 1e-3
    errors = [
        float((flow.sketched(tolerance).log_prob(x) - expected).abs().mean())
        for tolerance in (PICTURED, ROUGH, USUAL)
    ]
    assert errors[0] > errors[1] > errors[2]
    assert float((flow.closely().log_prob(x) - expected).abs().max()) < 5e-4
    assert CLOSE < USUAL
    z = flow.draw(300, generator=generator)
    moved, log_det = flow.forward(z)
    expected_moved, expected_det = dense.forward(z)
    torch.testing.assert_close(moved, expected_moved, atol=2e-4, rtol=1e-4)
    torch.testing.assert_close(log_det, expected_det, atol=1e-3, rtol=0)
    torch.testing.assert_close(flow.positions(z), expected_moved, atol=2e-4, rtol=1e-4)
