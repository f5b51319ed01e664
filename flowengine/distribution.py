"""A flow as one of torch's distributions, for whatever takes those."""

from __future__ import annotations

import math
from typing import Any, ClassVar, Protocol

import numpy as np
import torch
from torch import Tensor
from torch.distributions import Distribution, constraints

from flowengine.errors import ShapeError


class Drawn(Protocol):
    """What has a density and draws with gradients, as every flow does."""

    def log_prob(self, x: Tensor) -> Tensor:
        """Log p(x) in nats, shape (batch,), of points, shape (batch, 2)."""

    def rsample(self, n: int) -> Tensor:
        """Draw n points, shape (n, 2)."""


class FlowDistribution(Distribution):
    """The distribution of a flow's points: event shape (2,), no batch shape, in data units.

    Args:
        flow: Its weights are shared, so that it follows their training.
        validate_args: Whether values are checked; by default as torch's other distributions do.
    """

    arg_constraints: ClassVar[dict[str, Any]] = {}
    support = constraints.real_vector
    has_rsample = True

    def __init__(self, flow: Drawn, validate_args: bool | None = None) -> None:
        self.flow = flow
        super().__init__(torch.Size(), torch.Size([2]), validate_args=validate_args)

    def log_prob(self, value: Tensor) -> Tensor:
        """Log p in nats, shape (…,), of points of any kind, shape (…, 2); see `Density`.

        Raises:
            ShapeError: the last axis of `value` is not 2.
        """
        value = value if isinstance(value, Tensor) else np.asarray(value)
        if value.ndim < 1 or value.shape[-1] != 2:
            raise ShapeError("x must have shape (…, 2), got {shape}", shape=tuple(value.shape))
        return self.flow.log_prob(value.reshape(-1, 2)).reshape(value.shape[:-1])

    def sample(self, sample_shape: Any = ()) -> Tensor:  # noqa: ANN401
        """Points, shape (*sample_shape, 2), from torch's global random state."""
        with torch.no_grad():
            return self.rsample(sample_shape)

    def rsample(self, sample_shape: Any = ()) -> Tensor:  # noqa: ANN401
        """The same with gradients by the flow's weights; see `Density.rsample`."""
        shape = self._extended_shape(sample_shape)
        return self.flow.rsample(math.prod(shape[:-1])).reshape(shape)

    def __repr__(self) -> str:
        return f"FlowDistribution({self.flow!r})"
