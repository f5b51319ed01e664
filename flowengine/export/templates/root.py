"""Template: roots of increasing functions of one number."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from collections.abc import Callable


def solve_monotone(
    curve: Callable[[Tensor], tuple[Tensor, Tensor]],
    goal: Tensor,
    low: Tensor,
    high: Tensor,
    steps: int = 64,
) -> Tensor:
    """The u between low and high with curve(u) = goal; `curve` gives an increasing value and slope.

    Newton's steps where they stay in the bracket and shrink by half, else halving of the bracket.
    The root has the derivatives of the implicit function.
    """
    with torch.no_grad():
        tiny = torch.finfo(goal.dtype).eps
        root, last = 0.5 * (low + high), high - low
        rests = torch.zeros_like(root, dtype=torch.bool)
        for _ in range(steps):
            value, slope = curve(root)
            miss = value - goal
            rests = rests | (miss.abs() <= tiny * goal.abs().clamp(min=0.5))
            low, high = torch.where(miss > 0, low, root), torch.where(miss > 0, root, high)
            then = root - miss / slope
            good = (then >= low) & (then <= high) & ((then - root).abs() <= 0.5 * last)
            then = torch.where(good, then, 0.5 * (low + high))
            last = (then - root).abs()
            root = torch.where(rests, root, then)
            still = torch.where(good, 64 * root.abs().clamp(min=1.0), root.abs())
            rests = rests | (last <= tiny * still)
            if not torch.compiler.is_compiling() and rests.all():
                break
    for _ in range(2):  # steps with gradients: so derivatives are right, up to the third
        value, slope = curve(root)
        miss = value - goal
        root = root - (miss - miss.detach()) / slope.clamp(min=1e-12)
    return root
