"""A velocity network that is still where no data is, and the field that it makes in the plane."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from flowengine.continuous.velocity import Field, Velocity

if TYPE_CHECKING:
    from flowengine.continuous.whitening import Whitening

POWER = 4  # the window falls with the eighth power of the distance
FARTHEST = 1e4  # of (r / reach)²: from there on the window falls no more, which is at 10⁻¹⁶


class Tamed(Velocity):
    """window(|y|) · network(y, t), with window(r) = 1 / (1 + (r / reach)⁸).

    In whitened coordinates base and target lie within `reach`; there the network can make up for
    the window. Beyond, a point rests: no step can fold the plane where nothing was learned.

    Args:
        width, depth, generator: See `Velocity`.
        whitening: Whose `reach` is taken, as it is at the time of a call.
    """

    def __init__(
        self, width: int, depth: int, generator: torch.Generator, whitening: Whitening
    ) -> None:
        super().__init__(width, depth, generator)
        self.whitening = whitening

    def forward(self, x: Tensor, t: float | Tensor) -> Tensor:
        """See `Velocity.forward`."""
        window, _ = self._window(x.square().sum(-1))
        return super().forward(x, t) * window.unsqueeze(-1)

    def with_jacobian(self, x: Tensor, t: float | Tensor) -> tuple[Tensor, Tensor]:
        """See `Velocity.with_jacobian`."""
        v, jacobian = super().with_jacobian(x, t)
        window, fall = self._window(x.square().sum(-1))
        tamed = window[:, None, None] * jacobian + fall[:, None, None] * v[:, :, None] * x[:, None]
        return window[:, None] * v, tamed

    def slope(self, state: Tensor, t: float | Tensor) -> Tensor:
        """See `Field.slope`."""
        return self._windowed(super().slope(state, t), state)

    def along(self, x: Tensor, t: float | Tensor, directions: Tensor) -> tuple[Tensor, Tensor]:
        """See `Velocity.along`."""
        v, derivative = super().along(x, t, directions)
        window, fall = self._window(x.square().sum(-1))
        outward = (fall * (x * directions).sum(1))[:, None]
        return window[:, None] * v, window[:, None] * derivative + outward * v

    def regress(self, inputs: Tensor, wanted: Tensor, gate: Tensor | None = None) -> Tensor:
        """See `Velocity.regress`; the gate is the window."""
        window, _ = self._window(inputs[:, :2].square().sum(1, keepdim=True))
        return super().regress(inputs, wanted, window if gate is None else gate * window)

    def _windowed(self, slope: Tensor, state: Tensor) -> Tensor:
        """Of velocities and their derivatives along tangents, both (2, 1 + k, batch)."""
        window, fall = self._window(state[:, 0].square().sum(0))
        if state.shape[1] == 1:
            return slope * window
        outward = fall * (state[:, :1] * state[:, 1:]).sum(0)  # (k, batch)
        tangents = window * slope[:, 1:] + slope[:, :1] * outward
        return torch.cat([window * slope[:, :1], tangents], dim=1)

    def _window(self, squared: Tensor) -> tuple[Tensor, Tensor]:
        """The window at squared radii, and its derivative by y over y, both of their shape."""
        reach = self.whitening.reach.to(squared)
        part = (squared / (reach * reach)).clamp_max(FARTHEST)
        power = part.square().square()
        window = 1 / (1 + power)
        # dw/dy = −(2·POWER) r^(2·POWER − 2) / reach^(2·POWER) · w² y
        return window, -2 * POWER * part.pow(POWER - 1) / (reach * reach) * window.square()


class WhitenedField(Field):
    """A field of the plane whose solver steps are taken in whitened coordinates.

    Attributes:
        network: dy/dt of y.
    """

    def __init__(self, network: Tamed) -> None:
        super().__init__()
        self.network = network

    @property
    def core(self) -> Tamed:
        """See `Field.core`."""
        return self.network

    @property
    def whitening(self) -> Whitening:
        """x and y at every time."""
        return self.core.whitening

    def forward(self, x: Tensor, t: float | Tensor) -> Tensor:
        """See `Field.forward`."""
        if isinstance(t, Tensor) and t.ndim:
            return self._each(x, t)
        y = self.whitening.enter(x, float(t))
        return self.whitening.velocity_in_x(y, self.core(y, t), float(t))

    def with_jacobian(self, x: Tensor, t: float | Tensor) -> tuple[Tensor, Tensor]:
        """See `Field.with_jacobian`; one time for all."""
        y = self.whitening.enter(x, float(t))
        rate, rate_by_y = self.core.with_jacobian(y, float(t))
        v = self.whitening.velocity_in_x(y, rate, float(t))
        return v, self.whitening.jacobian_in_x(rate_by_y, float(t))

    def slope(self, state: Tensor, t: float | Tensor) -> Tensor:
        """See `Field.slope`: of y and its tangents."""
        return self.core.slope(state, t)

    def enter(self, state: Tensor, t: float) -> Tensor:
        """See `Field.enter`."""
        return self.whitening.enter_state(state, t)

    def leave(self, state: Tensor, t: float) -> Tensor:
        """See `Field.leave`."""
        return self.whitening.leave_state(state, t)

    def _each(self, x: Tensor, t: Tensor) -> Tensor:
        moments, which = t.unique(return_inverse=True)
        v = torch.empty_like(x)
        for k, moment in enumerate(moments.tolist()):
            here = (which == k).nonzero()[:, 0]
            v[here] = self.forward(x[here], moment)
        return v


class StraightField(WhitenedField):
    """The same, followed in the plane itself: there the lines of a rectified flow are straight.

    One step of Euler then goes all the way, as it should once the flow is straight.
    """

    @property
    def free(self) -> WhitenedField:
        """See `Field.free`."""
        return WhitenedField(self.network)

    def slope(self, state: Tensor, t: float | Tensor) -> Tensor:
        """See `Field.slope`; one time for all."""
        t = float(t)
        inside = self.whitening.enter_state(state, t)
        return self.whitening.slope_in_x(inside, self.network.slope(inside, t), t)

    def enter(self, state: Tensor, t: float) -> Tensor:
        """See `Field.enter`."""
        return state

    def leave(self, state: Tensor, t: float) -> Tensor:
        """See `Field.leave`."""
        return state
