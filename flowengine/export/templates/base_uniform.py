"""Template: a square of equal density with a soft edge."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from flowengine.export.templates.base_draw import draw_uniform


class Uniform(nn.Module):
    """Uniform on the square from −half_side to half_side, with logistic noise on each axis."""

    like: Tensor  # of the type that samples have

    def __init__(self, half_side: float, softness: float) -> None:
        super().__init__()
        self.register_buffer("like", torch.zeros(()), persistent=False)
        self.a, self.s = half_side, softness * half_side

    def log_prob(self, z: Tensor) -> Tensor:
        """The log-density of z (batch, 2), in nats, shape (batch,)."""
        sides = F.logsigmoid((self.a + z) / self.s) + F.logsigmoid((self.a - z) / self.s)
        whole = math.log1p(-math.exp(-2 * self.a / self.s)) - math.log(2 * self.a)
        return sides.sum(-1) + 2 * whole

    def sample(self, n: int, generator: torch.Generator | None = None) -> Tensor:
        """Draw n points, shape (n, 2), by the inverse distribution function of each axis."""
        u, t = draw_uniform(n, generator), 2 * self.a / self.s
        lower, upper = torch.log(-torch.expm1(-t * u)), torch.log(-torch.expm1(-t * (1 - u)))
        return (self.a * (2 * u - 1) + self.s * (lower - upper)).to(self.like)
