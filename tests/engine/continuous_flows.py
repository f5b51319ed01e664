"""Continuous flows to test on: of every kind and solver, with weights that do something."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import torch

from flowengine.catalogue import CONTINUOUS_SPECS
from flowengine.continuous import build_continuous
from flowengine.continuous.solvers import TABLEAUS

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from torch import Tensor

    from flowengine.catalogue import ContinuousSpec
    from flowengine.continuous.flow import ContinuousFlow

SPECS = [
    *(msgspec.structs.replace(CONTINUOUS_SPECS[0](), solver=s) for s in (*TABLEAUS, "dopri5")),
    *(spec() for spec in CONTINUOUS_SPECS[1:]),
]
# How far forward and inverse may miss each other at 64 steps, in data units.
ROUND_TRIP = {
    "euler": 8e-2,
    "midpoint": 2e-3,
    "heun": 2e-3,
    "rk4": 2e-7,
    "adams": 2e-7,
    "dopri5": 2e-7,
}


def spec_id(spec: ContinuousSpec) -> str:
    return f"{spec.kind}-{spec.solver}"


def randomised(
    spec: ContinuousSpec,
    *,
    seed: int = 0,
    dtype: torch.dtype = torch.float64,
    strength: float = 0.35,
    **changes: Any,
) -> ContinuousFlow:
    """A flow whose last layer is not zero: an identity would pass most tests vacuously.

    In eight steps, unless they are given: what `auto` does has tests of its own.
    """
    changes = {"solver_steps": 8} | changes
    flow = build_continuous(msgspec.structs.replace(spec, **changes), seed)
    generator = torch.Generator().manual_seed(seed + 1)
    with torch.no_grad():
        for parameter in (flow.network.weights[-1], flow.network.biases[-1]):
            parameter.copy_(strength * torch.randn(parameter.shape, generator=generator))
    return flow.to(dtype)


def points(
    count: int, *, seed: int = 0, dtype: torch.dtype = torch.float64, spread: float = 1.5
) -> Tensor:
    """Points about the origin, shape (count, 2)."""
    generator = torch.Generator().manual_seed(seed)
    return spread * torch.randn(count, 2, generator=generator, dtype=dtype)


def slogdet_of(function: Callable[[Tensor], tuple[Tensor, Tensor]], x: Tensor) -> Tensor:
    """log|det J| of a map at every point, by the whole Jacobian."""
    whole = torch.autograd.functional.jacobian(lambda p: function(p)[0], x)
    return torch.stack([torch.linalg.slogdet(whole[i, :, i])[1] for i in range(len(x))])
