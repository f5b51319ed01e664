"""Figures of a fit, held against densities whose figures are known in closed form."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

import flowengine as fe
from flowengine import metrics, targets
from flowengine.catalogue import Linear, ScaleShift, SplineCoupling
from flowengine.errors import NumericsError
from flowengine.stack import DiscreteFlow
from flowengine.targets.presets import PRESETS

LAW = 0.01  # nats: the sampling error that a fit may seem better than possible by


def gaussian_flow(scale=(1.0, 1.0), shift=(0.0, 0.0)):
    """A model whose density is a Gaussian with these standard deviations and this mean."""
    (scale_x, scale_y), (shift_x, shift_y) = map(float, scale), map(float, shift)
    layer = ScaleShift(scale_x=scale_x, scale_y=scale_y, shift_x=shift_x, shift_y=shift_y)
    return fe.build([layer], seed=0)


def gaussian_target(scale=(1.0, 1.0), shift=(0.0, 0.0), size=512, half=8.0):
    axis = (np.arange(size) + 0.5) * (2 * half / size) - half
    x, y = (axis - shift[0]) / scale[0], (axis - shift[1]) / scale[1]
    density = np.exp(-0.5 * (x[None, :] ** 2 + y[:, None] ** 2))
    return targets.from_grid(density, (-half, half, -half, half))


def gaussian_kl(target_scale, target_shift, scale, shift):
    """KL of two Gaussians with diagonal covariance, in nats."""
    return sum(
        math.log(q / p) + (p**2 + (a - b) ** 2) / (2 * q**2) - 0.5
        for p, a, q, b in zip(target_scale, target_shift, scale, shift, strict=True)
    )


def bent_flow(seed=0, strength=0.5):
    """An untrained model that is far from the identity."""
    flow = fe.build([SplineCoupling(), SplineCoupling(), Linear(), SplineCoupling()], seed=seed)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in flow.parameters():
            parameter += strength * torch.randn(parameter.shape, generator=generator).mul(0.2)
    return flow


class WrongLogDet(DiscreteFlow):
    """A model that thinks it shrinks the plane by a tenth more than it does."""

    def inverse(self, x):
        z, log_det = super().inverse(x)
        return z, log_det + 0.1


# --- KL and NLL -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scale", "shift"), [((1, 1), (0, 0)), ((1.5, 0.7), (0, 0)), ((1, 1.2), (0.5, -1))]
)
def test_kl_of_two_gaussians_is_exact(scale, shift):
    target = gaussian_target((0.8, 1.1), (0.3, 0.2))
    expected = gaussian_kl((0.8, 1.1), (0.3, 0.2), scale, shift)
    estimate = metrics.kl(gaussian_flow(scale, shift), target)
    assert estimate.value == pytest.approx(expected, abs=2e-3)
    assert estimate.standard_error < 2e-3


def test_standard_error_is_the_error():
    target = targets.preset("moons")
    flow = gaussian_flow((2, 1), (0, 0.2))
    precise = metrics.kl(flow, target, 1 << 18).value
    estimate = metrics.kl(flow, target, 4096)
    assert abs(estimate.value - precise) < 4 * estimate.standard_error
    assert estimate.standard_error < 1e-2


def test_kl_agrees_with_a_sum_over_the_cells():
    target = targets.preset("pinwheel")
    flow = bent_flow()
    fine = (torch.arange(512, dtype=torch.float64) + 0.5) / 64 - 4
    x = torch.cartesian_prod(fine, fine)
    log_p = target.log_prob(x)
    weight = log_p.exp() / 64**2
    keep = weight > 1e-9
    terms = weight[keep] * (log_p[keep] - metrics.log_prob(flow, x[keep]).double())
    estimate = metrics.kl(flow, target)
    assert estimate.value == pytest.approx(float(terms.sum()), abs=5 * estimate.standard_error)


def test_nll_is_kl_plus_entropy():
    target = targets.preset("s_curve")
    flow = bent_flow()
    points = metrics.held_out_points(target, metrics.EVALUATION_POINTS)
    direct = metrics.nll(flow, points)
    assert direct == pytest.approx(metrics.kl(flow, target).value + target.entropy, abs=LAW)


@pytest.mark.parametrize("name", PRESETS)
def test_no_density_has_an_nll_below_the_entropy(name):
    target = targets.preset(name)
    points = metrics.held_out_points(target)
    for flow in (gaussian_flow(), gaussian_flow((1.6, 1.3), (0.1, 0.2)), bent_flow()):
        assert metrics.nll(flow, points) > target.entropy - LAW
        assert metrics.kl(flow, target, 4096).value > -LAW


def test_the_best_gaussian_meets_its_target_and_no_more():
    target = gaussian_target((0.9, 1.4), (0.5, -0.5))
    result = metrics.evaluate(gaussian_flow((0.9, 1.4), (0.5, -0.5)), target)
    assert result.kl == pytest.approx(0, abs=2e-3)
    assert result.nll == pytest.approx(1 + math.log(2 * math.pi * 0.9 * 1.4), abs=2e-3)
    assert result.entropy == pytest.approx(1 + math.log(2 * math.pi * 0.9 * 1.4), abs=1e-3)


def test_held_out_points_are_the_same_for_everyone_and_not_those_of_training():
    target = targets.preset("cat")
    points = metrics.held_out_points(target, 1000)
    assert points.shape == (1000, 2)
    assert torch.equal(points, metrics.held_out_points(target, 1000))
    seen = torch.cat([target.stream(512, seed).next() for seed in range(20)])
    assert torch.cdist(points, seen).min() > 0


# --- mass -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "flow",
    [
        gaussian_flow(),
        gaussian_flow((0.02, 0.02), (3, -3)),
        gaussian_flow((20, 0.05), (0, 0)),
        gaussian_flow((1, 1), (20, -20)),
        bent_flow(0),
        bent_flow(1, strength=0.7),
    ],
    ids=["bell", "needle", "ridge", "far out", "bent", "bent more"],
)
def test_mass_of_a_right_flow_is_one(flow):
    assert metrics.mass(flow, (-4, 4, -4, 4)) == pytest.approx(1, abs=2e-3)


def test_mass_betrays_a_wrong_log_det():
    flow = WrongLogDet(bent_flow()._all())
    assert metrics.mass(flow, (-4, 4, -4, 4)) == pytest.approx(math.exp(0.1), abs=5e-3)


# --- round trip and transport ---------------------------------------------------------------------


def test_round_trip_error_is_small_and_sees_a_broken_inverse():
    points = targets.preset("moons").sample(500, seed=0)
    assert metrics.round_trip_error(bent_flow(), points) < 1e-3
    assert metrics.round_trip_error(bent_flow().double(), points) < 1e-9

    class Broken(DiscreteFlow):
        def inverse(self, x):
            z, log_det = super().inverse(x)
            return z + 0.25, log_det

    broken = Broken(gaussian_flow((2, 2))._all())
    assert metrics.round_trip_error(broken, points) == pytest.approx(0.5 * math.sqrt(2), rel=1e-4)


@pytest.mark.parametrize("shift", [(0, 0), (1.5, 0), (-1, 2)])
def test_w2_of_two_shifted_gaussians_is_the_shift(shift):
    distance = metrics.w2(gaussian_flow((0.7, 0.7), shift), gaussian_target((0.7, 0.7)))
    assert distance == pytest.approx(math.hypot(*shift), abs=0.1)


def test_w2_of_two_scaled_gaussians_is_the_root_of_the_squares():
    distance = metrics.w2(gaussian_flow((1.5, 0.5)), gaussian_target((1, 1)))
    assert distance == pytest.approx(math.hypot(0.5, 0.5), abs=0.1)


def test_transport_distance_is_a_root_mean_square_over_the_best_pairs():
    a = torch.tensor([[0.0, 0.0], [1.0, 0.0]])
    b = torch.tensor([[1.0, 3.0], [0.0, 3.0]])
    assert metrics.transport_distance(a, b) == pytest.approx(3)
    assert metrics.transport_distance(a, a.flip(0)) == 0


# --- the whole ------------------------------------------------------------------------------------


def test_evaluate_gives_every_figure_the_same_each_time_and_moves_nothing():
    flow, target = bent_flow(), targets.preset("heart")
    before = {name: tensor.clone() for name, tensor in flow.state_dict().items()}
    torch.manual_seed(0)
    state = torch.get_rng_state()
    result = metrics.evaluate(flow, target)
    assert metrics.evaluate(flow, target) == result
    assert torch.equal(state, torch.get_rng_state())
    assert all(torch.equal(before[name], tensor) for name, tensor in flow.state_dict().items())
    assert all(parameter.grad is None for parameter in flow.parameters())
    assert result.nll == result.kl + result.entropy
    assert result.w2 > 0


def test_a_flow_in_float64_is_measured_in_float64():
    flow = gaussian_flow((1.2, 0.8))
    target = targets.preset("star")
    single, double = metrics.evaluate(flow, target), metrics.evaluate(flow.double(), target)
    assert single.nll == pytest.approx(double.nll, abs=1e-4)
    assert double.inverse_error < 1e-12


def test_a_flow_that_gives_nan_is_said_so():
    flow = gaussian_flow()
    with torch.no_grad():
        next(flow.parameters()).fill_(math.nan)
    target = targets.preset("moons")
    for measure in (metrics.kl, metrics.w2, metrics.evaluate):
        with pytest.raises(NumericsError):
            measure(flow, target)
    with pytest.raises(NumericsError):
        metrics.mass(flow, target.extent)
