"""The solvers: their order, their dense output, and the exact Jacobian of their steps."""

from __future__ import annotations

import math

import pytest
import torch

from flowengine.catalogue import FlowMatching
from flowengine.continuous import solvers
from flowengine.continuous.solvers import TABLEAUS
from tests.engine.continuous_flows import points, randomised

ORDER = {"euler": 1, "midpoint": 2, "heun": 2, "rk4": 4}


class Spiral:
    """dx/dt = cos(t) A x, whose flow is known: exp(sin(t) A), turn and growth in one."""

    matrix = torch.tensor([[0.5, -2.0], [2.0, 0.5]], dtype=torch.float64)

    def __call__(self, x, t):
        return math.cos(t) * x @ self.matrix.T

    def with_jacobian(self, x, t):
        return self(x, t), (math.cos(t) * self.matrix).expand(len(x), 2, 2)

    def flow(self, x, start, end):
        exponent = (math.sin(end) - math.sin(start)) * self.matrix
        return x @ torch.linalg.matrix_exp(exponent).T


def run(field, x, span, count, solver, *, jacobian=False):
    return list(solvers.steps(field, x, span, count, solver=solver, jacobian=jacobian))


@pytest.mark.parametrize("span", [(0.0, 1.0), (1.0, 0.0), (0.25, 0.9)], ids=str)
@pytest.mark.parametrize("solver", TABLEAUS)
def test_the_error_falls_with_the_solver_s_order(solver, span):
    field, x = Spiral(), points(20)
    exact = field.flow(x, *span)
    coarse, fine = (
        (run(field, x, span, count, solver)[-1].position() - exact).norm() for count in (20, 40)
    )
    assert math.log2(coarse / fine) == pytest.approx(ORDER[solver], abs=0.25)


@pytest.mark.parametrize("solver", TABLEAUS)
def test_dense_output_runs_from_start_to_end_of_the_step(solver):
    step, after = run(Spiral(), points(5), (0.0, 1.0), 2, solver, jacobian=True)
    torch.testing.assert_close(step.position(0.0), step.x)
    torch.testing.assert_close(step.position(1.0), after.x)
    torch.testing.assert_close(step.jacobian(0.0), torch.eye(2).double().expand(5, 2, 2))


@pytest.mark.parametrize("solver", TABLEAUS)
def test_dense_output_is_one_order_below_the_step(solver):
    field, x = Spiral(), points(20)
    errors = []
    for count in (10, 20):
        step = run(field, x, (0.0, 1.0), count, solver)[0]
        exact = field.flow(x, 0.0, 0.4 * step.h)
        errors.append((step.position(0.4) - exact).norm())
    # The error within one step: a power of h above that of the whole way.
    assert math.log2(errors[0] / errors[1]) > min(ORDER[solver], 3) + 0.7


@pytest.mark.parametrize("theta", [0.3, 1.0])
@pytest.mark.parametrize("solver", TABLEAUS)
def test_the_jacobian_is_that_of_the_step_taken(solver, theta):
    velocity = randomised(FlowMatching()).velocity
    x = points(6)

    def moved(p):
        return run(velocity, p, (0.9, 0.2), 1, solver)[0].position(theta)

    whole = torch.autograd.functional.jacobian(moved, x)
    expected = torch.stack([whole[i, :, i] for i in range(6)])
    (step,) = run(velocity, x, (0.9, 0.2), 1, solver, jacobian=True)
    torch.testing.assert_close(step.jacobian(theta), expected, atol=1e-12, rtol=1e-12)


def test_no_steps_stay_where_they_are():
    assert run(Spiral(), points(3), (0.5, 0.5), 0, "rk4") == []


def test_small_matrix_helpers_agree_with_torch():
    a = torch.randn(9, 2, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    b = a.flip(0)
    torch.testing.assert_close(solvers.matmul(a, b), a @ b)
    torch.testing.assert_close(solvers.determinant(a), torch.linalg.det(a))
    torch.testing.assert_close(solvers.log_abs_det(a), torch.linalg.slogdet(a)[1])
