"""Flow matching: learn the velocity by regression on given paths from base to target.

Source: Lipman et al., 2023, arXiv:2210.02747; Tong et al., 2024, arXiv:2302.00482.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor

from flowengine import catalogue
from flowengine.bases import build_base
from flowengine.bases.standard_normal import StandardNormal
from flowengine.continuous.pairing import REUSE, TransportPlan, paired
from flowengine.continuous.paths import path_of
from flowengine.continuous.posterior import BatchPosterior, Ends, GridPosterior
from flowengine.continuous.velocity import time_features
from flowengine.continuous.whitening import Whitening
from flowengine.loss import Loss
from flowengine.targets.streams import STREAMS, Method

if TYPE_CHECKING:
    from flowengine.catalogue import BaseSpec, FlowMatching, RectifiedFlow
    from flowengine.continuous.flow import ContinuousFlow
    from flowengine.targets.grid import GridTarget


# Times are drawn more often near t = 1, where the field is finest: t = 1 − (1 − u)^LATE_TIMES. On
# the checkerboard the KL after 8,000 steps falls by a tenth, and the solver's error by a half.
LATE_TIMES = 1.5


class Pairs(NamedTuple):
    """A batch.

    Attributes:
        x0: Base points, shape (batch, 2).
        x1: Target points, likewise.
        velocity: What the network should give, likewise: in whitened coordinates, the mean over all
            pairs that meet at x_t or, where that is not known, of this one.
        inputs: What the network takes: x_t in whitened coordinates and the features of t, of which
            t is the first.
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
    """Mean squared error |v(x_t, t) − E[a' x0 + b' x1 | x_t]|² on the path that the spec names.

    Both are taken in whitened coordinates, see `Whitening`, and the mean as `posterior` says. Pairs
    that are not independent are learned from one by one: |v(x_t, t) − (a' x0 + b' x1)|².

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
        self._base = (
            build_base(base or catalogue.StandardNormal()).requires_grad_(False).to(target.device)
        )
        self._path = path_of(spec)
        # Plans are made in a thread, which must not disturb what a device is doing.
        on_cpu = build_base(base or catalogue.StandardNormal()).requires_grad_(False)
        self._plan = TransportPlan(on_cpu.from_uniform, target.to("cpu").quantile, seed)
        self._whitening = Whitening(on_cpu, spec).to(target.device)
        self._whitening.meet(target)
        normal = isinstance(self._base, StandardNormal)
        self._posterior = GridPosterior(target) if normal else BatchPosterior(self._base)
        self._stream = STREAMS[sampling](
            5, batch_size, seed, transform=self._lesson, device=target.device
        )
        self.streams = {"": self._stream}

    def draw(self) -> Pairs:
        """The next batch."""
        rows = self._stream.next()
        return Pairs(rows[:, :2], rows[:, 2:4], rows[:, 4:6], rows[:, 6:])

    def loss(self, flow: ContinuousFlow) -> Tensor:
        """The loss of the next batch, a scalar to differentiate, in whitened units squared."""
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
        """Uniform points, shape (n, 5), to rows of x0, x1, the velocity, y_t and time features."""
        if self._averages():  # what has no noise in it may be met several times
            u = u[: len(u) // REUSE]
        x0, x1 = (part.float() for part in self._pairs(u))  # only quantiles need float64
        t = 1 - (1 - u[:, 4].float()) ** LATE_TIMES
        a, b, da, db = self._path(t)
        x = a[:, None] * x0 + b[:, None] * x1
        ends = Ends(x0, x1)
        if self._averages():
            ends = self._posterior(x, a, b, ends)
        velocity = da[:, None] * ends.start + db[:, None] * ends.end
        y, rate = self._whitening.rows_to_y(x, velocity, t)
        rows = torch.cat([x0, x1, rate, y, time_features(t)], dim=1)
        return rows.repeat(REUSE, 1) if self._averages() else rows

    def _averages(self) -> bool:
        """Whether the mean over all pairs is known: of pairs that are made at random."""
        return self.spec.coupling == "independent"

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
