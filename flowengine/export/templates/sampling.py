"""Template: sampling a model that is no flow."""

from __future__ import annotations

import torch
from torch import Tensor

from flowengine.export.templates.loading import load, seeded


def sample(n: int, seed: int | None = None) -> Tensor:
    """Draw n points, shape (n, 2); the same seed gives the same points."""
    model = load()
    noise: int = model.noise  # type: ignore[assignment]
    x: Tensor = model(torch.randn(n, noise, generator=seeded(seed), dtype=torch.float32))
    return x
