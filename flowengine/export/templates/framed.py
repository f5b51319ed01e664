"""Template: a model in the units of its data."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn


class Framed(nn.Module):
    """x = center + scale · n, per axis: data units x of the coordinates n that the core is for.

    What lies so far from zero that float32 cannot tell its points apart comes as float64.
    """

    takes = torch.float64

    def __init__(
        self, core: nn.Module, center: tuple[float, float], scale: tuple[float, float]
    ) -> None:
        super().__init__()
        self.core = core
        self.center, self.scale = center, scale
        self.log_area = math.log(scale[0]) + math.log(scale[1])
        self.fine = any(abs(c) > 100 * s for c, s in zip(center, scale, strict=True))

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        """What is not here, such as the base, is the core's."""
        try:
            return super().__getattr__(name)
        except AttributeError:
            if name == "core":
                raise
            return getattr(self.core, name)

    def forward(self, z: Tensor) -> Any:  # noqa: ANN401
        """Generate: z to x in data units, and log|det dx/dz| in nats where the core has it."""
        made = self.core(z)
        if isinstance(made, Tensor):
            return self._in_data_units(made)
        return self._in_data_units(made[0]), made[1] + self.log_area

    def inverse(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Normalize: x in data units to z, and log|det dz/dx| in nats."""
        z, log_det = self.core.inverse(self._normalized(x))  # type: ignore[operator]
        return z, log_det - self.log_area

    def log_weights(self, x: Tensor, noise: Tensor) -> Tensor:
        """Log p(x, z) − log q(z|x) of a VAE, in nats, x in data units."""
        weights: Tensor = self.core.log_weights(self._normalized(x), noise)  # type: ignore[operator]
        return weights - self.log_area

    def _in_data_units(self, n: Tensor) -> Tensor:
        columns = [n[:, i].double() * self.scale[i] + self.center[i] for i in range(2)]
        x = torch.stack(columns, dim=1)
        return x if self.fine else x.to(n.dtype)

    def _normalized(self, x: Tensor) -> Tensor:
        columns = [(x[:, i].double() - self.center[i]) / self.scale[i] for i in range(2)]
        like = next(self.parameters(), torch.empty(0))
        return torch.stack(columns, dim=1).to(like.dtype)
