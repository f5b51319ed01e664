"""The window's own densities of the bases are those of the engine."""

import numpy as np
import pytest
import torch

from explorer.base_density import base_density, is_learned, reach
from flowengine.bases import build_base
from flowengine.catalogue import BASE_SPECS, GaussianMixture, Ring, StandardNormal, Uniform, kind_of

EXTENT = (-3.0, 4.0, -2.0, 3.5)
OTHERS = (
    Uniform(half_side=1.2, softness=0.3),
    GaussianMixture(components=7, radius=1.3, spread=0.3),
    Ring(radius=0.6, spread=0.4),
)


@pytest.mark.parametrize("spec", [*(cls() for cls in BASE_SPECS), *OTHERS], ids=kind_of)
def test_a_base_has_the_engines_density(spec):
    shown = base_density(spec, 20, EXTENT)
    x = EXTENT[0] + (np.arange(20) + 0.5) / 20 * (EXTENT[1] - EXTENT[0])
    y = EXTENT[2] + (np.arange(20) + 0.5) / 20 * (EXTENT[3] - EXTENT[2])
    points = torch.tensor(np.stack(np.meshgrid(x, y), -1).reshape(-1, 2))
    exact = build_base(spec).log_prob(points).exp().detach().reshape(20, 20).numpy()
    np.testing.assert_allclose(shown, exact, rtol=1e-5, atol=1e-9)


@pytest.mark.parametrize("spec", [*(cls() for cls in BASE_SPECS), *OTHERS], ids=kind_of)
def test_a_base_lies_within_its_reach(spec):
    side = reach(spec)
    density = base_density(spec, 512, (-side, side, -side, side))
    assert density.sum() * (2 * side / 512) ** 2 == pytest.approx(1, abs=2e-3)


def test_only_a_learned_base_is_unknown_to_the_window():
    assert is_learned(GaussianMixture(parameters="learned"))
    assert not any(is_learned(spec) for spec in (GaussianMixture(), StandardNormal(), Ring()))
