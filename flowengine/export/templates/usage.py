"""Template: what a user of the exported model calls."""

# ruff: noqa: T201  the exported model prints when it is run

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from safetensors.torch import load_file
from torch import Tensor

if TYPE_CHECKING:
    from flowengine.export.templates.discrete_flow import Flow

    def build() -> Flow:
        """Stand for what the exporter writes: the model at hand, before it has its weights."""
        raise NotImplementedError


@functools.cache
def load() -> Flow:
    """The trained model, on the CPU, in float32."""
    model = build()
    model.load_state_dict(load_file(Path(__file__).with_name("weights.safetensors")))
    return model.requires_grad_(False)


def log_prob(x: Tensor) -> Tensor:
    """The log-density of points, shape (n, 2), in nats, shape (n,); differentiable."""
    z, log_det = load().inverse(torch.as_tensor(x, dtype=torch.float32))
    log_p: Tensor = load().base.log_prob(z) + log_det  # type: ignore[operator]
    return log_p


def sample(n: int, seed: int | None = None) -> Tensor:
    """Draw n points, shape (n, 2); the same seed gives the same points."""
    generator = torch.Generator()
    if seed is None:
        generator.seed()
    else:
        generator.manual_seed(seed)
    model = load()
    x: Tensor = model(model.base.sample(n, generator))[0]  # type: ignore[operator]
    return x


def main() -> None:
    """Print a few samples and their densities."""
    points = sample(5, seed=0)
    for (x, y), log_p in zip(points.tolist(), log_prob(points).tolist(), strict=True):
        print(f"x = ({x:8.4f}, {y:8.4f})   log p(x) = {log_p:9.4f} nats")


if __name__ == "__main__":
    main()
