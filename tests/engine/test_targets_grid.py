"""The grid target: exact density, exact entropy, and samples that agree with both."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.stats import chi2, qmc

from flowengine import targets
from flowengine.arrays import FrozenArray
from flowengine.errors import ShapeError, TargetError
from flowengine.project import TargetSpec
from flowengine.targets import GridTarget
from flowengine.targets.presets import PRESETS, preset_density

DENSITIES = hnp.arrays(
    np.float32,
    hnp.array_shapes(min_dims=2, max_dims=2, min_side=2, max_side=9),
    elements=st.floats(0, 100, width=32).map(lambda v: 0.0 if v < 1e-3 else v),
).filter(lambda a: a.any())


def centres(shape, extent):
    rows, columns = shape
    x = extent[0] + (np.arange(columns) + 0.5) * (extent[1] - extent[0]) / columns
    y = extent[2] + (np.arange(rows) + 0.5) * (extent[3] - extent[2]) / rows
    return torch.tensor(np.stack(np.meshgrid(x, y), -1).reshape(-1, 2))


# --- density --------------------------------------------------------------------------------------


@given(DENSITIES)
@settings(max_examples=50, deadline=None)
def test_log_prob_integrates_to_one_and_gives_the_entropy(density):
    extent = (-1.0, 2.0, 0.5, 2.5)
    target = GridTarget(density, extent)
    log_p = target.log_prob(centres(density.shape, extent))
    p = log_p.exp() * 6.0 / density.size
    assert float(p.sum()) == pytest.approx(1, abs=1e-9)
    assert float(-torch.nansum(p * log_p)) == pytest.approx(target.entropy, abs=1e-9)
    assert target.mass == pytest.approx(density.sum(dtype=np.float64) * 6.0 / density.size)


def test_entropy_of_an_even_square_is_the_log_of_its_area():
    assert GridTarget(np.ones((4, 4)), (0, 3, 0, 2)).entropy == pytest.approx(math.log(6))
    assert targets.preset("checkerboard").entropy == pytest.approx(math.log(32), abs=1e-6)


def test_log_prob_follows_rows_and_columns():
    target = GridTarget([[1, 0, 0], [0, 0, 3]], (0, 3, 0, 2))
    points = torch.tensor([[0.5, 0.5], [2.5, 1.5], [0.5, 1.5], [1.5, 0.5]])
    expected = torch.tensor([math.log(0.25), math.log(0.75), -math.inf, -math.inf])
    torch.testing.assert_close(target.log_prob(points), expected)


def test_log_prob_outside_the_extent_is_minus_infinity():
    target = GridTarget(np.ones((2, 2)), (-1, 1, -1, 1))
    outside = torch.tensor([[-1.01, 0], [1.01, 0], [0, 1e30], [0, -math.inf], [math.nan, 0]])
    assert (target.log_prob(outside) == -math.inf).all()
    border = torch.tensor([[-1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]])
    assert torch.isfinite(target.log_prob(border)).all()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_points_and_log_prob_keep_the_type_they_are_asked_for(dtype):
    target = targets.preset("moons")
    points = target.sample(5, seed=0, dtype=dtype)
    assert points.dtype == dtype
    assert target.log_prob(points).dtype == dtype


@pytest.mark.parametrize("scale", [1e-300, 1.0, 1e307])
def test_only_the_shape_of_a_density_matters(scale):
    density = preset_density("star").astype(np.float64)
    assert GridTarget(density * scale).entropy == pytest.approx(targets.preset("star").entropy)


def test_shape_errors_name_what_came():
    target = targets.preset("moons")
    with pytest.raises(ShapeError, match=r"x must have shape \(batch, 2\), got \(3,\)"):
        target.log_prob(torch.zeros(3))
    with pytest.raises(ShapeError, match=r"u must have shape \(batch, 2\), got \(3, 1\)"):
        target.quantile(torch.zeros(3, 1))


# --- refusals -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("density", "message"),
    [
        (np.zeros((4, 4)), "The drawing is empty: .* above zero"),
        (np.full((4, 4), np.nan), "16 of 16 values are NaN or infinite, the first at row 0"),
        ([[1, 2], [3, np.inf]], "1 of 4 values .* the first at row 1, column 1"),
        ([[1, 2], [-3, 4]], "must not be negative, got -3 at row 1, column 0"),
        (np.ones(4), r"a grid of 2 to 4096 rows and columns, got shape \(4,\)"),
        (np.ones((1, 5)), r"got shape \(1, 5\)"),
        (np.ones((2, 2, 3)), r"got shape \(2, 2, 3\)"),
        (np.ones((0, 0)), r"got shape \(0, 0\)"),
        ([["a", "b"], ["c", "d"]], "must be an array of real numbers"),
        (np.ones((2, 2), complex), "must be an array of real numbers: got an array of complex128"),
        ([[1, 2], [3]], "must be an array of real numbers"),
        (None, "must be an array of real numbers"),
    ],
)
def test_what_is_no_density_is_refused_in_a_sentence(density, message):
    with pytest.raises(TargetError, match=message):
        targets.from_grid(density)


@pytest.mark.parametrize(
    "extent", [(0, 0, 0, 1), (1, 0, 0, 1), (0, 1, 0), (0, 1, 0, math.nan), (0, math.inf, 0, 1)]
)
def test_an_extent_without_area_is_refused(extent):
    with pytest.raises(TargetError, match="The extent must be four finite numbers"):
        GridTarget(np.ones((2, 2)), extent)


def test_an_empty_drawing_is_a_document_but_no_target():
    spec = TargetSpec(source="drawing", name="drawing", density=FrozenArray(np.zeros((8, 8))))
    with pytest.raises(TargetError, match="The drawing is empty"):
        targets.from_spec(spec)


# --- sampling -------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["sobol", "iid"])
@pytest.mark.parametrize("name", ["moons", "cat", "checkerboard", "grid_of_gaussians"])
def test_histogram_of_samples_agrees_with_the_density(name, method):
    target, n = targets.preset(name), 40_000
    points = target.sample(n, seed=3, method=method)
    blocks = preset_density(name).astype(np.float64).reshape(16, 16, 16, 16).sum(axis=(1, 3))
    expected = n * blocks / blocks.sum()
    edges = np.linspace(-4, 4, 17)
    found, _, _ = np.histogram2d(points[:, 1], points[:, 0], bins=(edges, edges))
    assert found.sum() == n
    assert found[expected == 0].sum() == 0
    enough = expected > 5
    statistic = ((found - expected)[enough] ** 2 / expected[enough]).sum()
    assert statistic < chi2.ppf(0.9999, enough.sum() - 1)
    if method == "iid":  # independent points scatter; too good an agreement would be wrong as well
        assert statistic > chi2.ppf(0.0001, enough.sum() - 1)


@pytest.mark.parametrize("name", PRESETS)
def test_sobol_samples_give_the_entropy(name):
    target = targets.preset(name)
    mean = float(-target.log_prob(target.sample(16_384, seed=0)).mean())
    assert mean == pytest.approx(target.entropy, abs=0.01)


@given(DENSITIES, st.integers(0, 2**31))
@settings(max_examples=50, deadline=None)
def test_no_sample_falls_into_an_empty_cell(density, seed):
    target = GridTarget(density, (-3.0, 1.0, 2.0, 7.0))
    corners = torch.tensor([[0.0, 0.0], [0.0, 1 - 2**-53], [1 - 2**-53, 0.0]], dtype=torch.float64)
    ones = torch.full((1, 2), 1 - 2**-53, dtype=torch.float64)
    points = torch.cat([target.sample(64, seed=seed), target.quantile(corners).float()])
    points = torch.cat([points, target.quantile(ones).float()])
    assert torch.isfinite(target.log_prob(points)).all()


def test_float32_rounding_does_not_carry_points_out_of_their_cells():
    checks = (np.indices((256, 256)).sum(0) % 2).astype(float)
    target = GridTarget(checks, (1000.0, 1008.0, -5000.0, -4992.0))
    assert torch.isfinite(target.log_prob(target.sample(16_384, seed=0))).all()


def test_quantile_is_monotone():
    target = targets.preset("cat")
    line = torch.linspace(0, 1 - 1e-9, 20_001, dtype=torch.float64)
    rising = target.quantile(torch.stack([line, torch.full_like(line, 0.3)], 1))
    assert (rising[:, 1].diff() >= 0).all()
    for level in (0.1, 0.5, 0.9):
        across = target.quantile(torch.stack([torch.full_like(line, level), line], 1))
        assert (across[:, 0].diff() >= 0).all()
        assert across[:, 1].unique().numel() == 1


def test_quantile_inverts_the_distribution_function():
    target = GridTarget([[1, 3], [0, 4]], (0, 2, 0, 2))
    u = torch.tensor([[0.25, 0.125], [0.25, 0.625], [0.75, 0.5]], dtype=torch.float64)
    expected = torch.tensor([[0.5, 0.5], [1.5, 0.5], [1.5, 1.5]], dtype=torch.float64)
    torch.testing.assert_close(target.quantile(u), expected)


def test_a_grid_need_not_be_square_nor_a_power_of_two():
    density = np.random.default_rng(0).random((37, 300)) * (np.arange(300) % 7 > 2)
    target = GridTarget(density, (0, 30, -2, 2))
    points = target.sample(20_000, seed=1)
    assert torch.isfinite(target.log_prob(points)).all()
    assert float(-target.log_prob(points).mean()) == pytest.approx(target.entropy, abs=0.01)


def test_the_same_seed_gives_the_same_points_and_leaves_the_global_generator_alone():
    target = targets.preset("rings")
    torch.manual_seed(5)
    before = torch.get_rng_state()
    for method in ("sobol", "iid"):
        first = target.sample(100, seed=7, method=method)
        assert torch.equal(first, target.sample(100, seed=7, method=method))
        assert not torch.equal(first, target.sample(100, seed=8, method=method))
    assert torch.equal(before, torch.get_rng_state())


def test_no_points_are_points_too():
    target = targets.preset("rings")
    assert target.sample(0, seed=0, method="iid").shape == (0, 2)
    assert target.sample(0, seed=0).shape == (0, 2)
    assert target.log_prob(torch.zeros(0, 2)).shape == (0,)


def test_a_generator_decides_too():
    target = targets.preset("rings")
    a, b = (target.sample(9, generator=torch.Generator().manual_seed(4)) for _ in range(2))
    assert torch.equal(a, b)


def test_sobol_points_are_spread_more_evenly_than_independent_ones():
    # the discrepancy of an even target's samples, brought back to the unit square
    target = GridTarget(np.ones((64, 64)), (0, 1, 0, 1))
    sobol, iid = (
        np.mean([qmc.discrepancy(target.sample(512, seed=s, method=m)) for s in range(5)])
        for m in ("sobol", "iid")
    )
    assert sobol < iid / 20


@pytest.mark.parametrize("name", ["moons", "cat"])
def test_sobol_points_integrate_more_exactly_through_the_inverse(name):
    target = targets.preset(name)
    density = preset_density(name).astype(np.float64)
    points = centres((256, 256), target.extent)

    def feature(x):
        return torch.sin(2 * x[:, 0]) * torch.cos(x[:, 1]) + x[:, 0].square()

    weights = torch.tensor(density.ravel() / density.sum())
    exact = float((weights * feature(points)).sum())

    def error(method):
        means = [
            float(feature(target.sample(512, seed=s, method=method).double()).mean())
            for s in range(20)
        ]
        return np.sqrt(np.mean((np.array(means) - exact) ** 2))

    assert error("sobol") < error("iid") / 4


# --- doors ----------------------------------------------------------------------------------------


def test_every_door_gives_a_target():
    for name in targets.names():
        assert targets.preset(name).extent == (-4, 4, -4, 4)
    assert targets.from_points([[0.0, 0.0], [1.0, 1.0]]).shape == (256, 256)
    assert targets.from_grid(np.eye(5), (0, 1, 0, 1)).extent == (0, 1, 0, 1)
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = targets.nonsense


def test_moving_to_a_device_leaves_the_original_where_it_was():
    target = targets.preset("star")
    moved = target.to("cpu")
    assert moved is not target
    assert torch.equal(moved.sample(8, seed=0), target.sample(8, seed=0))
    assert moved.entropy == target.entropy


def test_cell_masses_are_the_density_that_was_given():
    density = np.array([[1.0, 0.0, 3.0], [2.0, 2.0, 0.0]])
    masses = targets.from_grid(density, (-1.0, 5.0, 0.0, 1.0)).cell_masses()
    np.testing.assert_allclose(masses.numpy(), density / density.sum(), rtol=1e-12)
