"""Flows with random weights, for tests: an identity start would let much pass vacuously."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from flowengine.flow import Flow


@torch.no_grad()
def randomised(flow: Flow, spread: float = 0.3, seed: int = 1) -> Flow:
    """The flow with noise on every weight."""
    generator = torch.Generator().manual_seed(seed)
    for weight in flow.parameters():
        weight.add_(spread * torch.randn(weight.shape, generator=generator))
    return flow.eval().requires_grad_(False)
