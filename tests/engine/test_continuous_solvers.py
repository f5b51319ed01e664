"""The solvers: their order, their dense output, and the exact Jacobian of their steps."""

from __future__ import annotations

import itertools
import math

import pytest
import torch

from flowengine.catalogue import FlowMatching
from flowengine.continuous import solvers
from flowengine.continuous.solvers import SOLVERS, TABLEAUS
from flowengine.continuous.tangents import bare, jacobian_of, lifted, points_of
from flowengine.continuous.velocity import Field
from tests.engine.continuous_flows import points, randomised

ORDER = {"euler": 1, "midpoint": 2, "heun": 2, "rk4": 4, "adams": 3}


class Spiral(Field):
    """dx/dt = cos(t) A x, whose flow is known: exp(sin(t) A), turn and growth in one."""

    matrix = torch.tensor([[0.5, -2.0], [2.0, 0.5]], dtype=torch.float64)

    def forward(self, x, t):
        return math.cos(t) * x @ self.matrix.T

    def with_jacobian(self, x, t):
        return self(x, t), (math.cos(t) * self.matrix).expand(len(x), 2, 2)

    def flow(self, x, start, end):
        return x @ self.matrix_of(start, end).T

    def matrix_of(self, start, end):
        return torch.linalg.matrix_exp((math.sin(end) - math.sin(start)) * self.matrix)


def run(field, x, span, count, solver):
    return list(solvers.steps(field.slope, lifted(x), span, count, solver=solver))


@pytest.mark.parametrize("span", [(0.0, 1.0), (1.0, 0.0), (0.25, 0.9)], ids=str)
@pytest.mark.parametrize("solver", SOLVERS)
def test_the_error_falls_with_the_solver_s_order(solver, span):
    field, x = Spiral(), points(20)
    exact = field.flow(x, *span)
    coarse, fine = (
        (points_of(run(field, x, span, count, solver)[-1].at()) - exact).norm()
        for count in (20, 40)
    )
    order = math.log2(coarse / fine)
    assert order > ORDER[solver] - 0.25
    assert order < ORDER[solver] + 0.25 or solver == "adams"  # its first steps are of low order


@pytest.mark.parametrize("solver", SOLVERS)
def test_the_tangents_become_the_jacobian_of_the_way(solver):
    field, x = Spiral(), points(20)
    found = jacobian_of(run(field, x, (1.0, 0.0), 200, solver)[-1].at())
    exact = field.matrix_of(1.0, 0.0).expand(20, 2, 2)
    assert (found - exact).abs().max() < (0.05 if solver == "euler" else 1e-3)


@pytest.mark.parametrize("solver", SOLVERS)
def test_a_state_without_tangents_goes_the_same_way(solver):
    for field in (Spiral(), randomised(FlowMatching()).velocity):
        alone = list(solvers.steps(field.slope, bare(points(5)), (1.0, 0.0), 7, solver=solver))
        together = run(field, points(5), (1.0, 0.0), 7, solver)
        for one, other in zip(alone, together, strict=True):
            torch.testing.assert_close(one.at(0.3)[:, 0], other.at(0.3)[:, 0])


@pytest.mark.parametrize("count", [1, 2, 3, 9])
@pytest.mark.parametrize("solver", SOLVERS)
def test_dense_output_runs_from_start_to_end_of_every_step(solver, count):
    steps = run(Spiral(), points(5), (0.2, 0.9), count, solver)
    assert len(steps) == count
    assert steps[0].t == pytest.approx(0.2)
    assert steps[-1].t + steps[-1].h == pytest.approx(0.9)
    for step, after in itertools.pairwise(steps):
        assert step.t + step.h == pytest.approx(after.t)
        torch.testing.assert_close(step.at(0.0), step.state)
        torch.testing.assert_close(step.at(1.0), after.state)
        torch.testing.assert_close(step.at(1.0 - 1e-12), after.state)


@pytest.mark.parametrize("solver", TABLEAUS)
def test_dense_output_is_one_order_below_the_step(solver):
    field, x = Spiral(), points(20)
    errors = []
    for count in (10, 20):
        step = run(field, x, (0.0, 1.0), count, solver)[0]
        exact = field.flow(x, 0.0, 0.4 * step.h)
        errors.append((points_of(step.at(0.4)) - exact).norm())
    # The error within one step: a power of h above that of the whole way.
    assert math.log2(errors[0] / errors[1]) > min(ORDER[solver], 3) + 0.7


def test_adams_errs_less_than_rk4_with_as_many_evaluations():
    field, x = Spiral(), points(20)
    exact = field.flow(x, 1.0, 0.0)
    by_adams, by_rk4 = (
        (points_of(run(field, x, (1.0, 0.0), count, solver)[-1].at()) - exact).norm()
        for solver, count in (("adams", 39), ("rk4", 10))
    )
    assert by_adams < by_rk4 / 3


def test_dense_output_of_adams_is_as_exact_as_its_steps():
    field, x = Spiral(), points(20)
    for step in run(field, x, (0.0, 1.0), 40, "adams"):
        within = points_of(step.at(0.4)) - field.flow(x, 0.0, step.t + 0.4 * step.h)
        assert within.norm() < 2e-4


def test_adams_steps_begin_short_and_are_shorter_near_the_data():
    lengths = [abs(step.h) for step in run(Spiral(), points(2), (1.0, 0.0), 40, "adams")]
    assert lengths[0] < lengths[1] / 1.9 < lengths[2] / 3.8
    assert lengths[-1] / lengths[2] == pytest.approx(solvers.STRETCH, rel=0.05)
    back = [step.h for step in run(Spiral(), points(2), (0.0, 1.0), 40, "adams")]
    assert back[2] / back[-1] == pytest.approx(solvers.STRETCH, rel=0.05)


@pytest.mark.parametrize("solver", SOLVERS)
def test_evaluations_are_those_that_are_made(solver):
    calls = []

    def field(state, t):
        calls.append(t)
        return state

    for _ in solvers.steps(field, points(2), (0.0, 1.0), 7, solver=solver):
        pass
    assert len(calls) == solvers.evaluations(solver, 7)
    assert min(calls) >= 0
    assert max(calls) <= 1 + 1e-12


@pytest.mark.parametrize("theta", [0.3, 1.0])
@pytest.mark.parametrize("solver", SOLVERS)
def test_the_jacobian_is_that_of_the_way_taken(solver, theta):
    velocity = randomised(FlowMatching()).velocity
    x = points(6)

    def moved(p):
        return points_of(run(velocity, p, (0.9, 0.2), 4, solver)[-1].at(theta))

    whole = torch.autograd.functional.jacobian(moved, x)
    expected = torch.stack([whole[i, :, i] for i in range(6)])
    *_, step = run(velocity, x, (0.9, 0.2), 4, solver)
    torch.testing.assert_close(jacobian_of(step.at(theta)), expected, atol=1e-11, rtol=1e-11)


@pytest.mark.parametrize("solver", SOLVERS)
def test_no_steps_stay_where_they_are(solver):
    assert run(Spiral(), points(3), (0.5, 0.5), 0, solver) == []


def test_the_log_det_of_great_and_small_matrices_neither_overflows_nor_vanishes():
    matrices = torch.eye(2).expand(2, 2, 2) * torch.tensor([1e-30, 1e30])[:, None, None]
    expected = torch.tensor([-60.0, 60.0]) * math.log(10)
    torch.testing.assert_close(solvers.log_abs_det(matrices), expected)
    assert solvers.log_abs_det(torch.zeros(1, 2, 2)).tolist() == [-math.inf]


def test_small_matrix_helpers_agree_with_torch():
    a = torch.randn(9, 2, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    b = a.flip(0)
    torch.testing.assert_close(solvers.matmul(a, b), a @ b)
    torch.testing.assert_close(solvers.determinant(a), torch.linalg.det(a))
    torch.testing.assert_close(solvers.log_abs_det(a), torch.linalg.slogdet(a)[1])
