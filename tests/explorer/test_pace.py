"""How the clock of a panel shares its time among the layers."""

from __future__ import annotations

import numpy as np
import pytest

from explorer.panels.pace import acting_layer, trail_moments, with_rests


@pytest.mark.parametrize("layers", [1, 3, 8])
def test_the_discrete_lane_rests_at_every_layers_end(layers):
    taus = np.linspace(0, 1, 4001)
    shown_at = np.array([with_rests(float(tau), layers) for tau in taus])
    assert (np.diff(shown_at) >= -1e-12).all()
    for k in range(layers + 1):
        assert with_rests(k / layers, layers) == pytest.approx(k / layers)
        beside = min(max(k / layers + 0.05 / layers, 0), 1)
        assert with_rests(beside, layers) == pytest.approx(min(k, layers) / layers)
    assert np.mean(np.diff(shown_at) == 0) > 0.15


def test_without_layers_the_clock_runs_evenly():
    assert [with_rests(tau, 0) for tau in (0.0, 0.3, 1.0)] == [0.0, 0.3, 1.0]


@pytest.mark.parametrize(("tau", "layer"), [(0, None), (0.1, 0), (0.25, None), (0.9, 3), (1, None)])
def test_the_acting_layer(tau, layer):
    assert acting_layer(tau, 4) == layer


def test_trails_lag_behind_in_either_direction():
    assert trail_moments(0.5, back=0.2, corners=3) == pytest.approx([0.3, 0.4, 0.5])
    assert trail_moments(0.5, back=-0.2, corners=3) == pytest.approx([0.7, 0.6, 0.5])
    assert trail_moments(0.0, back=0.2, corners=3) == [0.0]
    assert trail_moments(1.0, back=-0.2, corners=3) == [1.0]
