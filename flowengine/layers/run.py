"""Layers one after the other on the way to the base, with their gradients written out by hand."""

from __future__ import annotations

from abc import abstractmethod
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, TypeGuard, TypeVar

import torch
from torch import Tensor

from flowengine.gradients import places_for, plain_gradients, wants_plain
from flowengine.layers.base import Alpha, Columns, Layer, is_whole, to_columns, to_points
from flowengine.modes import in_full_precision, needs_plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flowengine.bases import Base

    Tensors = tuple[Tensor, ...]
    Gradients = tuple[Tensor, ...]

T = TypeVar("T")


class Noting(Layer):
    """A layer that makes notes on its way to the base, and knows its gradient from them.

    Attributes:
        writes_gradient: Whether this one does. Else `undo` is differentiable as it is.
    """

    writes_gradient = True

    @abstractmethod
    def undo(self, x: Columns, alpha: Alpha) -> tuple[Columns, Tensor]:
        """What `pull` does part of the way, or where its gradient is not that of a run."""

    @abstractmethod
    def tensors(self) -> Tensors:
        """All weights, in the order of the gradients."""

    @abstractmethod
    def undo_noting(self, x: Columns, tensors: Tensors) -> tuple[Columns, Tensor, Any]:
        """`pull` all the way, by the tensors given; columns, log|det dz/dx|, and the notes.

        By operations that autograd can follow, for where the gradient below will not do.
        """

    @abstractmethod
    def undo_gradient(
        self,
        notes: Any,  # noqa: ANN401
        tensors: Tensors,
        g: Columns,
        g_log: Tensor,
        into: Gradients | None,
    ) -> Columns:
        """From the gradients of what `undo_noting` gave to those of x and of the tensors.

        Args:
            notes: What `undo_noting` noted.
            tensors: What it was given.
            g: Gradients of the columns.
            g_log: Gradient of log|det|, shape (batch,); () if that of no layer has this shape.
            into: Where the gradients of the tensors are added to; None where none is wanted.
        """

    def pull(self, x: Columns, alpha: Alpha = 1.0) -> tuple[Columns, Tensor]:
        """See `Layer.pull`."""
        if is_whole(alpha) and self.writes_gradient and may_run():
            return pull_run((self,), x)
        return self.undo(x, alpha)


def is_noting(layer: Layer) -> TypeGuard[Noting]:
    """Whether a layer can be part of a run."""
    return isinstance(layer, Noting) and layer.writes_gradient


def may_run() -> bool:
    """Whether gradients are wanted, and may be those that are written out by hand."""
    return torch.is_grad_enabled() and not needs_plain()


def pull_run(layers: Sequence[Noting], x: Columns) -> tuple[Columns, Tensor]:
    """Undo several layers, given in the order in which they are undone, with gradients.

    Returns:
        The columns, and log|det dz/dx| of all of them together, shape (batch,) or ().
    """
    owned = [layer.tensors() for layer in layers]
    counts = [len(own) for own in owned]
    first, second, log_det = _PullRun.apply(layers, counts, *x, *chain(*owned))  # type: ignore[no-untyped-call]
    return (first, second), log_det


@in_full_precision
@torch.no_grad()
def likelihood_gradient(layers: Sequence[Noting], base: Base, x: Columns) -> Tensor:
    """Mean −log q(x), a scalar, its gradient added to the `.grad` of every weight that learns.

    What autograd computes, without it: the step that maximum likelihood takes thousands of times.
    At the batch sizes of training, what autograd itself costs is a sixth of the whole.

    Args:
        layers: All layers, in the order in which they are undone.
        base: What the points are in when all are undone.
        x: The points.
    """
    owned = [layer.tensors() for layer in layers]
    z, log_det, notes = _undone(layers, owned, x)
    loss, g = base.likelihood_gradient(to_points(z))
    count = x[0].shape[0]
    g_log = x[0].new_full((count,), -1 / count)
    _gradients(layers, owned, notes, to_columns(g), g_log, list(map(places_for, owned)))
    return loss - log_det.mean()


class _PullRun(torch.autograd.Function):
    """A whole run as one operation, which spares autograd most of its bookkeeping."""

    @staticmethod
    def forward(
        ctx: Any,  # noqa: ANN401
        layers: Sequence[Noting],
        counts: Sequence[int],
        first: Tensor,
        second: Tensor,
        *tensors: Tensor,
    ) -> tuple[Tensor, Tensor, Tensor]:
        columns, log_det, ctx.notes = _undone(layers, _shared_out(tensors, counts), (first, second))
        ctx.save_for_backward(first, second, *tensors)
        ctx.layers, ctx.counts = layers, counts
        # the notes hold columns; if these were the results, each would keep the other alive
        return columns[0].detach(), columns[1].detach(), log_det.detach()

    @staticmethod
    def backward(ctx: Any, *g: Tensor) -> tuple[Tensor | None, ...]:  # noqa: ANN401
        inputs, wanted = ctx.saved_tensors, ctx.needs_input_grad[2:]
        if wants_plain(g):

            def again(first: Tensor, second: Tensor, *tensors: Tensor) -> tuple[Tensor, ...]:
                owned = _shared_out(tensors, ctx.counts)
                columns, log_det, _ = _undone(ctx.layers, owned, (first, second))
                return *columns, log_det

            return None, None, *plain_gradients(again, inputs, wanted, g)
        owned = _shared_out(inputs[2:], ctx.counts)
        learning = map(any, _shared_out(wanted[2:], ctx.counts))
        into = [
            tuple(map(torch.zeros_like, own)) if learns else None
            for own, learns in zip(owned, learning, strict=True)
        ]
        columns = _gradients(ctx.layers, owned, ctx.notes, (g[0], g[1]), g[2], into)
        places = chain(*(part or (None,) * n for part, n in zip(into, ctx.counts, strict=True)))
        return None, None, *columns, *places


def _undone(
    layers: Sequence[Noting], owned: Sequence[Tensors], x: Columns
) -> tuple[Columns, Tensor, list[Any]]:
    """The columns where all layers are undone, log|det| of all of them, and the notes of each."""
    log_dets, notes = [], []
    for layer, own in zip(layers, owned, strict=True):
        x, log_det, note = layer.undo_noting(x, own)
        log_dets.append(log_det)
        notes.append(note)
    return x, sum(log_dets[1:], start=log_dets[0]), notes


@in_full_precision
def _gradients(
    layers: Sequence[Noting],
    owned: Sequence[Tensors],
    notes: list[Any],
    g: Columns,
    g_log: Tensor,
    into: Sequence[Gradients | None],
) -> Columns:
    """`Noting.undo_gradient` of all layers, the last one first."""
    parts = zip(layers, notes, owned, into, strict=True)
    for layer, note, own, places in reversed(list(parts)):
        g = layer.undo_gradient(note, own, g, g_log, places)
    return g


def _shared_out(items: Sequence[T], counts: Sequence[int]) -> list[tuple[T, ...]]:
    """The first counts[0] items, the next counts[1], and so on."""
    rest = iter(items)
    return [tuple(islice(rest, count)) for count in counts]
