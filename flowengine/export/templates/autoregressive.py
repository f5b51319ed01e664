"""Template: what all autoregressive layers share."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from flowengine.export.templates.coupling import Coupling  # noqa: TC001  its text comes before this one


class Autoregressive(nn.Module):
    """A coupling that also moves the coordinate it keeps, by numbers that are free."""

    def __init__(self, coupling: Coupling, outputs: int) -> None:
        super().__init__()
        self.coupling = coupling
        self.free = nn.Parameter(torch.zeros(outputs, 1))

    def forward(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """Base to target, and log|det dx/dz|: the first coordinate before the second."""
        first, second = z[:, self.coupling.kept], z[:, 1 - self.coupling.kept]
        moved, log_first = self.coupling.push(first, self.free.expand(-1, z.shape[0]))
        second, log_second = self.coupling.push(second, self.coupling.conditioner(moved))
        return self._join(moved, second), log_first + log_second

    def inverse(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Target to base, and log|det dz/dx|."""
        first, second = x[:, self.coupling.kept], x[:, 1 - self.coupling.kept]
        moved, log_first = self.coupling.pull(first, self.free.expand(-1, x.shape[0]))
        second, log_second = self.coupling.pull(second, self.coupling.conditioner(first))
        return self._join(moved, second), log_first + log_second

    def _join(self, first: Tensor, second: Tensor) -> Tensor:
        return torch.stack([first, second] if self.coupling.kept == 0 else [second, first], -1)
