"""Template: the small network that a baseline is made of."""

from __future__ import annotations

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Network(nn.Module):
    """A multilayer perceptron with SiLU units: (…, inputs) to (…, outputs)."""

    def __init__(self, inputs: int, outputs: int, width: int, depth: int) -> None:
        super().__init__()
        sizes = [inputs, *[width] * depth, outputs]
        self.weights = nn.ParameterList(
            torch.zeros(after, before) for before, after in pairwise(sizes)
        )
        self.biases = nn.ParameterList(torch.zeros(after) for after in sizes[1:])

    def forward(self, x: Tensor) -> Tensor:
        """What the network says of every row."""
        first, *others = zip(self.weights, self.biases, strict=True)
        out = F.linear(x, *first)
        for weight, bias in others:
            out = F.linear(F.silu(out), weight, bias)
        return out
