"""A velocity network and its derivative along given directions, with a gradient by hand.

The value and its tangents go through each layer in one product, T <- silu'(a) * (T Wᵀ), so that
the derivative is exact without autograd inside. The gradient of both is written out as well: what
autograd finds, without its bookkeeping and its copies.
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
        sums: What goes into its units, a, shape (batch, width).
        gate: σ(a), likewise.
        slope: silu'(a), likewise.
        tangents: Of the sums, shape (k, batch or 1, width).
        lifted: silu(a) over the tangents of it, shape (1 + k, batch, width).
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
        v, shape (batch, 2), and its k tangents, shape (k, batch, 2): one along a direction, or two,
        the columns of dv/dx.
    """
    if torch.is_grad_enabled():
        flat = [tensor for layer in layers for tensor in layer]
        v, tangents = _WithTangents.apply(x, features, directions, *flat)  # type: ignore[no-untyped-call]
        return v, tangents
    return _run(x, features, directions, layers, [])


def _run(
    x: Tensor, features: Tensor, directions: Tensor | None, layers: Layers, kept: list[_Hidden]
) -> tuple[Tensor, Tensor]:
    (weight, bias), *rest = layers
    by_x = weight[:, :2]
    a = F.linear(x, by_x) + F.linear(features, weight[:, 2:], bias)
    if directions is None:
        tangents = by_x.T.unsqueeze(1)  # (2, 1, width): the same for all points
    else:
        tangents = F.linear(directions, by_x).unsqueeze(0)
    for weight, bias in rest:
        hidden = _lift(a, tangents)
        kept.append(hidden)
        out = (hidden.lifted.flatten(0, 1) @ weight.T).unflatten(0, hidden.lifted.shape[:2])
        a, tangents = out[0] + bias, out[1:]
    return a, tangents


def _lift(a: Tensor, tangents: Tensor) -> _Hidden:
    gate = torch.sigmoid(a)
    lifted = a.new_empty(1 + len(tangents), *a.shape)
    h = torch.mul(a, gate, out=lifted[0])
    slope = torch.addcmul(gate + h, h, gate, value=-1)
    torch.mul(slope, tangents, out=lifted[1:])
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
        cotangent = torch.cat([by_v.unsqueeze(0), by_tangents])
        gradients: list[Tensor] = []
        for weight, hidden in zip(weights[:0:-1], reversed(ctx.kept), strict=True):
            rows = cotangent.flatten(0, 1)
            gradients += [cotangent[0].sum(0), rows.T @ hidden.lifted.flatten(0, 1)]
            cotangent = _lower((rows @ weight).view_as(hidden.lifted), hidden)
        by_a, by_t = cotangent[0], cotangent[1:]
        into = by_a.T @ x
        into += by_t.sum(1).T if directions is None else by_t[0].T @ directions
        bias = by_a.sum(0)
        time = torch.outer(bias, features) if features.ndim == 1 else by_a.T @ features
        gradients += [bias, torch.cat([into, time], dim=1)]
        by_x = by_a @ weights[0][:, :2] if ctx.needs_input_grad[0] else None
        return by_x, None, None, *reversed(gradients)


def _lower(cotangent: Tensor, hidden: _Hidden) -> Tensor:
    """From the cotangent of `lifted` to that of the sums and their tangents, in its place."""
    sums, gate, slope, tangents, lifted = hidden
    # silu''(a) = σ (1 − σ) (2 + a − 2 silu(a))
    bend = torch.addcmul(gate, gate, gate, value=-1)
    bend *= torch.add(sums, lifted[0], alpha=-2).add_(2)
    turned = (cotangent[1:] * tangents).sum(0).mul_(bend)
    cotangent.mul_(slope)
    cotangent[0].add_(turned)
    return cotangent
