"""Template: sampling a model that is no flow."""

from __future__ import annotations

import torch
from torch import Tensor

from flowengine.export.templates.loading import load, seeded


def sample(n: int, seed: int | None = None) -> Tensor:
    """Draw n points, shape (n, 2); the same seed gives the same points."""
    model = load()
    size = n, model.noise
    x: Tensor = model(torch.randn(size, generator=seeded(seed), dtype=torch.float32))  # type: ignore[call-overload]
    return x
