"""What all couplings share: one coordinate is kept and steers how the other one moves."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any

from flowengine.layers.base import Alpha, Columns, is_whole
from flowengine.layers.conditioner import Conditioner, activations, gradient
from flowengine.layers.run import Noting

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from flowengine.catalogue import CouplingSpec


class Coupling(Noting):
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
        """Undo `transform` part of the way; the coordinate and log dz/dx."""

    @abstractmethod
    def restore_noting(self, x: Tensor, chosen: Tensor) -> tuple[Tensor, Tensor, Any]:
        """Undo `transform` at alpha 1, and make notes for `restore_gradient`.

        The notes hold none of the results, which would keep each other alive.
        """

    @abstractmethod
    def restore_gradient(self, notes: Any, g_z: Tensor, g_log: Tensor) -> tuple[Tensor, Tensor]:  # noqa: ANN401
        """From the gradients of z and log dz/dx, shape (batch,), to those of `x` and `chosen`."""

    def way_between(self, z: Tensor, x: Tensor, chosen: Tensor, alpha: Tensor) -> Tensor:
        """The way of `transform` from z to x, at every alpha; knowing x may save the work."""
        return self.transform(z, chosen, alpha)[0]

    def push(self, z: Columns, alpha: Alpha = 1.0) -> tuple[Columns, Tensor]:
        """See `Layer.push`."""
        kept, moved = z[self.kept], z[1 - self.kept]
        moved, log_det = self.transform(moved, self.conditioner(kept), alpha)
        return self._in_order(kept, moved), log_det

    def undo(self, x: Columns, alpha: Alpha) -> tuple[Columns, Tensor]:
        """See `Noting.undo`."""
        kept, moved = x[self.kept], x[1 - self.kept]
        chosen = self.conditioner(kept)
        if is_whole(alpha):
            moved, log_det, _ = self.restore_noting(moved, chosen)
        else:
            moved, log_det = self.restore(moved, chosen, alpha)
        return self._in_order(kept, moved), log_det

    def tensors(self) -> tuple[Tensor, ...]:
        """See `Noting.tensors`."""
        return self.conditioner.tensors()

    def undo_noting(self, x: Columns, tensors: tuple[Tensor, ...]) -> tuple[Columns, Tensor, Any]:
        """See `Noting.undo_noting`."""
        kept = x[self.kept]
        *inputs, chosen = activations(kept, tensors)
        moved, log_det, note = self.restore_noting(x[1 - self.kept], chosen)
        return self._in_order(kept, moved), log_det, (inputs, note)

    def undo_gradient(
        self,
        notes: Any,  # noqa: ANN401
        tensors: tuple[Tensor, ...],
        g: Columns,
        g_log: Tensor,
        into: tuple[Tensor, ...] | None,
    ) -> Columns:
        """See `Noting.undo_gradient`."""
        inputs, note = notes
        g_moved, g_chosen = self.restore_gradient(note, g[1 - self.kept], g_log)
        weights = tensors[: len(inputs)]
        g_kept = gradient(g_chosen, weights, inputs, into)
        return self._in_order(g[self.kept] + g_kept, g_moved)

    def pull_and_push(self, x: Columns, alpha: Tensor) -> tuple[Columns, Columns]:
        """See `Layer.pull_and_push`; the conditioner runs once."""
        kept, moved = x[self.kept], x[1 - self.kept]
        chosen = self.conditioner(kept)
        z, _, _ = self.restore_noting(moved, chosen)
        way = self.way_between(z, moved, chosen, alpha)
        return self._in_order(kept, z), self._in_order(kept, way)

    def _in_order(self, kept: Tensor, moved: Tensor) -> Columns:
        return (kept, moved) if self.kept == 0 else (moved, kept)
