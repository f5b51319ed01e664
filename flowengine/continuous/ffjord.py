"""FFJORD: maximum likelihood through the solver, and what keeps its paths short and smooth.

Source: Grathwohl et al., 2019, arXiv:1810.01367; the penalties: Finlay et al., 2020,
arXiv:2002.02798 (RNODE).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor

from flowengine.continuous import solvers
from flowengine.continuous.tangents import jacobian_of, lifted, points_of
from flowengine.loss import Loss
from flowengine.targets.streams import STREAMS, Method

if TYPE_CHECKING:
    from flowengine.catalogue import Ffjord
    from flowengine.continuous.flow import ContinuousFlow
    from flowengine.targets.grid import GridTarget


# Where their number is `auto`: a likelihood in training may be rougher than one that is shown.
TRAINING_STEPS = 8


class Account(NamedTuple):
    """What the way from the target to the base came to, each of shape (batch,).

    Attributes:
        log_prob: Of the points it started from, in nats; exact, or Hutchinson's estimate.
        kinetic: ∫ |v|² dt, in the coordinates of the solver: see `Whitening`.
        jacobian: ∫ |∂v/∂x|² dt, the Frobenius norm, or an estimate of it.
    """

    log_prob: Tensor
    kinetic: Tensor
    jacobian: Tensor


class FfjordLoss(Loss):
    """Mean negative log-likelihood of target points, plus the penalties that the spec weighs.

    With Hutchinson's estimate a third coordinate of the stream gives each point a direction e with
    E e eᵀ = 1, kept all its way: e · J e then estimates the divergence and |J e|² the norm.
    """

    def __init__(
        self,
        spec: Ffjord,
        target: GridTarget,
        *,
        seed: int,
        batch_size: int,
        sampling: Method,
    ) -> None:
        self.spec = spec
        self.target = target
        coordinates = 3 if spec.divergence == "hutchinson" else 2
        self._stream = STREAMS[sampling](
            coordinates, batch_size, seed, transform=self._lesson, device=target.device
        )
        self.streams = {"": self._stream}

    def draw(self) -> tuple[Tensor, Tensor]:
        """Target points and, where they are needed, directions; both (batch, 2)."""
        rows = self._stream.next()
        return rows[:, :2], rows[:, 2:]

    def loss(self, flow: ContinuousFlow) -> Tensor:
        """The loss of a fresh batch, a scalar, in nats where no penalty is set."""
        return self.loss_of(flow, self.draw())

    def loss_of(self, flow: ContinuousFlow, batch: tuple[Tensor, ...]) -> Tensor:
        """The loss of a batch, likewise."""
        x, directions = (part.to(flow.network.weights[0]) for part in batch)
        if flow.spec.solver_steps == "auto":
            flow = flow.with_solver(flow.fixed_solver, TRAINING_STEPS)
        if self.spec.divergence == "hutchinson":
            account = estimated_account(flow, x, directions)
        elif self.spec.kinetic_penalty or self.spec.jacobian_penalty:
            account = exact_account(flow, x)
        else:
            return -flow.log_prob(x).mean()
        return (
            self.spec.kinetic_penalty * account.kinetic
            + self.spec.jacobian_penalty * account.jacobian
            - account.log_prob
        ).mean()

    def learn(self, model: ContinuousFlow, batch: tuple[Tensor, ...]) -> Tensor:
        """See `Loss.learn`."""
        loss = self.loss_of(model, batch)
        loss.backward()
        return loss.detach()

    def _lesson(self, u: Tensor) -> Tensor:
        """Uniform points, shape (n, 2 or 3), to target points and directions, (n, 2 or 4)."""
        x = self.target.quantile(u[:, :2])
        angle = 2 * math.pi * u[:, 2:]
        return torch.cat([x, math.sqrt(2) * torch.cos(angle), math.sqrt(2) * torch.sin(angle)], 1)


def exact_account(flow: ContinuousFlow, x: Tensor) -> Account:
    """Of points `x`, shape (batch, 2): the log_det is that of the solver's own map.

    A third tangent carries the two integrals.
    """
    core = flow.velocity.core

    def field(state: Tensor, t: float) -> Tensor:
        v, jacobian = core.with_jacobian(points_of(state), t)
        tangents = solvers.matmul(jacobian, jacobian_of(state)[:, :, :2]).permute(1, 2, 0)
        beside = torch.stack([v.square().sum(1), jacobian.square().sum((1, 2))])
        return torch.cat([v.t().unsqueeze(1), tangents, beside.unsqueeze(1)], dim=1)

    entered = flow.velocity.enter(lifted(x), 1.0)
    start = torch.cat([entered, x.new_zeros(2, 1, x.shape[0])], dim=1)
    state = flow.follow(start, 1.0, 0.0, field)
    kinetic, norm = state[:, 3]  # which run backwards in time
    end = flow.velocity.leave(state[:, :3], 0.0)
    log_det = solvers.log_abs_det(jacobian_of(end))
    return Account(flow.base.log_prob(points_of(end)) + log_det, -kinetic, -norm)


def estimated_account(flow: ContinuousFlow, x: Tensor, directions: Tensor) -> Account:
    """Of points `x`, by Hutchinson's estimate along `directions`, both of shape (batch, 2).

    The integrals are carried beside the points, as in the paper.
    """

    def field(state: Tensor, t: float) -> Tensor:
        v, along = flow.network.along(state[:, :2], t, directions)
        beside = [(along * directions).sum(1), v.square().sum(1), along.square().sum(1)]
        return torch.cat([v, torch.stack(beside, dim=1)], dim=1)

    entered = flow.velocity.enter(lifted(x), 1.0)
    start = torch.cat([points_of(entered), x.new_zeros(x.shape[0], 3)], dim=1)
    state = flow.follow(start, 1.0, 0.0, field)
    # Beside the field's own divergence, entering and leaving its coordinates change volumes too.
    tangents = jacobian_of(entered).permute(1, 2, 0)
    end = flow.velocity.leave(torch.cat([state[:, :2].t().unsqueeze(1), tangents], dim=1), 0.0)
    log_det, kinetic, norm = state[:, 2:].unbind(1)  # the last two run backwards in time
    log_det = log_det + solvers.log_abs_det(jacobian_of(end))
    return Account(flow.base.log_prob(points_of(end)) + log_det, -kinetic, -norm)
