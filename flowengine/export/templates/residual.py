"""Template: invertible residual network."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from flowengine.export.templates.plane_root import determinant, solve_plane


class Residual(nn.Module):
    """z = x + g(x), with a network g that stretches no distance by more than `lipschitz` < 1.

    Source: Behrmann et al., 2019, arXiv:1811.00995.
    """

    def __init__(self, width: int, depth: int, lipschitz: float) -> None:
        super().__init__()
        self.network = Contraction(width, depth, lipschitz)

    def forward(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """Base to target by Newton's method, and log|det dx/dz|."""
        x = solve_plane(self._moved, z, z)
        return x, -determinant(self._moved(x)[1]).log()

    def inverse(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Target to base, and log|det dz/dx|, from the exact 2×2 Jacobian."""
        z, jacobian = self._moved(x)
        return z, determinant(jacobian).log()

    def _moved(self, x: Tensor) -> tuple[Tensor, Tensor]:
        g, jacobian = self.network(x)
        return x + g, torch.eye(2).to(x) + jacobian


class Contraction(nn.Module):
    """A network of the plane into itself, with its Jacobian; features first, batch last."""

    def __init__(self, width: int, depth: int, lipschitz: float) -> None:
        super().__init__()
        self.lipschitz = lipschitz
        sizes = [2, *[width] * depth, 2]
        self.weights = nn.ParameterList(
            torch.zeros(after, before) for before, after in pairwise(sizes)
        )
        self.biases = nn.ParameterList(torch.zeros(after, 1) for after in sizes[1:])

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Values (batch, 2) and Jacobians (batch, 2, 2)."""
        weights = list(self.weights)
        product = torch.stack([norm_bound(weight) for weight in weights]).prod()
        weights[-1] = weights[-1] * (self.lipschitz / product).clamp(max=1.0)
        a = torch.addmm(self.biases[0], weights[0], x.T)
        tangents = weights[0].T[:, :, None]  # da/dx and da/dy: (2, width, 1)
        for weight, bias in zip(weights[1:], list(self.biases)[1:], strict=True):
            gate = a.sigmoid()
            h = a * gate / 1.1  # x · sigmoid(x) / 1.1 has a slope of at most 1
            tangents = weight @ ((gate / 1.1 + h * (1 - gate)) * tangents)
            a = torch.addmm(bias, weight, h)
        return a.T, tangents.permute(2, 1, 0)


def norm_bound(matrix: Tensor) -> Tensor:
    """A number that the spectral norm of a matrix does not exceed, by squaring its Gram matrix.

    Exact for two rows or columns. Source: Delattre et al., 2023, arXiv:2305.16173, theorem 3.
    """
    gram = matrix @ matrix.T if matrix.shape[0] <= matrix.shape[1] else matrix.T @ matrix
    if len(gram) == 2:
        mean, half = (gram[0, 0] + gram[1, 1]) / 2, (gram[0, 0] - gram[1, 1]) / 2
        return (mean + root(half * half + gram[0, 1] * gram[0, 1])).clamp(min=1e-24).sqrt()
    log_size = gram.new_zeros(())
    for _ in range(6):
        size = root(gram.square().sum())
        gram, log_size = gram / size, 2 * (log_size + size.log())
        gram = gram @ gram
    log_size = log_size + root(gram.square().sum()).log()
    return (log_size / 2.0**7).exp()


def root(square: Tensor) -> Tensor:
    """The square root, with a slope at 0."""
    return square.clamp(min=1e-24).sqrt()
