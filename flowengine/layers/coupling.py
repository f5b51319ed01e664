"""What all couplings share: one coordinate is kept and steers how the other one moves."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING

from flowengine.layers.base import Alpha, Columns, Layer
from flowengine.layers.conditioner import Conditioner

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from flowengine.catalogue import CouplingSpec


class Coupling(Layer):
    """A layer that transforms one coordinate by an invertible function chosen by the other.

    The kept coordinate is the same on both sides, so the conditioner is never inverted.
    """

    def __init__(self, spec: CouplingSpec, outputs: int, generator: torch.Generator) -> None:
        super().__init__(spec)
        self.kept = 1 if spec.keeps == "y" else 0
        self.conditioner = Conditioner(
            width=spec.width, depth=spec.depth, outputs=outputs, generator=generator
        )

    @abstractmethod
    def transform(self, z: Tensor, chosen: Tensor, alpha: Alpha) -> tuple[Tensor, Tensor]:
        """Move one coordinate from base to target.

        Args:
            z: The coordinate, shape (batch,).
            chosen: What the conditioner said, shape (outputs, batch).
            alpha: How far to go.

        Returns:
            The coordinate and log dx/dz, both (batch,), or (frames, batch).
        """

    @abstractmethod
    def restore(self, x: Tensor, chosen: Tensor, alpha: Alpha) -> tuple[Tensor, Tensor]:
        """Undo `transform`; the coordinate and log dz/dx."""

    def push(self, z: Columns, alpha: Alpha = 1.0) -> tuple[Columns, Tensor]:
        """See `Layer.push`."""
        kept, moved = z[self.kept], z[1 - self.kept]
        moved, log_det = self.transform(moved, self.conditioner(kept), alpha)
        return self._in_order(kept, moved), log_det

    def pull(self, x: Columns, alpha: Alpha = 1.0) -> tuple[Columns, Tensor]:
        """See `Layer.pull`."""
        kept, moved = x[self.kept], x[1 - self.kept]
        moved, log_det = self.restore(moved, self.conditioner(kept), alpha)
        return self._in_order(kept, moved), log_det

    def pull_and_push(self, x: Columns, alpha: Tensor) -> tuple[Columns, Columns]:
        """See `Layer.pull_and_push`; the conditioner runs once."""
        kept, moved = x[self.kept], x[1 - self.kept]
        chosen = self.conditioner(kept)
        z, _ = self.restore(moved, chosen, 1.0)
        way, _ = self.transform(z, chosen, alpha)
        return self._in_order(kept, z), self._in_order(kept, way)

    def _in_order(self, kept: Tensor, moved: Tensor) -> Columns:
        return (kept, moved) if self.kept == 0 else (moved, kept)
