"""What all autoregressive layers share: one coordinate moves by itself, and steers the other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from flowengine.layers.base import Alpha, Columns, Layer, at_each, is_whole

if TYPE_CHECKING:
    from flowengine.catalogue import AutoregressiveSpec, CouplingSpec
    from flowengine.layers.coupling import Coupling

    S = TypeVar("S", bound=CouplingSpec)


class Autoregressive(Layer):
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

    def push(self, z: Columns, alpha: Alpha = 1.0) -> tuple[Columns, Tensor]:
        """See `Layer.push`."""
        first, second = z[self.first], z[1 - self.first]
        moved, log_first = self._ahead(first, self._free(first), alpha)
        steering = moved if is_whole(alpha) and not self.from_base else self._steering(first)
        chosen = self.coupling.conditioner(steering)
        second, log_second = self._ahead(second, chosen, alpha)
        return self._in_order(moved, second), log_first + log_second

    def pull(self, x: Columns, alpha: Alpha = 1.0) -> tuple[Columns, Tensor]:
        """See `Layer.pull`."""
        if isinstance(alpha, Tensor):
            return at_each(self.pull, x, alpha)
        if is_whole(alpha) and not self.from_base:
            return self._pull_at_once(x)
        first, log_first = self._back(x[self.first], self._free(x[self.first]), alpha)
        chosen = self.coupling.conditioner(self._steering(first))
        second, log_second = self._back(x[1 - self.first], chosen, alpha)
        return self._in_order(first, second), log_first + log_second

    def _pull_at_once(self, x: Columns) -> tuple[Columns, Tensor]:
        """Both coordinates in one go, as both know what to do; the step that training takes."""
        first, second = x[self.first], x[1 - self.first]
        chosen = torch.cat([self._free(first), self.coupling.conditioner(first)], 1)
        moved, log_slopes = _Restored.apply(self.coupling, torch.cat([first, second]), chosen)  # type: ignore[no-untyped-call]
        count = len(first)
        log_det = log_slopes[:count] + log_slopes[count:]
        return self._in_order(moved[:count], moved[count:]), log_det

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
        return self.free.expand(-1, len(like))

    def _in_order(self, first: Tensor, second: Tensor) -> Columns:
        return (first, second) if self.first == 0 else (second, first)


def part_of(spec: AutoregressiveSpec, cls: type[S]) -> S:
    """The spec of the coupling inside a layer: it shares the settings that both have."""
    own = msgspec.structs.asdict(spec)
    shared = {name: own[name] for name in cls.__struct_fields__ if name in own}
    return cls(**shared, keeps=spec.first)


class _Restored(torch.autograd.Function):
    """`Coupling.restore_noting`, with the gradient that the coupling writes out itself."""

    @staticmethod
    def forward(
        ctx: Any,  # noqa: ANN401
        coupling: Coupling,
        x: Tensor,
        chosen: Tensor,
    ) -> tuple[Tensor, Tensor]:
        z, log_slope, ctx.notes = coupling.restore_noting(x, chosen)
        ctx.coupling = coupling
        return z, log_slope

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *g: Tensor) -> tuple[Tensor | None, ...]:  # noqa: ANN401
        return None, *ctx.coupling.restore_gradient(ctx.notes, *g)
