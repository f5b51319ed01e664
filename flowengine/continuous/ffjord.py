"""FFJORD: maximum likelihood through the solver, with the exact divergence.

Source: Grathwohl et al., 2019, arXiv:1810.01367.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from flowengine.continuous.draws import Batches, Sampling, uniform

if TYPE_CHECKING:
    from flowengine.catalogue import Ffjord
    from flowengine.continuous.flow import ContinuousFlow
    from flowengine.targets import GridTarget


class FfjordLoss:
    """Mean negative log-likelihood of target points."""

    def __init__(
        self,
        spec: Ffjord,
        target: GridTarget,
        *,
        seed: int,
        batch_size: int,
        sampling: Sampling,
    ) -> None:
        self.spec = spec
        self.target = target
        self.seed = seed
        self.sampling = sampling
        self._batches = Batches(self._draw_block, batch_size)

    def draw(self) -> Tensor:
        """The next batch of target points, shape (batch, 2)."""
        return self._batches.next()[0]

    def loss(self, flow: ContinuousFlow) -> Tensor:
        """The negative log-likelihood of a fresh batch, a scalar, in nats."""
        return -flow.log_prob(self.draw().to(flow.velocity.weights[0])).mean()

    def state(self) -> dict[str, Tensor]:
        """Where in its sequence of batches this loss is."""
        return {"position": torch.tensor(self._batches.position)}

    def load_state(self, state: dict[str, Tensor]) -> None:
        """Go on where `state` was taken."""
        self._batches.position = int(state["position"])

    def _draw_block(self, number: int, rows: int) -> tuple[Tensor, ...]:
        u = uniform(rows, 2, seed=self.seed, block=number, sampling=self.sampling)
        return (self.target.quantile(u),)
