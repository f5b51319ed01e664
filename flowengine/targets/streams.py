"""Endless batches of uniform points, drawn in bulk, resumable to the point."""

from __future__ import annotations

import operator
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Literal

import numpy as np
import torch
from torch.quasirandom import SobolEngine

from flowengine.errors import SpecError
from flowengine.numbers import as_whole

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from torch import Tensor

Method = Literal["sobol", "iid"]
BLOCK = 1 << 14
_RESOLUTION = 2.0**-30


def sobol_points(n: int, dim: int, seed: int) -> Tensor:
    """The first `n` points of a scrambled Sobol sequence, shape (n, dim), float64, in (0, 1).

    Any 2^k of them are spread evenly; the global random state is neither read nor moved.
    Source: Owen, 1998, doi:10.1006/jcom.1998.0487 (scrambling: Matoušek's affine kind).
    """
    n = operator.index(n)
    engine = SobolEngine(dim, scramble=True, seed=operator.index(seed))
    points: Tensor = engine.draw(max(n, 1), dtype=torch.float64)[:n]  # it cannot draw none
    return points + _RESOLUTION / 2  # the middle of each of 2^30 steps: never 0, never 1


def iid_points(n: int, dim: int, seed: int) -> Tensor:
    """Independent uniform points, shape (n, dim), float64, in (0, 1)."""
    generator = torch.Generator().manual_seed(operator.index(seed))
    points = torch.rand(n, dim, dtype=torch.float64, generator=generator)
    return points.clamp_(min=_RESOLUTION / 2)


def derived_seed(seed: int, *path: int) -> int:
    """A seed that belongs to `path`, e.g. (block,), and is independent of every other path's."""
    return int(np.random.SeedSequence(seed, spawn_key=path).generate_state(1, np.uint64)[0] >> 1)


class PointStream(ABC):
    """Batches of points, one after the other, without end.

    Points are drawn and transformed a block at a time, so that a batch costs a slice. Each block
    has a seed of its own, derived from the stream's: where a stream stands is two whole numbers.

    Args:
        dim: Coordinates of a uniform point.
        batch_size: Points in each batch.
        seed: The same seed gives the same batches.
        transform: Applied to every block of uniform points, shape (n, dim) float64; what it gives
            is sliced along its first axis. The identity if left out. The points are on the CPU, or
            on CUDA where that is the stream's device.
        dtype: Of the batches.
        device: Of the batches.

    Raises:
        SpecError: `dim` or `batch_size` is below 1.
    """

    def __init__(
        self,
        dim: int,
        batch_size: int,
        seed: int,
        *,
        transform: Callable[[Tensor], Tensor] | None = None,
        dtype: torch.dtype = torch.float32,
        device: torch.device | str = "cpu",
    ) -> None:
        size = as_whole(batch_size)
        if dim < 1 or size is None or size < 1:
            raise SpecError(
                "A stream needs dim >= 1 and batch_size >= 1, got {dim} and {batch_size}",
                dim=dim,
                batch_size=batch_size,
            )
        self.dim = dim
        self.batch_size = size
        self.seed = seed
        self._transform = transform
        self._dtype = dtype
        self._device = torch.device(device)
        self._block_size = max(BLOCK, 1 << (size - 1).bit_length())
        self._block = 0
        self._offset = 0
        self._points: Tensor | None = None

    @property
    def block(self) -> int:
        """The number of the block that the next batch comes from, unless this one is used up."""
        return self._block

    def next(self) -> Tensor:
        """The next batch, shape (batch_size, …); a view of the block, so do not write into it."""
        if self._offset + self.batch_size > self._block_size:
            self.leave_block()
        if self._points is None:
            self._points = self._drawn_block()
        start = self._offset
        self._offset += self.batch_size
        return self._points[start : self._offset]

    def leave_block(self) -> None:
        """Go on with the next block, unless nothing of the present one has been taken."""
        if self._offset:
            self._block, self._offset, self._points = self._block + 1, 0, None

    def state(self) -> dict[str, int]:
        """Where the stream stands, for `load_state` of one with the same seed and batch size."""
        return {"block": self._block, "offset": self._offset}

    def load_state(self, state: Mapping[str, int]) -> None:
        """Go on where the stream that gave `state` stood.

        Raises:
            SpecError: `state` lies outside what a stream of this batch size can reach.
        """
        block, offset = int(state["block"]), int(state["offset"])
        if block < 0 or not 0 <= offset <= self._block_size:
            raise SpecError(
                "A stream stands at block >= 0, 0 <= offset <= {block_size}, got "
                "block {block}, offset {offset}",
                block_size=self._block_size,
                block=block,
                offset=offset,
            )
        self._block, self._offset, self._points = block, offset, None

    @abstractmethod
    def _draw(self, n: int, seed: int) -> Tensor:
        """Uniform points, shape (n, dim), float64, in (0, 1)."""

    def _drawn_block(self) -> Tensor:
        uniform = self._draw(self._block_size, derived_seed(self.seed, self._block))
        if self._device.type == "cuda":  # MPS has no float64
            uniform = uniform.to(self._device)
        points = uniform if self._transform is None else self._transform(uniform)
        points = points.to(device=self._device, dtype=self._dtype)
        if self._transform is None and self._dtype != torch.float64:
            # rounding to a shorter type must not carry a point to 1, where quantiles are infinite
            points = points.clamp_(max=1 - torch.finfo(self._dtype).eps / 2)
        return points


class SobolStream(PointStream):
    """Scrambled Sobol points: every batch of 2^k is spread evenly, and so is every block.

    A new block is a new scrambling, so that the error of a mean over many blocks falls on as that
    of independent draws would.
    """

    def _draw(self, n: int, seed: int) -> Tensor:
        return sobol_points(n, self.dim, seed)


class IidStream(PointStream):
    """Independent uniform points."""

    def _draw(self, n: int, seed: int) -> Tensor:
        return iid_points(n, self.dim, seed)


STREAMS: dict[Method, type[PointStream]] = {"sobol": SobolStream, "iid": IidStream}
