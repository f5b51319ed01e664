"""The law of the house on continuous flows that were trained: their density is one, and true.

Trained once for all tests, as far as some seconds of the default recipe go; the whole table of
targets, kinds, bases and seeds is `python -m tests.benchmarks.truth`.
"""

from __future__ import annotations

import copy

import msgspec
import pytest
import torch

from flowengine import Project, Trainer
from flowengine.mass import mass_of
from flowengine.meshes import cell_centres, widened
from flowengine.training import train
from tests.engine.drawn import drawn_target

STEPS = {"flow_matching": 2_500, "rectified_flow": 2_000, "ffjord": 60}
CASES = {
    "checkerboard": {"continuous": {"kind": "flow_matching"}, "target": {"name": "checkerboard"}},
    "drawing": {
        "continuous": {"kind": "flow_matching"},
        "base": {"kind": "ring"},
        "drawn": 11,
    },
    "rectified": {
        "continuous": {"kind": "rectified_flow", "round_steps": 1_200},
        "target": {"name": "moons"},
    },
    "ffjord": {"continuous": {"kind": "ffjord"}, "target": {"name": "two_spirals"}},
}


@pytest.fixture(scope="module", params=CASES)
def trained(request):
    torch.set_num_threads(1)
    case = dict(CASES[request.param])
    drawn = case.pop("drawn", None)
    project = Project.from_dict({"seed": 11, **case})
    if drawn is not None:
        project = msgspec.structs.replace(project, target=drawn_target(drawn))
    trainer = Trainer(project, "continuous", device="cpu")
    train(trainer, steps=STEPS[case["continuous"]["kind"]])
    return trainer


def seen_by(trainer):
    """Points of the target, and nodes all over it where the density counts."""
    flow, target = trainer.average, trainer.target
    samples = target.sample(256, seed=77)
    nodes = cell_centres(widened(target.extent, 1.25), 20)
    return samples, nodes[flow.log_prob(nodes) > -13.8]


@torch.no_grad()
def test_it_is_a_density_over_the_whole_plane(trained):
    mass = mass_of(trained.average, trained.target.extent)
    assert abs(mass.value - 1) < 2e-3 + mass.error
    assert mass.is_one


@torch.no_grad()
def test_every_density_is_within_a_thousandth_of_a_dense_reference(trained):
    flow = trained.average
    count = 256 if flow.base.spec.kind == "standard_normal" else 640  # the others are steeper
    dense = copy.deepcopy(flow).double().with_solver("rk4", count)
    truth = [(x, dense.log_prob(x.double())) for x in seen_by(trained)]
    for steps in (flow, flow.with_solver("rk4", flow.step_count)):
        samples, nodes = ((steps.log_prob(x).double() - right).abs() for x, right in truth)
        assert samples.quantile(0.999) < 1e-3
        assert nodes.max() < 1e-3


@torch.no_grad()
def test_points_come_back(trained):
    flow, (samples, _) = trained.average, seen_by(trained)
    z, _ = flow.inverse(samples)
    assert (flow.forward(z)[0] - samples).norm(dim=1).max() < 1e-3


@torch.no_grad()
def test_a_point_s_density_does_not_depend_on_its_neighbours(trained):
    flow, (samples, _) = trained.average, seen_by(trained)
    whole = flow.log_prob(samples)
    alone = torch.cat([flow.log_prob(samples[i : i + 1]) for i in range(0, 256, 32)])
    torch.testing.assert_close(alone, whole[::32], atol=2e-4, rtol=0)


@torch.no_grad()
def test_the_ledger_ends_at_the_density(trained):
    x = trained.target.sample(1, seed=3)
    page = trained.average.ledger(tuple(x[0].tolist()))
    assert page.log_prob == pytest.approx(float(trained.average.log_prob(x)), abs=2e-4)
    assert page.round_trip_error < 1e-3


def test_the_steps_in_force_are_known_and_kept_with_the_weights(trained):
    accuracy = trained.average.accuracy
    assert accuracy.log_prob_error <= 1e-3
    assert accuracy.round_trip <= 1e-3
    saved = msgspec.structs.replace(trained.project, lanes={"continuous": trained.state()})
    again = Trainer(saved, "continuous", device="cpu").average
    assert again.accuracy == pytest.approx(accuracy)
    assert again.step_count == accuracy.steps


def test_a_number_set_by_hand_is_obeyed_and_its_cost_said(trained):
    by_hand = trained.average.with_solver("rk4", 3)
    accuracy = by_hand.settle(trained.normal_target)
    assert by_hand.step_count == accuracy.steps == 3
    x = trained.target.sample(512, seed=5)
    with torch.no_grad():
        miss = (by_hand.log_prob(x) - trained.average.log_prob(x)).abs().max()
    assert accuracy.log_prob_error > 0.1 * float(miss)
    assert accuracy.log_prob_error > trained.average.accuracy.log_prob_error
