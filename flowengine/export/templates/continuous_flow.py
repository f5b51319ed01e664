"""Template: points carried by a velocity field."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from flowengine.export.templates.points import points_for

if TYPE_CHECKING:
    from flowengine.export.templates.whitened import Whitened

# Of each solver: where in the step its stages look at the field, and what each counts for.
SOLVERS = {
    "euler": ((0,), (1,)),
    "midpoint": ((0, 1 / 2), (0, 1)),
    "heun": ((0, 1), (1 / 2, 1 / 2)),
    "rk4": ((0, 1 / 2, 1 / 2, 1), (1 / 6, 1 / 3, 1 / 3, 1 / 6)),
}
LATE = 1.5  # steps are even in s, with 1 − t = (1 − s)^LATE: shorter near the data, at t = 1


class Flow(nn.Module):
    """From z of the base, at t = 0, to data x, at t = 1, along a velocity field, in fixed steps.

    The log-determinant is that of the solver's own steps, whose 2×2 Jacobians are exact.
    """

    def __init__(self, base: nn.Module, velocity: Whitened, solver: str, solver_steps: int) -> None:
        super().__init__()
        self.base = base
        self.velocity = velocity
        self.nodes, self.shares = SOLVERS[solver]
        self.solver_steps = solver_steps

    def forward(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """Generate: z (batch, 2) to x (batch, 2), and log|det dx/dz| (batch,) in nats."""
        return self._follow(points_for(self, z), 0.0, 1.0)

    def inverse(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Normalize: x (batch, 2) to z (batch, 2), and log|det dz/dx| (batch,) in nats."""
        return self._follow(points_for(self, x), 1.0, 0.0)

    def _follow(self, x: Tensor, start: float, end: float) -> tuple[Tensor, Tensor]:
        x, total = self.velocity.enter(x, start)
        exact = torch.float64 if x.device.type != "mps" else x.dtype  # for sums over many steps
        x, total, kind = x.to(exact), x.new_zeros(x.shape[0], dtype=exact) + total, x.dtype
        moments = [1 - (1 - k / self.solver_steps) ** LATE for k in range(self.solver_steps + 1)]
        moments = moments if start < end else moments[::-1]
        for t, after in pairwise(moments):
            x, jacobian = self._step(x, t, after - t, kind)
            (a, b), (c, d) = jacobian.permute(1, 2, 0)
            total = total + (a * d - b * c).abs().log()
        x, leaving = self.velocity.leave(x.to(kind), end)
        return x, (total + leaving).to(kind)

    def _step(self, x: Tensor, t: float, h: float, kind: torch.dtype) -> tuple[Tensor, Tensor]:
        """One step of length h: the new points and their derivative by the old ones."""
        identity = torch.eye(2, dtype=kind, device=x.device)
        slope, slope_by_x = torch.zeros_like(x), torch.zeros_like(identity)
        moved, moved_by_x = x, identity.to(x)
        for node, share in zip(self.nodes, self.shares, strict=True):
            slope, jacobian = self.velocity((x + node * h * slope).to(kind), t + node * h)
            slope_by_x = jacobian @ (identity + node * h * slope_by_x)
            moved = moved + h * share * slope
            moved_by_x = moved_by_x + h * share * slope_by_x
        return moved, moved_by_x
