"""Template: the generator of a generative adversarial network."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import nn

from flowengine.export.templates.network import Network
from flowengine.export.templates.points import points_for

if TYPE_CHECKING:
    from torch import Tensor


class Gan(nn.Module):
    """x = G(z), z standard normal. There is no inverse and no density.

    Source: Goodfellow et al., 2014, arXiv:1406.2661.
    """

    def __init__(self, latent: int, width: int, depth: int) -> None:
        super().__init__()
        self.noise = latent
        self.generator = Network(latent, 2, width, depth)

    def forward(self, noise: Tensor) -> Tensor:
        """Generate: standard normal numbers, shape (batch, latent), to points (batch, 2)."""
        noise = points_for(self, noise, self.noise)
        made: Tensor = self.generator(noise)
        return noise[:, :2] + made
