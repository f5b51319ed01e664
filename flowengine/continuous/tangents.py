"""A velocity network and its derivative along given directions, with a gradient by hand.

The value and its tangents go through each layer in one product, T <- silu'(a) * (W T), so that the
derivative is exact without autograd inside. The gradient of both is written out as well: what
autograd finds, without its bookkeeping and its copies.

Here all points lie side by side in memory, coordinate by coordinate and unit by unit: a row of the
plane's two coordinates would be too short for the processor's vectors, in the solver's arithmetic
even more than in the network. What goes out are views of that.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import once_differentiable

Layers = list[tuple[Tensor, Tensor]]


class _Hidden(NamedTuple):
    """What the gradient needs of a hidden layer.

    Attributes:
        sums: What goes into its units, a, shape (width, batch).
        gate: σ(a), likewise.
        slope: silu'(a), likewise.
        tangents: Of the sums, shape (width, k, batch or 1).
        lifted: silu(a) beside its tangents, shape (width, 1 + k, batch).
    """

    sums: Tensor
    gate: Tensor
    slope: Tensor
    tangents: Tensor
    lifted: Tensor


def with_tangents(
    x: Tensor, features: Tensor, directions: Tensor | None, layers: Layers
) -> tuple[Tensor, Tensor]:
    """The velocity at points and its derivative along directions.

    Differentiable once, by `x` and by the weights.

    Args:
        x: Points, shape (batch, 2).
        features: Of time: one set for all, shape (n,), or one for each, shape (batch, n).
        directions: One for each point, shape (batch, 2); None is both axes for all.
        layers: Weight (outputs, inputs) and bias (outputs,) of every layer.

    Returns:
        v, shape (batch, 2), and its k tangents, shape (batch, 2, k): one along a direction, or two,
        which are dv/dx.
    """
    if torch.is_grad_enabled():
        flat = [tensor for layer in layers for tensor in layer]
        v, tangents = _WithTangents.apply(x, features, directions, *flat)  # type: ignore[no-untyped-call]
    else:
        v, tangents = _run(x, features, directions, layers, [])
    return v.t(), tangents.permute(2, 0, 1)


def _run(
    x: Tensor, features: Tensor, directions: Tensor | None, layers: Layers, kept: list[_Hidden]
) -> tuple[Tensor, Tensor]:
    """The velocity, shape (2, batch), and its tangents, shape (2, k, batch)."""
    (weight, bias), *rest = layers
    by_x = weight[:, :2]
    moment = F.linear(features, weight[:, 2:], bias)
    a = torch.addmm(moment.unsqueeze(1) if features.ndim == 1 else moment.t(), by_x, x.t())
    tangents = by_x.unsqueeze(2) if directions is None else (by_x @ directions.t()).unsqueeze(1)
    for weight, bias in rest:
        hidden = _lift(a, tangents)
        kept.append(hidden)
        out = (weight @ hidden.lifted.flatten(1)).view(len(weight), *hidden.lifted.shape[1:])
        a, tangents = out[:, 0] + bias.unsqueeze(1), out[:, 1:]
    return a, tangents


def _lift(a: Tensor, tangents: Tensor) -> _Hidden:
    gate = torch.sigmoid(a)
    lifted = a.new_empty(len(a), 1 + tangents.shape[1], a.shape[1])
    h = torch.mul(a, gate, out=lifted[:, 0])
    slope = (gate + h).addcmul_(h, gate, value=-1)
    torch.mul(slope.unsqueeze(1), tangents, out=lifted[:, 1:])
    return _Hidden(a, gate, slope, tangents, lifted)


class _WithTangents(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,  # noqa: ANN401  torch has no public type for it
        x: Tensor,
        features: Tensor,
        directions: Tensor | None,
        *flat: Tensor,
    ) -> tuple[Tensor, Tensor]:
        layers = list(zip(flat[::2], flat[1::2], strict=True))
        ctx.kept = []
        ctx.save_for_backward(x, features, directions, *flat)
        return _run(x, features, directions, layers, ctx.kept)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, by_v: Tensor, by_tangents: Tensor) -> tuple[Tensor | None, ...]:  # noqa: ANN401
        x, features, directions, *flat = ctx.saved_tensors
        weights = flat[::2]
        cotangent = torch.cat([by_v.unsqueeze(1), by_tangents], dim=1)
        gradients: list[Tensor] = []
        for weight, hidden in zip(weights[:0:-1], reversed(ctx.kept), strict=True):
            flattened = cotangent.flatten(1)
            gradients += [cotangent[:, 0].sum(1), flattened @ hidden.lifted.flatten(1).t()]
            cotangent = _lower((weight.t() @ flattened).view_as(hidden.lifted), hidden)
        by_a, by_t = cotangent[:, 0], cotangent[:, 1:]
        into = by_a @ x
        into += by_t.sum(2) if directions is None else by_t[:, 0] @ directions
        bias = by_a.sum(1)
        time = torch.outer(bias, features) if features.ndim == 1 else by_a @ features
        gradients += [bias, torch.cat([into, time], dim=1)]
        by_x = (weights[0][:, :2].t() @ by_a).t() if ctx.needs_input_grad[0] else None
        return by_x, None, None, *reversed(gradients)


def _lower(cotangent: Tensor, hidden: _Hidden) -> Tensor:
    """From the cotangent of `lifted` to that of the sums and their tangents, in its place."""
    sums, gate, slope, tangents, lifted = hidden
    # silu''(a) = σ (1 − σ) (2 + a − 2 silu(a))
    bend = torch.addcmul(gate, gate, gate, value=-1)
    bend *= torch.add(sums, lifted[:, 0], alpha=-2).add_(2)
    turned = (cotangent[:, 1:] * tangents).sum(1).mul_(bend)
    cotangent.mul_(slope.unsqueeze(1))
    cotangent[:, 0].add_(turned)
    return cotangent
