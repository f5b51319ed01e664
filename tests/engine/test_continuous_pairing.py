"""Which base point is paired with which point of the target, by every coupling."""

from __future__ import annotations

import itertools
import threading

import pytest
import torch

from flowengine.bases import build_base
from flowengine.catalogue import (
    FlowMatching,
    StandardNormal,
)
from flowengine.continuous.ahead import Ahead
from flowengine.continuous.pairing import (
    BLOCKS,
    FIRST_BLOCKS,
    GROUP,
    REUSE,
    TransportPlan,
    optimal_permutation,
    paired,
)
from flowengine.targets import preset
from tests.engine.continuous_flows import points
from tests.engine.continuous_losses import loss_of, pairs

base_points = build_base(StandardNormal()).from_uniform


@pytest.fixture(scope="module")
def target():
    return preset("eight_gaussians")


# --- optimal transport --------------------------------------------------------------------------


def cost(x0, x1):
    return float((x0 - x1).square().sum(1).mean())


def test_the_permutation_uses_every_point_once_and_nothing_is_cheaper():
    x0, x1 = points(6), points(6, seed=1)
    order = optimal_permutation(x0, x1)
    assert sorted(order.tolist()) == list(range(6))
    every = torch.tensor(list(itertools.permutations(range(6))))
    best = min(cost(x0, x1[p]) for p in every)
    assert cost(x0, x1[order]) == pytest.approx(best)


def test_pairing_a_block_permutes_it_and_shortens_the_ways():
    x0, x1 = points(4096), points(4096, seed=1, spread=0.3) + 2
    a, b = paired(x0, x1)
    distinct = 4096 // REUSE
    assert torch.equal(a, x0[:distinct].repeat(REUSE, 1))
    assert torch.equal(b[:distinct].sort(0).values, x1[:distinct].sort(0).values)
    for start in range(0, distinct, GROUP):
        rows = slice(start, start + GROUP)
        assert cost(a[rows], b[rows]) < 0.9 * cost(x0[rows], x1[rows])


def test_a_batch_of_paired_points_meets_each_pair_once(target):
    loss = loss_of(FlowMatching(coupling="optimal_transport"), target, batch_size=512)
    x0, x1, _ = pairs(loss)
    assert len(x0.unique(dim=0)) == 512
    independent = loss_of(FlowMatching(), target, batch_size=512).draw()
    assert cost(x0, x1) < 0.25 * cost(independent.x0, independent.x1)


# --- one large plan -----------------------------------------------------------------------------


def plan_of(target, seed=5):
    return TransportPlan(base_points, target.quantile, seed)


def square(count, seed):
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(count, 2, generator=generator, dtype=torch.float64)


def test_a_plan_leaves_both_marginals_as_they_are(target):
    u, v = square(20_000, 0), square(20_000, 1)
    there = plan_of(target).partners(u, v, block=0)
    assert there.min() > 0
    assert there.max() < 1
    for side in (1, 4, 13):  # also where its own cells, 16 on a side, are cut
        cells = (there * side).long() @ torch.tensor([side, 1])
        found = torch.bincount(cells, minlength=side * side) / len(u)
        deviation = (found * (1 - found) / len(u)).sqrt()
        assert ((found - 1 / side**2).abs() < 5 * deviation + 1e-12).all()


@pytest.mark.parametrize("block", [0, FIRST_BLOCKS], ids=["first", "large"])
def test_a_plan_is_nearly_as_short_as_the_best_permutation(block, target):
    u, v = square(1024, 2), square(1024, 3)
    x0 = base_points(u)
    x1 = target.quantile(plan_of(target).partners(u, v, block))
    best = cost(x0, x1[optimal_permutation(x0, x1)])
    assert best <= cost(x0, x1) < best + 0.1
    assert cost(x0, target.quantile(v)) > 3 * best


def test_a_larger_plan_is_shorter(target):
    u, v = square(4096, 2), square(4096, 3)
    costs = [
        cost(base_points(u), target.quantile(plan_of(target).partners(u, v, block)))
        for block in (0, FIRST_BLOCKS)
    ]
    assert costs[1] < costs[0]


def test_plans_are_renewed_at_their_block_and_are_the_same_in_every_order(target, monkeypatch):
    monkeypatch.setattr("flowengine.continuous.pairing.SIDE", 20)
    u, v = square(500, 2), square(500, 3)
    last = FIRST_BLOCKS + BLOCKS - 1
    forward, backward = plan_of(target), plan_of(target)
    blocks = [0, FIRST_BLOCKS, last, last + 1]
    one = [forward.partners(u, v, block) for block in blocks]  # the next is always foreseen
    other = [backward.partners(u, v, block) for block in reversed(blocks)][::-1]  # or never
    assert all(torch.equal(a, b) for a, b in zip(one, other, strict=True))
    assert not torch.equal(one[0], one[1])
    assert torch.equal(one[1], one[2])
    assert not torch.equal(one[2], one[3])


def test_what_is_asked_next_is_computed_in_the_background():
    threads = {}

    def compute(number):
        threads[number] = threading.current_thread().name
        return number * number

    ahead = Ahead(compute)
    assert [ahead.get(n) for n in (0, 0, 1, 2, 7)] == [0, 0, 1, 4, 49]
    assert threads[0] == threads[7] == threading.current_thread().name
    assert threads[1] == "ahead 1"
    assert threads[2] == "ahead 2"


def test_what_fails_in_the_background_fails_where_it_is_needed(monkeypatch):
    monkeypatch.setattr(threading, "excepthook", lambda _: None)

    def compute(number):
        if number == 1:
            raise ValueError("no such plan")
        return number

    ahead = Ahead(compute)
    assert ahead.get(0) == 0
    with pytest.raises(ValueError, match="no such plan"):
        ahead.get(1)
