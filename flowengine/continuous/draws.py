"""Training points, drawn in blocks that depend on the seed and the block's number alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import torch
from torch import Tensor
from torch.quasirandom import SobolEngine

if TYPE_CHECKING:
    from collections.abc import Callable

Sampling = Literal["sobol", "iid"]
BLOCK_POINTS = 16_384
_SEED_STRIDE = 1_000_003


class Batches:
    """An endless sequence of batches, cut from blocks of many.

    Drawing much at once makes sampling a small part of a training step. Since block k depends on
    the seed and on k alone, `position` is the whole state: a run that sets it goes on with the
    very numbers of an uninterrupted one.

    Attributes:
        batch_size: Rows in each batch.
        position: How many batches have been drawn.
    """

    def __init__(
        self, draw_block: Callable[[int, int], tuple[Tensor, ...]], batch_size: int
    ) -> None:
        """Take `draw_block(number, rows)`, which gives tensors of that many rows."""
        self.batch_size = batch_size
        self.position = 0
        self._draw_block = draw_block
        self._per_block = max(1, BLOCK_POINTS // batch_size)
        self._number = -1
        self._block: tuple[Tensor, ...] = ()

    def next(self) -> tuple[Tensor, ...]:
        """The next batch: rows of every tensor of the block."""
        number, place = divmod(self.position, self._per_block)
        if number != self._number:
            self._block = self._draw_block(number, self._per_block * self.batch_size)
            self._number = number
        self.position += 1
        start = place * self.batch_size
        return tuple(rows[start : start + self.batch_size] for rows in self._block)


def uniform(rows: int, columns: int, *, seed: int, block: int, sampling: Sampling) -> Tensor:
    """Points of the open unit cube, shape (rows, columns), evenly spread or independent.

    Scrambled Sobol points fill the cube far more evenly than random ones, so that a batch stands
    for its distribution with less noise; every block has a scrambling of its own, which keeps the
    batches unbiased. Source: Owen, 1998, ACM TOMACS 8(1).
    """
    seed = seed * _SEED_STRIDE + block
    if sampling == "sobol":
        u = SobolEngine(columns, scramble=True, seed=seed).draw(rows)
    else:
        u = torch.rand(rows, columns, generator=torch.Generator().manual_seed(seed))
    edge = torch.finfo(u.dtype).eps / 2
    return u.clamp_(edge, 1 - edge)
