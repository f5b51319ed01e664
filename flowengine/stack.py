"""The discrete flow: an ordered stack of layers, base first, target last."""

from __future__ import annotations

import copy
from itertools import groupby
from typing import TYPE_CHECKING, cast

import numpy as np
import torch
from torch import Tensor, nn

from flowengine.bases import build_base
from flowengine.catalogue import StandardNormal
from flowengine.checks import check_input
from flowengine.errors import ShapeError, SpecError
from flowengine.flow import Flow
from flowengine.framed import (
    gives_loss,
    maps_in,
    maps_out,
    moves_back,
    moves_on,
    takes_points,
    traces,
    traces_back,
    writes_ledger,
)
from flowengine.key_frames import CHUNK, KeyFrames
from flowengine.layers import Columns, Layer, build_layer
from flowengine.layers.base import for_each, to_columns, to_points
from flowengine.layers.piecewise import tabulated
from flowengine.layers.run import is_noting, likelihood_gradient, may_run, pull_run
from flowengine.modes import needs_plain, refuse_transforms, with_gradients
from flowengine.project import resolve_keeps, with_ids
from flowengine.protocol import LayerFact, LedgerRow
from flowengine.traces import LedgerPage, Trace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from flowengine.bases import Base
    from flowengine.catalogue import BaseSpec, LayerSpec
    from flowengine.layers.run import Noting

FACT_MESH = 13
"""Rows and columns of the mesh that shows on a card what a layer does."""


def build(stack: Sequence[LayerSpec], seed: int = 0, base: BaseSpec | None = None) -> DiscreteFlow:
    """Make the flow that a stack describes, on the standard normal unless a base is given.

    The starting weights of a layer depend on the seed and on its place alone.

    Raises:
        SpecError: the stack has no layer, or none that is switched on.
    """
    if not stack:
        raise SpecError("A stack needs at least one layer, got none")
    if not any(spec.enabled for spec in stack):
        raise SpecError(f"A stack needs a layer that is switched on; all {len(stack)} are bypassed")
    specs = resolve_keeps(with_ids(tuple(stack)))
    layers = (build_layer(spec, _generator(seed, i)) for i, spec in enumerate(specs))
    return DiscreteFlow(layers, build_base(base or StandardNormal()))


class DiscreteFlow(Flow):
    """A stack of layers on a base.

    Bypassed layers keep their weights here but are no part of the map. Of K layers that are, layer
    k acts while the clock tau runs through [k/K, (k+1)/K].

    Attributes:
        layers: All layers by their id, in the order of the stack.
    """

    may_fold = False
    layers: nn.ModuleDict

    def __init__(self, layers: Iterable[Layer], base: Base | None = None) -> None:
        super().__init__(base)
        self.layers = nn.ModuleDict()
        for layer in layers:
            # ModuleDict's own door refuses ids such as "forward", which people may well use
            self.layers._modules[layer.spec.id] = layer

    @property
    def active(self) -> list[Layer]:
        """The layers that are switched on, base first."""
        return [layer for layer in self._all() if layer.spec.enabled]

    def for_many(self, points: int) -> DiscreteFlow:
        """This flow as it is now, made ready to move many points in several calls.

        It shares its parts with this one, gives no gradients, and does not follow its training: the
        small networks in it are written out, see `layers.piecewise`. One call with all the points
        does the same by itself.

        Args:
            points: How many in all; for a few of them nothing is done.
        """
        if not all(weight.is_cpu for weight in self.parameters()):
            return self
        twin = copy.copy(self)
        twin.__dict__["_modules"] = dict(self._modules)
        twin.layers = nn.ModuleDict()
        for layer in tabulated(self._all(), points):
            twin.layers._modules[layer.spec.id] = layer
        return twin

    def adopt(self, old: DiscreteFlow) -> tuple[str, ...]:
        """Take over the weights of layers of `old` that have the same id, shapes and start.

        Returns:
            The ids of the layers that took theirs over.
        """
        known = {layer.spec.id: layer for layer in old._all()}
        kept = []
        for layer in self._all():
            earlier = known.get(layer.spec.id)
            if earlier is not None and layer.resumes(earlier):
                layer.load_state_dict(earlier.state_dict())
                kept.append(layer.spec.id)
        return tuple(kept)

    @with_gradients
    @gives_loss
    def likelihood_gradient(self, x: Tensor) -> Tensor:
        """Mean −log_prob of points, shape (batch, 2), its gradient added to every `.grad`.

        What `(-log_prob(x).mean()).backward()` does, where the layers write their gradients out
        without autograd. The caller's mode does not matter.

        Returns:
            The mean in nats, a detached scalar.

        Raises:
            ModeError: a transform of `torch.func` is at work.
        """
        refuse_transforms("likelihood_gradient")
        layers = tuple(reversed(self.active))
        if all(map(is_noting, layers)) and not x.requires_grad:
            columns = to_columns(self._checked(x, "x"))
            return likelihood_gradient(cast("tuple[Noting, ...]", layers), self.base, columns)
        loss = -self.log_prob(x).mean()
        loss.backward()
        return loss.detach()

    @takes_points
    @torch.no_grad()
    def initialize(self, x: Tensor) -> None:
        """Let the layers that start from data see a batch of the target, shape (batch, 2).

        Only the first call does something to a layer.

        Raises:
            ShapeError: `x` is no batch of points.
            NumericsError: `x` is not finite, or all its points lie on one line.
        """
        columns = to_columns(self._checked(x, "x"))
        for layer in reversed(self.active):
            layer.initialize(columns)
            columns, _ = layer.pull(columns)

    @maps_out
    def forward(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """See `Flow.forward`."""
        return self._run(z, self.active, "z")

    @maps_in
    def inverse(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """See `Flow.inverse`."""
        return self._run_back(x, self.active, "x")

    @moves_on
    def forward_from(self, u: Tensor, tau: float) -> tuple[Tensor, Tensor]:
        """See `Flow.forward_from`."""
        layers = self.active
        k, alpha = _place(tau, len(layers))
        if alpha == 0.0:
            return self._run(u, layers[k:], "u")
        start, back = layers[k].partial_inverse(self._checked(u, "u"), alpha)
        end, on = self._run(start, layers[k:], "u")
        return end, back + on

    @moves_back
    def inverse_from(self, u: Tensor, tau: float) -> tuple[Tensor, Tensor]:
        """See `Flow.inverse_from`."""
        layers = self.active
        k, alpha = _place(tau, len(layers))
        if alpha == 0.0:
            return self._run_back(u, layers[:k], "u")
        start, last = layers[k].partial_inverse(self._checked(u, "u"), alpha)
        end, back = self._run_back(start, layers[:k], "u")
        return end, last + back

    @traces
    @torch.no_grad()
    def trace(self, z: Tensor, frames: int | None = None, *, densities: bool = True) -> Trace:
        """See `Flow.trace`. Between two layers lie from 2 to 16 key frames, as many in each layer.

        Without `frames` there are 8 for each layer, or fewer where that would be over 64 in all.
        """
        layers = self.active
        refuse_transforms("trace")
        film = KeyFrames.empty(self._checked(z, "z"), len(layers), frames, densities=densities)
        for part, piece in film.parts(z):
            columns = to_columns(piece)
            part.put_base(columns)
            for k, layer in enumerate(layers):
                way, log_det = layer.push(columns, part.alphas)
                part.put(k, way, log_det)
                columns = part.last(way)
        return film.developed(self.base)

    @traces_back
    @torch.no_grad()
    def inverse_trace(
        self, x: Tensor, frames: int | None = None, *, densities: bool = True
    ) -> Trace:
        """See `Flow.inverse_trace`: the same way as `trace`, backwards."""
        refuse_transforms("inverse_trace")
        if densities:
            return self.trace(self.inverse(x)[0], frames)
        layers = self.active
        film = KeyFrames.empty(self._checked(x, "x"), len(layers), frames, densities=False)
        for part, piece in film.parts(x):
            columns = to_columns(piece)
            for k in reversed(range(len(layers))):
                columns, way = layers[k].pull_and_push(columns, part.alphas)
                part.put(k, way, None)
            part.put_base(columns)
        return film.developed(self.base)

    @writes_ledger
    @torch.no_grad()
    def ledger(self, point: tuple[float, float]) -> LedgerPage:
        """See `Flow.ledger`. The walk is from the point to the base, so its last row is exact."""
        refuse_transforms("ledger")
        x = self._point(point)
        layers = self.active
        rows: list[LedgerRow] = []
        u = x
        for k in reversed(range(len(layers))):
            z, log_det = layers[k].inverse(u)
            rows.append(_row(layers[k], (k + 1) / len(layers), u, -float(log_det), z))
            u = z
        log_prob = float(self.base.log_prob(u))
        rows.append(LedgerRow("base", "Base", 0.0, _pair(u), 0.0, log_prob, (1.0, 0.0, 0.0, 1.0)))
        rows = _with_log_probs(rows[::-1])
        error = float((self.forward(u)[0] - x).norm())
        return LedgerPage(tuple(rows), rows[-1].log_prob, error)

    @torch.no_grad()
    def layer_facts(self, z: Tensor) -> tuple[LayerFact, ...]:
        """What the cards of the enabled layers show, with `z`, (batch, 2), as the latent batch."""
        refuse_transforms("layer_facts")
        columns = to_columns(self._checked(z, "z"))
        ticks = torch.linspace(-3.0, 3.0, FACT_MESH, dtype=z.dtype, device=z.device)
        y, x = torch.meshgrid(ticks, ticks, indexing="ij")
        facts = []
        for layer in self.active:
            columns, log_det = layer.push(columns)
            mesh = to_points(layer.push((x.flatten(), y.flatten()))[0])
            grid = mesh.reshape(FACT_MESH, FACT_MESH, 2).float().cpu().numpy()
            weights = sum(weight.numel() for weight in layer.parameters())
            facts.append(LayerFact(layer.spec.id, weights, float(log_det.mean()), grid))
        return tuple(facts)

    def _all(self) -> list[Layer]:
        return list(self.layers._modules.values())  # type: ignore[arg-type]

    def _checked(self, points: Tensor, name: str) -> Tensor:
        return check_input(points, self, name)

    def _run(self, z: Tensor, layers: Sequence[Layer], name: str) -> tuple[Tensor, Tensor]:
        return _in_chunks(_push_all, self._checked(z, name), layers)

    def _run_back(self, x: Tensor, layers: Sequence[Layer], name: str) -> tuple[Tensor, Tensor]:
        return _in_chunks(_pull_all, self._checked(x, name), layers)

    def _point(self, point: tuple[float, float]) -> Tensor:
        like = next(self.parameters(), torch.empty(0))
        try:
            x = torch.tensor([point], dtype=like.dtype, device=like.device)
        except (TypeError, ValueError):
            x = like.new_empty(0)
        if x.shape != (1, 2) or not x.isfinite().all():
            raise ShapeError(f"point must be two finite numbers, got {point!r}")
        return x


def _push_all(z: Columns, layers: Sequence[Layer]) -> tuple[Columns, Tensor]:
    total = z[0].new_zeros(())
    for layer in layers:
        z, log_det = layer.push(z)
        total = total + log_det
    return z, total


def _pull_all(x: Columns, layers: Sequence[Layer]) -> tuple[Columns, Tensor]:
    total = x[0].new_zeros(())
    if not may_run():
        for layer in reversed(layers):
            x, log_det = layer.pull(x)
            total = total + log_det
        return x, total
    for noting, run in groupby(reversed(layers), is_noting):
        if noting:
            x, log_det = pull_run(cast("tuple[Noting, ...]", tuple(run)), x)
            total = total + log_det
            continue
        for layer in run:
            x, log_det = layer.pull(x)
            total = total + log_det
    return x, total


def _in_chunks(
    move: Callable[[Columns, Sequence[Layer]], tuple[Columns, Tensor]],
    points: Tensor,
    layers: Sequence[Layer],
) -> tuple[Tensor, Tensor]:
    """Move points through layers; many of them on a CPU, without gradients, chunk by chunk."""
    whole = torch.is_grad_enabled() or needs_plain() or not points.is_cpu
    if whole or points.shape[0] <= CHUNK:
        columns, log_det = move(to_columns(points), layers)
        return to_points(columns), for_each(log_det, columns[0].shape)
    layers = tabulated(layers, len(points))
    moved, log_dets = torch.empty_like(points), points.new_empty(len(points))
    for to, log_det_to, piece in zip(
        moved.split(CHUNK), log_dets.split(CHUNK), points.split(CHUNK), strict=True
    ):
        (to[:, 0], to[:, 1]), log_det_to[:] = move(to_columns(piece), layers)
    return moved, log_dets


def _place(tau: float, layers: int) -> tuple[int, float]:
    """Which layer acts at clock tau, and how far along it is: alpha in [0, 1)."""
    if not 0.0 <= tau <= 1.0:
        raise SpecError(f"tau must lie in [0, 1], got {tau}")
    moment = tau * layers
    k = int(moment)
    return k, moment - k


def _generator(seed: int, position: int) -> torch.Generator:
    """A stream of random numbers of its own for every layer of every seed."""
    state = np.random.SeedSequence([seed, position]).generate_state(1, np.uint64)[0]
    return torch.Generator().manual_seed(int(state) >> 1)


def _pair(point: Tensor) -> tuple[float, float]:
    x, y = point[0].tolist()
    return x, y


def _row(layer: Layer, tau: float, x: Tensor, log_det: float, z: Tensor) -> LedgerRow:
    """The line of a layer that takes z to x; its log_prob comes later, from the base."""
    a, b, c, d = layer.jacobian(z).flatten().tolist()
    title = layer.spec.title
    return LedgerRow(layer.spec.id, title, tau, _pair(x), log_det, 0.0, (a, b, c, d))


def _with_log_probs(rows: list[LedgerRow]) -> list[LedgerRow]:
    """Fill in the running log-density: the base's, minus every log_det so far."""
    done = rows[:1]
    for row in rows[1:]:
        log_prob = done[-1].log_prob - row.log_det
        done.append(
            LedgerRow(
                row.layer, row.title, row.tau, row.position, row.log_det, log_prob, row.jacobian
            )
        )
    return done
