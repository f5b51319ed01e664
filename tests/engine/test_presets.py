"""Every preset: a density on the plane, and the one that the literature means."""

from __future__ import annotations

import math
import subprocess
import sys

import numpy as np
import pytest

from flowengine.errors import TargetError
from flowengine.targets.presets import PRESETS, preset, preset_density

CELL = (8 / 256) ** 2

# NUMERICS.md: exact entropies of FFJORD's toy data, in nats
LITERATURE = {"checkerboard": math.log(32), "moons": 2.3939, "rings": 2.6232}


def entropy(density):
    p = density[density > 0].astype(np.float64)
    return -(p * np.log(p)).sum() * CELL


ASKED_FOR = [
    *("moons", "eight_gaussians", "pinwheel", "checkerboard", "rings", "two_spirals"),
    *("swiss_roll", "s_curve", "grid_of_gaussians", "star", "cat", "heart"),
]


def test_all_presets_of_the_design_are_there():
    assert sorted(PRESETS) == sorted(ASKED_FOR)


@pytest.mark.parametrize("name", PRESETS)
def test_preset_is_a_density_of_unit_mass(name):
    density = preset_density(name)
    assert density.shape == (256, 256)
    assert density.dtype == np.float32
    assert np.isfinite(density).all()
    assert (density >= 0).all()
    assert density.sum(dtype=np.float64) * CELL == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("name", sorted(set(PRESETS) - {"checkerboard"}))  # which fills its square
def test_preset_lies_inside_its_square(name):
    density = preset_density(name)
    border = np.concatenate([density[0], density[-1], density[:, 0], density[:, -1]])
    assert border.max() < 1e-2 * density.max()


@pytest.mark.parametrize("name", PRESETS)
def test_preset_is_centred_and_of_the_size_of_the_square(name):
    density = preset_density(name).astype(np.float64) * CELL
    centres = (np.arange(256) + 0.5) / 32 - 4
    x, y = (density.sum(0) * centres).sum(), (density.sum(1) * centres).sum()
    spread = math.sqrt((density.sum(0) * centres**2).sum() + (density.sum(1) * centres**2).sum())
    assert math.hypot(x, y) < 1
    assert 1 < spread < 4


@pytest.mark.parametrize("name", PRESETS)
def test_presets_are_shared_and_cannot_be_written_to(name):
    density = preset_density(name)
    assert preset_density(name) is density
    with pytest.raises(ValueError, match="read-only"):
        density[0, 0] = 1


@pytest.mark.parametrize("name", PRESETS)
def test_preset_says_what_it_is(name):
    found = preset(name)
    assert found.name == name
    assert found.title
    assert found.description.endswith(".")
    assert found.description.count(".") == 1


@pytest.mark.parametrize("name", PRESETS)
def test_preset_keeps_its_shape_at_another_size(name):
    fine, coarse = preset_density(name, 256), preset_density(name, 128)
    merged = fine.reshape(128, 2, 128, 2).mean(axis=(1, 3))
    assert np.abs(merged - coarse).sum() * 4 * CELL < 0.05


@pytest.mark.parametrize(("name", "expected"), LITERATURE.items())
def test_entropy_is_that_of_the_literature(name, expected):
    assert entropy(preset_density(name)) == pytest.approx(expected, abs=2e-4)


def test_entropy_of_eight_gaussians_matches_numeric_integration_of_the_mixture():
    # an independent computation: polar quadrature about one bell of the eight
    sigma, t = 0.2, np.arange(8) * np.pi / 4
    r = (np.arange(800) + 0.5) * (6 * sigma / 800)
    phi = (np.arange(400) + 0.5) * (2 * np.pi / 400)
    x = 2 + r[:, None] * np.cos(phi)
    y = r[:, None] * np.sin(phi)
    distances = (x[..., None] - 2 * np.cos(t)) ** 2 + (y[..., None] - 2 * np.sin(t)) ** 2
    log_p = np.log(np.exp(-distances / (2 * sigma**2)).mean(-1) / (2 * np.pi * sigma**2))
    weight = np.exp(-(r**2) / (2 * sigma**2)) * r
    exact = -(log_p.mean(1) * weight).sum() / weight.sum()
    assert entropy(preset_density("eight_gaussians")) == pytest.approx(exact, abs=2e-4)


@pytest.mark.parametrize("name", ["star", "cat", "heart"])
def test_shapes_are_symmetric_left_to_right(name):
    density = preset_density(name)
    np.testing.assert_allclose(density, density[:, ::-1], atol=1e-3 * density.max())


def test_row_zero_is_the_lowest_y():
    heart = preset_density("heart")
    rows = np.flatnonzero(heart.sum(1) > 0.05 * heart.sum(1).max())
    # the tip points down: the lowest rows are narrow, the highest are two broad lobes
    narrow, broad = heart[rows[0] + 3], heart[rows[-1] - 3]
    assert (narrow > 0.5 * heart.max()).sum() < (broad > 0.5 * heart.max()).sum()


def test_the_cat_has_eyes_ears_and_whiskers():
    cat = preset_density("cat") / preset_density("cat").max()

    def at(x, y):
        return cat[int((y + 4) * 32), int((x + 4) * 32)]

    assert at(0, 0) > 0.9  # face
    assert at(0.7, 0.25) < 0.3  # eye
    assert at(1.0, 0.25) > 0.6  # pupil
    assert at(2.25, 2.6) > 0.5  # tip of an ear
    assert at(0, 2.5) < 0.05  # nothing between the ears
    assert cat[:, int((3.3 + 4) * 32)].max() > 0.2  # whiskers


def test_an_unknown_name_gets_the_list():
    with pytest.raises(TargetError, match="No preset is called 'moon'; there are moons, eight_"):
        preset_density("moon")


def test_presets_and_sources_load_no_torch():
    code = (
        "import sys, flowengine.targets as t, flowengine.targets.presets, "
        "flowengine.targets.sources as s; t.names(); s.spec_from_preset('cat'); "
        "s.spec_from_points([[0.0, 1.0]]); sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
