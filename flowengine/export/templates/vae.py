"""Template: a variational autoencoder."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from flowengine.export.templates.network import Network
from flowengine.export.templates.points import points_for

FIRST_SCALE = math.log(0.2)
LIMIT = 8.0


class Vae(nn.Module):
    """p(x) = ∫ N(x; m(z), s(z)²) N(z; 0, 1) dz, with q(z|x) = N(z; μ(x), σ(x)²) as a guide.

    Source: Kingma & Welling, 2014, arXiv:1312.6114; Burda et al., 2016, arXiv:1509.00519.
    """

    def __init__(self, latent: int, width: int, depth: int) -> None:
        super().__init__()
        self.latent, self.noise = latent, latent + 2
        self.encoder = Network(2, 2 * latent, width, depth)
        self.decoder = Network(latent, 4, width, depth)

    def forward(self, noise: Tensor) -> Tensor:
        """Generate: standard normal numbers, shape (batch, latent + 2), to points (batch, 2)."""
        noise = points_for(self, noise, self.noise)
        mean, log_scale = self.decode(noise[:, : self.latent])
        return mean + log_scale.exp() * noise[:, self.latent :]

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log-scale of q(z|x), both (batch, latent)."""
        mean, log_scale = self.encoder(x).chunk(2, -1)
        return F.pad(x, (0, self.latent - 2)) + mean, bounded(log_scale)

    def decode(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log-scale of p(x|z), both (…, 2)."""
        mean, log_scale = self.decoder(z).chunk(2, -1)
        return z[..., :2] + mean, bounded(log_scale)

    def log_weights(self, x: Tensor, noise: Tensor) -> Tensor:
        """Log p(x, z) − log q(z|x) in nats, (samples, batch), z drawn with (samples, latent)."""
        x = points_for(self, x)
        noise = points_for(self, noise, self.latent)
        mean, log_scale = self.encode(x)
        z = mean + log_scale.exp() * noise[:, None]
        made, log_spread = self.decode(z)
        miss = (x - made) * (-log_spread).exp()
        log_joint = -0.5 * miss.square().sum(-1) - log_spread.sum(-1) - 0.5 * z.square().sum(-1)
        log_guide = -0.5 * noise[:, None].square().sum(-1) - log_scale.sum(-1)
        return log_joint - log_guide - math.log(2 * math.pi)


def bounded(raw: Tensor) -> Tensor:
    """A log-scale that starts small and cannot run away."""
    return FIRST_SCALE + raw / (1 + raw.abs() / LIMIT)


def spread_noise(samples: int, latent: int, seed: int) -> Tensor:
    """Evenly spread standard normal points, shape (samples, latent)."""
    engine = torch.quasirandom.SobolEngine(latent, scramble=True, seed=seed)
    uniform = engine.draw(samples, dtype=torch.float64) + 2.0**-31
    points: Tensor = torch.special.ndtri(uniform)
    return points
