"""The velocity field of a continuous flow: a small network with its Jacobian carried along."""

from __future__ import annotations

import itertools
import math
from abc import ABC, abstractmethod
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from flowengine.continuous.solvers import matmul
from flowengine.continuous.tangents import (
    along,
    bare,
    jacobian_of,
    lifted,
    points_of,
    with_tangents,
)
from flowengine.gradients import gradient_of
from flowengine.modes import in_full_precision, kept

FREQUENCIES = 3
TIME_FEATURES = 1 + 2 * FREQUENCIES
FIRST_GAIN = 4.0


class Field(nn.Module, ABC):
    """A velocity field in the plane: what the solvers follow and the panels draw."""

    @abstractmethod
    def forward(self, x: Tensor, t: float | Tensor) -> Tensor:
        """The velocity at points `x`, shape (batch, 2), in data units per unit of t.

        Args:
            x: Points, shape (batch, 2).
            t: One time for all, or one for each, shape (batch,).
        """

    @abstractmethod
    def with_jacobian(self, x: Tensor, t: float | Tensor) -> tuple[Tensor, Tensor]:
        """The velocity, shape (batch, 2), and dv/dx, shape (batch, 2, 2), [:, i, j] = dv_i/dx_j."""

    def with_divergence(self, x: Tensor, t: float | Tensor) -> tuple[Tensor, Tensor]:
        """The velocity, shape (batch, 2), and its divergence, shape (batch,), per unit of t."""
        v, jacobian = self.with_jacobian(x, t)
        return v, jacobian[:, 0, 0] + jacobian[:, 1, 1]

    @property
    def core(self) -> Field:
        """The field in the coordinates in which a solver follows it: itself, unless it says so."""
        return self

    @property
    def free(self) -> Field:
        """The same field, in whichever coordinates points have the least way to go."""
        return self

    def enter(self, state: Tensor, t: float) -> Tensor:
        """Points and tangents, shape (2, 1 + k, batch), in the coordinates of the solver."""
        return state

    def leave(self, state: Tensor, t: float) -> Tensor:
        """The way back of `enter`."""
        return state

    def slope(self, state: Tensor, t: float | Tensor) -> Tensor:
        """How points and tangents that the solver carries change: v, and dv/dx of each tangent.

        Args:
            state: Points and their k tangents, shape (2, 1 + k, batch); see `tangents`.
            t: One time for all, or one for each, shape (batch,).
        """
        if state.shape[1] == 1:
            return bare(self(points_of(state), t))
        v, jacobian = self.with_jacobian(points_of(state), t)
        tangents = matmul(jacobian, jacobian_of(state))
        return torch.cat([bare(v), tangents.permute(1, 2, 0)], dim=1)


class Velocity(Field):
    """v(x, t): points and time through `depth` SiLU layers of `width` units to a velocity.

    Tangents are pushed through the layers beside the value, so that the Jacobian dv/dx and the
    divergence are exact without autograd inside; see `with_tangents`.

    Attributes:
        weights: Of `depth` hidden layers and the output layer, each (outputs, inputs). The inputs
            of the first are x, y and the time features.
        biases: Likewise, each (outputs,).
    """

    def __init__(self, width: int, depth: int, generator: torch.Generator) -> None:
        super().__init__()
        sizes = [2 + TIME_FEATURES, *[width] * depth, 2]
        # A steeper first layer sees finer detail from the start: on two spirals the KL after 1,000
        # steps falls by a quarter, on eight Gaussians it stays.
        gains = [FIRST_GAIN, *[1.0] * depth]
        bounds = [gain / math.sqrt(n) for n, gain in zip(sizes[:-1], gains, strict=True)]
        self.weights = nn.ParameterList(
            _uniform((outputs, inputs), bound, generator)
            for (inputs, outputs), bound in zip(itertools.pairwise(sizes), bounds, strict=True)
        )
        self.biases = nn.ParameterList(
            _uniform((outputs,), bound, generator)
            for outputs, bound in zip(sizes[1:], bounds, strict=True)
        )
        nn.init.zeros_(self.weights[-1])
        nn.init.zeros_(self.biases[-1])

    @in_full_precision
    def forward(self, x: Tensor, t: float | Tensor) -> Tensor:
        """See `Field.forward`."""
        first, *rest = self._layers()
        a = _enter(x, t, *first)
        for weight, bias in rest:
            a = F.linear(F.silu(a), weight, bias)
        return a

    def with_jacobian(self, x: Tensor, t: float | Tensor) -> tuple[Tensor, Tensor]:
        """See `Field.with_jacobian`."""
        slope = with_tangents(lifted(x), _features(x, t), self._layers())
        return points_of(slope), jacobian_of(slope)

    def slope(self, state: Tensor, t: float | Tensor) -> Tensor:
        """See `Field.slope`."""
        return with_tangents(state, _features(state, t), self._layers())

    def along(self, x: Tensor, t: float | Tensor, directions: Tensor) -> tuple[Tensor, Tensor]:
        """The velocity and its derivative along one direction for each point, both (batch, 2)."""
        slope = with_tangents(along(x, directions), _features(x, t), self._layers())
        return points_of(slope), slope[:, 1].t()

    @torch.no_grad()
    def regress(self, inputs: Tensor, wanted: Tensor, gate: Tensor | None = None) -> Tensor:
        """Mean |v - wanted|² over a batch, a scalar, its gradient added to every `.grad`.

        The forward and backward pass written out: what autograd computes, in two thirds of its
        time at the size of a flow in the plane, where bookkeeping is most of the cost.

        Args:
            inputs: What the first layer takes, shape (batch, 2 + TIME_FEATURES).
            wanted: Velocities, shape (batch, 2).
            gate: What each velocity of the network is multiplied by, shape (batch, 1).
        """
        *before, (last_weight, last_bias) = layers = self._layers()
        hidden, sums = [inputs], []
        for weight, bias in before:
            sums.append(F.linear(hidden[-1], weight, bias))
            hidden.append(F.silu(sums[-1]))
        found = F.linear(hidden[-1], last_weight, last_bias)
        miss = (found if gate is None else found.mul_(gate)).sub_(wanted)
        loss = miss.square().sum() / len(miss)
        slope = miss.mul_(2 / len(miss) if gate is None else gate * (2 / len(miss)))
        for k, (weight, bias) in reversed(list(enumerate(layers))):
            gradient_of(bias).add_(slope.sum(0))
            if k:
                gradient_of(weight).addmm_(slope.T, hidden[k])
                slope = torch.ops.aten.silu_backward(slope @ weight, sums[k - 1])
            else:  # so few inputs that the product is three times as fast the other way round
                gradient_of(weight).add_((inputs.T @ slope).T)
        return loss

    def _layers(self) -> list[tuple[Tensor, Tensor]]:
        """Weight and bias of every layer, past a ParameterList's own door, which is slow."""
        weights, biases = self.weights._parameters, self.biases._parameters
        pairs = zip(weights.values(), biases.values(), strict=True)
        return cast("list[tuple[Tensor, Tensor]]", list(pairs))


def time_features(t: Tensor) -> Tensor:
    """Time and its half-waves: shape (..., TIME_FEATURES).

    Half-waves, cos(pi k t) and sin(pi k t), tell the two ends of [0, 1] apart, which whole waves
    do not. A fourth frequency makes the fit of two spirals a quarter worse.
    """
    angles = t.unsqueeze(-1) * torch.arange(1, FREQUENCIES + 1, dtype=t.dtype, device=t.device)
    angles = angles * math.pi
    return torch.cat([t.unsqueeze(-1), torch.sin(angles), torch.cos(angles)], dim=-1)


def _enter(x: Tensor, t: float | Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """The first layer before its activation, shape (batch, width)."""
    return F.linear(x, weight[:, :2]) + F.linear(_features(x, t), weight[:, 2:], bias)


def _features(x: Tensor, t: float | Tensor) -> Tensor:
    if not isinstance(t, torch.Tensor):  # a solver asks for one time after the other
        return _features_at(t, x.dtype, x.device)
    return time_features(torch.as_tensor(t, dtype=x.dtype, device=x.device))


@kept(maxsize=4096)
def _features_at(t: float, dtype: torch.dtype, device: torch.device) -> Tensor:
    """The features of one time, kept, so that a device is not sent them again in each step."""
    angles = [math.pi * k * t for k in range(1, FREQUENCIES + 1)]
    values = [t, *map(math.sin, angles), *map(math.cos, angles)]
    return torch.tensor(values, dtype=dtype, device=device)


def _uniform(shape: tuple[int, ...], bound: float, generator: torch.Generator) -> nn.Parameter:
    return nn.Parameter(torch.empty(shape).uniform_(-bound, bound, generator=generator))
