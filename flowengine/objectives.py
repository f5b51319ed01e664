"""What each lane minimises."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, TypeVar, cast

import torch

from flowengine.baselines import BoundLoss, CriticLoss
from flowengine.continuous import build_loss
from flowengine.loss import Loss
from flowengine.targets.smooth import SmoothDensity
from flowengine.targets.streams import STREAMS, derived_seed

if TYPE_CHECKING:
    from torch import Tensor

    from flowengine.flow import Flow
    from flowengine.project import Lane, Project, StackRecipe
    from flowengine.stack import DiscreteFlow
    from flowengine.targets.grid import GridTarget
    from flowengine.targets.streams import Method

DATA_STREAM = 1
DISPLAY_STREAM = 2
HELD_OUT_STREAM = 3

L = TypeVar("L", "MaximumLikelihood", "ReverseKl")


class StackLoss(Loss):
    """What a stack minimises: losses in nats."""

    @abstractmethod
    def loss_of(self, flow: Flow, batch: tuple[Tensor, ...]) -> Tensor:
        """The loss of a batch, a scalar."""

    def loss(self, flow: Flow) -> Tensor:
        """The loss of the next batch, a scalar."""
        return self.loss_of(flow, self.draw())

    def learn(self, model: Flow, batch: tuple[Tensor, ...]) -> Tensor:
        """See `Loss.learn`."""
        loss = self.loss_of(model, batch)
        loss.backward()
        return loss.detach()


class MaximumLikelihood(StackLoss):
    """Forward KL up to a constant: the mean of −log q(x) over target points.

    Wherever the target has mass the model must have some: it covers every mode.
    """

    def __init__(self, target: GridTarget, *, seed: int, batch_size: int, sampling: Method) -> None:
        self.streams = {"": target.stream(batch_size, seed, method=sampling)}

    def loss_of(self, flow: Flow, batch: tuple[Tensor, ...]) -> Tensor:
        """See `StackLoss.loss_of`."""
        return -flow.log_prob(batch[0]).mean()

    def learn(self, model: Flow, batch: tuple[Tensor, ...]) -> Tensor:
        """See `Loss.learn`."""
        return cast("DiscreteFlow", model).likelihood_gradient(batch[0])


class ReverseKl(StackLoss):
    """Reverse KL: the mean of log q(x) − log p̃(x) over the model's own points x = f(z).

    Gradients reach the model through its points (reparameterisation). Wherever the model has mass
    the target must have some: it seeks modes, and may leave some out. p̃ is the target made smooth,
    see `SmoothDensity`: the grid's own log-density is constant in each cell, so that it has no
    slope to follow, and −inf outside.
    """

    def __init__(self, target: GridTarget, *, seed: int, batch_size: int, sampling: Method) -> None:
        self._target = SmoothDensity(target)
        uniform = STREAMS[sampling](2, batch_size, derived_seed(seed, 1), device=target.device)
        self.streams = {"reverse.": uniform}

    def loss_of(self, flow: Flow, batch: tuple[Tensor, ...]) -> Tensor:
        """See `StackLoss.loss_of`."""
        (u,) = batch
        z = flow.base.from_uniform(u)
        x, log_det = flow.forward(z)
        gap = flow.base.log_prob(z) - log_det - self._target.log_prob(x)
        return (gap * flow.base.choice_ratio(u)).mean()


class Mix(StackLoss):
    """(1 − weight) · forward KL + weight · reverse KL, up to a constant."""

    def __init__(self, forward: MaximumLikelihood, reverse: ReverseKl, weight: float) -> None:
        self._forward, self._reverse, self.weight = forward, reverse, weight
        self.streams = forward.streams | reverse.streams

    def loss_of(self, flow: Flow, batch: tuple[Tensor, ...]) -> Tensor:
        """See `StackLoss.loss_of`."""
        forward, reverse = batch
        return torch.lerp(
            self._forward.loss_of(flow, (forward,)),
            self._reverse.loss_of(flow, (reverse,)),
            self.weight,
        )


def make_objective(project: Project, lane: Lane, target: GridTarget) -> Loss:
    """The objective that a project sets for a lane, with its own stream of random points."""
    recipe = getattr(project.training, lane)
    seed = derived_seed(project.seed, DATA_STREAM)
    stream = {"seed": seed, "batch_size": recipe.batch_size, "sampling": recipe.sampling}
    if lane == "vae":
        return BoundLoss(project.vae, target, **stream)
    if lane == "gan":
        return CriticLoss(project.gan, target, **stream)
    if lane == "continuous":
        return build_loss(
            project.continuous,
            target,
            seed=seed,
            batch_size=recipe.batch_size,
            sampling=recipe.sampling,
            base=project.base,
        )
    return make_stack_loss(project.training.discrete, target, seed)


def make_stack_loss(recipe: StackRecipe, target: GridTarget, seed: int) -> StackLoss:
    """The loss that a recipe asks for."""

    def made(kind: type[L]) -> L:
        return kind(target, seed=seed, batch_size=recipe.batch_size, sampling=recipe.sampling)

    if recipe.objective == "forward_kl":
        return made(MaximumLikelihood)
    if recipe.objective == "reverse_kl":
        return made(ReverseKl)
    return Mix(made(MaximumLikelihood), made(ReverseKl), recipe.reverse_weight)
