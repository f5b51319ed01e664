"""Template: the velocity field of a rectified flow, followed in the plane itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flowengine.export.templates.whitened import Whitened, inverse_of

if TYPE_CHECKING:
    from torch import Tensor


class Straightened(Whitened):
    """The same field in the coordinates of x: there a rectified flow's lines are straight.

    Between the ends mean and root go evenly: x = mean(t) + root(t) · y.
    """

    def enter(self, x: Tensor, t: float) -> tuple[Tensor, Tensor]:
        """There is nothing to do."""
        return x, x.new_zeros(())

    def leave(self, y: Tensor, t: float) -> tuple[Tensor, Tensor]:
        """There is nothing to do."""
        return y, y.new_zeros(())

    def forward(self, x: Tensor, t: float) -> tuple[Tensor, Tensor]:
        """dx/dt (batch, 2) and its derivative by x (batch, 2, 2) at points and one time."""
        (m0, r0), (m1, r1) = self._map(0), self._map(1)
        mean, root, turn = (1 - t) * m0 + t * m1, (1 - t) * r0 + t * r1, r1 - r0
        back = inverse_of(root)
        y = (x - mean) @ back.T
        rate, rate_by_y = super().forward(y, t)
        return m1 - m0 + y @ turn.T + rate @ root.T, (turn + root @ rate_by_y) @ back
