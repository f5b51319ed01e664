"""Flow matching: learn the velocity by regression on straight paths from base to target.

Source: Lipman et al., 2023, arXiv:2210.02747; Tong et al., 2024, arXiv:2302.00482.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor

from flowengine.bases import build_base
from flowengine.catalogue import StandardNormal
from flowengine.continuous.pairing import paired
from flowengine.continuous.velocity import time_features
from flowengine.targets.streams import STREAMS, Method

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flowengine.catalogue import BaseSpec, FlowMatching
    from flowengine.continuous.flow import ContinuousFlow
    from flowengine.targets.grid import GridTarget


class Pairs(NamedTuple):
    """Base points, target points, both of shape (batch, 2), and times, shape (batch,)."""

    x0: Tensor
    x1: Tensor
    t: Tensor


class FlowMatchingLoss:
    """Mean squared error |v((1 - t) x0 + t x1, t) - (x1 - x0)|².

    Base points, target points and times come from one five-dimensional stream, so that Sobol
    points spread evenly over all three together. Whatever a step needs of them is computed for a
    whole block of batches at once.

    Args:
        spec: Says how base and target points are paired.
        target: The density to learn.
        seed: The same seed gives the same batches.
        batch_size: Pairs in each batch.
        sampling: "sobol" or "iid".
        base: Where paths begin; the standard normal unless another is given.
    """

    def __init__(
        self,
        spec: FlowMatching,
        target: GridTarget,
        *,
        seed: int,
        batch_size: int,
        sampling: Method,
        base: BaseSpec | None = None,
    ) -> None:
        self.spec = spec
        self.target = target
        self._base = build_base(base or StandardNormal()).requires_grad_(False)
        self._stream = STREAMS[sampling](
            5, batch_size, seed, transform=self._lesson, device=target.device
        )

    def draw(self) -> Pairs:
        """The next batch."""
        rows = self._stream.next()
        return Pairs(rows[:, :2], rows[:, 2:4], rows[:, 8])

    def loss(self, flow: ContinuousFlow) -> Tensor:
        """The loss of the next batch, a scalar to differentiate, in squared data units."""
        x0, x1, t = (value.to(flow.velocity.weights[0]) for value in self.draw())
        at = torch.lerp(x0, x1, t.unsqueeze(-1))
        miss: Tensor = flow.velocity(at, t) - (x1 - x0)
        return miss.square().sum(-1).mean()

    def backward(self, flow: ContinuousFlow) -> Tensor:
        """The loss of the next batch, its gradient added to every `.grad`.

        The same as `loss(flow).backward()`, but faster; see `Velocity.regress`.
        """
        rows = self._stream.next().to(flow.velocity.weights[0])
        return flow.velocity.regress(rows[:, 6:], rows[:, 4:6])

    def state(self) -> dict[str, Tensor]:
        """Where in its sequence of batches this loss is."""
        return {name: torch.tensor(value) for name, value in self._stream.state().items()}

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Go on where `state` was taken."""
        self._stream.load_state({name: int(value) for name, value in state.items()})

    def _lesson(self, u: Tensor) -> Tensor:
        """Uniform points, shape (n, 5), to rows of x0, x1, x1 - x0, x_t and the time features."""
        x0, x1, t = self._base.from_uniform(u[:, :2]), self.target.quantile(u[:, 2:4]), u[:, 4]
        if self.spec.coupling == "optimal_transport":
            x0, x1 = paired(x0, x1)
        at = torch.lerp(x0, x1, t.unsqueeze(-1))
        return torch.cat([x0, x1, x1 - x0, at, time_features(t)], dim=1)
