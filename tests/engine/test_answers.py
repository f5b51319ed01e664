"""What an engine answers about a point arrives as it was meant, also where it is not finite."""

from __future__ import annotations

import math

import pytest

from flowengine import protocol
from flowengine.answers import ledger_of
from flowengine.project import FLOW_LANES, Project
from flowengine.trainer import Trainer

PROJECT = Project.from_dict(
    {
        "target": {"name": "moons"},
        "stack": [{"kind": "affine_coupling", "width": 8}],
        "continuous": {"kind": "flow_matching", "width": 8, "depth": 1, "solver_steps": 4},
    }
)


def heard(lane, point) -> protocol.Ledger:
    """The answer as the window reads it off the pipe."""
    trainer = Trainer(PROJECT, lane)
    ledger = ledger_of(trainer, protocol.Query(request=7, point=point), generation=1)
    return protocol.decode_event(protocol.encode(ledger))


@pytest.mark.parametrize("lane", FLOW_LANES)
@pytest.mark.parametrize("point", [(-3.9, 3.9), (40.0, 0.0)])  # inside the grid, and outside
def test_where_the_target_has_no_density_its_log_p_is_minus_infinity(lane, point):
    ledger = heard(lane, point)
    assert ledger.target_log_prob == -math.inf
    assert math.isfinite(ledger.log_prob)


@pytest.mark.parametrize("lane", FLOW_LANES)
def test_where_the_target_has_a_density_its_log_p_is_that(lane):
    points = Trainer(PROJECT, lane).target.sample(1, seed=0)
    x, y = (float(value) for value in points[0])
    expected = float(Trainer(PROJECT, lane).target.log_prob(points))
    assert heard(lane, (x, y)).target_log_prob == pytest.approx(expected)
