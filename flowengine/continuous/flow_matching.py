"""Flow matching: learn the velocity by regression on straight paths from base to target.

Source: Lipman et al., 2023, arXiv:2210.02747; Tong et al., 2024, arXiv:2302.00482.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor

from flowengine.targets.streams import STREAMS, Method

if TYPE_CHECKING:
    from flowengine.catalogue import FlowMatching
    from flowengine.continuous.flow import ContinuousFlow
    from flowengine.targets.grid import GridTarget


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
        sampling: Method,
    ) -> None:
        self.spec = spec
        self.target = target
        self._stream = STREAMS[sampling](
            5, batch_size, seed, transform=self._pairs, device=target.device
        )

    def draw(self) -> Pairs:
        """The next batch."""
        rows = self._stream.next()
        return Pairs(rows[:, :2], rows[:, 2:4], rows[:, 4])

    def loss(self, flow: ContinuousFlow) -> Tensor:
        """The loss of a fresh batch, a scalar, in squared data units."""
        x0, x1, t = (value.to(flow.velocity.weights[0]) for value in self.draw())
        at = torch.lerp(x0, x1, t.unsqueeze(-1))
        miss: Tensor = flow.velocity(at, t) - (x1 - x0)
        return miss.square().sum(-1).mean()

    def state(self) -> dict[str, Tensor]:
        """Where in its sequence of batches this loss is."""
        return {name: torch.tensor(value) for name, value in self._stream.state().items()}

    def load_state(self, state: dict[str, Tensor]) -> None:
        """Go on where `state` was taken."""
        self._stream.load_state({name: int(value) for name, value in state.items()})

    def _pairs(self, u: Tensor) -> Tensor:
        x0 = torch.special.ndtri(u[:, :2])
        return torch.cat([x0, self.target.quantile(u[:, 2:4]), u[:, 4:]], dim=1)
