"""Template: a velocity field in whitened coordinates, still where no data is."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from flowengine.export.templates.velocity import Velocity


class Whitened(nn.Module):
    """dy/dt = window(|y|) · network(y, t), with x = mean + root · y at the two ends of time.

    At t = 0 mean and root are the base's, at t = 1 the data's: shift, scale and shear are carried
    exactly. window(r) = 1 / (1 + (r / reach)⁸): beyond the reach points rest.
    """

    base_mean: Tensor
    base_root: Tensor
    mean: Tensor
    axes: Tensor
    variances: Tensor
    reach: Tensor

    def __init__(self, width: int, depth: int) -> None:
        super().__init__()
        self.network = Velocity(width, depth)
        for name, value in {
            "base_mean": torch.zeros(2),
            "base_root": torch.eye(2),
            "mean": torch.zeros(2),
            "axes": torch.eye(2),
            "variances": torch.ones(2),
            "reach": torch.ones(()),
        }.items():
            self.register_buffer(name, value)

    def enter(self, x: Tensor, t: float) -> tuple[Tensor, Tensor]:
        """From x to y, both (batch, 2), at t = 0 or t = 1, and the log|det| of the way."""
        mean, root = self._map(t)
        return (x - mean) @ inverse_of(root).T, -log_det_of(root)

    def leave(self, y: Tensor, t: float) -> tuple[Tensor, Tensor]:
        """From y to x, likewise."""
        mean, root = self._map(t)
        return mean + y @ root.T, log_det_of(root)

    def forward(self, y: Tensor, t: float) -> tuple[Tensor, Tensor]:
        """dy/dt (batch, 2) and its derivative by y (batch, 2, 2) at points and one time."""
        v, jacobian = self.network(y, t)
        part = (y.square().sum(1, keepdim=True) / self.reach**2).clamp(max=1e4)
        window = 1 / (1 + part**4)
        fall = -8 * part**3 / self.reach**2 * window**2
        outward = (fall * v)[:, :, None] * y[:, None]
        return window * v, window[:, :, None] * jacobian + outward

    def _map(self, t: float) -> tuple[Tensor, Tensor]:
        scale = torch.ones_like(self.variances) if t == 0 else self.variances.sqrt()
        mean = self.base_mean if t == 0 else self.mean
        return mean, self.base_root @ (self.axes * scale) @ self.axes.T


def inverse_of(matrix: Tensor) -> Tensor:
    """Of one 2×2 matrix."""
    (a, b), (c, d) = matrix
    turned = torch.stack([torch.stack([d, -b]), torch.stack([-c, a])])
    inverse: Tensor = turned / (a * d - b * c)
    return inverse


def log_det_of(matrix: Tensor) -> Tensor:
    """log|det| of one 2×2 matrix."""
    (a, b), (c, d) = matrix
    log_det: Tensor = (a * d - b * c).abs().log()
    return log_det
