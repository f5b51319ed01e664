"""The variational autoencoder: points from a latent normal, with noise, and a bound on log p(x).

Source: Kingma & Welling, 2014, arXiv:1312.6114; Burda et al., 2016, arXiv:1509.00519.
"""

from __future__ import annotations

import functools
import math
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from flowengine.baselines.network import Network
from flowengine.baselines.paths import straight
from flowengine.catalogue import VaeSpec, admitted
from flowengine.checks import check_like, check_points
from flowengine.errors import AbsentError, ShapeError, SpecError
from flowengine.framed import gives_density, makes_points, traces, traces_back
from flowengine.model import Model
from flowengine.modes import is_traced, single_precision
from flowengine.targets.streams import sobol_points

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import NoReturn

    from flowengine.traces import Trace

BOUND_SAMPLES = 64
NOISE_FROM = 0.8
"""The clock at which a point stands on the decoder's mean; after that its noise is added."""
_GAIN = 2.0  # a steeper first layer sees finer detail
_FIRST_SCALE = math.log(0.2)  # of decoder and encoder: together they start as a bell of spread 1
_LIMIT = 8.0  # nats that a log-scale may leave it by
_MOST_ROWS = 1 << 16  # points times samples that are decoded at once


class Vae(Model):
    """p(x) = ∫ N(x; m(z), s(z)²) N(z; 0, 1) dz, with q(z|x) = N(z; μ(x), σ(x)²) as a guide.

    Encoder and decoder are a network each, beside which the first two numbers pass unchanged: both
    start as the identity, and the latent space is in use from the first step on.

    Attributes:
        spec: The sizes, and the bound that training raises.
        noise: Numbers behind one point: the latent ones, then two for the decoder's noise.
    """

    likelihood = "bound"

    def __init__(self, spec: VaeSpec, generator: torch.Generator) -> None:
        super().__init__()
        self.spec = spec
        self.noise = spec.latent + 2
        size = spec.width, spec.depth, generator
        self.encoder = Network(2, 2 * spec.latent, *size, gain=_GAIN)
        self.decoder = Network(spec.latent, 4, *size, gain=_GAIN)

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log-scale of q(z|x), both of shape (batch, latent)."""
        x = check_like(check_points(x), self.encoder)
        mean, log_scale = self.encoder(x).chunk(2, -1)
        around = torch.nn.functional.pad(x, (0, self.spec.latent - 2))
        return around + mean, _log_scale(log_scale)

    def decode(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log-scale of p(x|z), both of shape (…, 2), for z of shape (…, latent)."""
        z = check_like(z, self.decoder, "z")
        mean, log_scale = self.decoder(z).chunk(2, -1)
        return z[..., :2] + mean, _log_scale(log_scale)

    def log_weights(self, x: Tensor, noise: Tensor) -> Tensor:
        """Log p(x, z) − log q(z|x) for z = μ + σ · noise, in nats, shape (samples, batch).

        Args:
            x: Points, shape (batch, 2).
            noise: Standard normal, shape (samples, batch or 1, latent).
        """
        mean, log_scale = self.encode(x)
        z = mean + log_scale.exp() * noise
        made, log_spread = self.decode(z)
        miss = (x - made) * (-log_spread).exp()
        log_joint = -0.5 * miss.square().sum(-1) - log_spread.sum(-1) - 0.5 * z.square().sum(-1)
        log_guide = -0.5 * noise.square().sum(-1) - log_scale.sum(-1)
        return log_joint - log_guide - math.log(2 * math.pi)

    @gives_density
    def elbo(self, x: Tensor, samples: int = BOUND_SAMPLES, *, seed: int = 0) -> Tensor:
        """The evidence lower bound E[log p(x, z) − log q(z|x)] ≤ log p(x), in nats, (batch,)."""
        return self._bound(x, samples, seed, lambda weights: weights.mean(0))

    @gives_density
    def iwae(self, x: Tensor, samples: int = BOUND_SAMPLES, *, seed: int = 0) -> Tensor:
        """The importance-weighted bound, in nats, shape (batch,); more samples, tighter.

        log 1/k Σ p(x, zᵢ)/q(zᵢ|x) with the same k evenly spread normal points for every x, so that
        a point's value does not depend on its batch. Its exponential estimates p(x) without bias;
        it is a lower bound on log p(x) in the mean over the sets of points, one for each seed.

        Source: Burda et al., 2016, arXiv:1509.00519, eq. 8.

        Raises:
            SpecError: `samples` is below 1.
        """
        return self._bound(x, samples, seed, lambda w: torch.logsumexp(w, 0) - math.log(len(w)))

    def log_likelihood(self, x: Tensor, *, seed: int = 0) -> Tensor:
        """See `iwae`; with `BOUND_SAMPLES` samples."""
        return self.iwae(x, seed=seed)

    @makes_points
    def generate(self, noise: Tensor) -> Tensor:
        """The decoder's mean at the first `latent` numbers, and its noise from the last two.

        Raises:
            ShapeError: `noise` is not of shape (batch, noise).
        """
        if noise.ndim != 2 or noise.shape[1] != self.noise:
            raise ShapeError(f"z must have shape (batch, {self.noise}), got {tuple(noise.shape)}")
        noise = check_like(noise, self.decoder, "z")
        mean, log_scale = self.decode(noise[:, : self.spec.latent])
        return mean + log_scale.exp() * noise[:, self.spec.latent :]

    @traces
    @torch.no_grad()
    def trace(self, z: Tensor, frames: int | None = None, *, densities: bool = True) -> Trace:
        """z, the decoder's mean, and with its noise the point itself; straight lines in between.

        Args:
            z: Shape (batch, noise), or (batch, latent) for a trace that ends at the mean.
            frames: There are as many as there are stations, whatever is wanted.
            densities: There are none.

        Raises:
            ShapeError: `z` is of another shape.
        """
        latent = self.spec.latent
        if z.ndim != 2 or z.shape[1] not in (latent, self.noise):
            raise ShapeError(
                f"z must have shape (batch, {latent}) or (batch, {self.noise}), "
                f"got {tuple(z.shape)}"
            )
        if z.shape[1] == self.noise:
            mean, _ = self.decode(z[:, :latent])
            return straight((0.0, z[:, :2]), (NOISE_FROM, mean), (1.0, self.generate(z)))
        mean, _ = self.decode(z)
        return straight((0.0, z[:, :2]), (1.0, mean))

    @traces_back
    @torch.no_grad()
    def inverse_trace(
        self, x: Tensor, frames: int | None = None, *, densities: bool = True
    ) -> Trace:
        """From x to the mean of q(z|x), the encoder's guess of where x came from, and no more."""
        mean, _ = self.encode(x)
        return straight((0.0, mean[:, :2]), (1.0, x))

    def ledger(self, point: tuple[float, float]) -> NoReturn:
        """Refuse: see `VaeSpec.why_no_ledger`."""
        raise AbsentError(VaeSpec.why_no_ledger)

    def _bound(
        self, x: Tensor, samples: int, seed: int, combine: Callable[[Tensor], Tensor]
    ) -> Tensor:
        if samples < 1:
            raise SpecError(f"A bound needs at least 1 sample, got {samples}")
        x = check_points(x)
        numbers = _spread_noise(samples, self.spec.latent, seed)
        noise = torch.tensor(numbers, dtype=x.dtype, device=x.device)[:, None]
        if is_traced():  # how many points there will be is not known
            return combine(self.log_weights(x, noise))
        parts = x.split(max(1, _MOST_ROWS // samples))
        return torch.cat([combine(self.log_weights(part, noise)) for part in parts])


def build_vae(spec: VaeSpec, seed: int) -> Vae:
    """A fresh VAE: nearly the identity with a little noise; the same seed, the same weights."""
    spec = admitted(spec)
    with single_precision() as dtype:
        return Vae(spec, torch.Generator().manual_seed(seed)).to(dtype)


@functools.lru_cache(maxsize=64)
def _spread_noise(samples: int, latent: int, seed: int) -> list[list[float]]:
    """Evenly spread normal points, shape (samples, latent), the same for a seed."""

    def drawn() -> list[list[float]]:
        points: list[list[float]] = torch.special.ndtri(
            sobol_points(samples, latent, seed)
        ).tolist()
        return points

    with ThreadPoolExecutor(1) as elsewhere:  # torch's modes are those of one thread
        return elsewhere.submit(drawn).result()


def _log_scale(raw: Tensor) -> Tensor:
    """A log-scale that starts small and cannot run away."""
    return _FIRST_SCALE + raw / (1 + raw.abs() / _LIMIT)
