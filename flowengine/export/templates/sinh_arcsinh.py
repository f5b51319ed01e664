"""Template: skewness and tail weight of each axis."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from flowengine.export.templates.soft_clamp import soft_clamp


class SinhArcsinh(nn.Module):
    """x = sinh(t · (arcsinh z + s)) on each axis, with t > 0.

    Source: Jones & Pewsey, 2009, Biometrika 96(4); Dillon et al., 2017, arXiv:1711.10604.
    """

    def __init__(self) -> None:
        super().__init__()
        self.raw_log_tail = nn.Parameter(torch.zeros(2))
        self.raw_skew = nn.Parameter(torch.zeros(2))

    def forward(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """Base to target, and log|det dx/dz|."""
        log_tail, skew = self._settings()
        w = z.asinh()
        v = log_tail.exp() * (w + skew)
        return v.sinh(), (log_tail + log_cosh(v) - log_cosh(w)).sum(-1)

    def inverse(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Target to base, and log|det dz/dx|."""
        log_tail, skew = self._settings()
        v = x.asinh()
        w = (-log_tail).exp() * v - skew
        return w.sinh(), (log_cosh(w) - log_cosh(v) - log_tail).sum(-1)

    def _settings(self) -> tuple[Tensor, Tensor]:
        """Log t and s, bounded so that far points stay numbers."""
        return soft_clamp(self.raw_log_tail, math.log(3.0)), soft_clamp(self.raw_skew, 3.0)


def log_cosh(v: Tensor) -> Tensor:
    """Log cosh v, without the constant log 2, where cosh itself would overflow."""
    return v.abs() + F.softplus(-2 * v.abs())
