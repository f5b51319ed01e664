"""Bad input at every public door: a typed error names the argument, the limit and the value."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
import torch

import flowengine as fe
from flowengine.bases import build_base
from flowengine.catalogue import BASE_SPECS, kind_of
from flowengine.errors import DeviceError, NumericsError, ShapeError, SpecError
from flowengine.lane import build_flow
from flowengine.project import Project
from flowengine.trainer import Trainer
from flowengine.training import train

PROJECT = Project.from_dict(
    {
        "stack": [{"kind": "actnorm"}, {"kind": "affine_coupling", "width": 4}],
        "continuous": {"kind": "flow_matching", "width": 4, "depth": 1, "solver_steps": 2},
    }
)
FLOWS = {lane: build_flow(PROJECT, lane) for lane in ("discrete", "continuous")}

DOORS = {
    "log_prob": ("x", lambda flow, x: flow.log_prob(x)),
    "log_prob_at": ("u", lambda flow, x: flow.log_prob_at(x, 0.4)),
    "forward": ("z", lambda flow, x: flow.forward(x)),
    "inverse": ("x", lambda flow, x: flow.inverse(x)),
    "forward_from": ("u", lambda flow, x: flow.forward_from(x, 0.4)),
    "inverse_from": ("u", lambda flow, x: flow.inverse_from(x, 0.4)),
    "trace": ("z", lambda flow, x: flow.trace(x)),
    "inverse_trace": ("x", lambda flow, x: flow.inverse_trace(x)),
    "inverse_trace without densities": (
        "x",
        lambda flow, x: flow.inverse_trace(x, densities=False),
    ),
}
BAD_POINTS = {
    "one axis": (torch.zeros(3), ShapeError, r"must have shape \(batch, 2\), got \(3,\)"),
    "three columns": (torch.zeros(4, 3), ShapeError, r"must have shape \(batch, 2\), got \(4, 3\)"),
    "whole numbers": (
        torch.zeros(4, 2).long(),
        ShapeError,
        r"must be of a floating type, got torch\.int64",
    ),
    "no tensor": (np.zeros((4, 2)), ShapeError, r"must be a torch tensor .* got numpy\.ndarray"),
    "a list": ([[0.0, 1.0]], ShapeError, r"must be a torch tensor .* got list"),
    "NaN": (torch.tensor([[0.0, math.nan]]), NumericsError, "must be finite, but 1 of 1 rows"),
    "infinity": (
        torch.tensor([[0.0, 1.0], [math.inf, -math.inf]]),
        NumericsError,
        "must be finite, but 1 of 2 rows",
    ),
}


TENSORS = [name for name, (points, *_) in BAD_POINTS.items() if isinstance(points, torch.Tensor)]
"""What is bad for a flow as well, which takes arrays and lists."""


@pytest.mark.parametrize("bad", TENSORS)
@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("lane", FLOWS)
def test_points_that_no_flow_can_take(lane, door, bad):
    name, call = DOORS[door]
    points, error, sentence = BAD_POINTS[bad]
    with pytest.raises(error, match=f"^{name} {sentence}"):
        call(FLOWS[lane], points)


@pytest.mark.parametrize("lane", FLOWS)
def test_finite_points_of_any_size_pass_though_their_sum_overflows(lane):
    huge = torch.full((8, 2), 3e38)
    FLOWS[lane].forward(huge)


@pytest.mark.parametrize("count", [-1, 2.0, True, "many", 10**12])
@pytest.mark.parametrize(
    "draw",
    [
        FLOWS["discrete"].sample,
        FLOWS["continuous"].sample,
        fe.targets.preset("moons").sample,
        *(build_base(cls()).sample for cls in BASE_SPECS),
    ],
    ids=["discrete", "continuous", "target", *map(kind_of, BASE_SPECS)],
)
def test_numbers_of_points_that_cannot_be_drawn(draw, count):
    got = re.escape(repr(count))
    with pytest.raises(SpecError, match=f"n must be a whole number from 0 to .*, got {got}"):
        draw(count)


@pytest.mark.parametrize("tau", [-0.1, 1.1, math.nan])
@pytest.mark.parametrize("lane", FLOWS)
def test_moments_outside_the_clock(lane, tau):
    x = torch.zeros(2, 2)
    for call in (FLOWS[lane].forward_from, FLOWS[lane].inverse_from, FLOWS[lane].log_prob_at):
        with pytest.raises(SpecError, match=rf"tau must lie in \[0, 1\], got {tau}"):
            call(x, tau)


@pytest.mark.parametrize("point", [(1.0,), (0.0, math.nan), (1, 2, 3)])
@pytest.mark.parametrize("lane", FLOWS)
def test_points_that_have_no_ledger(lane, point):
    with pytest.raises(ShapeError, match=r"two finite numbers, got \("):
        FLOWS[lane].ledger(point)


def test_points_and_methods_that_no_target_can_take():
    target = fe.targets.preset("moons")
    for call, name in ((target.log_prob, "x"), (target.quantile, "u")):
        for bad in ("one axis", "three columns", "whole numbers", "no tensor", "a list"):
            points, error, sentence = BAD_POINTS[bad]
            with pytest.raises(error, match=f"^{name} {sentence}"):
                call(points)
    with pytest.raises(SpecError, match="method must be sobol or iid, got 'halton'"):
        target.sample(4, seed=0, method="halton")
    with pytest.raises(SpecError, match="method must be sobol or iid, got 'halton'"):
        target.stream(4, 0, method="halton")
    with pytest.raises(SpecError, match="batch_size >= 1, got 2 and 0"):
        target.stream(0, 0)


def test_trainers_that_cannot_be():
    with pytest.raises(SpecError, match="no lane 'third' to train; there is discrete, continuous"):
        Trainer(PROJECT, "third")
    with pytest.raises(DeviceError, match="no abacus device here; this machine has cpu"):
        Trainer(PROJECT, "discrete", device="abacus")
    stuck = Trainer(Project.from_dict({"stack": [{"kind": "swap"}]}), "discrete")
    with pytest.raises(SpecError, match="There is nothing to learn: every layer"):
        stuck.step()


@pytest.mark.parametrize(
    "limit", [{"steps": -1}, {"seconds": math.nan}, {"seconds": math.inf}, {"until_kl": -0.1}]
)
def test_limits_that_end_nothing(limit):
    (name, value), trainer = next(iter(limit.items())), Trainer(PROJECT, "discrete")
    with pytest.raises(SpecError, match=f"{name} must be a number from 0 on, got {value}"):
        train(trainer, **limit)
    assert trainer.step_count == 0
