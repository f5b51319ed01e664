"""Scalar roots: exact on hard curves, each point by itself, with the implicit gradient."""

from __future__ import annotations

import pytest
import torch
from torch.autograd import gradcheck

from flowengine.layers.root import solve_monotone


def cubic(u):
    return u + u**3, 1 + 3 * u * u


def stairs(u):
    """Steps of width 0.02 with landings between them where the slope is only 1e-9."""
    away = (u[None] - torch.tensor([-3.0, -1.0, 2.0], dtype=u.dtype)[:, None]) / 0.01
    step = away.sigmoid()
    return step.sum(0) + 1e-9 * u, (step * (1 - step)).sum(0) / 0.01 + 1e-9


def bend(u):
    return 30 * u + 29 * (u * u + 1e-6).sqrt(), 30 + 29 * u / (u * u + 1e-6).sqrt()


def bracket(goal, reach):
    return torch.full_like(goal, -reach), torch.full_like(goal, reach)


@pytest.mark.parametrize("curve", [cubic, stairs, bend])
@pytest.mark.parametrize("reach", [10.0, 1e3, 1e6])
def test_roots_are_found_to_the_last_digits_however_wide_the_bracket(curve, reach):
    roots = torch.cat([torch.linspace(-9, 9, 400, dtype=torch.float64), torch.zeros(1)])
    goal, _ = curve(roots)
    found = solve_monotone(curve, goal, *bracket(goal, reach))
    value, slope = curve(found)
    assert ((value - goal).abs() <= 1e-14 * slope * (1 + roots.abs()) + 2e-15).all()
    assert ((found - roots).abs() <= 1e-14 * (1 + roots.abs()) + 4e-15 / slope).all()


def test_float32_roots_are_as_exact_as_their_goals():
    roots = torch.linspace(-9, 9, 400)
    goal, _ = cubic(roots)
    found = solve_monotone(cubic, goal, *bracket(goal, 1e3))
    torch.testing.assert_close(found, roots, atol=1e-6, rtol=1e-6)


def test_a_root_does_not_depend_on_the_other_points():
    goal = stairs(torch.linspace(-9, 9, 50, dtype=torch.float64))[0]
    together = solve_monotone(stairs, goal, *bracket(goal, 100.0))
    alone = [solve_monotone(stairs, g, *bracket(g, 100.0)) for g in goal[:, None]]
    assert torch.equal(together, torch.cat(alone))


def test_gradients_of_a_root_are_those_of_the_implicit_function():
    goal = torch.tensor([-3.0, -0.2, 0.0, 0.7, 5.0], dtype=torch.float64, requires_grad=True)
    bend = torch.tensor([0.1, 0.5, 1.0, 2.0, 3.0], dtype=torch.float64, requires_grad=True)

    def root(goal, bend):
        def curve(u):
            return u + bend * u**3, 1 + 3 * bend * u * u

        return solve_monotone(curve, goal, *bracket(goal.detach(), 10.0))

    assert gradcheck(root, (goal, bend))
