"""What all couplings share: one coordinate is kept and steers how the other one moves."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from flowengine.layers.base import Alpha, Columns, Layer, is_whole
from flowengine.layers.conditioner import Conditioner, activations, gradient

if TYPE_CHECKING:
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

    @abstractmethod
    def restore_noting(self, x: Tensor, chosen: Tensor) -> tuple[Tensor, Tensor, Any]:
        """`restore` at alpha 1 without autograd, and notes from which `restore_gradient` works.

        The notes hold none of the results, which would keep each other alive.
        """

    @abstractmethod
    def restore_gradient(self, notes: Any, g_z: Tensor, g_log: Tensor) -> tuple[Tensor, Tensor]:  # noqa: ANN401
        """From the gradients of z and log dz/dx, shape (batch,), to those of `x` and `chosen`."""

    def push(self, z: Columns, alpha: Alpha = 1.0) -> tuple[Columns, Tensor]:
        """See `Layer.push`."""
        kept, moved = z[self.kept], z[1 - self.kept]
        moved, log_det = self.transform(moved, self.conditioner(kept), alpha)
        return self._in_order(kept, moved), log_det

    def pull(self, x: Columns, alpha: Alpha = 1.0) -> tuple[Columns, Tensor]:
        """See `Layer.pull`."""
        kept, moved = x[self.kept], x[1 - self.kept]
        if is_whole(alpha) and torch.is_grad_enabled():
            tensors = self.conditioner.tensors()
            moved, log_det = _Restore.apply(self, kept, moved, *tensors)  # type: ignore[no-untyped-call]
        else:
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


class _Restore(torch.autograd.Function):
    """Conditioner and `Coupling.restore` in one, with the gradient written out.

    This is the step that maximum likelihood takes thousands of times. At the batch sizes of
    training, what autograd itself costs is as much as the arithmetic.
    """

    @staticmethod
    def forward(
        ctx: Any,  # noqa: ANN401
        coupling: Coupling,
        kept: Tensor,
        moved: Tensor,
        *tensors: Tensor,
    ) -> tuple[Tensor, Tensor]:
        *inputs, chosen = activations(kept, tensors)
        restored, log_det, notes = coupling.restore_noting(moved, chosen)
        ctx.save_for_backward(*tensors[: len(inputs)])
        ctx.coupling, ctx.inputs, ctx.notes = coupling, inputs, notes
        return restored, log_det

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, g_moved: Tensor, g_log: Tensor) -> tuple[Tensor | None, ...]:  # noqa: ANN401
        g_moved, g_chosen = ctx.coupling.restore_gradient(ctx.notes, g_moved, g_log)
        of_kept, of_weights = ctx.needs_input_grad[1], ctx.needs_input_grad[3]
        g_kept, *g_tensors = gradient(
            g_chosen, ctx.saved_tensors, ctx.inputs, of_kept=of_kept, of_weights=of_weights
        )
        return None, g_kept, g_moved, *g_tensors
