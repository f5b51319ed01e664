"""Template: a continuous flow as one layer."""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor, nn

from flowengine.export.templates.plane_root import determinant, solve_plane
from flowengine.export.templates.velocity import Velocity


class Ode(nn.Module):
    """dx/dt = v(x, t) from z at t = 0 to x at t = 1, in steps of the solver RK4.

    The steps run from x to z; the other way each one is undone by Newton's method. Source: Chen et
    al., 2018, arXiv:1806.07366.
    """

    def __init__(self, width: int, depth: int, solver_steps: int) -> None:
        super().__init__()
        self.velocity = Velocity(width, depth)
        self.times = [k / solver_steps for k in range(solver_steps + 1)]

    def forward(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """Base to target, and log|det dx/dz|."""
        total = z.new_zeros(z.shape[0])
        for start, end in zip(self.times[:-1], self.times[1:], strict=True):
            guess, _ = self._step(z, start, end)
            z = solve_plane(partial(self._step, start=end, end=start), z, guess)
            total = total - determinant(self._step(z, end, start)[1]).abs().log()
        return z, total

    def inverse(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Target to base, and log|det dz/dx| of the solver's steps, exactly."""
        total = x.new_zeros(x.shape[0])
        for end, start in zip(self.times[:0:-1], self.times[-2::-1], strict=True):
            x, jacobian = self._step(x, end, start)
            total = total + determinant(jacobian).abs().log()
        return x, total

    def _step(self, x: Tensor, start: float, end: float) -> tuple[Tensor, Tensor]:
        """The new points and their derivative by the old ones."""
        identity, h = torch.eye(2).to(x), end - start
        slope, slope_by_x = torch.zeros_like(x), torch.zeros_like(identity)
        moved, moved_by_x = x, identity
        for node, share in ((0, 1 / 6), (1 / 2, 1 / 3), (1 / 2, 1 / 3), (1, 1 / 6)):
            slope, jacobian = self._velocity(x + node * h * slope, start + node * h)
            slope_by_x = jacobian @ (identity + node * h * slope_by_x)
            moved = moved + h * share * slope
            moved_by_x = moved_by_x + h * share * slope_by_x
        return moved, moved_by_x

    def _velocity(self, x: Tensor, t: float) -> tuple[Tensor, Tensor]:
        """The field, whose coordinates stay below 20, and its derivative."""
        v, jacobian = self.velocity(x, t)
        bend = (v / 20).tanh()
        return 20 * bend, (1 - bend * bend)[:, :, None] * jacobian
