"""Template: NICE's coupling."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from flowengine.export.templates.coupling import Coupling

if TYPE_CHECKING:
    from torch import Tensor


class AdditiveCoupling(Coupling):
    """x_b = z_b + t(z_a). Source: Dinh et al., 2014, arXiv:1410.8516, §3.2."""

    def __init__(self, keeps: str, width: int, depth: int) -> None:
        super().__init__(keeps, width, depth, outputs=1)

    def push(self, z: Tensor, chosen: Tensor) -> tuple[Tensor, Tensor]:
        """Shift by t; areas stay as they are."""
        return z + chosen[0], torch.zeros_like(z)

    def pull(self, x: Tensor, chosen: Tensor) -> tuple[Tensor, Tensor]:
        """Shift back."""
        return x - chosen[0], torch.zeros_like(x)
