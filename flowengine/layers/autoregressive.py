"""What all autoregressive layers share: one coordinate moves by itself, and steers the other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
import torch
from torch import Tensor, nn

from flowengine.layers.base import Alpha, Columns, at_each, is_whole
from flowengine.layers.conditioner import activations, gradient
from flowengine.layers.run import Noting

if TYPE_CHECKING:
    from flowengine.catalogue import AutoregressiveSpec, CouplingSpec
    from flowengine.layers.coupling import Coupling

    S = TypeVar("S", bound=CouplingSpec)


class Autoregressive(Noting):
    """A coupling that also moves the coordinate which it keeps, by numbers that are free.

    In the plane this is all that an autoregressive map is. Where the numbers of the second
    coordinate come from decides which direction is closed in any number of dimensions: from the
    target's side of the first one (a MAF), or from the base's (its inverse, an IAF). In the plane
    both directions are as closed as the coupling's own.

    On its way, both coordinates move as the coupling does; what steers stays what it is at the end,
    so that the conditioner runs once for many moments.

    Args:
        spec: The settings.
        coupling: What is done to the second coordinate; its way from target to base is the map
            that the numbers describe.
        free: The numbers of the first coordinate, shape (outputs, 1).
        from_base: Whether the base's side steers. Then base and target change places.
    """

    def __init__(
        self, spec: AutoregressiveSpec, coupling: Coupling, free: Tensor, *, from_base: bool = False
    ) -> None:
        super().__init__(spec)
        self.first = coupling.kept
        self.coupling = coupling
        self.free = nn.Parameter(free)
        self.from_base = from_base
        self.writes_gradient = not from_base

    def push(self, z: Columns, alpha: Alpha = 1.0) -> tuple[Columns, Tensor]:
        """See `Layer.push`."""
        first, second = z[self.first], z[1 - self.first]
        moved, log_first = self._ahead(first, self._free(first), alpha)
        steering = moved if is_whole(alpha) and not self.from_base else self._steering(first)
        chosen = self.coupling.conditioner(steering)
        second, log_second = self._ahead(second, chosen, alpha)
        return self._in_order(moved, second), log_first + log_second

    def undo(self, x: Columns, alpha: Alpha) -> tuple[Columns, Tensor]:
        """See `Noting.undo`."""
        if isinstance(alpha, Tensor):
            return at_each(self.undo, x, alpha)
        first, second = x[self.first], x[1 - self.first]
        if is_whole(alpha) and self.writes_gradient:
            return self._restored(first, second, self.coupling.conditioner(first), self.free)[:2]
        moved, log_first = self._back(first, self._free(first), alpha)
        chosen = self.coupling.conditioner(self._steering(moved))
        second, log_second = self._back(second, chosen, alpha)
        return self._in_order(moved, second), log_first + log_second

    def tensors(self) -> tuple[Tensor, ...]:
        """See `Noting.tensors`: the free numbers, then those of the conditioner."""
        return self.free, *self.coupling.tensors()

    def undo_noting(self, x: Columns, tensors: tuple[Tensor, ...]) -> tuple[Columns, Tensor, Any]:
        """See `Noting.undo_noting`."""
        first, second = x[self.first], x[1 - self.first]
        *inputs, chosen = activations(first, tensors[1:])
        z, log_det, note = self._restored(first, second, chosen, tensors[0])
        return z, log_det, (inputs, note)

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
        both = torch.cat([g[self.first], g[1 - self.first]])
        g_both, g_chosen = self.coupling.restore_gradient(note, both, g_log.repeat(2))
        (g_first, g_second), (g_free, g_chosen) = g_both.chunk(2), g_chosen.chunk(2, dim=1)
        if into is not None:
            into[0].add_(g_free.sum(1, keepdim=True))
        weights = tensors[1 : 1 + len(inputs)]
        g_steering = gradient(g_chosen, weights, inputs, None if into is None else into[1:])
        return self._in_order(g_first + g_steering, g_second)

    def _restored(
        self, first: Tensor, second: Tensor, chosen: Tensor, free: Tensor
    ) -> tuple[Columns, Tensor, Any]:
        """Both coordinates in one go, as both know what to do; log|det|, and the coupling's notes.

        The step that training takes.
        """
        count = first.shape[0]
        both = torch.cat([free.expand(-1, count), chosen], 1)
        moved, log_slopes, note = self.coupling.restore_noting(torch.cat([first, second]), both)
        log_det = log_slopes[:count] + log_slopes[count:]
        return self._in_order(moved[:count], moved[count:]), log_det, note

    def _steering(self, first: Tensor) -> Tensor:
        """What steers the second coordinate, from where the first one is in the base."""
        return first if self.from_base else self._ahead(first, self._free(first), 1.0)[0]

    def _ahead(self, p: Tensor, chosen: Tensor, alpha: Alpha) -> tuple[Tensor, Tensor]:
        coupling = self.coupling
        return (coupling.restore if self.from_base else coupling.transform)(p, chosen, alpha)

    def _back(self, p: Tensor, chosen: Tensor, alpha: Alpha) -> tuple[Tensor, Tensor]:
        coupling = self.coupling
        return (coupling.transform if self.from_base else coupling.restore)(p, chosen, alpha)

    def _free(self, like: Tensor) -> Tensor:
        return self.free.expand(-1, like.shape[0])

    def _in_order(self, first: Tensor, second: Tensor) -> Columns:
        return (first, second) if self.first == 0 else (second, first)


def part_of(spec: AutoregressiveSpec, cls: type[S]) -> S:
    """The spec of the coupling inside a layer: it shares the settings that both have."""
    own = msgspec.structs.asdict(spec)
    shared = {name: own[name] for name in cls.__struct_fields__ if name in own}
    return cls(**shared, keeps=spec.first)
