"""The small network that steers a coupling: one coordinate in, a few numbers out."""

from __future__ import annotations

from itertools import pairwise
from typing import cast

import torch
from torch import Tensor, nn

from flowengine.modes import in_full_precision


class Conditioner(nn.Module):
    """A multilayer perceptron of one coordinate, with rectifiers; the outputs start at 0.

    Features come first and the batch last, so that each output is one dense row. Rectifiers fitted
    no worse than smooth activations in our trials, and cost a fifth of them.
    """

    def __init__(self, *, width: int, depth: int, outputs: int, generator: torch.Generator) -> None:
        super().__init__()
        self.layers = depth + 1
        sizes = list(pairwise([1] + [width] * depth))
        self.weights = nn.ParameterList(
            [_uniform((after, before), before, generator) for before, after in sizes]
            + [nn.Parameter(torch.zeros(outputs, width))]
        )
        self.biases = nn.ParameterList(
            [_uniform((after, 1), before, generator) for before, after in sizes]
            + [nn.Parameter(torch.zeros(outputs, 1))]
        )

    def forward(self, kept: Tensor) -> Tensor:
        """The outputs for every value of the kept coordinate: (batch,) to (outputs, batch)."""
        return activations(kept, self.tensors())[-1]

    def tensors(self) -> tuple[Tensor, ...]:
        """All weights, then all biases, from the input on."""
        # a ParameterList looks every item up by name, which takes longer than a small product
        parts = *self.weights._parameters.values(), *self.biases._parameters.values()
        return cast("tuple[Tensor, ...]", parts)


@in_full_precision
def activations(kept: Tensor, tensors: tuple[Tensor, ...]) -> list[Tensor]:
    """What goes into each layer of a network, and what comes out of the last: (features, batch)."""
    layers = len(tensors) // 2
    found = [kept[None]]
    for i in range(layers - 1):
        found.append(torch.addmm(tensors[layers + i], tensors[i], found[i]).relu_())
    found.append(torch.addmm(tensors[-1], tensors[layers - 1], found[-1]))
    return found


def gradient(
    g: Tensor,
    weights: tuple[Tensor, ...],
    inputs: list[Tensor],
    into: tuple[Tensor, ...] | None,
) -> Tensor:
    """From the gradient of the outputs to that of the kept coordinate, shape (batch,).

    Written out by hand, this takes fewer operations than autograd's way through `activations`.

    Args:
        g: Gradient of the outputs, shape (outputs, batch).
        weights: The matrices of the network, from the input on.
        inputs: What went into each layer.
        into: Where the gradients of all tensors are added to; None where none is wanted.
    """
    layers = len(weights)
    ones = g.new_ones(g.shape[1])
    for i in range(layers - 1, 0, -1):
        if into is not None:
            into[i].addmm_(g, inputs[i].t())
            into[layers + i][:, 0].addmv_(g, ones)
        g = _through_rectifier(torch.mm(weights[i].t(), g), inputs[i], 0)
    if into is not None:
        into[0][:, 0].addmv_(g, inputs[0][0])
        into[layers][:, 0].addmv_(g, ones)
    return torch.mm(weights[0].t(), g)[0]


_through_rectifier = torch.ops.aten.threshold_backward.default


def _uniform(shape: tuple[int, int], fan_in: int, generator: torch.Generator) -> nn.Parameter:
    """Uniform in ±1/√fan_in."""
    limit = fan_in**-0.5
    return nn.Parameter(torch.empty(shape).uniform_(-limit, limit, generator=generator))
