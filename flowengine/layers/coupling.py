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
    from collections.abc import Sequence

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

    def pull(self, x: Columns, alpha: Alpha = 1.0) -> tuple[Columns, Tensor]:
        """See `Layer.pull`."""
        if is_whole(alpha) and torch.is_grad_enabled():
            return pull_run((self,), x)
        kept, moved = x[self.kept], x[1 - self.kept]
        chosen = self.conditioner(kept)
        if is_whole(alpha):
            moved, log_det, _ = self.restore_noting(moved, chosen)
        else:
            moved, log_det = self.restore(moved, chosen, alpha)
        return self._in_order(kept, moved), log_det

    def pull_and_push(self, x: Columns, alpha: Tensor) -> tuple[Columns, Columns]:
        """See `Layer.pull_and_push`; the conditioner runs once."""
        kept, moved = x[self.kept], x[1 - self.kept]
        chosen = self.conditioner(kept)
        z, _, _ = self.restore_noting(moved, chosen)
        way = self.way_between(z, moved, chosen, alpha)
        return self._in_order(kept, z), self._in_order(kept, way)

    def _in_order(self, kept: Tensor, moved: Tensor) -> Columns:
        return (kept, moved) if self.kept == 0 else (moved, kept)


def pull_run(couplings: Sequence[Coupling], x: Columns) -> tuple[Columns, Tensor]:
    """Undo several couplings, given in the order in which they are undone, with gradients.

    Returns:
        The columns, and log|det dz/dx| of all of them together, shape (batch,).
    """
    tensors = [tensor for coupling in couplings for tensor in coupling.conditioner.tensors()]
    first, second, log_det = _PullRun.apply(couplings, *x, *tensors)  # type: ignore[no-untyped-call]
    return (first, second), log_det


class _PullRun(torch.autograd.Function):
    """Conditioners and `Coupling.restore` of a whole run, with the gradient written out.

    This is the step that maximum likelihood takes thousands of times. At the batch sizes of
    training, what autograd itself costs is as much as the arithmetic.
    """

    @staticmethod
    def forward(
        ctx: Any,  # noqa: ANN401
        couplings: Sequence[Coupling],
        first: Tensor,
        second: Tensor,
        *tensors: Tensor,
    ) -> tuple[Tensor, Tensor, Tensor]:
        columns = [first, second]
        log_dets, notes, place = [], [], 0
        for coupling in couplings:
            count = 2 * coupling.conditioner.layers
            kept, moved = columns[coupling.kept], columns[1 - coupling.kept]
            *inputs, chosen = activations(kept, tensors[place : place + count])
            columns[1 - coupling.kept], log_det, note = coupling.restore_noting(moved, chosen)
            log_dets.append(log_det)
            notes.append((inputs, note))
            place += count
        ctx.save_for_backward(*tensors)
        ctx.couplings, ctx.notes = couplings, notes
        # the notes hold columns; if these were the results, each would keep the other alive
        return columns[0].detach(), columns[1].detach(), _added(log_dets).detach()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *g: Tensor) -> tuple[Tensor | None, ...]:  # noqa: ANN401
        g_columns, g_log = [g[0], g[1]], g[2]
        tensors, wanted = ctx.saved_tensors, ctx.needs_input_grad[3:]
        g_tensors: list[Tensor | None] = []
        place = len(tensors)
        for coupling, (inputs, note) in zip(
            reversed(ctx.couplings), reversed(ctx.notes), strict=True
        ):
            kept = coupling.kept
            place -= 2 * len(inputs)
            g_columns[1 - kept], g_chosen = coupling.restore_gradient(
                note, g_columns[1 - kept], g_log
            )
            weights = tensors[place : place + len(inputs)]
            g_kept, g_own = gradient(g_chosen, weights, inputs, of_weights=wanted[place])
            g_columns[kept] = g_columns[kept] + g_kept
            g_tensors = [*g_own, *g_tensors]
        return None, *g_columns, *g_tensors


def _added(terms: list[Tensor]) -> Tensor:
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    return total
