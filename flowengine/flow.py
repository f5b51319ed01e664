"""What every flow in the plane can do, discrete or continuous."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, ClassVar, SupportsIndex

import torch
from torch import Tensor

from flowengine.bases import Base, build_base
from flowengine.bases import standard_normal_log_prob as base_log_prob
from flowengine.catalogue import StandardNormal
from flowengine.checks import check_finite, check_input, check_points
from flowengine.density import Density
from flowengine.model import generator_of
from flowengine.targets.streams import sobol_points

if TYPE_CHECKING:
    from flowengine.traces import LedgerPage, Trace

__all__ = [
    "Flow",
    "base_log_prob",
    "check_finite",
    "check_input",
    "check_points",
]


class Flow(Density):
    """An invertible map of the plane, and the base distribution that it starts from.

    `forward` generates (z -> x), `inverse` normalizes (x -> z); both return the log|det| of the
    map that was called. All methods take points of shape (batch, 2) on the module's device, and a
    point's result does not depend on the other points of its batch. Those that `Density` names take
    any kind of points, the others tensors in the module's dtype.

    Where the flow has a frame, z is as ever and all other points are in data units. Those may come
    as float64 too, and are given as float64 where float32 could not tell them apart, see
    `Frame.is_fine`; what is in the model's dtype between them is told apart by it.

    Attributes:
        base: The distribution of z; the standard normal unless another is given.
        may_fold: Whether `inverse` could send several points of the plane to the same z, for some
            weights: then the density is one only where that has been measured.
    """

    likelihood = "exact"
    may_fold: ClassVar[bool] = True
    base: Base

    def __init__(self, base: Base | None = None) -> None:
        super().__init__()
        self.base = build_base(StandardNormal()) if base is None else base

    @abstractmethod
    def forward(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """Generate: z -> x, shape (batch, 2), and log|det dx/dz|, shape (batch,), in nats."""

    @abstractmethod
    def inverse(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Normalize: x -> z, shape (batch, 2), and log|det dz/dx|, shape (batch,), in nats."""

    @abstractmethod
    def forward_from(self, u: Tensor, tau: float) -> tuple[Tensor, Tensor]:
        """Map points at clock `tau`, as `trace` shows them, on to the target.

        Tau 1 is the identity, tau 0 `forward` of the base point that is shown at `u`.
        """

    @abstractmethod
    def inverse_from(self, u: Tensor, tau: float) -> tuple[Tensor, Tensor]:
        """Map points at clock `tau` back to the base; tau 1 is `inverse`, tau 0 the identity."""

    @abstractmethod
    def trace(self, z: Tensor, frames: int | None = None, *, densities: bool = True) -> Trace:
        """Follow points of the base to the target.

        Args:
            z: Points, shape (batch, 2).
            frames: About how many key frames are wanted; None leaves it to the flow.
            densities: Without them `log_det` and `log_prob` come back with shape (frames, 0), and
                the trace costs less.
        """

    @abstractmethod
    def inverse_trace(
        self, x: Tensor, frames: int | None = None, *, densities: bool = True
    ) -> Trace:
        """Follow points of the target back to the base; see `trace`. Frames ascend in tau."""

    @abstractmethod
    def ledger(self, point: tuple[float, float]) -> LedgerPage:
        """Write out the change of variables of one point of data space.

        Raises:
            ShapeError: `point` is not two finite numbers.
        """

    def log_prob(self, x: Tensor) -> Tensor:
        """Log p_x(x) in nats, shape (batch,). Source: change of variables, both terms exact."""
        z, log_det = self.inverse(x)
        return self.base.log_prob(z) + log_det

    def log_prob_at(self, u: Tensor, tau: float) -> Tensor:
        """Log-density, in nats, of what the base has become at clock `tau`, shape (batch,)."""
        z, log_det = self.inverse_from(u, tau)
        return self.base.log_prob(z) + log_det

    def sketched(self) -> Flow:
        """The same flow, followed only as closely as a mean over many points needs."""
        return self

    def generate(self, noise: Tensor) -> Tensor:
        """Send points of the base, shape (batch, 2), to the target; see `forward`."""
        return self.forward(noise)[0]

    def log_likelihood(self, x: Tensor, *, seed: int = 0) -> Tensor:
        """See `log_prob`."""
        return self.log_prob(x)

    def draw(self, n: SupportsIndex, *, generator: torch.Generator | None = None) -> Tensor:
        """Draw n points of the base, shape (n, 2).

        Raises:
            SpecError: `n` is no number of points.
        """
        like = next(self.parameters(), torch.empty(0))
        return self.base.sample(n, generator=generator, dtype=like.dtype).to(like.device)

    def spread(self, n: int, seed: int) -> Tensor:
        """See `Model.spread`; the points are of the base."""
        like = next(self.parameters(), torch.empty(0))
        return self.base.from_uniform(sobol_points(n, 2, seed)).to(like.dtype).to(like.device)

    @torch.no_grad()
    def sample(
        self,
        n: SupportsIndex,
        *,
        seed: SupportsIndex | None = None,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        """Draw n points of the model, shape (n, 2), in data units; see `Model.sample`."""
        return self.positions(self.draw(n, generator=generator_of(seed, generator)))

    def positions(self, z: Tensor) -> Tensor:
        """Where points of the base go, shape (batch, 2): `forward` where no log_det is wanted."""
        return self.forward(z)[0]
