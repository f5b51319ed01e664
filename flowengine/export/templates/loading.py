"""Template: the trained model from its weights, and a source of random numbers."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from safetensors.torch import load_file
from torch import nn

if TYPE_CHECKING:

    def build() -> nn.Module:
        """Stand for what the exporter writes: the model at hand, before it has its weights."""
        raise NotImplementedError


@functools.cache
def load() -> nn.Module:
    """The trained model, on the CPU, in float32."""
    model = build()
    model.load_state_dict(load_file(Path(__file__).with_name("weights.safetensors")))
    return model.float().requires_grad_(False)


def seeded(seed: int | None) -> torch.Generator:
    """Random numbers: the same for the same seed, others each time for None."""
    generator = torch.Generator()
    if seed is None:
        generator.seed()
    else:
        generator.manual_seed(seed)
    return generator
