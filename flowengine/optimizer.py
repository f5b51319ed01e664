"""Adam over one flat vector, with clipping and weight averaging built in.

A flow in the plane has a few dozen small tensors; visiting them one by one costs more than the
arithmetic. Here all weights of a module are views into one vector, and so are their gradients, so
that a step is a dozen operations whatever the number of layers.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Generic, TypeVar

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from collections.abc import Mapping

M = TypeVar("M", bound=nn.Module)


class FlatAdam(Generic[M]):
    """Adam (Kingma & Ba, 2015, arXiv:1412.6980) with polynomial averaging of the iterates.

    `average` is a second module of the same shape whose weights are the running average
    (Shamir & Zhang, 2013, arXiv:1212.1824, eq. 7): after t steps it weighs roughly the last
    1/(memory + 1) of them, so it needs no horizon and forgets a bad start by itself.

    Args:
        module: The module to train; its parameters become views into one vector.
        betas: Decay of the first and second moment.
        memory: The exponent of the average; larger forgets faster.
    """

    def __init__(
        self, module: M, *, betas: tuple[float, float] = (0.9, 0.99), memory: float = 8.0
    ) -> None:
        self.module = module
        self.betas = betas
        self.memory = memory
        self.steps = 0
        self.averaged_steps = 0
        named = dict(module.named_parameters())
        self._shapes = {name: p.shape for name, p in named.items()}
        self._weights = _flatten(module)
        self._gradient = torch.zeros_like(self._weights)
        for (name, p), piece in zip(
            named.items(), self._split(self._gradient).values(), strict=True
        ):
            named[name].grad = piece if p.requires_grad else None
        self._moment = torch.zeros_like(self._weights)
        self._square = torch.zeros_like(self._weights)
        self.average = copy.deepcopy(module).requires_grad_(False).eval()
        self._average = _flatten(self.average)

    def zero_grad(self) -> None:
        """Clear the gradient."""
        self._gradient.zero_()

    def gradient_norm(self) -> Tensor:
        """Euclidean norm of the whole gradient, a scalar tensor."""
        norm: Tensor = torch.linalg.vector_norm(self._gradient)
        return norm

    def step(self, learning_rate: float, clip_norm: float) -> bool:
        """Follow the gradient, shortened to `clip_norm` if it is longer.

        Returns:
            False where the gradient is not finite; then nothing has changed.
        """
        norm = float(self.gradient_norm())
        if not norm < float("inf"):
            return False
        if norm > clip_norm:
            self._gradient.mul_(clip_norm / norm)
        self.steps += 1
        slow, fast = self.betas[1], self.betas[0]
        self._moment.lerp_(self._gradient, 1 - fast)
        self._square.mul_(slow).addcmul_(self._gradient, self._gradient, value=1 - slow)
        unbias = (1 - slow**self.steps) ** 0.5
        rate = learning_rate / (1 - fast**self.steps)
        self._weights.addcdiv_(
            self._moment, self._square.sqrt().add_(1e-8 * unbias), value=-rate * unbias
        )
        self.averaged_steps += 1
        share = (self.memory + 1) / (self.averaged_steps + self.memory)
        self._average.lerp_(self._weights, min(share, 1.0))
        return True

    def rates(self, learning_rate: float, clip_norm: float) -> tuple[float, float, float, float]:
        """What `follow` needs of the next step: step size, least root, share, clip norm."""
        slow, fast = self.betas[1], self.betas[0]
        unbias = (1 - slow ** (self.steps + 1)) ** 0.5
        size = learning_rate * unbias / (1 - fast ** (self.steps + 1))
        share = (self.memory + 1) / (self.averaged_steps + 1 + self.memory)
        return size, 1e-8 * unbias, min(share, 1.0), clip_norm

    def follow(self, rates: Tensor) -> Tensor:
        """The same as `step`, in tensors alone, so that no device waits for the host.

        Args:
            rates: What `rates` gives, shape (4,), on the device.

        Returns:
            The gradient's norm, a scalar; where it is not finite nothing has changed.
        """
        size, least, share, clip_norm = rates.unbind()
        norm = self.gradient_norm()
        good = norm.isfinite()
        gradient = torch.where(good, self._gradient * (clip_norm / norm).clamp(max=1.0), 0.0)
        taken = good.to(rates)
        self._moment.lerp_(gradient, (1 - self.betas[0]) * taken)
        self._square.lerp_(gradient.square(), (1 - self.betas[1]) * taken)
        self._weights.sub_(size * taken * self._moment / (self._square.sqrt() + least))
        self._average.lerp_(self._weights, share * taken)
        return norm

    def count(self, moved: bool) -> None:
        """Say after `follow` whether its gradient was finite."""
        self.steps += moved
        self.averaged_steps += moved

    def average_from_weights(self) -> None:
        """Start the average anew, from the weights as they are."""
        self.averaged_steps = 0
        self._average.copy_(self._weights)

    def weights_from_average(self) -> None:
        """Go on from the averaged weights, and start the average anew from there."""
        self.averaged_steps = 0
        self._weights.copy_(self._average)

    def copy_buffers(self) -> None:
        """Bring the buffers of `average` (such as ActNorm's flag) up to date."""
        for mine, theirs in zip(self.average.buffers(), self.module.buffers(), strict=True):
            mine.copy_(theirs)

    def is_finite(self) -> bool:
        """Whether every weight is a number."""
        return bool(torch.isfinite(self._weights.sum()))

    def state(self) -> dict[str, Tensor]:
        """Everything that a later step depends on, by parameter name."""
        pieces = {
            "moment": self._split(self._moment),
            "square": self._split(self._square),
            "raw": self._split(self._weights),
        }
        state = {f"{part}.{n}": t.clone() for part, d in pieces.items() for n, t in d.items()}
        state["steps"] = torch.tensor([self.steps, self.averaged_steps])
        return state

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Take up a state; parameters that it does not know, or in another shape, keep their own.

        The averages are not part of it: they are the weights of `average`, kept by the caller.
        """
        for part, flat in (
            ("moment", self._moment),
            ("square", self._square),
            ("raw", self._weights),
        ):
            for name, piece in self._split(flat).items():
                known = state.get(f"{part}.{name}")
                if known is not None and known.shape == piece.shape:
                    piece.copy_(known)
        self.steps, self.averaged_steps = (int(n) for n in state["steps"])
        for name, p in self.module.named_parameters():
            if not p.requires_grad:  # a locked layer must not drift on its old momentum
                self._split(self._moment)[name].zero_()

    def load_average(self, weights: Mapping[str, Tensor]) -> None:
        """Set the averaged weights, by parameter name; unknown names are left out."""
        for name, piece in self._split(self._average).items():
            if name in weights and weights[name].shape == piece.shape:
                piece.copy_(weights[name])

    def _split(self, flat: Tensor) -> dict[str, Tensor]:
        sizes = [shape.numel() for shape in self._shapes.values()]
        return {
            name: piece.view(shape)
            for (name, shape), piece in zip(self._shapes.items(), flat.split(sizes), strict=True)
        }


def _flatten(module: nn.Module) -> Tensor:
    """Move all parameters of a module into one vector of which they become views."""
    parameters = list(module.parameters())
    if not parameters:
        return torch.zeros(0)
    flat = torch.cat([p.detach().reshape(-1) for p in parameters])
    for p, piece in zip(parameters, flat.split([p.numel() for p in parameters]), strict=True):
        p.data = piece.view(p.shape)
    return flat
