"""Template: points carried by a velocity field."""

from __future__ import annotations

import math
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

FREQUENCIES = 3  # half-waves of time that the network sees

# Of each solver: where in the step its stages look at the field, and what each counts for.
SOLVERS = {
    "euler": ((0,), (1,)),
    "midpoint": ((0, 1 / 2), (0, 1)),
    "heun": ((0, 1), (1 / 2, 1 / 2)),
    "rk4": ((0, 1 / 2, 1 / 2, 1), (1 / 6, 1 / 3, 1 / 3, 1 / 6)),
}


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
        a = F.linear(torch.cat([x, time.expand(len(x), -1)], 1), self.weights[0], self.biases[0])
        tangents = self.weights[0][:, :2].T[:, None]  # da/dx and da/dy: (2, 1, width)
        for weight, bias in zip(self.weights[1:], self.biases[1:], strict=True):
            gate = torch.sigmoid(a)
            slope = gate * (1 + a * (1 - gate))  # the derivative of silu(a) = a · gate
            tangents = (slope * tangents) @ weight.T
            a = F.linear(a * gate, weight, bias)
        return a, tangents.permute(1, 2, 0)


class Flow(nn.Module):
    """x = z + ∫ v(x(t), t) dt from t = 0 (standard normal z) to t = 1 (data x), in fixed steps.

    The log-determinant is that of the solver's own steps, whose 2×2 Jacobians are exact.
    """

    def __init__(self, width: int, depth: int, solver: str, solver_steps: int) -> None:
        super().__init__()
        self.velocity = Velocity(width, depth)
        self.nodes, self.shares = SOLVERS[solver]
        self.solver_steps = solver_steps

    def forward(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """Generate: z (batch, 2) to x (batch, 2), and log|det dx/dz| (batch,) in nats."""
        return self._follow(z, 0.0, 1.0)

    def inverse(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Normalize: x (batch, 2) to z (batch, 2), and log|det dz/dx| (batch,) in nats."""
        return self._follow(x, 1.0, 0.0)

    def _follow(self, x: Tensor, start: float, end: float) -> tuple[Tensor, Tensor]:
        total = x.new_zeros(len(x))
        h = (end - start) / self.solver_steps
        for i in range(self.solver_steps):
            x, jacobian = self._step(x, start + i * h, h)
            (a, b), (c, d) = jacobian.permute(1, 2, 0)
            total = total + (a * d - b * c).abs().log()
        return x, total

    def _step(self, x: Tensor, t: float, h: float) -> tuple[Tensor, Tensor]:
        """One step of length h: the new points and their derivative by the old ones."""
        identity = torch.eye(2, dtype=x.dtype, device=x.device)
        slope, slope_by_x = torch.zeros_like(x), torch.zeros_like(identity)
        moved, moved_by_x = x, identity
        for node, share in zip(self.nodes, self.shares, strict=True):
            slope, jacobian = self.velocity(x + node * h * slope, t + node * h)
            slope_by_x = jacobian @ (identity + node * h * slope_by_x)
            moved = moved + h * share * slope
            moved_by_x = moved_by_x + h * share * slope_by_x
        return moved, moved_by_x


def time_features(t: float) -> list[float]:
    """Time and its half-waves, which tell the two ends of [0, 1] apart."""
    angles = [math.pi * k * t for k in range(1, FREQUENCIES + 1)]
    return [t, *map(math.sin, angles), *map(math.cos, angles)]
