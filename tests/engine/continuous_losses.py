"""Losses of continuous flows to test on, and what they draw."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import pytest

from flowengine.continuous import build_loss

if TYPE_CHECKING:
    from typing import Any

    from torch import Tensor

    from flowengine.catalogue import ContinuousSpec
    from flowengine.targets import GridTarget

COUPLINGS = ("independent", "optimal_transport", "transport_plan")
every_coupling = pytest.mark.parametrize("coupling", COUPLINGS)


def loss_of(
    spec: ContinuousSpec,
    target: GridTarget,
    *,
    seed: int = 3,
    batch_size: int = 128,
    sampling: Literal["sobol", "iid"] = "sobol",
) -> Any:
    return build_loss(spec, target, seed=seed, batch_size=batch_size, sampling=sampling)


def pairs(loss: Any) -> tuple[Tensor, Tensor, Tensor]:
    drawn = loss.draw()
    return drawn.x0, drawn.x1, drawn.t
