"""Losses of continuous flows to test on, and what they draw."""

from __future__ import annotations

import pytest

from flowengine.continuous import build_loss

COUPLINGS = ("independent", "optimal_transport", "transport_plan")
every_coupling = pytest.mark.parametrize("coupling", COUPLINGS)


def loss_of(spec, target, *, seed=3, batch_size=128, sampling="sobol"):
    return build_loss(spec, target, seed=seed, batch_size=batch_size, sampling=sampling)


def pairs(loss):
    drawn = loss.draw()
    return drawn.x0, drawn.x1, drawn.t
