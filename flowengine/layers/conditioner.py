"""The small network that steers a coupling: one coordinate in, a few numbers out."""

from __future__ import annotations

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Conditioner(nn.Module):
    """A multilayer perceptron of one coordinate; the outputs start at 0.

    Features come first and the batch last, so that each output is one dense row.
    """

    def __init__(self, *, width: int, depth: int, outputs: int, generator: torch.Generator) -> None:
        super().__init__()
        sizes = [1] + [width] * depth
        pairs = list(pairwise(sizes))
        self.weights = nn.ParameterList(
            [_uniform((after, before), before, generator) for before, after in pairs]
            + [nn.Parameter(torch.zeros(outputs, width))]
        )
        self.biases = nn.ParameterList(
            [_uniform((after, 1), before, generator) for before, after in pairs]
            + [nn.Parameter(torch.zeros(outputs, 1))]
        )

    def forward(self, kept: Tensor) -> Tensor:
        """The outputs for every value of the kept coordinate: (batch,) to (outputs, batch)."""
        hidden = torch.addcmul(self.biases[0], self.weights[0], kept)
        for weight, bias in zip(self.weights[1:], self.biases[1:], strict=True):
            hidden = torch.addmm(bias, weight, F.silu(hidden))
        return hidden


def _uniform(shape: tuple[int, int], fan_in: int, generator: torch.Generator) -> nn.Parameter:
    """Uniform in ±1/√fan_in."""
    limit = fan_in**-0.5
    return nn.Parameter(torch.empty(shape).uniform_(-limit, limit, generator=generator))
