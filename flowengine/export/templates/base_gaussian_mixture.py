"""Template: several Gaussians."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from flowengine.export.templates.base_draw import draw_uniform

LOG_SCALE_LIMIT = math.log(1e3)


class GaussianMixture(nn.Module):
    """p(z) = Σₖ wₖ N(z; μₖ, diag σₖ²). Source: Izmailov et al., 2020, arXiv:1912.13025, §3."""

    def __init__(self, components: int, spread: float) -> None:
        super().__init__()
        self.spread = spread
        self.means = nn.Parameter(torch.zeros(components, 2))
        self.log_scales = nn.Parameter(torch.zeros(components, 2))  # of the spread, softly clamped
        self.logits = nn.Parameter(torch.zeros(components))

    def log_prob(self, z: Tensor) -> Tensor:
        """The log-density of z (batch, 2), in nats, shape (batch,)."""
        scales = self._scales()
        away = (z[:, None] - self.means) / scales
        heights = self.logits.log_softmax(0) - scales.log().sum(1) - math.log(2 * math.pi)
        return torch.logsumexp(heights - 0.5 * away.square().sum(-1), 1)

    def sample(self, n: int, generator: torch.Generator | None = None) -> Tensor:
        """Draw n points, shape (n, 2): what is left of choosing a component is used again."""
        u = draw_uniform(n, generator)
        shares = self.logits.softmax(0).double()
        ends = shares.cumsum(0)
        chosen = (u[:, :1] >= ends[:-1]).sum(1)
        within = (u[:, 0] - (ends - shares)[chosen]) / shares[chosen]
        tiny = torch.finfo(u.dtype).eps / 2
        u = torch.stack([within.clamp(tiny, 1 - tiny), u[:, 1]], -1)
        normal: Tensor = torch.special.ndtri(u)
        z = self.means.double()[chosen] + self._scales().double()[chosen] * normal
        return z.to(self.means)

    def _scales(self) -> Tensor:
        raw = self.log_scales
        return self.spread * torch.exp(raw / (1 + raw.abs() / LOG_SCALE_LIMIT))
