"""Distances of samples, held against sets of points whose distances are known."""

from __future__ import annotations

import math

import pytest
import torch

from flowengine import metrics, targets
from flowengine.catalogue import GaussianMixture
from flowengine.distances import Slices, energy_distance, transport_distance
from flowengine.errors import NumericsError, ShapeError
from flowengine.shorthand import parse_stack
from flowengine.stack import build
from tests.engine.test_metrics import gaussian_flow, gaussian_target


def bell(n, seed=0):
    return torch.randn(n, 2, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


# --- transport ----------------------------------------------------------------------------------


def test_transport_distance_of_a_shifted_set_is_the_shift_and_not_its_square():
    a = bell(500)
    shift = torch.tensor([3.0, -4.0])
    assert transport_distance(a, a + shift) == pytest.approx(5.0, rel=1e-9)
    assert transport_distance(a, a[torch.randperm(500)]) == pytest.approx(0, abs=1e-7)


def test_transport_distance_is_that_of_the_best_assignment():
    from scipy.optimize import linear_sum_assignment

    a, b = bell(300), 1.5 * bell(300, seed=1) + 0.5
    costs = torch.cdist(a, b).square().numpy()
    rows, columns = linear_sum_assignment(costs)
    expected = math.sqrt(costs[rows, columns].mean())
    assert transport_distance(a, b) == pytest.approx(expected, rel=1e-9)


def test_transport_takes_sets_of_one_size_up_to_its_limit():
    with pytest.raises(ShapeError, match=r"1 to 4096 points of one size, got shapes \(3, 2\)"):
        transport_distance(bell(3), bell(4))
    with pytest.raises(ShapeError, match="4097"):
        transport_distance(bell(4097), bell(4097))


# --- slices -------------------------------------------------------------------------------------


@pytest.mark.parametrize("shift", [(1.5, 0.0), (-1.0, 2.0)])
def test_sliced_distance_of_shifted_gaussians_is_the_shift_over_root_two(shift):
    slices = Slices(gaussian_target((0.7, 0.7)))
    distance = slices.distance(gaussian_flow((0.7, 0.7), shift))
    assert distance == pytest.approx(math.hypot(*shift) / math.sqrt(2), rel=0.01)


def test_the_sliced_distance_follows_a_base_that_trains():
    spec = GaussianMixture(components=2, radius=0.1, parameters="learned")
    flow = build(parse_stack("scale_shift"), 0, spec)
    slices = Slices(targets.preset("moons"))
    before = slices.distance(flow)
    with torch.no_grad():
        flow.base.means += 5.0
    assert slices.distance(flow) > before + 2.0


def test_sliced_distance_of_a_perfect_fit_is_small_and_never_above_w2():
    target, flow = gaussian_target((0.9, 1.4)), gaussian_flow((0.9, 1.4))
    sliced = Slices(target).distance(flow)
    assert sliced < 0.03
    assert sliced < metrics.w2(flow, target)
    worse = gaussian_flow((1.4, 0.9))
    assert sliced < Slices(target).distance(worse) < metrics.w2(worse, target)


def test_sliced_distance_is_the_same_each_time_and_refuses_nan():
    slices, flow = Slices(targets.preset("moons")), gaussian_flow()
    assert slices.distance(flow) == slices.distance(flow)
    with torch.no_grad():
        next(flow.parameters()).fill_(math.nan)
    with pytest.raises(NumericsError):
        slices.distance(flow)


# --- energy -------------------------------------------------------------------------------------


def test_energy_distance_of_three_points_by_hand():
    a = torch.tensor([[0.0, 0.0], [2.0, 0.0]])
    b = torch.tensor([[1.0, 0.0]])
    assert energy_distance(a, b) == pytest.approx(2 * 1 - 1 - 0)  # E|X − X'| of {0, 2} is 1
    assert energy_distance(a, a) == 0


def test_energy_distance_is_that_of_scipy_on_a_line():
    from scipy.stats import energy_distance as on_a_line

    a, b = bell(200), bell(1300, seed=1) + 0.3  # more than one chunk
    a[:, 1] = b[:, 1] = 0
    expected = on_a_line(a[:, 0].numpy(), b[:, 0].numpy()) ** 2
    assert energy_distance(a, b) == pytest.approx(expected, rel=1e-6)


# --- the target as seen from the model ----------------------------------------------------------


def test_reverse_kl_of_two_gaussians_is_exact():
    scale, target_scale = (0.8, 1.1), (1.0, 1.3)
    expected = sum(
        math.log(p / q) + q * q / (2 * p * p) - 0.5
        for q, p in zip(scale, target_scale, strict=True)
    )
    found = metrics.reverse(gaussian_flow(scale), gaussian_target(target_scale))
    assert found.kl_reverse == pytest.approx(expected, abs=2e-3)
    assert found.outside == 0


def test_effective_sample_size_of_two_gaussians_is_exact():
    # E_q[w] = 1 and E_q[w²] = ∏ s² / √(2s² − 1) for a target of spread 1 and a model of spread s
    scale = (1.3, 1.6)
    second = math.prod(s * s / math.sqrt(2 * s * s - 1) for s in scale)
    found = metrics.reverse(gaussian_flow(scale), gaussian_target())
    assert found.ess == pytest.approx(1 / second, rel=0.01)
    assert metrics.reverse(gaussian_flow(), gaussian_target()).ess == pytest.approx(1, abs=1e-3)


def test_samples_outside_the_support_are_told_and_left_out():
    square = targets.from_grid(torch.ones(8, 8).numpy(), (-1.0, 1.0, -1.0, 1.0))
    found = metrics.reverse(gaussian_flow((0.8, 0.8)), square)
    inside = math.erf(1 / 0.8 / math.sqrt(2)) ** 2
    assert found.outside == pytest.approx(1 - inside, abs=3e-3)
    # what is left is a bell cut to the square, against a flat density of 1/4
    x = (torch.arange(400).double() + 0.5) / 200 - 1
    density = torch.exp(-0.5 * (x / 0.8) ** 2)
    density = density / density.mean() / 2
    expected = 2 * float((density * (2 * density).log()).mean() * 2)
    assert found.kl_reverse == pytest.approx(expected, abs=5e-3)


def test_a_model_that_misses_the_target_has_an_infinite_reverse_kl():
    far = metrics.reverse(gaussian_flow((0.1, 0.1), (18.0, 18.0)), targets.preset("moons"))
    assert far == (math.inf, 1.0, 0.0)
