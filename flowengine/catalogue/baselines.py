"""The models that flows are compared with: they generate, but have no exact density."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from flowengine.catalogue.fields import Depth, Width
from flowengine.catalogue.specs import BaselineSpec

Latent = Annotated[
    int,
    Meta(
        ge=2,
        le=8,
        title="Latent size",
        description="Normal numbers that each sample is made from; the window shows the first two",
        extra={"unit": "numbers"},
    ),
]


class VaeSpec(BaselineSpec, tag="vae"):
    """Make points from a latent normal, with noise; learn it by a bound on the likelihood."""

    title = "Variational autoencoder (VAE)"
    formula = "log p(x) ≥ E[log 1/k · Σ p(x, zᵢ) / q(zᵢ|x)], zᵢ ~ q(z|x)"
    reference = "Kingma & Welling, 2014, arXiv:1312.6114; Burda et al., 2016, arXiv:1509.00519"
    likelihood = "bound"
    why_no_ledger = (
        "A VAE has no ledger: its decoder adds noise, so no change of variables leads to log p(x), "
        "only a lower bound"
    )

    latent: Latent = 2
    width: Width = 64
    depth: Depth = 2
    importance_samples: Annotated[
        int,
        Meta(
            ge=1,
            le=16,
            title="Importance samples",
            description="Guesses of z for each point in training: one gives the ELBO, more a "
            "tighter bound (IWAE)",
            extra={"unit": "samples"},
        ),
    ] = 4


class GanSpec(BaselineSpec, tag="gan"):
    """Make points that a critic cannot tell from the target's; there is no likelihood."""

    title = "Generative adversarial network (GAN)"
    formula = "minimise over G, maximise over D: E[f(D(x) − D(G(z)))], f(t) = −log(1 + e⁻ᵗ)"
    reference = (
        "Goodfellow et al., 2014, arXiv:1406.2661; Mescheder et al., 2018, arXiv:1801.04406; "
        "Huang et al., 2024, arXiv:2501.05441"
    )
    likelihood = "none"
    why_no_ledger = (
        "A GAN has no ledger: its generator has no inverse and no density, so there is no log p(x) "
        "to write out"
    )

    latent: Latent = 2
    width: Width = 64
    depth: Depth = 3
    loss: Annotated[
        Literal["relativistic", "non_saturating"],
        Meta(
            title="Loss",
            description="Whether the critic judges real and made points in pairs, which keeps "
            "modes from being dropped, or each by itself",
        ),
    ] = "relativistic"
    penalty: Annotated[
        float,
        Meta(
            gt=0,
            le=100,
            title="Gradient penalty",
            description="How strongly the critic's slope is held down, at real and made points",
        ),
    ] = 0.1
