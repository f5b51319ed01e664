"""Template: points carried by a velocity field, in Adams steps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from flowengine.export.templates.points import points_for

if TYPE_CHECKING:
    from flowengine.export.templates.whitened import Whitened

REMEMBERED = 4  # slopes that a step looks back on
SHORT_STEPS = 2  # the first steps, each half of the one after
STRETCH = 1.5  # how much longer steps are at t = 0 than at t = 1


class Flow(nn.Module):
    """From z of the base, at t = 0, to data x, at t = 1, along a velocity, in fixed Adams steps.

    Each predicts by the polynomial through the last slopes, looks at the field there, and corrects
    by the polynomial through that slope as well. The log-determinant is that of the map which these
    steps make, whose 2×2 Jacobian is exact.
    """

    def __init__(self, base: nn.Module, velocity: Whitened, solver_steps: int) -> None:
        super().__init__()
        self.base = base
        self.velocity = velocity
        self.solver_steps = solver_steps

    def forward(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """Generate: z (batch, 2) to x (batch, 2), and log|det dx/dz| (batch,) in nats."""
        return self._follow(points_for(self, z), 0.0, 1.0)

    def inverse(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Normalize: x (batch, 2) to z (batch, 2), and log|det dz/dx| (batch,) in nats."""
        return self._follow(points_for(self, x), 1.0, 0.0)

    def _follow(self, x: Tensor, start: float, end: float) -> tuple[Tensor, Tensor]:
        x, entering = self.velocity.enter(x, start)
        # A point and, beside it, the derivative of it by where the way began: (batch, 2, 3).
        identity = torch.eye(2, dtype=x.dtype, device=x.device).expand(x.shape[0], 2, 2)
        state = torch.cat([x[:, :, None], identity], 2)
        moments = _moments(self.solver_steps, start, end)
        times, slopes = [start], [self._slope(state, start)]
        state = state.double() if x.device.type != "mps" else state  # a sum of many steps
        for moment in moments[1:]:
            guess = (state + _integral(times, slopes, moment)).to(x)
            seen, felt = [*times, moment], [*slopes, self._slope(guess, moment)]
            state = state + _integral(seen, felt, moment)
            times, slopes = seen[-REMEMBERED:], felt[-REMEMBERED:]
        state = state.to(x)
        (a, b), (c, d) = state[:, :, 1:].permute(1, 2, 0)
        x, leaving = self.velocity.leave(state[:, :, 0], end)
        return x, (a * d - b * c).abs().log() + entering + leaving

    def _slope(self, state: Tensor, t: float) -> Tensor:
        slope, jacobian = self.velocity(state[:, :, 0], t)
        return torch.cat([slope[:, :, None], jacobian @ state[:, :, 1:]], 2)


def _moments(count: int, start: float, end: float) -> list[float]:
    growth = STRETCH ** ((start - end) / count)
    lengths = [2.0 ** min(i - SHORT_STEPS, 0) * growth**i for i in range(count)]
    unit = (end - start) / sum(lengths)
    return [start + unit * sum(lengths[:i]) for i in range(count)] + [end]


def _integral(times: list[float], slopes: list[Tensor], end: float) -> Tensor:
    """∫ of the polynomial through the slopes, from where the step begins to `end`."""
    begin = times[-1] if times[-1] != end else times[-2]
    h = end - begin
    nodes = torch.tensor([(t - begin) / h for t in times], dtype=torch.float64)
    powers = torch.arange(len(times), dtype=torch.float64)
    weights = torch.linalg.solve(nodes ** powers[:, None], 1 / (powers + 1)).tolist()
    return torch.stack([h * w * slope for w, slope in zip(weights, slopes, strict=True)]).sum(0)
