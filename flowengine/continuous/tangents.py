"""A velocity network and its derivative along given tangents, with a gradient by hand.

The value and its tangents go through each layer in one product, T <- silu'(a) * (W T), so that the
derivative is exact without autograd inside. The gradient of both is written out as well: what
autograd finds, without its bookkeeping and its copies. Where that will not do, for second
derivatives and transforms, autograd finds it.

Points and their tangents lie in one tensor, the `state`, of shape (2, 1 + k, batch): coordinate by
coordinate, the point first. Seen from the processor all points lie side by side: a row of the
plane's two coordinates would be too short for its vectors, in the solver's arithmetic even more
than in the network.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from flowengine.gradients import plain_gradients, wants_plain
from flowengine.modes import in_full_precision, needs_plain

Layers = list[tuple[Tensor, Tensor]]


def bare(x: Tensor) -> Tensor:
    """Points, shape (batch, 2), as a state without tangents, shape (2, 1, batch)."""
    return x.t().contiguous().unsqueeze(1)


def lifted(x: Tensor) -> Tensor:
    """Points, shape (batch, 2), as a state with both axes as tangents, shape (2, 3, batch)."""
    axes = torch.eye(2, dtype=x.dtype, device=x.device).unsqueeze(2).expand(2, 2, x.shape[0])
    return torch.cat([bare(x), axes], dim=1)


def along(x: Tensor, directions: Tensor) -> Tensor:
    """Points with one tangent for each, both (batch, 2), as a state, shape (2, 2, batch)."""
    return torch.stack([x.t(), directions.t()], dim=1)


def points_of(state: Tensor) -> Tensor:
    """Points of a state, shape (batch, 2)."""
    return state[:, 0].t()


def jacobian_of(state: Tensor) -> Tensor:
    """The k tangents of a state beside each other, shape (batch, 2, k)."""
    return state[:, 1:].permute(2, 0, 1)


class _Hidden(NamedTuple):
    """What the gradient needs of a hidden layer.

    Attributes:
        sums: What goes into its units, a, shape (width, batch).
        gate: σ(a), likewise.
        slope: silu'(a), likewise.
        tangents: Of the sums, shape (width, k, batch).
        lifted: silu(a) beside its tangents, shape (width, 1 + k, batch).
    """

    sums: Tensor
    gate: Tensor
    slope: Tensor
    tangents: Tensor
    lifted: Tensor


@in_full_precision
def with_tangents(state: Tensor, features: Tensor, layers: Layers) -> Tensor:
    """The velocity at points and its derivatives along their tangents.

    Args:
        state: Points and k tangents of each, shape (2, 1 + k, batch).
        features: Of time: one set for all, shape (n,), or one for each, shape (batch, n).
        layers: Weight (outputs, inputs) and bias (outputs,) of every layer.

    Returns:
        v and dv/dx applied to each tangent, of the shape of `state`.
    """
    if needs_plain():
        return _run_plainly(state, features, layers)
    if torch.is_grad_enabled():
        flat = [tensor for layer in layers for tensor in layer]
        return _WithTangents.apply(state, features, *flat)  # type: ignore[no-any-return, no-untyped-call]
    return _run(state, features, layers, None)


def _run(state: Tensor, features: Tensor, layers: Layers, kept: list[_Hidden] | None) -> Tensor:
    """See `with_tangents`; where nothing is `kept`, each layer works in the memory of its sums."""
    (weight, bias), *rest = layers
    moment = F.linear(features, weight[:, 2:], bias)
    out = _product(weight[:, :2], state)
    out[:, 0].add_(moment.unsqueeze(1) if features.ndim == 1 else moment.t())
    for weight, bias in rest:
        out = _product(weight, _activated(out, kept))
        out[:, 0].add_(bias.unsqueeze(1))
    return out


def _run_plainly(state: Tensor, features: Tensor, layers: Layers) -> Tensor:
    """See `with_tangents`; no memory is written to twice."""
    (weight, bias), *rest = layers
    moment = F.linear(features, weight[:, 2:], bias)
    out = _raised(
        _product(weight[:, :2], state), moment[:, None] if features.ndim == 1 else moment.t()
    )
    for weight, bias in rest:
        a, tangents = out[:, 0], out[:, 1:]
        gate = torch.sigmoid(a)
        h = a * gate
        slope = gate + h - h * gate
        lifted = torch.cat([h.unsqueeze(1), slope.unsqueeze(1) * tangents], dim=1)
        out = _raised(_product(weight, lifted), bias[:, None])
    return out


def _raised(state: Tensor, by: Tensor) -> Tensor:
    """A state whose points are moved by (rows, batch or 1), and whose tangents stay."""
    return torch.cat([(state[:, 0] + by).unsqueeze(1), state[:, 1:]], dim=1)


def _product(weight: Tensor, state: Tensor) -> Tensor:
    return torch.mm(weight, state.flatten(1)).view(weight.shape[0], *state.shape[1:])


def _activated(sums: Tensor, kept: list[_Hidden] | None) -> Tensor:
    a, tangents = sums[:, 0], sums[:, 1:]
    gate = torch.sigmoid(a)
    if kept is None:
        into, h = sums, a.mul_(gate)
    else:
        into = torch.empty_like(sums)
        h = torch.mul(a, gate, out=into[:, 0])
    slope = (gate + h).addcmul_(h, gate, value=-1)  # silu'(a) = σ + silu(a) (1 − σ)
    if kept is None:
        tangents.mul_(slope.unsqueeze(1))
    else:
        torch.mul(slope.unsqueeze(1), tangents, out=into[:, 1:])
        kept.append(_Hidden(a, gate, slope, tangents, into))
    return into


class _WithTangents(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,  # noqa: ANN401  torch has no public type for it
        state: Tensor,
        features: Tensor,
        *flat: Tensor,
    ) -> Tensor:
        layers = list(zip(flat[::2], flat[1::2], strict=True))
        ctx.kept = []
        ctx.save_for_backward(state, features, *flat)
        return _run(state, features, layers, ctx.kept)

    @staticmethod
    @in_full_precision
    def backward(ctx: Any, by_out: Tensor) -> tuple[Tensor | None, ...]:  # noqa: ANN401
        inputs = state, features, *flat = ctx.saved_tensors
        if wants_plain((by_out,)):

            def again(state: Tensor, features: Tensor, *flat: Tensor) -> tuple[Tensor]:
                layers = list(zip(flat[::2], flat[1::2], strict=True))
                return (_run_plainly(state, features, layers),)

            wanted = ctx.needs_input_grad
            return tuple(plain_gradients(again, inputs, wanted, (by_out,)))
        weights = flat[::2]
        cotangent = by_out
        gradients: list[Tensor] = []
        for weight, hidden in zip(weights[:0:-1], reversed(ctx.kept), strict=True):
            flattened = cotangent.flatten(1)
            gradients += [cotangent[:, 0].sum(1), flattened @ hidden.lifted.flatten(1).t()]
            cotangent = _lower((weight.t() @ flattened).view_as(hidden.lifted), hidden)
        flattened, by_a = cotangent.flatten(1), cotangent[:, 0]
        bias = by_a.sum(1)
        time = torch.outer(bias, features) if features.ndim == 1 else by_a @ features
        gradients += [bias, torch.cat([flattened @ state.flatten(1).t(), time], dim=1)]
        by_state = by_features = None
        if ctx.needs_input_grad[0]:
            by_state = (weights[0][:, :2].t() @ flattened).view_as(state)
        if ctx.needs_input_grad[1]:
            by_moment = bias if features.ndim == 1 else by_a.t()
            by_features = by_moment @ weights[0][:, 2:]
        return by_state, by_features, *reversed(gradients)


def _lower(cotangent: Tensor, hidden: _Hidden) -> Tensor:
    """From the cotangent of `lifted` to that of the sums and their tangents, in its place."""
    sums, gate, slope, tangents, into = hidden
    # silu''(a) = σ (1 − σ) (2 + a − 2 silu(a))
    bend = torch.addcmul(gate, gate, gate, value=-1)
    bend *= torch.add(sums, into[:, 0], alpha=-2).add_(2)
    turned = (cotangent[:, 1:] * tangents).sum(1).mul_(bend)
    cotangent.mul_(slope.unsqueeze(1))
    cotangent[:, 0].add_(turned)
    return cotangent
