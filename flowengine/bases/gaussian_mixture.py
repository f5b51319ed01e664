"""Several Gaussians, which may be learned."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from flowengine import catalogue
from flowengine.bases.base import Base, implements
from flowengine.bases.standard_normal import LOG_2PI

LOG_SCALE_LIMIT = math.log(1e3)


@implements(catalogue.GaussianMixture)
class GaussianMixture(Base):
    """p(z) = Σₖ wₖ N(z; μₖ, diag σₖ²). Source: Izmailov et al., 2020, arXiv:1912.13025, §3.

    Attributes:
        means: Shape (components, 2), in data units; evenly on a circle to begin with.
        log_scales: Shape (components, 2): σ is the spec's spread times their softly clamped
            exponential, so within a thousandth and a thousand of it.
        logits: Shape (components,): w is their softmax.

    All three are parameters if the spec says "learned", and else buffers that no file holds.
    """

    means: Tensor
    log_scales: Tensor
    logits: Tensor

    def __init__(self, spec: catalogue.GaussianMixture) -> None:
        super().__init__(spec)
        self.spread = spec.spread
        count = spec.components
        angle = 2 * math.pi / count * torch.arange(count, dtype=torch.float64)
        start = {
            "means": (spec.radius * torch.stack([angle.cos(), angle.sin()], -1)).float(),
            "log_scales": torch.zeros(count, 2),
            "logits": torch.zeros(count),
        }
        for name, values in start.items():
            if spec.parameters == "learned":
                self.register_parameter(name, nn.Parameter(values))
            else:
                self.register_buffer(name, values, persistent=False)

    @property
    def reach(self) -> float:
        """See `Base.reach`: five standard deviations about every centre."""
        with torch.no_grad():
            return float((self.means.norm(dim=1) + 5 * self._scales().amax(1)).max())

    def choice_ratio(self, u: Tensor) -> Tensor:
        """See `Base.choice_ratio`: w / w for the component that each point was carried to."""
        log_weights = _like(self.logits.log_softmax(0), u)
        chosen = log_weights[self._chosen(u)[0]]
        return (chosen - chosen.detach()).exp()

    def _scales(self) -> Tensor:
        raw = self.log_scales
        return self.spread * torch.exp(raw / (1 + raw.abs() / LOG_SCALE_LIMIT))

    def _log_prob(self, z: Tensor) -> Tensor:
        scales = _like(self._scales(), z)
        away = (z[:, None] - _like(self.means, z)) / scales  # (batch, components, 2)
        heights = _like(self.logits.log_softmax(0), z) - scales.log().sum(1) - LOG_2PI
        return torch.logsumexp(heights - 0.5 * away.square().sum(-1), 1)

    def _from_uniform(self, u: Tensor) -> Tensor:
        """u[:, 0] chooses the component, and what is left of it and u[:, 1] the point there."""
        chosen, rest = self._chosen(u)
        normal: Tensor = torch.special.ndtri(torch.stack([rest, u[:, 1]], -1))
        return _like(self.means, u)[chosen] + _like(self._scales(), u)[chosen] * normal

    def _chosen(self, u: Tensor) -> tuple[Tensor, Tensor]:
        """The component that u[:, 0] falls to, and where within its share, in (0, 1)."""
        shares = _like(self.logits.detach().softmax(0), u)
        ends = shares.cumsum(0)
        chosen = (u[:, :1] >= ends[:-1]).sum(1)
        within = (u[:, 0] - (ends - shares)[chosen]) / shares[chosen]
        tiny = torch.finfo(u.dtype).eps / 2
        return chosen, within.clamp(tiny, 1 - tiny)


def _like(values: Tensor, points: Tensor) -> Tensor:
    """The values where the points are, then in their type: MPS knows no float64."""
    return values.to(points.device).to(points.dtype)
