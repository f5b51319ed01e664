"""The generative adversarial network: a generator, and a critic that teaches it.

Source: Goodfellow et al., 2014, arXiv:1406.2661.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from flowengine.baselines.network import Network
from flowengine.baselines.paths import straight
from flowengine.catalogue import GanSpec, admitted
from flowengine.checks import check_like, check_points
from flowengine.errors import AbsentError, ShapeError
from flowengine.framed import makes_points, traces
from flowengine.model import Model
from flowengine.modes import single_precision

if TYPE_CHECKING:
    from typing import NoReturn

    from flowengine.traces import Trace

_GAIN = 2.0  # a steeper first layer sees finer detail
_CRITIC_GAIN = 4.0


class Gan(Model):
    """x = G(z), z standard normal; no inverse, no density, nothing but samples.

    The first two latent numbers pass beside the generator's network unchanged, so that it starts
    as the identity.

    Attributes:
        spec: The sizes of both networks and the loss.
        noise: The latent numbers behind one point.
    """

    likelihood = "none"

    def __init__(self, spec: GanSpec, generator: torch.Generator) -> None:
        super().__init__()
        self.spec = spec
        self.noise = spec.latent
        size = spec.width, spec.depth, generator
        self.generator = Network(spec.latent, 2, *size, gain=_GAIN)
        self.critic = Network(2, 1, *size, gain=_CRITIC_GAIN, silent=False)

    @makes_points
    def generate(self, noise: Tensor) -> Tensor:
        """G(z), shape (batch, 2), of latent points, shape (batch, latent)."""
        if noise.ndim != 2 or noise.shape[1] != self.noise:
            raise ShapeError(f"z must have shape (batch, {self.noise}), got {tuple(noise.shape)}")
        noise = check_like(noise, self.generator, "z")
        made: Tensor = self.generator(noise)
        return noise[:, :2] + made

    def judge(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The critic's verdict on points, shape (batch,), and its slope there, (batch, 2)."""
        verdict, slope = self.critic.with_jacobian(check_like(check_points(x), self.critic))
        return verdict[:, 0], slope[:, 0]

    def log_likelihood(self, x: Tensor, *, seed: int = 0) -> NoReturn:
        """Refuse: there is none."""
        raise AbsentError("A GAN has no likelihood: its generator gives samples and no density")

    @traces
    @torch.no_grad()
    def trace(self, z: Tensor, frames: int | None = None, *, densities: bool = True) -> Trace:
        """z and G(z), and a straight line in between.

        Args:
            z: Shape (batch, latent).
            frames: There are two, whatever is wanted.
            densities: There are none.
        """
        return straight((0.0, z[:, :2]), (1.0, self.generate(z)))

    def inverse_trace(
        self, x: Tensor, frames: int | None = None, *, densities: bool = True
    ) -> NoReturn:
        """Refuse: nothing leads back."""
        raise AbsentError(
            "A GAN knows no way back: its generator has no inverse, and it has no encoder"
        )

    def ledger(self, point: tuple[float, float]) -> NoReturn:
        """Refuse: see `GanSpec.why_no_ledger`."""
        raise AbsentError(GanSpec.why_no_ledger)


def build_gan(spec: GanSpec, seed: int) -> Gan:
    """A fresh GAN whose generator is the identity; the same seed gives the same weights."""
    spec = admitted(spec)
    with single_precision() as dtype:
        return Gan(spec, torch.Generator().manual_seed(seed)).to(dtype)
