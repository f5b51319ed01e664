"""The velocity field of a continuous flow: a small network with its Jacobian carried along."""

from __future__ import annotations

import itertools
import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

FREQUENCIES = 4
TIME_FEATURES = 1 + 2 * FREQUENCIES


class Velocity(nn.Module):
    """v(x, t): points and time through `depth` SiLU layers of `width` units to a velocity.

    The Jacobian dv/dx is pushed through the layers as two tangent columns beside the value,
    T <- silu'(a) * (T Wᵀ), so that it and the divergence are exact without autograd inside.

    Attributes:
        weights: Of `depth` hidden layers and the output layer, each (outputs, inputs). The inputs
            of the first are x, y and the time features.
        biases: Likewise, each (outputs,).
    """

    def __init__(self, width: int, depth: int, generator: torch.Generator) -> None:
        super().__init__()
        sizes = [2 + TIME_FEATURES, *[width] * depth, 2]
        self.weights = nn.ParameterList(
            _uniform((outputs, inputs), inputs, generator)
            for inputs, outputs in itertools.pairwise(sizes)
        )
        self.biases = nn.ParameterList(
            _uniform((outputs,), inputs, generator) for inputs, outputs in itertools.pairwise(sizes)
        )
        nn.init.zeros_(self.weights[-1])
        nn.init.zeros_(self.biases[-1])

    def forward(self, x: Tensor, t: float | Tensor) -> Tensor:
        """The velocity at points `x`, shape (batch, 2), in data units per unit of t.

        Args:
            x: Points, shape (batch, 2).
            t: One time for all, or one for each, shape (batch,).
        """
        a = self._enter(x, t)
        for weight, bias in self._after_first():
            a = F.linear(F.silu(a), weight, bias)
        return a

    def with_jacobian(self, x: Tensor, t: float | Tensor) -> tuple[Tensor, Tensor]:
        """The velocity, shape (batch, 2), and dv/dx, shape (batch, 2, 2), [:, i, j] = dv_i/dx_j."""
        batch = len(x)
        a = self._enter(x, t)
        columns = self.weights[0][:, :2].T.unsqueeze(1)  # (2, 1, width)
        tangents = columns.expand(2, batch, -1)
        for weight, bias in self._after_first():
            gate = torch.sigmoid(a)
            h = a * gate
            slope = gate * (1 + a - h)
            # One product for the value and both tangents: (3, batch, width).
            out = torch.cat([h.unsqueeze(0), slope * tangents]).flatten(0, 1) @ weight.T
            value, tangents = out[:batch], out[batch:].view(2, batch, -1)
            a = value + bias
        return a, tangents.permute(1, 2, 0)

    def with_divergence(self, x: Tensor, t: float | Tensor) -> tuple[Tensor, Tensor]:
        """The velocity, shape (batch, 2), and its divergence, shape (batch,), per unit of t."""
        v, jacobian = self.with_jacobian(x, t)
        return v, jacobian[:, 0, 0] + jacobian[:, 1, 1]

    def _enter(self, x: Tensor, t: float | Tensor) -> Tensor:
        """The first layer before its activation, shape (batch, width)."""
        features = time_features(torch.as_tensor(t, dtype=x.dtype, device=x.device))
        offset = F.linear(features, self.weights[0][:, 2:], self.biases[0])
        return F.linear(x, self.weights[0][:, :2]) + offset

    def _after_first(self) -> list[tuple[Tensor, Tensor]]:
        return list(zip(self.weights[1:], self.biases[1:], strict=True))


def time_features(t: Tensor) -> Tensor:
    """Time and its half-waves: shape (..., TIME_FEATURES).

    Half-waves, cos(pi k t) and sin(pi k t), tell the two ends of [0, 1] apart, which whole waves
    do not.
    """
    angles = t.unsqueeze(-1) * torch.arange(1, FREQUENCIES + 1, dtype=t.dtype, device=t.device)
    angles = angles * math.pi
    return torch.cat([t.unsqueeze(-1), torch.sin(angles), torch.cos(angles)], dim=-1)


def _uniform(shape: tuple[int, ...], inputs: int, generator: torch.Generator) -> nn.Parameter:
    """Uniform in ±1/sqrt(inputs), as torch.nn.Linear starts, but from a generator of our own."""
    bound = 1 / math.sqrt(inputs)
    return nn.Parameter(torch.empty(shape).uniform_(-bound, bound, generator=generator))
