"""Template: the velocity field of a continuous flow."""

from __future__ import annotations

import math
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

FREQUENCIES = 3  # half-waves of time that the network sees


class Velocity(nn.Module):
    """v(x, t): a network of x, y and time with SiLU units, its exact Jacobian carried along."""

    def __init__(self, width: int, depth: int) -> None:
        super().__init__()
        sizes = [2 + 1 + 2 * FREQUENCIES, *[width] * depth, 2]
        self.weights = nn.ParameterList(
            torch.zeros(after, before) for before, after in pairwise(sizes)
        )
        self.biases = nn.ParameterList(torch.zeros(after) for after in sizes[1:])

    def forward(self, x: Tensor, t: float) -> tuple[Tensor, Tensor]:
        """Velocity (batch, 2) and dv/dx (batch, 2, 2) at points (batch, 2) and one time."""
        time = torch.tensor(time_features(t), dtype=x.dtype, device=x.device)
        a = F.linear(
            torch.cat([x, time.expand(x.shape[0], -1)], 1), self.weights[0], self.biases[0]
        )
        tangents = self.weights[0][:, :2].T[:, None]  # da/dx and da/dy: (2, 1, width)
        for weight, bias in zip(self.weights[1:], self.biases[1:], strict=True):
            gate = torch.sigmoid(a)
            slope = gate * (1 + a * (1 - gate))  # the derivative of silu(a) = a · gate
            tangents = (slope * tangents) @ weight.T
            a = F.linear(a * gate, weight, bias)
        return a, tangents.permute(1, 2, 0)


def time_features(t: float) -> list[float]:
    """Time and its half-waves, which tell the two ends of [0, 1] apart."""
    angles = [math.pi * k * t for k in range(1, FREQUENCIES + 1)]
    return [t, *map(math.sin, angles), *map(math.cos, angles)]
