"""A log-scale that cannot run away."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

LIMIT = math.log(1000.0)
"""No layer stretches or shrinks an axis by more than this, in nats."""


def soft_clamp(raw: Tensor, limit: float = LIMIT) -> Tensor:
    """Squeeze any number into (−limit, limit), with slope 1 at 0: raw / (1 + |raw| / limit)."""
    return raw / (1 + raw.abs() / limit)


def soft_clamp_slope(raw: Tensor, limit: float = LIMIT) -> Tensor:
    """The derivative of `soft_clamp`."""
    return (1 + raw.abs() / limit).square().reciprocal()


def undo_soft_clamp(value: float) -> float:
    """The number that `soft_clamp` takes to `value`, which lies in (−LIMIT, LIMIT)."""
    return value / (1 - abs(value) / LIMIT)
