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
        first, *others = zip(self.weights, self.biases, strict=True)
        out = torch.addmm(first[1], first[0], kept[None])
        for weight, bias in others:
            out = torch.addmm(bias, weight, out.relu())
        return out
