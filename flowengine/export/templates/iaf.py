"""Template: inverse autoregressive flow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flowengine.export.templates.maf import Maf

if TYPE_CHECKING:
    from torch import Tensor


class Iaf(Maf):
    """The inverse of a masked autoregressive flow: its directions change places."""

    def forward(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """Base to target, and log|det dx/dz|."""
        return super().inverse(z)

    def inverse(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Target to base, and log|det dz/dx|."""
        return super().forward(x)
