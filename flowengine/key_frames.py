"""The key frames that a discrete flow is pictured at, filled layer by layer."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor

from flowengine.traces import Trace

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flowengine.bases import Base
    from flowengine.layers import Columns

FRAMES_PER_LAYER = 8
FRAMES = 64
CHUNK = 4096
"""Points that pass the layers together where no gradient is wanted: what a core's cache holds."""


class KeyFrames(NamedTuple):
    """A trace through a stack, filled layer by layer.

    Attributes:
        alphas: The moments within a layer at which it is pictured, shape (n, 1), the last one 1.
        positions: Shape (frames, batch, 2); frame 0 is the base.
        log_det: Shape (frames, batch), from the base on; (frames, 0) where it is not wanted.
    """

    alphas: Tensor
    positions: Tensor
    log_det: Tensor

    @classmethod
    def empty(cls, like: Tensor, layers: int, frames: int | None, *, densities: bool) -> KeyFrames:
        """A film for the points `like` through so many layers."""
        each = _frames_per_layer(frames, layers)
        count, batch = each * layers + 1, len(like)
        alphas = torch.arange(1, each + 1, dtype=like.dtype, device=like.device)[:, None] / each
        log_det = like.new_zeros(count, batch if densities else 0)
        return cls(alphas, like.new_empty(count, batch, 2), log_det)

    def parts(self, points: Tensor) -> Iterator[tuple[KeyFrames, Tensor]]:
        """The film in pieces that fit the cache, each with its share of the points."""
        for start in range(0, max(len(points), 1), CHUNK):
            some = slice(start, start + CHUNK)
            yield (
                KeyFrames(self.alphas, self.positions[:, some], self.log_det[:, some]),
                points[some],
            )

    def put_base(self, z: Columns) -> None:
        """Fill the first frame."""
        self.positions[0, :, 0], self.positions[0, :, 1] = z

    def put(self, k: int, way: Columns, log_det: Tensor | None) -> None:
        """Fill the frames of layer k; if densities are wanted, the layers before come before."""
        first = k * len(self.alphas) + 1
        frames = slice(first, first + len(self.alphas))
        self.positions[frames, :, 0], self.positions[frames, :, 1] = way
        if log_det is not None and self.log_det.shape[1]:
            self.log_det[frames] = self.log_det[first - 1] + log_det

    def last(self, way: Columns) -> Columns:
        """Where a layer leaves the points, from its way."""
        shape = len(self.alphas), self.positions.shape[1]
        return way[0].expand(shape)[-1], way[1].expand(shape)[-1]

    def developed(self, base: Base) -> Trace:
        """The trace, with the log-density at each frame if densities are wanted."""
        tau = torch.linspace(0.0, 1.0, len(self.positions), device=self.positions.device)
        if not self.log_det.shape[1]:
            return Trace(tau, self.positions, self.log_det, self.log_det)
        log_prob = base.log_prob(self.positions[0]) - self.log_det
        return Trace(tau, self.positions, self.log_det, log_prob)


def _frames_per_layer(frames: int | None, layers: int) -> int:
    if frames is None:
        return max(2, min(FRAMES_PER_LAYER, FRAMES // layers))
    return max(2, min(16, round((frames - 1) / layers)))
