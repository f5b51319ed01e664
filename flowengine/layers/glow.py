"""One step of Glow on one card."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flowengine import catalogue
from flowengine.layers.affine_coupling import AffineCoupling
from flowengine.layers.base import Alpha, Columns, implements
from flowengine.layers.linear import Linear
from flowengine.layers.run import Noting
from flowengine.layers.scale_shift import ActNorm

if TYPE_CHECKING:
    import torch
    from torch import Tensor


class GentleCoupling(AffineCoupling):
    """An affine coupling that cannot scale by more than e² = 7.4.

    In a stack of steps every matrix hands on what the coupling before has blown up, to both axes.
    Glow bounds the scale too, by a sigmoid; with a bound of 1,000 eight steps ran away in training.
    """

    limit = 2.0


@implements(catalogue.Glow)
class Glow(Noting):
    """x = s · (L U coupling(z)) + b: from the target, ActNorm, invertible matrix, affine coupling.

    All three go their way together. Source: Kingma & Dhariwal, 2018, §3.
    """

    def __init__(self, spec: catalogue.Glow, generator: torch.Generator) -> None:
        super().__init__(spec)
        coupling = catalogue.AffineCoupling(keeps=spec.keeps, width=spec.width, depth=spec.depth)
        self.coupling = GentleCoupling(coupling, generator)
        self.linear = Linear(catalogue.Linear(), generator)
        self.norm = ActNorm(catalogue.ActNorm(frozen=spec.frozen), generator)

    def initialize(self, x: Columns) -> None:
        """See `Layer.initialize`: the ActNorm is next to the target."""
        self.norm.initialize(x)

    def push(self, z: Columns, alpha: Alpha = 1.0) -> tuple[Columns, Tensor]:
        """See `Layer.push`."""
        z, log1 = self.coupling.push(z, alpha)
        z, log2 = self.linear.push(z, alpha)
        z, log3 = self.norm.push(z, alpha)
        return z, log1 + log2 + log3

    def undo(self, x: Columns, alpha: Alpha) -> tuple[Columns, Tensor]:
        """See `Noting.undo`."""
        x, log3 = self.norm.undo(x, alpha)
        x, log2 = self.linear.undo(x, alpha)
        x, log1 = self.coupling.undo(x, alpha)
        return x, log1 + log2 + log3

    def tensors(self) -> tuple[Tensor, ...]:
        """See `Noting.tensors`."""
        return tuple(tensor for part in self._parts() for tensor in part.tensors())

    def undo_noting(self, x: Columns, tensors: tuple[Tensor, ...]) -> tuple[Columns, Tensor, Any]:
        """See `Noting.undo_noting`."""
        total, notes = x[0].new_zeros(()), []
        for part, own in zip(self._parts(), _shared_out(tensors), strict=True):
            x, log_det, note = part.undo_noting(x, own)
            total = total + log_det
            notes.append(note)
        return x, total, notes

    def undo_gradient(
        self,
        notes: Any,  # noqa: ANN401
        tensors: tuple[Tensor, ...],
        g: Columns,
        g_log: Tensor,
        into: tuple[Tensor, ...] | None,
    ) -> Columns:
        """See `Noting.undo_gradient`."""
        places = (None,) * 3 if into is None else _shared_out(into)
        steps = zip(self._parts(), notes, _shared_out(tensors), places, strict=True)
        for part, note, own, place in reversed(list(steps)):
            g = part.undo_gradient(note, own, g, g_log, place)
        return g

    def _parts(self) -> tuple[Noting, ...]:
        """From the target on."""
        return self.norm, self.linear, self.coupling


def _shared_out(tensors: tuple[Tensor, ...]) -> tuple[tuple[Tensor, ...], ...]:
    """The weights of the ActNorm, of the matrix, and of the coupling."""
    return tensors[:2], tensors[2:6], tensors[6:]
