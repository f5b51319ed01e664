"""Flow matching: learn the velocity by regression on straight paths from base to target.

Source: Lipman et al., 2023, arXiv:2210.02747; Tong et al., 2024, arXiv:2302.00482.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor

from flowengine.continuous.draws import Batches, Sampling, uniform

if TYPE_CHECKING:
    from flowengine.catalogue import FlowMatching
    from flowengine.continuous.flow import ContinuousFlow
    from flowengine.targets import GridTarget


class Pairs(NamedTuple):
    """Base points, target points, both of shape (batch, 2), and times, shape (batch,)."""

    x0: Tensor
    x1: Tensor
    t: Tensor


class FlowMatchingLoss:
    """Mean squared error |v((1 - t) x0 + t x1, t) - (x1 - x0)|²."""

    def __init__(
        self,
        spec: FlowMatching,
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

    def draw(self) -> Pairs:
        """The next batch."""
        return Pairs(*self._batches.next())

    def loss(self, flow: ContinuousFlow) -> Tensor:
        """The loss of a fresh batch, a scalar, in squared data units."""
        like = flow.velocity.weights[0]
        x0, x1, t = (value.to(like) for value in self.draw())
        at = torch.lerp(x0, x1, t.unsqueeze(-1))
        return (flow.velocity(at, t) - (x1 - x0)).square().sum(-1).mean()

    def state(self) -> dict[str, Tensor]:
        """Where in its sequence of batches this loss is."""
        return {"position": torch.tensor(self._batches.position)}

    def load_state(self, state: dict[str, Tensor]) -> None:
        """Go on where `state` was taken."""
        self._batches.position = int(state["position"])

    def _draw_block(self, number: int, rows: int) -> tuple[Tensor, ...]:
        u = uniform(rows, 5, seed=self.seed, block=number, sampling=self.sampling)
        return torch.special.ndtri(u[:, :2]), self.target.quantile(u[:, 2:4]), u[:, 4]
