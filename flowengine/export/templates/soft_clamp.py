"""Template: a log-scale that cannot run away."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


def soft_clamp(raw: Tensor, limit: float = math.log(1000.0)) -> Tensor:
    """Squeeze any number into (−limit, limit), with slope 1 at 0."""
    return raw / (1 + raw.abs() / limit)
