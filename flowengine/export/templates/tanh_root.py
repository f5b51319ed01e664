"""Template: the equation that planar layers solve."""

from __future__ import annotations

import torch
from torch import Tensor


def newton(c: Tensor, strength: Tensor, steps: int = 21) -> Tensor:
    """The root a of a + strength · tanh(a) = c, for strength > −1.

    The start lies on the far side of the root from 0, from where Newton's steps never overshoot.
    """
    near, far = c.abs() / (1 + strength), c.abs() - strength
    start = torch.where(strength > 0, torch.maximum(near, far), torch.minimum(near, far))
    root = torch.copysign(start, c)
    for _ in range(steps):
        bend = root.tanh()
        root = root - (root + strength * bend - c) / (1 + strength * (1 - bend * bend))
    return root
