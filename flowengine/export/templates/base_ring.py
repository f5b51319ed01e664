"""Template: a round band."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from flowengine.export.templates.base_draw import draw_uniform


class Ring(nn.Module):
    """The angle is uniform, and |z|² is logistic around radius², cut off at 0."""

    like: Tensor  # of the type that samples have

    def __init__(self, radius: float, spread: float) -> None:
        super().__init__()
        self.register_buffer("like", torch.zeros(()), persistent=False)
        self.square = radius**2
        self.k = 2 * math.sqrt(3) / math.pi * radius * spread
        below = math.exp(-self.square / self.k)
        self.below, self.above = below / (1 + below), 1 / (1 + below)  # shares of the logistic law

    def log_prob(self, z: Tensor) -> Tensor:
        """The log-density of z (batch, 2), in nats, shape (batch,)."""
        t = (z.square().sum(-1) - self.square) / self.k
        return F.logsigmoid(t) + F.logsigmoid(-t) - math.log(math.pi * self.k * self.above)

    def sample(self, n: int, generator: torch.Generator | None = None) -> Tensor:
        """Draw n points, shape (n, 2): one uniform number turns, the other sets the distance."""
        turn, u = draw_uniform(n, generator).unbind(-1)
        v, rest = self.below + self.above * u, self.above * (1 - u)
        radius = (self.square + self.k * (v.log() - rest.log())).clamp(min=0).sqrt()
        angle = 2 * math.pi * turn
        return torch.stack([radius * angle.cos(), radius * angle.sin()], -1).to(self.like)
