"""Template: what all couplings share."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from flowengine.export.templates.conditioner import Conditioner


class Coupling(nn.Module):
    """Keeps one coordinate, which steers how the other one moves; the kept one needs no inverse."""

    def __init__(self, keeps: str, width: int, depth: int, outputs: int) -> None:
        super().__init__()
        self.kept = "xy".index(keeps)
        self.conditioner = Conditioner(width, depth, outputs)

    def push(self, z: Tensor, chosen: Tensor) -> tuple[Tensor, Tensor]:
        """Move one coordinate (batch,) towards the target as `chosen` says, and log dx/dz."""
        raise NotImplementedError

    def pull(self, x: Tensor, chosen: Tensor) -> tuple[Tensor, Tensor]:
        """Undo `push`, and log dz/dx."""
        raise NotImplementedError

    def forward(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """Base to target, and log|det dx/dz|."""
        kept, moved = z[:, self.kept], z[:, 1 - self.kept]
        moved, log_det = self.push(moved, self.conditioner(kept))
        return self._join(kept, moved), log_det

    def inverse(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Target to base, and log|det dz/dx|."""
        kept, moved = x[:, self.kept], x[:, 1 - self.kept]
        moved, log_det = self.pull(moved, self.conditioner(kept))
        return self._join(kept, moved), log_det

    def _join(self, kept: Tensor, moved: Tensor) -> Tensor:
        return torch.stack([kept, moved] if self.kept == 0 else [moved, kept], -1)
