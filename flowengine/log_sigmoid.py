"""log σ(t) that can be differentiated in every mode."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch.nn.functional as F

from flowengine.modes import needs_plain

if TYPE_CHECKING:
    from torch import Tensor

STRAIGHT = 40.0
"""From here on softplus is its argument, to the last digit of a double."""


def log_sigmoid(t: Tensor) -> Tensor:
    """log σ(t) = −softplus(−t), of any shape.

    Torch's own is the faster one, but its buffer does not fit where two transforms batch at once.
    """
    return -F.softplus(-t, threshold=STRAIGHT) if needs_plain() else F.logsigmoid(t)
