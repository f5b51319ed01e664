"""One training step, plain or as a CUDA graph.

On a GPU a step of a flow in the plane is some hundred kernels of a few microseconds each, and
launching them one by one costs more than running them. Captured once as a graph, all of it, from
the batch to the averaged weights, is launched as one.

The plain step is what the CPU and MPS take, and what a GPU falls back to where a step cannot be
captured. Source: https://docs.pytorch.org/docs/stable/notes/cuda.html#cuda-graphs
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import torch

from flowengine.devices import is_out_of_memory

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from flowengine.loss import Loss
    from flowengine.optimizer import FlatAdam

WARM_UP = 3


class PlainStep:
    """A step, operation by operation."""

    def __init__(self, optimizer: FlatAdam[Any], objective: Loss) -> None:
        self._optimizer = optimizer
        self._objective = objective

    def __call__(self, learning_rate: float, clip_norm: float) -> tuple[float, bool]:
        """Follow the gradient of the next batch; the loss, and whether the gradient was finite."""
        self._optimizer.zero_grad()
        loss = self._objective.backward(self._optimizer.module)
        moved = self._optimizer.step(learning_rate, clip_norm)
        return float(loss), moved


class GraphedStep:
    """A step that is launched as one.

    Batches and rates are copied to where the graph reads them. The first batch also serves the
    runs that warm up, after which everything is as it was.
    """

    def __init__(self, optimizer: FlatAdam[Any], objective: Loss) -> None:
        self._optimizer = optimizer
        self._objective = objective
        self._first = objective.draw()
        self._batch = tuple(part.clone() for part in self._first)
        self._rates = self._batch[0].new_tensor(optimizer.rates(0.0, 1.0))
        before, average = optimizer.state(), dict(optimizer.average.state_dict())
        average = {name: tensor.clone() for name, tensor in average.items()}
        try:
            self._launch = self._captured()
        finally:
            optimizer.load_state(before)
            optimizer.load_average(average)

    def __call__(self, learning_rate: float, clip_norm: float) -> tuple[float, bool]:
        """See `PlainStep.__call__`."""
        fresh, self._first = self._first or self._objective.draw(), ()
        torch._foreach_copy_(self._batch, fresh)
        self._rates.copy_(torch.tensor(self._optimizer.rates(learning_rate, clip_norm)))
        loss, norm = self._launch().tolist()
        moved = math.isfinite(norm)
        self._optimizer.count(moved)
        return loss, moved

    def _work(self) -> Tensor:
        """All of a step, without a question to the host: the loss and the gradient's norm."""
        self._optimizer.zero_grad()
        loss = self._objective.learn(self._optimizer.module, self._batch)
        return torch.stack([loss, self._optimizer.follow(self._rates)])

    def _captured(self) -> Callable[[], Tensor]:
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(WARM_UP):
                self._work()
        torch.cuda.current_stream().wait_stream(side)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            result = self._work()

        def launch() -> Tensor:
            graph.replay()
            return result

        return launch


def make_step(
    optimizer: FlatAdam[Any], objective: Loss, device: torch.device
) -> PlainStep | GraphedStep:
    """The fastest step that works there: a graph on CUDA, if the step can be captured.

    Raises:
        RuntimeError: the device ran out of memory.
    """
    if device.type != "cuda":
        return PlainStep(optimizer, objective)
    place = objective.state()
    try:
        return GraphedStep(optimizer, objective)
    except RuntimeError as error:
        if is_out_of_memory(error):
            raise
        objective.load_state(place)
        return PlainStep(optimizer, objective)
