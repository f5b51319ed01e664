"""How a model that is no flow is drawn between its latent space and the data: in straight lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from flowengine.traces import Trace

if TYPE_CHECKING:
    from torch import Tensor


def straight(*stations: tuple[float, Tensor]) -> Trace:
    """A trace with a key frame at each station and nothing in between.

    Args:
        stations: The clock, and where the points are then, each of shape (batch, 2).

    Returns:
        A trace without `log_det` and `log_prob`: both have shape (frames, 0).
    """
    tau = torch.tensor([clock for clock, _ in stations], dtype=torch.float32)
    positions = torch.stack([points for _, points in stations])
    nothing = positions.new_empty(len(stations), 0)
    return Trace(tau, positions, nothing, nothing)
