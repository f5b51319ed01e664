"""Template: the standard normal base."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn


class StandardNormal(nn.Module):
    """The bell with mean 0 and spread 1 on both axes: log p(z) = −|z|²/2 − log 2π."""

    like: Tensor  # of the type that samples have

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("like", torch.zeros(()), persistent=False)

    def log_prob(self, z: Tensor) -> Tensor:
        """The log-density of z (batch, 2), in nats, shape (batch,)."""
        return -0.5 * z.square().sum(-1) - math.log(2 * math.pi)

    def sample(self, n: int, generator: torch.Generator | None = None) -> Tensor:
        """Draw n points, shape (n, 2)."""
        return torch.randn(n, 2, generator=generator, dtype=torch.float32).to(self.like)
