"""Where gradients are added up."""

from __future__ import annotations

import torch
from torch import Tensor


def gradient_of(parameter: Tensor) -> Tensor:
    """The `.grad` of a parameter, zero to begin with."""
    gradient: Tensor | None = parameter.grad
    if gradient is None:
        gradient = parameter.grad = torch.zeros_like(parameter)
    return gradient
