"""Invertible residual network: the identity plus a contraction."""

from __future__ import annotations

import math
from itertools import pairwise

import torch
from torch import Tensor, nn

from flowengine import catalogue
from flowengine.layers.base import Alpha, Columns, Layer, at_each, implements, is_whole
from flowengine.layers.newton import Jacobian, solve_plane
from flowengine.modes import in_full_precision

STEEPEST = 1.1
"""The derivative of x · sigmoid(x) lies in [−0.1, 1.1]; divided by this, units stretch nothing."""
GRAM_STEPS = 6
"""With so many, the bound on the norm of a matrix of rank 64 is at most 3.3 % too large."""
FIRST_GAIN = 4.0
"""Steep first layers see finer detail: on moons the KL after 300 steps falls to a tenth."""

SMALLEST = 1e-24
"""A square below this counts as this: its root has a slope there."""


@implements(catalogue.Residual)
class Residual(Layer):
    """z = x + g(x), where g stretches no distance by more than L < 1.

    As in the paper the block runs from target to base: that is the direction of maximum likelihood.
    The determinant is that of the exact 2×2 Jacobian I + J, J = dg/dx; the other direction is
    Newton's method with it. On its way a point goes straight from z to x, which is x + (1 − alpha)
    g(x): the identity plus a still smaller contraction. Source: Behrmann et al., 2019, eq. 1-3.
    """

    def __init__(self, spec: catalogue.Residual, generator: torch.Generator) -> None:
        super().__init__(spec)
        self.network = Contraction(spec.width, spec.depth, spec.lipschitz, generator)

    def push(self, z: Columns, alpha: Alpha = 1.0) -> tuple[Columns, Tensor]:
        """See `Layer.push`."""
        x = self._solve(z, z, 1.0)
        _, j = self.network(x)
        if is_whole(alpha):
            return x, -_log_det(j, 1.0)
        way = z[0] + alpha * (x[0] - z[0]), z[1] + alpha * (x[1] - z[1])
        return way, _log_det(j, 1 - alpha) - _log_det(j, 1.0)

    def pull(self, x: Columns, alpha: Alpha = 1.0) -> tuple[Columns, Tensor]:
        """See `Layer.pull`."""
        if isinstance(alpha, Tensor):
            return at_each(self.pull, x, alpha)
        if is_whole(alpha):
            g, j = self.network(x)
            return (x[0] + g[0], x[1] + g[1]), _log_det(j, 1.0)
        end = self._solve(x, x, 1 - alpha)
        g, j = self.network(end)
        return (end[0] + g[0], end[1] + g[1]), _log_det(j, 1.0) - _log_det(j, 1 - alpha)

    def _solve(self, goal: Columns, start: Columns, share: float) -> Columns:
        """The x at which x + share · g(x) is the goal."""

        def plane_map(x: Columns, *tensors: Tensor) -> tuple[Columns, Jacobian]:
            g, j = self.network.at(x, tensors)
            value = x[0] + share * g[0], x[1] + share * g[1]
            return value, Jacobian(1 + share * j.a, share * j.b, share * j.c, 1 + share * j.d)

        given = self.network.tensors()
        return solve_plane(plane_map, goal, start, name=self.name, given=given)


class Contraction(nn.Module):
    """A network of the plane into itself, with its Jacobian, that stretches distances by at most L.

    Its last matrix is multiplied by min(1, L / P), with P the product of bounds on the norms of
    all its matrices. The bounds hold from above whatever the weights are: power iterations, which
    come from below and lag behind training, would need buffers and promise nothing. The product
    and not each matrix is held, so that steep units may add little. Activations are x · sigmoid(x)
    / 1.1, smooth and of slope at most 1 (Chen et al., 2019, §3.3). Features come first, the batch
    last. The last matrix starts at 0.
    """

    def __init__(
        self, width: int, depth: int, lipschitz: float, generator: torch.Generator
    ) -> None:
        super().__init__()
        self.lipschitz = lipschitz
        sizes = list(pairwise([2] + [width] * depth))
        self.weights = nn.ParameterList(
            [_uniform((after, before), _start(before), generator) for before, after in sizes]
            + [nn.Parameter(torch.zeros(2, width))]
        )
        self.biases = nn.ParameterList(
            [_uniform((after, 1), _start(before), generator) for before, after in sizes]
            + [nn.Parameter(torch.zeros(2, 1))]
        )

    def forward(self, x: Columns) -> tuple[Columns, Jacobian]:
        """The values and the Jacobian at points."""
        return self.at(x, self.tensors())

    def tensors(self) -> tuple[Tensor, ...]:
        """All weights, then all biases, from the input on."""
        return *self.weights, *self.biases

    @in_full_precision
    def at(self, x: Columns, tensors: tuple[Tensor, ...]) -> tuple[Columns, Jacobian]:
        """`forward` by the tensors given."""
        count, layers = x[0].shape[0], len(tensors) // 2
        weights, biases = list(tensors[:layers]), tensors[layers:]
        weights[-1] = weights[-1] * self._allowed(weights)
        a = torch.addmm(biases[0], weights[0], torch.stack(x))
        tangents = weights[0][:, :1], weights[0][:, 1:]
        for weight, bias in zip(weights[1:], biases[1:], strict=True):
            gate = a.sigmoid()
            h = a * gate / STEEPEST
            slope = gate / STEEPEST + h * (1 - gate)
            lifted = torch.cat([h, slope * tangents[0], slope * tangents[1]], 1)
            out = torch.mm(weight, lifted)  # value and both tangents in one product
            a = out[:, :count] + bias
            tangents = out[:, count : 2 * count], out[:, 2 * count :]
        by_x, by_y = tangents
        return (a[0], a[1]), Jacobian(by_x[0], by_y[0], by_x[1], by_y[1])

    def stretch(self) -> Tensor:
        """A bound on what the network stretches distances by, at most L."""
        return self._allowed(list(self.weights)) * _product(list(self.weights))

    def _allowed(self, weights: list[Tensor]) -> Tensor:
        return (self.lipschitz / _product(weights)).clamp(max=1.0)


@in_full_precision
def norm_bound(matrix: Tensor) -> Tensor:
    """A number that the spectral norm of a matrix does not exceed, differentiable.

    Exact for a matrix with two rows or columns; otherwise by squaring the Gram matrix again and
    again, which leaves less and less to all but the largest singular value. Source: Delattre et
    al., 2023, arXiv:2305.16173, theorem 3.
    """
    gram = matrix @ matrix.T if matrix.shape[0] <= matrix.shape[1] else matrix.T @ matrix
    if len(gram) == 2:
        mean, half = 0.5 * (gram[0, 0] + gram[1, 1]), 0.5 * (gram[0, 0] - gram[1, 1])
        return (mean + _root(half * half + gram[0, 1] * gram[0, 1])).clamp(min=SMALLEST).sqrt()
    log_size = gram.new_zeros(())
    for _ in range(GRAM_STEPS):
        size = _root(gram.square().sum())
        gram, log_size = gram / size, 2 * (log_size + size.log())
        gram = gram @ gram
    log_size = log_size + _root(gram.square().sum()).log()
    return (log_size / 2.0 ** (GRAM_STEPS + 1)).exp()


def _root(square: Tensor) -> Tensor:
    return square.clamp(min=SMALLEST).sqrt()


def _product(weights: list[Tensor]) -> Tensor:
    product = norm_bound(weights[0])
    for weight in weights[1:]:
        product = product * norm_bound(weight)
    return product


def _log_det(j: Jacobian, share: Alpha) -> Tensor:
    """log|det| of the identity plus a share of J."""
    return ((1 + share * j.a) * (1 + share * j.d) - share * j.b * (share * j.c)).log()


def _start(inputs: int) -> float:
    """How large the weights of a layer may be at the start: 1/√inputs, more in the first one."""
    return (FIRST_GAIN if inputs == 2 else 1.0) / math.sqrt(inputs)


def _uniform(shape: tuple[int, int], limit: float, generator: torch.Generator) -> nn.Parameter:
    return nn.Parameter(torch.empty(shape).uniform_(-limit, limit, generator=generator))
