"""Flow matching: learn the velocity by regression on given paths from base to target.

Source: Lipman et al., 2023, arXiv:2210.02747; Tong et al., 2024, arXiv:2302.00482.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor

from flowengine.bases import build_base
from flowengine.catalogue import StandardNormal
from flowengine.continuous.pairing import TransportPlan, paired
from flowengine.continuous.paths import path_of
from flowengine.continuous.velocity import time_features
from flowengine.targets.streams import STREAMS, Method

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flowengine.catalogue import BaseSpec, FlowMatching, RectifiedFlow
    from flowengine.continuous.flow import ContinuousFlow
    from flowengine.targets.grid import GridTarget


class Pairs(NamedTuple):
    """Base points, target points, both of shape (batch, 2), and times, shape (batch,)."""

    x0: Tensor
    x1: Tensor
    t: Tensor


class FlowMatchingLoss:
    """Mean squared error |v(a x0 + b x1, t) - (a' x0 + b' x1)|² on the path that the spec names.

    Base points, target points and times come from one five-dimensional stream, so that Sobol
    points spread evenly over all three together. Whatever a step needs of them is computed for a
    whole block of batches at once.

    Args:
        spec: Says how base and target points are paired and what leads from one to the other.
        target: The density to learn.
        seed: The same seed gives the same batches.
        batch_size: Pairs in each batch.
        sampling: "sobol" or "iid".
        base: Where paths begin; the standard normal unless another is given.
    """

    def __init__(
        self,
        spec: FlowMatching | RectifiedFlow,
        target: GridTarget,
        *,
        seed: int,
        batch_size: int,
        sampling: Method,
        base: BaseSpec | None = None,
    ) -> None:
        self.spec = spec
        self.target = target
        self._base = build_base(base or StandardNormal()).requires_grad_(False).to(target.device)
        self._path = path_of(spec)
        # Plans are made in a thread, which must not disturb what a device is doing.
        on_cpu = build_base(base or StandardNormal()).requires_grad_(False)
        self._plan = TransportPlan(on_cpu.from_uniform, target.to("cpu").quantile, seed)
        self._stream = STREAMS[sampling](
            5, batch_size, seed, transform=self._lesson, device=target.device
        )

    def draw(self) -> Pairs:
        """The next batch."""
        rows = self._stream.next()
        return Pairs(rows[:, :2], rows[:, 2:4], rows[:, 8])

    def loss(self, flow: ContinuousFlow) -> Tensor:
        """The loss of the next batch, a scalar to differentiate, in squared data units."""
        rows = self._stream.next().to(flow.network.weights[0])
        miss: Tensor = flow.network(rows[:, 6:8], rows[:, 8]) - rows[:, 4:6]
        return miss.square().sum(-1).mean()

    def backward(self, flow: ContinuousFlow) -> Tensor:
        """The loss of the next batch, its gradient added to every `.grad`.

        The same as `loss(flow).backward()`, but faster; see `Velocity.regress`.
        """
        network = flow.network
        rows = self._stream.next().to(network.weights[0])
        return network.regress(rows[:, 6:], rows[:, 4:6])

    def state(self) -> dict[str, Tensor]:
        """Where in its sequence of batches this loss is."""
        return {name: torch.tensor(value) for name, value in self._stream.state().items()}

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Go on where `state` was taken."""
        place = {name: int(state[name]) for name in self._stream.state()}
        self._stream.load_state(place)

    def _lesson(self, u: Tensor) -> Tensor:
        """Uniform points, shape (n, 5), to rows of x0, x1, dx_t/dt, x_t and the time features."""
        x0, x1 = self._pairs(u)
        t = u[:, 4]
        a, b, da, db = (value.unsqueeze(1) for value in self._path(t))
        return torch.cat([x0, x1, da * x0 + db * x1, a * x0 + b * x1, time_features(t)], dim=1)

    def _pairs(self, u: Tensor) -> tuple[Tensor, Tensor]:
        """Base and target points of a block, both of shape (n, 2), row i paired with row i."""
        x0, there = self._base.from_uniform(u[:, :2]), u[:, 2:4]
        if self.spec.coupling == "transport_plan":
            there = self._plan.partners(u[:, :2], there, self._stream.block)
        x1 = self.target.quantile(there)
        return paired(x0, x1) if self.spec.coupling == "optimal_transport" else (x0, x1)
