"""Layers against their formulas written out another way: mirrors, tails, steps and mixtures."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch.autograd import gradcheck
from torch.nn.functional import leaky_relu

from flowengine import catalogue
from flowengine.layers import build_layer
from flowengine.layers.base import to_columns
from flowengine.layers.bounded import LIMIT
from flowengine.layers.logistic_mixture import FLOOR, LOG_LIMIT, LogisticMixtures
from tests.engine.strategies import points, randomised


def filled(layer, **weights):
    """The layer in float64 with some of its weights set."""
    layer = layer.double()
    with torch.no_grad():
        for name, value in weights.items():
            getattr(layer, name).copy_(torch.tensor(value, dtype=torch.float64))
    return layer


# --- mirrors ------------------------------------------------------------------------------------


def test_householder_is_the_matrix_of_its_formula_and_undoes_itself():
    layer = filled(build_layer(catalogue.Householder()), v=[0.3, -1.7])
    v = layer.v.detach()
    matrix = torch.eye(2, dtype=v.dtype) - 2 * torch.outer(v, v) / v.dot(v)
    z = points(20)
    x, log_det = layer.forward(z)
    torch.testing.assert_close(x, z @ matrix)
    torch.testing.assert_close(layer.forward(x)[0], z)
    assert torch.equal(log_det, torch.zeros_like(log_det))
    torch.testing.assert_close(torch.linalg.det(layer.jacobian(z)), -torch.ones(20).double())


def test_swap_is_the_mirror_at_45_degrees_all_the_way():
    z, alphas = points(20), torch.linspace(0, 1, 41, dtype=torch.float64)
    mirror = build_layer(catalogue.Householder(angle=45.0)).double()
    for found, expected in zip(
        mirror.partials(z, alphas), build_layer(catalogue.Swap()).partials(z, alphas), strict=True
    ):
        torch.testing.assert_close(found, expected, atol=1e-6, rtol=1e-6)


def test_mirror_lies_where_its_card_says():
    layer = build_layer(catalogue.Householder(angle=30.0))
    along = torch.tensor([[math.cos(math.radians(30)), math.sin(math.radians(30))]])
    torch.testing.assert_close(layer.forward(along)[0], along)


# --- axis by axis -------------------------------------------------------------------------------


@pytest.mark.parametrize("raw", [[2.0, -2.0], [-1e4, 1e4]], ids=["bent", "at its limits"])
def test_leaky_relu_is_torchs_own_with_its_slopes(raw):
    layer = filled(build_layer(catalogue.LeakyRelu()), raw_log_slope=raw)
    z = points(200)
    x, log_det = layer.forward(z)
    log_slopes = [r / (1 + abs(r) / LIMIT) for r in raw]
    for axis, log_slope in enumerate(log_slopes):
        expected = leaky_relu(z[:, axis], math.exp(log_slope))
        torch.testing.assert_close(x[:, axis], expected)
    torch.testing.assert_close(log_det, (z < 0).double() @ torch.tensor(log_slopes).double())
    assert max(abs(slope) for slope in log_slopes) < LIMIT


def test_leaky_relu_has_its_bend_between_0_and_the_next_number_below():
    layer = filled(build_layer(catalogue.LeakyRelu()), raw_log_slope=[1.0, 1.0]).float()
    least = torch.tensor(0.0).nextafter(torch.tensor(-1.0))
    around = torch.stack([torch.zeros(2), least.expand(2), -least.expand(2)])
    log_det = layer.forward(around)[1].detach()
    assert log_det[0] == log_det[2] == 0
    assert float(log_det[1]) == pytest.approx(2 / (1 + 1 / LIMIT))


@pytest.mark.parametrize(("tail", "skew"), [(0.8, 0.4), (-0.8, -1.0), (0.0, 0.0)])
def test_sinh_arcsinh_is_its_formula(tail, skew):
    layer = filled(build_layer(catalogue.SinhArcsinh()), raw_log_tail=[tail, 0], raw_skew=[skew, 0])
    t, s = math.exp(tail / (1 + abs(tail) / math.log(3))), skew / (1 + abs(skew) / 3)
    z = points(200)
    x, log_det = layer.forward(z)
    inner = t * (np.arcsinh(z[:, 0].numpy()) + s)
    np.testing.assert_allclose(x[:, 0].detach(), np.sinh(inner), rtol=1e-12)
    slope = t * np.cosh(inner) / np.sqrt(1 + z[:, 0].numpy() ** 2)
    np.testing.assert_allclose(log_det.detach(), np.log(slope), atol=1e-12)
    torch.testing.assert_close(x[:, 1], z[:, 1])


@pytest.mark.parametrize("raw", [1e4, -1e4])
def test_sinh_arcsinh_at_its_limits_is_finite_and_monotone_far_out(raw):
    layer = filled(
        build_layer(catalogue.SinhArcsinh()), raw_log_tail=[raw, raw], raw_skew=[raw, raw]
    ).float()
    ticks = torch.logspace(-3, 6, 200)
    z = torch.cat([-ticks.flip(0), ticks])[:, None].expand(-1, 2).contiguous().requires_grad_()
    for map_ in (layer.forward, layer.inverse):
        out, log_det = map_(z)
        assert (out.diff(dim=0) > 0).all()
        (grad,) = torch.autograd.grad((out / 1e20).sum() + log_det.sum(), z)
        assert grad.isfinite().all()


# --- couplings ----------------------------------------------------------------------------------


def test_additive_coupling_adds_what_its_network_says_and_keeps_areas():
    layer = randomised(build_layer(catalogue.AdditiveCoupling(keeps="y"))).double()
    z = points(50)
    x, log_det = layer.forward(z)
    torch.testing.assert_close(x[:, 0], z[:, 0] + layer.conditioner(z[:, 1])[0])
    assert torch.equal(log_det, torch.zeros(50).double())


def test_glow_step_is_coupling_then_matrix_then_actnorm():
    glow = randomised(build_layer(catalogue.Glow(keeps="y"))).double()
    parts = [catalogue.AffineCoupling(keeps="y"), catalogue.Linear(), catalogue.ActNorm()]
    layers = [build_layer(spec).double() for spec in parts]
    layers[0].limit = glow.coupling.limit
    for layer, part in zip(layers, (glow.coupling, glow.linear, glow.norm), strict=True):
        layer.load_state_dict(part.state_dict())
    z = points(50)
    x, total = z, 0.0
    for layer in layers:
        x, log_det = layer.forward(x)
        total = total + log_det
    found, found_log_det = glow.forward(z)
    torch.testing.assert_close(found, x)
    torch.testing.assert_close(found_log_det, total)
    torch.testing.assert_close(glow.inverse(x)[0], z)


@pytest.mark.parametrize("raw", [1e4, -1e4])
def test_glow_step_neither_shrinks_nor_grows_beyond_its_bound(raw):
    layer = build_layer(catalogue.Glow())
    with torch.no_grad():
        layer.coupling.conditioner.biases[-1][0] = raw
    _, log_det = layer.forward(points(20).float())
    torch.testing.assert_close(
        log_det, torch.full((20,), math.copysign(2.0, raw)), rtol=1e-3, atol=0
    )


def test_glow_step_starts_from_its_first_batch_once_and_remembers_it():
    x = points(500).float() * torch.tensor([3.0, 0.2]) + torch.tensor([7.0, -1.0])
    layer, again = (build_layer(catalogue.Glow()) for _ in range(2))
    layer.initialize(to_columns(x))
    z, _ = layer.inverse(x)
    torch.testing.assert_close(z.mean(0), torch.zeros(2), atol=1e-5, rtol=0)
    torch.testing.assert_close(z.std(0, correction=0), torch.ones(2), atol=1e-5, rtol=0)
    again.load_state_dict(layer.state_dict())
    again.initialize(to_columns(5 * x))
    torch.testing.assert_close(again.inverse(x)[0], z, atol=0, rtol=0)


# --- mixtures of logistics ----------------------------------------------------------------------


def numbers(count, strength, *, batch=1, seed=1):
    """Unconstrained numbers for mixtures of `count` components."""
    generator = torch.Generator().manual_seed(seed)
    raw = torch.randn(3 * count + 2, batch, generator=generator, dtype=torch.float64)
    return strength * raw


def test_mixture_is_its_formula():
    count = 5
    raw = numbers(count, 1.5)[:, 0].numpy()
    x = np.linspace(-6, 6, 101)
    z, log_slope, _ = LogisticMixtures(count).evaluate(
        torch.from_numpy(x), torch.from_numpy(raw)[:, None].expand(-1, 101)
    )
    weights = np.exp(raw[:count]) / np.exp(raw[:count]).sum()
    scales = np.exp(raw[2 * count : 3 * count] / (1 + abs(raw[2 * count : 3 * count]) / LOG_LIMIT))
    share = 1 / (1 + np.exp(-(x[:, None] - raw[count : 2 * count]) / scales))
    below = share @ weights
    bend = (1 - FLOOR) * np.log(below / (1 - below)) + FLOOR * x
    log_scale = raw[-2] / (1 + abs(raw[-2]) / LOG_LIMIT)
    np.testing.assert_allclose(z, np.exp(log_scale) * bend + raw[-1], rtol=1e-9, atol=1e-9)
    density = (share * (1 - share) / scales) @ weights
    slope = (1 - FLOOR) * density / (below * (1 - below)) + FLOOR
    np.testing.assert_allclose(log_slope, log_scale + np.log(slope), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("strength", [0.5, 5.0, 100.0])
@pytest.mark.parametrize(("dtype", "limit"), [(torch.float32, 3e-4), (torch.float64, 1e-11)])
def test_mixture_is_undone_to_the_last_digits_however_it_shrinks_or_grows(strength, dtype, limit):
    """A rounding error of z counts by the slope dx/dz in x, and the other way round."""
    family, raw = LogisticMixtures(8), numbers(8, strength, batch=4000).to(dtype)
    x = points(4000, spread=3.0)[:, 0].to(dtype)
    z, log_slope, _ = family.evaluate(x, raw)
    back, log_slope_back = family.invert(z, raw, 1.0)
    room = limit * (1 + x.abs() + z.abs() * (-log_slope).exp())
    assert ((back - x).abs() <= room).all()
    again, _, _ = family.evaluate(back, raw)
    assert ((again - z).abs() <= limit * (1 + z.abs() + x.abs() * log_slope.exp())).all()
    assert log_slope.max() <= 2 * LOG_LIMIT
    assert log_slope.min() >= math.log(FLOOR) - LOG_LIMIT - 1e-5
    assert log_slope_back.isfinite().all()


def test_mixture_is_finite_and_a_straight_line_far_out():
    family = LogisticMixtures(4)
    raw = numbers(4, 1.0).float().expand(-1, 6).contiguous().requires_grad_()
    far = torch.tensor([-1e6, -1e4, -1e2, 1e2, 1e4, 1e6], requires_grad=True)
    scale = float(family.mixture(raw).rates.detach().min())
    for found, log_slope in (family.evaluate(far, raw)[:2], family.invert(far, raw, 1.0)):
        assert found.isfinite().all()
        assert (found.diff() > 0).all()
        torch.testing.assert_close(log_slope[:1], log_slope[1:2], atol=1e-4, rtol=0)
    _, log_slope, _ = family.evaluate(far, raw)
    expected = (1 - FLOOR) * scale + FLOOR
    log_scale = float(family.mixture(raw).log_scale.detach()[0])
    torch.testing.assert_close(log_slope[-1].exp(), torch.tensor(math.exp(log_scale) * expected))
    x, log_slope_back = family.invert(far, raw, 1.0)
    for grad in torch.autograd.grad((x / 1e6).sum() + log_slope_back.sum(), [far, raw]):
        assert grad.isfinite().all()


@pytest.mark.parametrize("alpha", [1.0, 0.3])
def test_gradients_through_the_root_are_those_of_differences(alpha):
    family, raw = LogisticMixtures(3), numbers(3, 0.7, batch=4).requires_grad_()
    z = torch.linspace(-2, 2, 4, dtype=torch.float64, requires_grad=True)
    assert gradcheck(lambda z, raw: family.invert(z, raw, alpha), (z, raw))
    assert gradcheck(lambda z, raw: family.evaluate_partly(z, raw, alpha), (z, raw))


def test_components_start_apart_and_lie_about_the_identity():
    x = torch.linspace(-3, 3, 61)
    errors = []
    for count in (2, 8, 32):
        family = LogisticMixtures(count)
        start = family.start()
        assert start[count : 2 * count].unique().numel() == count
        z, log_slope, _ = family.evaluate(x, start.expand(-1, 61))
        errors.append(float((z - x).abs().max()))
        assert log_slope.abs().max() < 0.3
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] < 0.1
