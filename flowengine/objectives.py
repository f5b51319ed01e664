"""What a lane minimises, behind one small interface."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import torch

from flowengine.baselines import BoundLoss, CriticLoss
from flowengine.continuous import build_loss
from flowengine.targets.streams import derived_seed

if TYPE_CHECKING:
    from torch import Tensor

    from flowengine.flow import Flow
    from flowengine.project import Lane, Project
    from flowengine.targets.grid import GridTarget
    from flowengine.targets.streams import Method

DATA_STREAM = 1
DISPLAY_STREAM = 2
HELD_OUT_STREAM = 3


class Objective(Protocol):
    """A loss that draws its own batches, reproducibly and resumably."""

    def backward(self, flow: Any) -> Tensor:  # noqa: ANN401  each asks for its own kind of flow
        """Add the gradient of the next batch to `.grad`; gives its loss, a detached scalar."""

    def state(self) -> dict[str, Tensor]:
        """Where the streams of random points stand."""

    def load_state(self, state: dict[str, Tensor]) -> None:
        """Go on from there."""


class MaximumLikelihood:
    """Forward KL up to a constant: the mean of −log p(x) over target points, in nats."""

    def __init__(self, target: GridTarget, *, seed: int, batch_size: int, sampling: Method) -> None:
        self._stream = target.stream(batch_size, seed, method=sampling)

    def loss(self, flow: Flow) -> Tensor:
        """The loss of the next batch, a scalar."""
        return -flow.log_prob(self._stream.next()).mean()

    def backward(self, flow: Flow) -> Tensor:
        """See `Objective.backward`."""
        loss = self.loss(flow)
        loss.backward()
        return loss.detach()

    def state(self) -> dict[str, Tensor]:
        """Where the stream of target points stands."""
        return {name: torch.tensor(value) for name, value in self._stream.state().items()}

    def load_state(self, state: dict[str, Tensor]) -> None:
        """Go on from there."""
        self._stream.load_state({name: int(value) for name, value in state.items()})


def make_objective(project: Project, lane: Lane, target: GridTarget) -> Objective:
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
        )
    return MaximumLikelihood(
        target, seed=seed, batch_size=recipe.batch_size, sampling=recipe.sampling
    )
