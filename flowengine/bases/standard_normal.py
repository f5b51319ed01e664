"""The standard normal base."""

from __future__ import annotations

import math
from typing import SupportsIndex

import torch
from torch import Tensor

from flowengine import catalogue
from flowengine.bases.base import Base, implements
from flowengine.checks import check_count

LOG_2PI = math.log(2 * math.pi)


@implements(catalogue.StandardNormal)
class StandardNormal(Base):
    """log p(z) = −|z|²/2 − log 2π. Source: Papamakarios et al., 2021, arXiv:1912.02762, §2."""

    @property
    def reach(self) -> float:
        """See `Base.reach`: exp(−5²/2) = 3.7·10⁻⁶ lies beyond."""
        return 5.0

    @property
    def entropy(self) -> float:
        """See `Base.entropy`; exact."""
        return 1.0 + LOG_2PI

    def likelihood_gradient(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """See `Base.likelihood_gradient`."""
        flat, count = z.detach().flatten(), z.shape[0]
        return 0.5 / count * torch.dot(flat, flat) + LOG_2PI, z.detach() / count

    def rsample(
        self,
        n: SupportsIndex,
        *,
        generator: torch.Generator | None = None,
        dtype: torch.dtype = torch.float32,
    ) -> Tensor:
        """See `Base.rsample`; `torch.randn` itself."""
        return torch.randn(check_count(n), 2, generator=generator, dtype=dtype)

    def _log_prob(self, z: Tensor) -> Tensor:
        return standard_normal_log_prob(z)

    def _from_uniform(self, u: Tensor) -> Tensor:
        z: Tensor = torch.special.ndtri(u)
        return z


def standard_normal_log_prob(z: Tensor) -> Tensor:
    """Log-density of the standard normal in the plane, shape (batch,), in nats."""
    return -0.5 * z.square().sum(-1) - LOG_2PI
