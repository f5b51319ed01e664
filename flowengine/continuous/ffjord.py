"""FFJORD: maximum likelihood through the solver, with the exact divergence.

Source: Grathwohl et al., 2019, arXiv:1810.01367.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flowengine.catalogue import Ffjord
    from flowengine.continuous.flow import ContinuousFlow
    from flowengine.targets.grid import GridTarget
    from flowengine.targets.streams import Method


class FfjordLoss:
    """Mean negative log-likelihood of target points."""

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
        self._stream = target.stream(batch_size, seed, method=sampling)

    def draw(self) -> Tensor:
        """The next batch of target points, shape (batch, 2)."""
        return self._stream.next()

    def loss(self, flow: ContinuousFlow) -> Tensor:
        """The negative log-likelihood of a fresh batch, a scalar, in nats."""
        return -flow.log_prob(self.draw().to(flow.velocity.weights[0])).mean()

    def backward(self, flow: ContinuousFlow) -> Tensor:
        """The loss of the next batch, its gradient added to every `.grad`."""
        loss = self.loss(flow)
        loss.backward()
        return loss.detach()

    def state(self) -> dict[str, Tensor]:
        """Where in its sequence of batches this loss is."""
        return {name: torch.tensor(value) for name, value in self._stream.state().items()}

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Go on where `state` was taken."""
        self._stream.load_state({name: int(value) for name, value in state.items()})
