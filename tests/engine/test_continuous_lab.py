"""The solver lab: errors that are the solvers' own, and evaluations that are counted."""

from __future__ import annotations

import math

import pytest
import torch

from flowengine.catalogue import FlowMatching
from flowengine.continuous import solver_lab
from flowengine.continuous.lab import POINTS, STEPS, TOLERANCES, _density_error
from flowengine.continuous.solvers import SOLVERS, evaluations
from flowengine.errors import SpecError
from flowengine.metrics import base_points
from tests.engine.continuous_flows import randomised

ORDER = {"euler": 1, "midpoint": 2, "heun": 2, "rk4": 4, "adams": 3}


@pytest.fixture(scope="module")
def rows():
    flow = randomised(FlowMatching(width=16, depth=2), dtype=torch.float32)
    return solver_lab(flow)


def test_every_solver_is_measured_at_every_step_count(rows):
    fixed = [(row.solver, row.steps) for row in rows if row.solver != "dopri5"]
    assert fixed == [(solver, steps) for solver in SOLVERS for steps in STEPS]
    assert [row.tolerance for row in rows if row.solver == "dopri5"] == list(TOLERANCES)
    assert all((row.steps == 0) == (row.solver == "dopri5") for row in rows)


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("error", ["position_error", "log_prob_error"])
def test_errors_fall_with_the_solver_s_order(rows, solver, error):
    by_steps = {row.steps: getattr(row, error) for row in rows if row.solver == solver}
    order = torch.tensor(by_steps[16] / by_steps[64]).log2() / 2
    assert order > ORDER[solver] - 0.5
    assert order < ORDER[solver] + 0.7 or solver == "adams"  # its first steps are of low order


def test_evaluations_are_what_the_stages_come_to(rows):
    for row in rows:
        if row.solver != "dopri5":
            assert row.evaluations == evaluations(row.solver, row.steps)
            assert row.log_prob_evaluations == row.evaluations


def test_dopri5_pays_more_for_less_error(rows):
    loose, *_, tight = (row for row in rows if row.solver == "dopri5")
    assert loose.evaluations < tight.evaluations
    assert loose.log_prob_evaluations < tight.log_prob_evaluations
    assert tight.position_error < loose.position_error / 100
    assert tight.log_prob_error < min(loose.log_prob_error / 100, 1e-4)


def test_the_error_is_the_distance_from_the_true_way(rows):
    flow = randomised(FlowMatching(width=16, depth=2), dtype=torch.float32).double()
    z = base_points(flow.base, POINTS).double()
    with torch.no_grad():
        far = flow.with_solver("rk4", 200).positions(z)
        near = flow.with_solver("euler", 4).positions(z)
    row = next(row for row in rows if (row.solver, row.steps) == ("euler", 4))
    assert row.position_error == pytest.approx(float((near - far).norm(dim=1).mean()), rel=1e-4)


def test_a_lab_without_points_is_refused():
    with pytest.raises(SpecError, match="points >= 1, got 0"):
        solver_lab(randomised(FlowMatching()), points=0)


def test_a_solver_that_sees_points_where_there_are_none_errs():
    truth = torch.tensor([-1.0, -2.0, -90.0, -90.0])
    exact = _density_error(truth, truth, 2, 16.0)
    faint = _density_error(torch.tensor([-1.0, -2.0, -60.0, -90.0]), truth, 2, 16.0)
    false = _density_error(torch.tensor([-1.0, -2.0, -3.0, -90.0]), truth, 2, 16.0)
    assert exact == 0
    assert faint < 1e-9
    assert false == pytest.approx(87 * math.exp(-3) * 16 / 2)
    lost = torch.tensor([-1.0, -2.0, math.nan, -math.inf])
    assert _density_error(lost, truth, 2, 16.0) == 0
