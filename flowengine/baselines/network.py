"""The small network that both baselines are made of, with its Jacobian carried along."""

from __future__ import annotations

import itertools
import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from flowengine.modes import in_full_precision


class Network(nn.Module):
    """A multilayer perceptron with SiLU units: (batch, inputs) to (batch, outputs).

    Attributes:
        weights: Of `depth` hidden layers and the output layer, each (outputs, inputs).
        biases: Likewise, each (outputs,).
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        width: int,
        depth: int,
        generator: torch.Generator,
        *,
        gain: float,
        silent: bool = True,
    ) -> None:
        """Draw the weights.

        Args:
            inputs: Numbers that go in.
            outputs: Numbers that come out.
            width: Units of each hidden layer.
            depth: Hidden layers.
            generator: Gives the weights.
            gain: How much steeper than usual the first layer is: more sees finer detail.
            silent: Start with outputs of 0.
        """
        super().__init__()
        sizes = [inputs, *[width] * depth, outputs]
        gains = [gain, *[1.0] * depth]
        bounds = [scale / math.sqrt(n) for n, scale in zip(sizes[:-1], gains, strict=True)]
        pairs = list(itertools.pairwise(sizes))
        self.weights = nn.ParameterList(
            _uniform((after, before), bound, generator)
            for (before, after), bound in zip(pairs, bounds, strict=True)
        )
        self.biases = nn.ParameterList(
            _uniform((after,), bound, generator)
            for (_, after), bound in zip(pairs, bounds, strict=True)
        )
        if silent:
            nn.init.zeros_(self.weights[-1])
            nn.init.zeros_(self.biases[-1])

    @in_full_precision
    def forward(self, x: Tensor) -> Tensor:
        """The outputs, shape (…, outputs), of inputs of shape (…, inputs)."""
        (weight, bias), *rest = self._layers()
        a = F.linear(x, weight, bias)
        for weight, bias in rest:
            a = F.linear(F.silu(a), weight, bias)
        return a

    @in_full_precision
    def with_jacobian(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The outputs, shape (batch, outputs), and their derivatives (batch, outputs, inputs).

        One tangent for each input is pushed through the layers beside the value, so that a loss on
        the derivatives needs no second backward pass.
        """
        (weight, bias), *rest = self._layers()
        a, tangents = F.linear(x, weight, bias), weight.T.unsqueeze(1)  # (inputs, 1, width)
        for weight, bias in rest:
            gate = torch.sigmoid(a)
            h = a * gate
            slope = torch.addcmul(gate, h, 1 - gate)  # silu'(a)
            lifted = torch.cat([h.unsqueeze(0), slope * tangents])  # (1 + inputs, batch, width)
            out = (lifted.flatten(0, 1) @ weight.T).unflatten(0, (lifted.shape[0], x.shape[0]))
            a, tangents = out[0] + bias, out[1:]
        return a, tangents.expand(-1, x.shape[0], -1).permute(1, 2, 0)

    def _layers(self) -> list[tuple[Tensor, Tensor]]:
        """Weight and bias of every layer; taken once a call, as a ParameterList is slow to ask."""
        return list(zip(self.weights, self.biases, strict=True))


def _uniform(shape: tuple[int, ...], bound: float, generator: torch.Generator) -> nn.Parameter:
    return nn.Parameter(torch.empty(shape).uniform_(-bound, bound, generator=generator))
