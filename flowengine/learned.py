"""What the models of a session have learned, so that an edit keeps what still fits."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from flowengine.checkpoint import adopted
from flowengine.flow import Flow
from flowengine.stack import DiscreteFlow

if TYPE_CHECKING:
    from torch import Tensor

    from flowengine.checkpoint import TrainerState
    from flowengine.layers import Layer
    from flowengine.model import Model


class Learned:
    """Weights and optimizer of all models that a lane has had.

    Layers that have gone are remembered too, so that undoing their removal brings back what they
    had learned.
    """

    def __init__(self) -> None:
        self._weights: dict[str, Tensor] = {}
        self._optimizer: dict[str, Tensor] = {}
        self._layers: dict[str, Layer] = {}

    def remember(self, model: Model, state: TrainerState) -> None:
        """Keep what a model has learned, before another takes its place."""
        self._weights |= state.weights
        self._optimizer |= state.optimizer
        if isinstance(model, DiscreteFlow):
            self._layers |= _layers_of(model)

    def weights_for(self, model: Model, before: Model) -> dict[str, Tensor]:
        """By name, what a new model can take over; `before` is the one whose place it takes."""
        anew = self._begun_anew(model, before)
        known = adopted(self._weights, model.state_dict())
        return {name: tensor for name, tensor in known.items() if not name.startswith(anew)}

    def optimizer_for(self, weights: dict[str, Tensor]) -> dict[str, Tensor]:
        """The optimizer's memory of these weights."""
        return {
            name: tensor
            for name, tensor in self._optimizer.items()
            if name == "steps" or name.split(".", 1)[1] in weights
        }

    def _begun_anew(self, model: Model, before: Model) -> tuple[str, ...]:
        """The prefixes of the weights of what was given another start, such as an angle."""
        if not (isinstance(model, Flow) and isinstance(before, Flow)):
            return ()
        learns = any(weight.requires_grad for weight in model.base.parameters())
        anew = () if learns and model.base.spec == before.base.spec else ("base.",)
        if not isinstance(model, DiscreteFlow):
            return anew
        layers = _layers_of(model)
        return anew + tuple(
            f"layers.{name}."
            for name, known in self._layers.items()
            if name in layers and not layers[name].resumes(known)
        )


def _layers_of(flow: DiscreteFlow) -> dict[str, Layer]:
    return {name: cast("Layer", layer) for name, layer in flow.layers.items()}
