"""Weights to go back to: the last of a model in training that could be measured."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from torch import Tensor

    from flowengine.optimizer import FlatAdam

MOST_IN_A_ROW: Final = 3  # times that one state is taken up before it counts as lost as well


class Fallback:
    """Keeps a state of an optimizer and its averaged weights.

    Weights can be finite and yet send points to infinity: only figures tell.
    """

    def __init__(self) -> None:
        self._state: dict[str, Tensor] | None = None
        self._average: dict[str, Tensor] = {}
        self._taken_up = 0

    def keep(self, optimizer: FlatAdam[Any]) -> None:
        """Take note of a state that has just been measured, or with which training begins."""
        self._state = optimizer.state()
        named = optimizer.average.named_parameters()
        self._average = {name: weights.detach().clone() for name, weights in named}
        self._taken_up = 0

    def trust_again(self) -> None:
        """Count the state as good once more: another target or recipe may be what it needs."""
        self._taken_up = 0

    def take_up(self, optimizer: FlatAdam[Any]) -> bool:
        """Go on from the averaged weights that were kept.

        Returns:
            Whether there was a state, and one that has not failed again and again.
        """
        if self._state is None or self._taken_up == MOST_IN_A_ROW:
            return False
        optimizer.load_state(self._state)
        optimizer.load_average(self._average)
        optimizer.weights_from_average()
        self._taken_up += 1
        return True
