"""Conditioners written out as piecewise linear functions: the same, to the last digits."""

from __future__ import annotations

import gc
import weakref

import pytest
import torch

from flowengine import build
from flowengine.catalogue import AffineCoupling, Glow, Maf, SplineCoupling
from flowengine.layers.conditioner import Conditioner
from flowengine.layers.piecewise import WORTHWHILE, PiecewiseLinear, tables_of, tabulated
from flowengine.project import with_ids
from tests.engine.strategies import all_layer_specs, described, points, randomised

ANY_NUMBER = 10**9


def conditioners(width, depth, outputs, count=3):
    made = []
    for seed in range(count):
        generator = torch.Generator().manual_seed(seed)
        network = Conditioner(width=width, depth=depth, outputs=outputs, generator=generator)
        made.append(randomised(network, seed).double())
    return made


def places():
    far = torch.tensor([0.0, 1e6, -1e6], dtype=torch.float64)
    return torch.cat([points(2000, spread=3.0)[:, 0].double(), far])


@pytest.mark.parametrize("width", [1, 16, 64])
@pytest.mark.parametrize("depth", [1, 2, 4])
@torch.no_grad()
def test_a_table_says_what_the_network_says(width, depth):
    networks = conditioners(width, depth, outputs=3)
    tables = tables_of(networks, ANY_NUMBER)
    for network, table in zip(networks, tables, strict=True):
        x = torch.cat([places(), table._bends, table._bends.nextafter(torch.tensor(9e9).double())])
        torch.testing.assert_close(table(x), network(x), atol=1e-9, rtol=1e-9)
        assert network(x).std() > 0.1


@torch.no_grad()
def test_in_float32_a_table_is_closer_to_the_truth_than_the_network():
    x = places()[:-2]
    for exact in conditioners(64, 2, outputs=2):
        truth = exact(x)
        network = exact.float()
        (table,) = tables_of([network], ANY_NUMBER)
        assert table(x.float()).dtype == torch.float32
        off, network_off = (f(x.float()).double() - truth for f in (table, network))
        assert off.square().mean() < network_off.square().mean()


@torch.no_grad()
def test_units_that_see_nothing_or_never_bend_do_no_harm():
    asleep, half_asleep = conditioners(16, 2, outputs=2, count=2)
    asleep.weights[0].zero_()
    half_asleep.weights[0][:5] = 0
    half_asleep.biases[1].fill_(-1e3)
    half_asleep.biases[1][0] = 1e3
    for network, table in zip(
        (asleep, half_asleep), tables_of([asleep, half_asleep], ANY_NUMBER), strict=True
    ):
        # sums of a thousand cancel in it, in another order on every kind of processor
        torch.testing.assert_close(table(places()), network(places()), atol=1e-8, rtol=1e-8)


@torch.no_grad()
def test_weights_that_are_not_numbers_stay_visible():
    (network,) = conditioners(8, 2, outputs=2, count=1)
    network.weights[1][3, 4] = torch.nan
    (table,) = tables_of([network], ANY_NUMBER)
    assert table(places()).isnan().any()


def test_a_network_that_bends_too_often_is_kept():
    networks = conditioners(64, 4, outputs=2, count=2)
    assert tables_of(networks, 65) is None
    layer = randomised(build((AffineCoupling(id="a", width=512, depth=3),))).layers["a"]
    (same,) = tabulated([layer], WORTHWHILE)
    assert same is layer


@torch.no_grad()
@pytest.mark.parametrize("spec", all_layer_specs(), ids=described)
def test_many_points_go_where_few_go(spec):
    flow = randomised(build(with_ids((spec, spec))), strength=0.3).double()
    many = points(WORTHWHILE).clone()
    for move in (flow.inverse, flow.forward):
        moved, log_det = move(many)
        few = [move(part) for part in many.split(WORTHWHILE // 4)]
        torch.testing.assert_close(moved, torch.cat([m for m, _ in few]), atol=1e-7, rtol=1e-7)
        torch.testing.assert_close(log_det, torch.cat([d for _, d in few]), atol=1e-7, rtol=1e-7)


@pytest.mark.parametrize("cls", [AffineCoupling, SplineCoupling, Glow, Maf])
def test_every_kind_of_layer_with_a_conditioner_gets_a_table(cls):
    flow = build(with_ids((cls(), cls())))
    before = {name: id(part) for name, part in flow.named_modules()}
    ready = tabulated(flow.active, WORTHWHILE)
    parts = [part for layer in ready for part in layer.modules()]
    assert sum(isinstance(part, PiecewiseLinear) for part in parts) >= 2
    assert not any(isinstance(part, Conditioner) for part in parts)
    assert {name: id(part) for name, part in flow.named_modules()} == before


def test_a_stack_made_ready_keeps_its_weights_while_the_stack_trains_on():
    flow = randomised(build(with_ids((AffineCoupling(), AffineCoupling()))))
    x = points(200).float()
    with torch.no_grad():
        before, ready = flow.log_prob(x), flow.for_many(WORTHWHILE)
        for weight in flow.parameters():
            weight.mul_(1.5)
        torch.testing.assert_close(ready.log_prob(x), before, atol=1e-5, rtol=1e-5)
        assert (flow.log_prob(x) - before).abs().max() > 1e-2
    known = weakref.ref(flow.layers)
    del flow, ready
    gc.collect()
    assert known() is None


def test_gradients_never_come_from_a_table():
    flow = randomised(build(with_ids((AffineCoupling(),))))
    flow.log_prob(points(WORTHWHILE).float()).mean().backward()
    assert all(weight.grad.abs().max() > 0 for weight in flow.parameters())
