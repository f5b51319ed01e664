"""Continuous flows to test on: of every kind and solver, with weights that do something."""

from __future__ import annotations

import msgspec
import torch

from flowengine.catalogue import CONTINUOUS_SPECS
from flowengine.continuous import build_continuous
from flowengine.continuous.solvers import TABLEAUS

SPECS = [
    *(CONTINUOUS_SPECS[0](solver=solver) for solver in (*TABLEAUS, "dopri5")),
    *(spec() for spec in CONTINUOUS_SPECS[1:]),
]


def spec_id(spec):
    return f"{spec.kind}-{spec.solver}"


def randomised(spec, *, seed=0, dtype=torch.float64, strength=0.35, **changes):
    """A flow whose last layer is not zero: an identity would pass most tests vacuously."""
    flow = build_continuous(msgspec.structs.replace(spec, **changes), seed)
    generator = torch.Generator().manual_seed(seed + 1)
    with torch.no_grad():
        for parameter in (flow.velocity.weights[-1], flow.velocity.biases[-1]):
            parameter.copy_(strength * torch.randn(parameter.shape, generator=generator))
    return flow.to(dtype)


def points(count, *, seed=0, dtype=torch.float64, spread=1.5):
    """Points about the origin, shape (count, 2)."""
    generator = torch.Generator().manual_seed(seed)
    return spread * torch.randn(count, 2, generator=generator, dtype=dtype)
