"""Following a field in steps that it chooses itself, by torchdiffeq's dopri5.

Its steps depend on the whole batch, so that a point's way depends, within the tolerance, on its
neighbours: it carries points to be looked at, and never a density.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from flowengine.errors import NumericsError
from flowengine.foreign import words_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from torch import Tensor


def follow(
    field: Callable[[Tensor, float], Tensor],
    state: Tensor,
    times: Sequence[float],
    tolerance: float,
) -> Tensor:
    """States at all times, shape (len(times), *state.shape); the first is where they start.

    Args:
        field: d state / dt from a state and a time.
        state: Shape (batch, n).
        times: In rising or in falling order.
        tolerance: Of a step's error, relative and absolute.

    Raises:
        NumericsError: the field is too steep anywhere for steps that can be told from zero.
    """
    from torchdiffeq import odeint  # costs a start-up what most runs never need

    moments = torch.tensor(times, dtype=state.dtype, device=state.device)
    try:
        states: Tensor = odeint(
            lambda t, y: field(y, float(t)),
            state,
            moments,
            method="dopri5",
            rtol=tolerance,
            atol=tolerance,
        )
    except AssertionError as error:  # "underflow in dt": all that it says
        raise NumericsError(
            "dopri5 finds no step small enough for a tolerance of {tolerance} "
            "({error}); use a fixed-step solver or a larger tolerance",
            tolerance=f"{tolerance:g}",
            error=words_of(error),
        ) from None
    return states
