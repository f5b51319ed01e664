"""What a lane minimises, behind one small interface."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

import torch

from flowengine.modes import with_gradients

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor

    from flowengine.targets.streams import PointStream


class Loss(ABC):
    """A loss that draws its own batches, reproducibly and resumably.

    Drawing and learning are apart, so that a device can be handed the one and repeat the other.

    Attributes:
        streams: Where batches come from, by the prefix that their places have in `state`.
    """

    streams: dict[str, PointStream]

    def draw(self) -> tuple[Tensor, ...]:
        """The next batch: tensors of as many rows as a batch has points, alike every time."""
        return tuple(stream.next() for stream in self.streams.values())

    @abstractmethod
    def learn(self, model: Any, batch: tuple[Tensor, ...]) -> Tensor:  # noqa: ANN401  each its own
        """Add the gradient of a batch to `.grad`; gives its loss, a detached scalar.

        Args:
            model: What is trained, of the kind that the loss is for.
            batch: What `draw` gave.
        """

    @with_gradients
    def backward(self, model: Any) -> Tensor:  # noqa: ANN401
        """`learn` from the next batch, whatever mode the caller is in."""
        return self.learn(model, self.draw())

    def state(self) -> dict[str, Tensor]:
        """Where the streams stand."""
        return {
            f"{prefix}{name}": torch.tensor(value)
            for prefix, stream in self.streams.items()
            for name, value in stream.state().items()
        }

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Go on from there; a stream that had no part in the loss then starts now."""
        for prefix, stream in self.streams.items():
            names = {name: f"{prefix}{name}" for name in stream.state()}
            if all(key in state for key in names.values()):
                stream.load_state({name: int(state[key]) for name, key in names.items()})
