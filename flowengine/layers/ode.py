"""A continuous flow as one layer of a stack."""

from __future__ import annotations

from functools import partial
from itertools import pairwise

import msgspec
import torch
from torch import Tensor

from flowengine import catalogue
from flowengine.continuous import solvers
from flowengine.continuous.tangents import bare, jacobian_of, lifted, points_of
from flowengine.continuous.velocity import Velocity
from flowengine.layers.base import (
    Alpha,
    Columns,
    Layer,
    at_each,
    implements,
    stacked,
    to_points,
)
from flowengine.layers.newton import Jacobian, solve_plane
from flowengine.targets.streams import sobol_points

FASTEST = 20.0
"""No coordinate moves by more than this while the layer acts, in data units."""
AUTO_STEPS = 8
STEEPEST = 0.6
"""The field's slope times the length of a step. From ln 2 on a step of RK4 could fold the plane."""
PROBES = 512
"""Points at which the slope is measured; twenty times as many find it a tenth larger at most."""
NEARBY = 1e-6
"""Moments that lie closer together are the same."""


@implements(catalogue.Ode)
class Ode(Layer):
    """dx/dt = v(x, t), followed from x at t = 1 back to z at t = 0 in fixed solver steps.

    As in `ContinuousFlow` the map is that of the solver's steps and its log-determinant theirs,
    exactly. A stack must invert to the last digit, so the way from base to target undoes those same
    steps, each by Newton's method with the step's 2×2 Jacobian, begun where the solver would go
    forwards. The way to alpha is the flow to the time alpha; where that lies between two steps, the
    last one is shorter. Source: Chen et al., 2018; Grathwohl et al., 2019.
    """

    def __init__(self, spec: catalogue.Ode, generator: torch.Generator) -> None:
        super().__init__(spec)
        self.steps = AUTO_STEPS if spec.solver_steps == "auto" else spec.solver_steps
        self.velocity = BoundedVelocity(spec.width, spec.depth, generator, STEEPEST * self.steps)

    @property
    def settled_spec(self) -> catalogue.LayerSpec:
        """See `Layer.settled_spec`: the steps in force."""
        return msgspec.structs.replace(self.spec, solver_steps=self.steps)

    @torch.no_grad()
    def settle(self) -> None:
        """See `Layer.settle`: afterwards the whole of the network's output is taken."""
        share = self.velocity.share()
        for weight in (self.velocity.weights[-1], self.velocity.biases[-1]):
            weight.mul_(share)

    def push(self, z: Columns, alpha: Alpha = 1.0) -> tuple[Columns, Tensor]:
        """See `Layer.push`; many moments share the steps on the way to them."""
        share = self.velocity.share()
        moments = alpha.flatten().tolist() if isinstance(alpha, Tensor) else [alpha]
        ways = [self._times(moment) for moment in moments]
        reached = {0.0: (z, torch.zeros_like(z[0]))}
        for way in ways:
            for start, end in pairwise(way):
                if end not in reached:
                    reached[end] = self._rise(*reached[start], start, end, share)
        found = [reached[way[-1]] for way in ways]
        return stacked(found) if isinstance(alpha, Tensor) else found[0]

    def pull(self, x: Columns, alpha: Alpha = 1.0) -> tuple[Columns, Tensor]:
        """See `Layer.pull`."""
        if isinstance(alpha, Tensor):
            return at_each(self.pull, x, alpha)
        share, log_det = self.velocity.share(), torch.zeros_like(x[0])
        for start, end in pairwise(reversed(self._times(alpha))):
            x, jacobian = self._step(x, start, end, share)
            log_det = log_det + jacobian.det().abs().log()
        return x, log_det

    def _times(self, alpha: float) -> list[float]:
        """The ends of the solver's steps from 0 to alpha: multiples of their length, and alpha."""
        whole = int(alpha * self.steps + NEARBY)
        times = [k / self.steps for k in range(whole + 1)]
        return times if alpha - times[-1] <= NEARBY else [*times, alpha]

    def _rise(
        self, z: Columns, log_det: Tensor, start: float, end: float, share: Tensor
    ) -> tuple[Columns, Tensor]:
        """Where the solver's step from `end` to `start` comes from, and the log_det until there."""
        with torch.no_grad():
            guess = points_of(self._solver_step(bare(to_points(z)), start, end, share)).unbind(1)
        x = solve_plane(
            lambda p: self._step(p, end, start, share), z, (guess[0], guess[1]), name=self.name
        )
        _, jacobian = self._step(x, end, start, share)
        return x, log_det - jacobian.det().abs().log()

    def _step(
        self, p: Columns, start: float, end: float, share: Tensor
    ) -> tuple[Columns, Jacobian]:
        """One step of the solver, either way, and its Jacobian."""
        state = self._solver_step(lifted(to_points(p)), start, end, share)
        x, y = points_of(state).unbind(1)
        return (x, y), Jacobian(*jacobian_of(state).flatten(1).unbind(1))

    def _solver_step(self, state: Tensor, start: float, end: float, share: Tensor) -> Tensor:
        field = partial(self.velocity.shared_slope, share=share)
        (step,) = solvers.steps(field, state, (start, end), 1, solver="rk4")
        return step.at()


class BoundedVelocity(Velocity):
    """A velocity that is bounded, and whose slope was measured to be.

    v = FASTEST · tanh(s n / FASTEST) of a network n. The share s is 1 as long as the network's
    slope |dn/dx| is no larger than `steepest` at any of `PROBES` points and moments, which reach
    far beyond the data, and `steepest` divided by that slope otherwise. Nothing but the weights
    decides it, so no point depends on its neighbours. However far training or a far point drives
    the network, a solver's step then ends at a finite point and, with the margin that `STEEPEST`
    has, does not fold the plane.

    Args:
        width: Units in each hidden layer.
        depth: Hidden layers.
        generator: Of the start.
        steepest: The largest slope, per unit of t.
    """

    places: Tensor
    moments: Tensor

    def __init__(self, width: int, depth: int, generator: torch.Generator, steepest: float) -> None:
        super().__init__(width, depth, generator)
        self.steepest = steepest
        even = sobol_points(PROBES, 3, 0)
        spread = 2 * even[:, :2] - 1
        self.register_buffer("places", (3 * spread / (1 - spread**2)).float(), persistent=False)
        self.register_buffer("moments", even[:, 2].float(), persistent=False)

    def share(self) -> Tensor:
        """How much of the network's output is taken, in (0, 1], shape ()."""
        _, jacobian = super().with_jacobian(self.places, self.moments)
        return self.steepest / longest(jacobian).max().clamp(min=self.steepest)

    def forward(self, x: Tensor, t: float | Tensor) -> Tensor:
        """See `Velocity.forward`."""
        return FASTEST * (self.share() * super().forward(x, t) / FASTEST).tanh()

    def with_jacobian(self, x: Tensor, t: float | Tensor) -> tuple[Tensor, Tensor]:
        """See `Velocity.with_jacobian`."""
        v, jacobian = super().with_jacobian(x, t)
        share = self.share()
        bend = (share * v / FASTEST).tanh()
        return FASTEST * bend, (share * (1 - bend * bend))[:, :, None] * jacobian

    def slope(self, state: Tensor, t: float | Tensor) -> Tensor:
        """See `Field.slope`."""
        return self.shared_slope(state, t, self.share())

    def shared_slope(self, state: Tensor, t: float | Tensor, share: Tensor) -> Tensor:
        """`slope` where the share is known, as it is for all steps of one way."""
        slope = super().slope(state, t)
        bend = (share * slope[:, :1] / FASTEST).tanh()
        return torch.cat([FASTEST * bend, share * (1 - bend * bend) * slope[:, 1:]], dim=1)


def longest(matrices: Tensor) -> Tensor:
    """The spectral norms of 2×2 matrices, shape (n, 2, 2), as (n,)."""
    a, b, c, d = matrices.flatten(1).unbind(1)
    turned = ((a - d).square() + (b + c).square()).clamp(min=1e-30).sqrt()
    straight = ((a + d).square() + (b - c).square()).clamp(min=1e-30).sqrt()
    return (turned + straight) / 2
