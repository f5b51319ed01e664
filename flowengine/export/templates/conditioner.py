"""Template: the small network that steers a coupling."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn


class Conditioner(nn.Module):
    """A multilayer perceptron of one coordinate, batch last: (batch,) to (outputs, batch)."""

    def __init__(self, width: int, depth: int, outputs: int) -> None:
        super().__init__()
        sizes = [1, *[width] * depth, outputs]
        self.weights = nn.ParameterList(
            torch.zeros(after, before) for before, after in pairwise(sizes)
        )
        self.biases = nn.ParameterList(torch.zeros(after, 1) for after in sizes[1:])

    def forward(self, kept: Tensor) -> Tensor:
        """What a coupling should do at every value of the coordinate that it keeps."""
        hidden: Tensor = self.weights[0] * kept + self.biases[0]
        for weight, bias in zip(self.weights[1:], self.biases[1:], strict=True):
            hidden = weight @ rounded_relu(hidden) + bias
        return hidden


def rounded_relu(a: Tensor) -> Tensor:
    """A rectifier with a rounded corner: 0 for a < 0, a²/2 up to 1, a − 1/2 from there on."""
    slope = a.clamp(0.0, 1.0)
    return slope * (a - slope / 2)
