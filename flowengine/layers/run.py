"""Layers one after the other on the way to the base, with their gradients written out by hand."""

from __future__ import annotations

from abc import abstractmethod
from itertools import chain
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from flowengine.layers.base import Alpha, Columns, Layer, is_whole

if TYPE_CHECKING:
    from collections.abc import Sequence

    Tensors = tuple[Tensor, ...]
    Gradients = list[Tensor | None]


class Noting(Layer):
    """A layer that makes notes on its way to the base, and knows its gradient from them."""

    @abstractmethod
    def undo(self, x: Columns, alpha: Alpha) -> tuple[Columns, Tensor]:
        """What `pull` does part of the way, or where no gradient is wanted."""

    @abstractmethod
    def tensors(self) -> Tensors:
        """All weights, in the order of the gradients."""

    @abstractmethod
    def undo_noting(self, x: Columns, tensors: Tensors) -> tuple[Columns, Tensor, Any]:
        """`pull` all the way, by the tensors given; columns, log|det dz/dx|, and the notes."""

    @abstractmethod
    def undo_gradient(
        self,
        notes: Any,  # noqa: ANN401
        tensors: Tensors,
        g: Columns,
        g_log: Tensor,
        *,
        of_weights: bool,
    ) -> tuple[Columns, Gradients]:
        """From the gradients of what `undo_noting` gave to those of x and of the tensors.

        Args:
            notes: What `undo_noting` noted.
            tensors: What it was given.
            g: Gradients of the columns.
            g_log: Gradient of log|det|, shape (batch,); () if that of no layer has this shape.
            of_weights: Whether the gradients of the tensors are wanted; if not, each is None.
        """

    def pull(self, x: Columns, alpha: Alpha = 1.0) -> tuple[Columns, Tensor]:
        """See `Layer.pull`."""
        if is_whole(alpha) and torch.is_grad_enabled():
            return pull_run((self,), x)
        return self.undo(x, alpha)


def pull_run(layers: Sequence[Noting], x: Columns) -> tuple[Columns, Tensor]:
    """Undo several layers, given in the order in which they are undone, with gradients.

    Returns:
        The columns, and log|det dz/dx| of all of them together, shape (batch,) or ().
    """
    owned = [layer.tensors() for layer in layers]
    counts = [len(own) for own in owned]
    first, second, log_det = _PullRun.apply(layers, counts, *x, *chain(*owned))  # type: ignore[no-untyped-call]
    return (first, second), log_det


class _PullRun(torch.autograd.Function):
    """A whole run as one operation.

    This is the step that maximum likelihood takes thousands of times. At the batch sizes of
    training, what autograd itself costs is as much as the arithmetic.
    """

    @staticmethod
    def forward(
        ctx: Any,  # noqa: ANN401
        layers: Sequence[Noting],
        counts: Sequence[int],
        first: Tensor,
        second: Tensor,
        *tensors: Tensor,
    ) -> tuple[Tensor, Tensor, Tensor]:
        columns = first, second
        log_dets, notes, place = [], [], 0
        for layer, count in zip(layers, counts, strict=True):
            own = tensors[place : place + count]
            columns, log_det, note = layer.undo_noting(columns, own)
            log_dets.append(log_det)
            notes.append((count, note))
            place += count
        ctx.save_for_backward(*tensors)
        ctx.layers, ctx.notes = layers, notes
        # the notes hold columns; if these were the results, each would keep the other alive
        return columns[0].detach(), columns[1].detach(), _added(log_dets).detach()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *g: Tensor) -> tuple[Tensor | None, ...]:  # noqa: ANN401
        columns, g_log = (g[0], g[1]), g[2]
        tensors, wanted = ctx.saved_tensors, ctx.needs_input_grad[4:]
        g_tensors: Gradients = []
        end = len(tensors)
        for layer, (count, note) in zip(reversed(ctx.layers), reversed(ctx.notes), strict=True):
            start = end - count
            columns, g_own = layer.undo_gradient(
                note, tensors[start:end], columns, g_log, of_weights=any(wanted[start:end])
            )
            g_tensors = [*g_own, *g_tensors]
            end = start
        return None, None, *columns, *g_tensors


def _added(terms: list[Tensor]) -> Tensor:
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    return total
