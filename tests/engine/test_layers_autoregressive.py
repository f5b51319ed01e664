"""What only the autoregressive layers promise: order, closed forms, agreement with zuko."""

from __future__ import annotations

import math

import pytest
import torch
from zuko.transforms import (
    AutoregressiveTransform,
    DependentTransform,
    MonotonicAffineTransform,
    MonotonicTransform,
)

from flowengine import catalogue
from flowengine.catalogue import LAYER_SPECS, AutoregressiveSpec
from flowengine.layers import build_layer
from flowengine.layers.base import to_columns
from flowengine.layers.monotonic import FLOOR, RisingNetwork
from flowengine.project import resolve_keeps
from flowengine.shorthand import parse_stack
from tests.engine.strategies import kind_of, points, randomised
from tests.engine.test_layers_special import BINS, BOUND, _zukos_spline

KINDS = [cls for cls in LAYER_SPECS if issubclass(cls, AutoregressiveSpec)]
every_kind = pytest.mark.parametrize("cls", KINDS, ids=kind_of)


def trained(spec):
    return randomised(build_layer(spec)).double()


@every_kind
@pytest.mark.parametrize("first", ["x", "y"])
def test_first_coordinate_moves_by_itself_and_steers_the_second(cls, first):
    jacobians = trained(cls(first=first)).jacobian(points(20))
    mine, other = (0, 1) if first == "x" else (1, 0)
    assert torch.equal(jacobians[:, mine, other], torch.zeros(20, dtype=torch.float64))
    assert (jacobians[:, other, mine].abs() > 1e-3).sum() > 10
    assert (jacobians[:, mine, mine] - 1).abs().max() > 1e-2


@every_kind
def test_layers_take_turns_with_couplings_unless_told_otherwise(cls):
    kind = kind_of(cls)
    stack = resolve_keeps(parse_stack(f"{kind},affine_coupling,planar,{kind}*2"))
    assert (stack[0].first, stack[1].keeps) == ("x", "y")
    assert (stack[3].first, stack[4].first) == ("x", "y")
    told = (cls(first="y"), catalogue.AffineCoupling(), cls())
    assert [getattr(layer, name) for layer, name in zip(
        resolve_keeps(told), ("first", "keeps", "first"), strict=True
    )] == ["y", "x", "y"]  # fmt: skip


@every_kind
def test_many_moments_pulled_at_once_are_the_single_ones(cls):
    layer = trained(cls())
    x = to_columns(points(30))
    alphas = torch.tensor([0.0, 0.3, 1.0], dtype=torch.float64)
    columns, log_det = layer.pull(x, alphas[:, None])
    for k, alpha in enumerate(alphas.tolist()):
        expected, expected_log_det = layer.pull(x, alpha)
        torch.testing.assert_close((columns[0][k], columns[1][k]), expected)
        torch.testing.assert_close(log_det[k], expected_log_det.expand(30))


@every_kind
def test_new_layer_hardly_moves_anything(cls):
    z = points(300, spread=1.0).float()
    x, log_det = build_layer(cls()).forward(z)
    near = 0.04 if cls is catalogue.Monotonic else 2e-6
    torch.testing.assert_close(x, z, atol=near, rtol=0)
    torch.testing.assert_close(log_det, torch.zeros(300), atol=near, rtol=0)


def test_iaf_is_the_inverse_of_maf():
    maf, iaf = trained(catalogue.Maf()), trained(catalogue.Iaf())
    p = points(50)
    for one, other in ((maf.forward, iaf.inverse), (maf.inverse, iaf.forward)):
        torch.testing.assert_close(one(p), other(p), atol=1e-13, rtol=1e-13)


@pytest.mark.parametrize("first", ["x", "y"])
def test_maf_agrees_with_zuko(first):
    layer = trained(catalogue.Maf(first=first))
    flip = [0, 1] if first == "x" else [1, 0]

    def meta(x):
        chosen = layer.coupling.conditioner(x[:, 0])
        raw, shift = torch.stack([layer.free.expand(2, len(x)), chosen], -1)
        log_scale = raw / (1 + raw.abs() / math.log(1e3))
        shift = -shift * (-log_scale).exp()
        return DependentTransform(MonotonicAffineTransform(shift, -raw, slope=1e-3), 1)

    theirs = AutoregressiveTransform(meta, passes=2)
    x = points(100)
    z, log_det = layer.inverse(x)
    their_z, their_log_det = theirs.call_and_ladj(x[:, flip])
    torch.testing.assert_close(z[:, flip], their_z)
    torch.testing.assert_close(log_det, their_log_det)
    torch.testing.assert_close(layer.forward(x)[0][:, flip], theirs.inv(x[:, flip]))


def test_spline_autoregressive_agrees_with_zuko():
    layer = trained(catalogue.SplineAutoregressive(first="x", bins=BINS, bound=BOUND))
    x = points(100)
    raw = torch.cat([layer.free.expand(-1, 100), layer.coupling.conditioner(x[:, 0])], 1)
    z, log_slope = _zukos_spline(raw).call_and_ladj(x.t().flatten())
    ours, log_det = layer.inverse(x)
    torch.testing.assert_close(ours, z.view(2, -1).t(), atol=1e-9, rtol=1e-9)
    torch.testing.assert_close(log_det, log_slope.view(2, -1).sum(0), atol=1e-8, rtol=1e-8)


# --- rising networks ----------------------------------------------------------------------------


def rising(strength, units=6, n=400):
    """A network with random numbers, the same for all of n points, and the points."""
    generator = torch.Generator().manual_seed(3)
    raw = torch.randn(3 * units, 1, generator=generator, dtype=torch.float64)
    network = RisingNetwork(catalogue.CouplingSpec(keeps="x"), units, generator)
    return network, strength * raw.expand(-1, n).contiguous(), 2 * points(n)[:, 0]


def test_rising_network_agrees_with_zukos_slope_and_inverse():
    network, raw, x = rising(1.5)
    z, log_slope = network.restore(x, raw, 1.0)
    theirs = MonotonicTransform(lambda p: network.restore(p, raw, 1.0)[0], bound=50.0, eps=1e-9)
    their_z, their_log_slope = theirs.call_and_ladj(x)
    torch.testing.assert_close(z, their_z)
    torch.testing.assert_close(log_slope, their_log_slope, atol=1e-9, rtol=1e-9)
    torch.testing.assert_close(network.transform(z, raw, 1.0)[0], theirs.inv(z), atol=1e-8, rtol=0)


@pytest.mark.parametrize("strength", [1.0, 8.0, 50.0])
def test_rising_network_rises_and_is_undone_however_steep_it_is(strength):
    network, raw, _ = rising(strength)
    x = torch.cat([torch.linspace(-60, 60, 399, dtype=torch.float64), raw[-1:, 0]]).sort().values
    z, log_slope = network.restore(x, raw, 1.0)
    assert (z.diff() > 0).all()
    assert (log_slope >= math.log(FLOOR) - 1e-9).all()
    back, log_slope_back = network.transform(z, raw, 1.0)
    torch.testing.assert_close(back, x, atol=1e-9, rtol=1e-9)
    torch.testing.assert_close(log_slope_back, -log_slope, atol=1e-6, rtol=1e-6)


def test_rising_network_is_finite_far_out_and_straight_there():
    network, raw, _ = rising(2.0, n=4)
    far = torch.tensor([-1e6, -1e5, 1e5, 1e6], dtype=torch.float64)
    z, log_slope, notes = network.restore_noting(far, raw)
    assert z.isfinite().all()
    torch.testing.assert_close(log_slope[0], log_slope[1])
    torch.testing.assert_close(log_slope[2], log_slope[3])
    for gradient in network.restore_gradient(notes, torch.ones(4), torch.ones(4)):
        assert gradient.isfinite().all()
