"""What every flow in the plane can do, discrete or continuous."""

from __future__ import annotations

import math
from abc import abstractmethod
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor

from flowengine.errors import NumericsError, ShapeError
from flowengine.model import Model

if TYPE_CHECKING:
    from flowengine.protocol import LedgerRow

LOG_2PI = math.log(2 * math.pi)


class Trace(NamedTuple):
    """What a batch passes through, by ascending clock, whichever side it started from.

    Attributes:
        tau: Shape (frames,), float32, from 0 at the base to 1 at the target.
        positions: Shape (frames, batch, 2), in data units.
        log_det: Shape (frames, batch): log|det| of the map from the base to this frame, in nats.
        log_prob: Shape (frames, batch): log-density of the model at this frame, in nats.
    """

    tau: Tensor
    positions: Tensor
    log_det: Tensor
    log_prob: Tensor


class LedgerPage(NamedTuple):
    """The change of variables of one point, written out.

    Attributes:
        rows: From the base (first row, log_det 0) to the point itself.
        log_prob: log p(x), in nats; equal to the last row's.
        round_trip_error: Distance between the point and forward(inverse(point)), in data units.
    """

    rows: tuple[LedgerRow, ...]
    log_prob: float
    round_trip_error: float


class Flow(Model):
    """An invertible map of the plane with a standard normal base.

    `forward` generates (z -> x), `inverse` normalizes (x -> z); both return the log|det| of the
    map that was called. All methods take points of shape (batch, 2) in the module's dtype and
    device, and a point's result does not depend on the other points of its batch.
    """

    likelihood = "exact"

    @abstractmethod
    def forward(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """Generate: z -> x, shape (batch, 2), and log|det dx/dz|, shape (batch,), in nats."""

    @abstractmethod
    def inverse(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Normalize: x -> z, shape (batch, 2), and log|det dz/dx|, shape (batch,), in nats."""

    @abstractmethod
    def forward_from(self, u: Tensor, tau: float) -> tuple[Tensor, Tensor]:
        """Map points at clock `tau` on to the target; tau 0 is `forward`, tau 1 the identity."""

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
        z, log_det = self.inverse(check_points(x))
        return base_log_prob(z) + log_det

    def log_prob_at(self, u: Tensor, tau: float) -> Tensor:
        """Log-density, in nats, of what the base has become at clock `tau`, shape (batch,)."""
        z, log_det = self.inverse_from(check_points(u), tau)
        return base_log_prob(z) + log_det

    def generate(self, noise: Tensor) -> Tensor:
        """Send points of the base, shape (batch, 2), to the target; see `forward`."""
        return self.forward(noise)[0]

    def log_likelihood(self, x: Tensor) -> Tensor:
        """See `log_prob`."""
        return self.log_prob(x)


def base_log_prob(z: Tensor) -> Tensor:
    """Log-density of the standard normal in the plane, shape (batch,), in nats."""
    return -0.5 * z.square().sum(-1) - LOG_2PI


def check_points(x: Tensor, name: str = "x") -> Tensor:
    """Give back `x` if it is a batch of points.

    Raises:
        ShapeError: `x` is not of shape (batch, 2), or not of a floating type.
    """
    if x.ndim != 2 or x.shape[1] != 2:
        raise ShapeError(f"{name} must have shape (batch, 2), got {tuple(x.shape)}")
    if not x.is_floating_point():
        raise ShapeError(f"{name} must be of a floating type, got {x.dtype}")
    return x


def check_finite(x: Tensor, name: str = "x") -> Tensor:
    """Give back `x` if every number in it is finite.

    Raises:
        NumericsError: there is a NaN or an infinity; the message says in how many rows.
    """
    bad = int((~torch.isfinite(x)).any(-1).sum())
    if bad:
        raise NumericsError(
            f"{name} must be finite, but {bad} of {len(x)} rows hold NaN or infinity"
        )
    return x
