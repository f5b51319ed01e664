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
from flowengine.loss import Loss
from flowengine.targets.streams import STREAMS, Method

if TYPE_CHECKING:
    from flowengine.catalogue import BaseSpec, FlowMatching, RectifiedFlow
    from flowengine.continuous.flow import ContinuousFlow
    from flowengine.targets.grid import GridTarget


class Pairs(NamedTuple):
    """A batch.

    Attributes:
        x0: Base points, shape (batch, 2).
        x1: Target points, likewise.
        velocity: Along the path between them at the time t, likewise.
        inputs: What the network takes: x_t and the features of t, of which t is the first.
    """

    x0: Tensor
    x1: Tensor
    velocity: Tensor
    inputs: Tensor

    @property
    def t(self) -> Tensor:
        """Times, shape (batch,)."""
        return self.inputs[:, 2]


class FlowMatchingLoss(Loss):
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
        self.streams = {"": self._stream}

    def draw(self) -> Pairs:
        """The next batch."""
        rows = self._stream.next()
        return Pairs(rows[:, :2], rows[:, 2:4], rows[:, 4:6], rows[:, 6:])

    def loss(self, flow: ContinuousFlow) -> Tensor:
        """The loss of the next batch, a scalar to differentiate, in squared data units."""
        _, _, wanted, inputs = _like(flow, self.draw())
        miss: Tensor = flow.network(inputs[:, :2], inputs[:, 2]) - wanted
        return miss.square().sum(-1).mean()

    def learn(self, model: ContinuousFlow, batch: tuple[Tensor, ...]) -> Tensor:
        """See `Loss.learn`.

        The gradient is that of `loss(flow).backward()`, but faster; see `Velocity.regress`.
        """
        _, _, wanted, inputs = _like(model, batch)
        return model.network.regress(inputs, wanted)

    def _lesson(self, u: Tensor) -> Tensor:
        """Uniform points, shape (n, 5), to rows of x0, x1, dx_t/dt, x_t and the time features."""
        # only quantiles need float64
        x0, x1, t = (part.float() for part in (*self._pairs(u), u[:, 4]))
        a, b, da, db = (value.unsqueeze(1) for value in self._path(t))
        return torch.cat([x0, x1, da * x0 + db * x1, a * x0 + b * x1, time_features(t)], dim=1)

    def _pairs(self, u: Tensor) -> tuple[Tensor, Tensor]:
        """Base and target points of a block, both of shape (n, 2), row i paired with row i."""
        x0, there = self._base.from_uniform(u[:, :2]), u[:, 2:4]
        if self.spec.coupling == "transport_plan":
            there = self._plan.partners(u[:, :2], there, self._stream.block)
        x1 = self.target.quantile(there)
        return paired(x0, x1) if self.spec.coupling == "optimal_transport" else (x0, x1)


def _like(flow: ContinuousFlow, batch: tuple[Tensor, ...]) -> list[Tensor]:
    """A batch in the flow's own type."""
    weight = flow.network.weights[0]
    return [part.to(weight) for part in batch]
