"""Template: what a user of an exported VAE calls."""

# ruff: noqa: T201  the exported model prints when it is run

from __future__ import annotations

import math

import torch
from torch import Tensor

from flowengine.export.templates.loading import load
from flowengine.export.templates.sampling import sample
from flowengine.export.templates.vae import spread_noise


def elbo(x: Tensor, samples: int = 64, seed: int = 0) -> Tensor:
    """The evidence lower bound on log p(x), points (n, 2) to (n,), in nats; differentiable."""
    return log_weights(x, samples, seed).mean(0)


def iwae(x: Tensor, samples: int = 64, seed: int = 0) -> Tensor:
    """The importance-weighted lower bound on log p(x), in nats, (n,); more samples, tighter.

    A bound in the mean over seeds; the same samples serve every point.
    """
    return torch.logsumexp(log_weights(x, samples, seed), 0) - math.log(samples)


def log_weights(x: Tensor, samples: int, seed: int) -> Tensor:
    """Log p(x, z) − log q(z|x), in nats, shape (samples, n)."""
    model = load()
    noise = spread_noise(samples, model.latent, seed)  # type: ignore[arg-type]
    weights: Tensor = model.log_weights(x, noise)  # type: ignore[operator]
    return weights


def main() -> None:
    """Print a few samples and the bounds on their densities."""
    points = sample(5, seed=0)
    for (x, y), bound in zip(points.tolist(), iwae(points).tolist(), strict=True):
        print(f"x = ({x:.9g}, {y:.9g})   log p(x) >= {bound:9.4f} nats")


if __name__ == "__main__":
    main()
