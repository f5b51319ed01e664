"""Template: a stack of layers."""

from __future__ import annotations

from torch import Tensor, nn

from flowengine.export.templates.points import points_for


class Flow(nn.Module):
    """A stack of invertible layers, base first, between z of the base and data x."""

    def __init__(self, base: nn.Module, *layers: nn.Module) -> None:
        super().__init__()
        self.base = base
        self.layers = nn.ModuleList(layers)

    def forward(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """Generate: z (batch, 2) to x (batch, 2), and log|det dx/dz| (batch,) in nats."""
        z = points_for(self, z)
        total = z.new_zeros(z.shape[0])
        for layer in self.layers:
            z, log_det = layer(z)
            total = total + log_det
        return z, total

    def inverse(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Normalize: x (batch, 2) to z (batch, 2), and log|det dz/dx| (batch,) in nats."""
        x = points_for(self, x)
        total = x.new_zeros(x.shape[0])
        for layer in reversed(self.layers):
            x, log_det = layer.inverse(x)  # type: ignore[operator]
            total = total + log_det
        return x, total
