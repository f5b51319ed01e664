"""A conditioner written out as what it is: a piecewise linear function of one number.

In the plane a conditioner sees one coordinate, and with rectifiers it bends at no more than a few
hundred places. Where these are known, a value costs one search and one product instead of a pass
through the network: for many points a fraction of the time, and closer to the exact value, since
the bends are computed in float64.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, TypeVar, cast

import torch
from torch import Tensor, nn

from flowengine.errors import ModeError
from flowengine.layers.conditioner import Conditioner
from flowengine.modes import GRADIENTS_REFUSED, refuse_gradients

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import NoReturn

WORTHWHILE = 4_096
"""From so many points on the tables of a stack save more than they cost."""
POINTS_A_BEND = 16
"""A network with more bends than one for so many points is kept as it is."""

M = TypeVar("M", bound=nn.Module)


class PiecewiseLinear(nn.Module):
    """The outputs of a conditioner, from the values of the kept coordinate.

    Args:
        bends: Where the function bends, ascending, shape (k,).
        rows: Of each of the k + 1 pieces a place on it, the values there and the slopes, shape
            (1 + 2 · outputs, k + 1).
    """

    def __init__(self, bends: Tensor, rows: Tensor) -> None:
        super().__init__()
        self._bends = bends.contiguous()
        self._rows = rows

    def forward(self, kept: Tensor) -> Tensor:
        """The outputs for every value: (batch,) to (outputs, batch).

        Raises:
            ModeError: gradients are recorded.
        """
        refuse_gradients()
        rows = self._rows.index_select(1, torch.searchsorted(self._bends, kept, right=True))
        values, slopes = rows[1:].chunk(2)
        return torch.addcmul(values, slopes, kept - rows[:1])

    def tensors(self) -> NoReturn:
        """Refuse: what is written out has no weights that learn.

        Raises:
            ModeError: always, as they are asked for where gradients are.
        """
        raise ModeError(GRADIENTS_REFUSED)


@torch.no_grad()
def tables_of(conditioners: Sequence[Conditioner], most: int) -> list[PiecewiseLinear] | None:
    """Write out conditioners of the same shape; None if one bends at more than `most` places."""
    first, *_ = parts = [conditioner.tensors() for conditioner in conditioners]
    dtype, layers = first[0].dtype, len(first) // 2
    stacked = [torch.stack(same).double() for same in zip(*parts, strict=True)]
    weights, biases = stacked[:layers], stacked[layers:]
    bends = _in_order(-biases[0] / weights[0])
    for k in range(1, layers - 1):
        ends = _around(bends)
        sums = _sums(ends, weights[: k + 1], biases[: k + 1])
        bends = torch.cat([bends, _crossings(ends, sums)], 1).sort(1).values
        if bends.shape[1] > most:
            return None
    ends = _around(bends)
    values = _sums(ends, weights, biases)
    slopes = (values[:, :, 1:] - values[:, :, :-1]) / (ends[:, 1:] - ends[:, :-1])[:, None]
    # Between two bends at the same place there is no point, and no slope.
    here = (ends[:, 1:] == ends[:, :-1])[:, None] & values[:, :, 1:].isfinite()
    slopes = slopes.masked_fill(here, 0.0)
    rows = torch.cat([ends[:, None, :-1], values[:, :, :-1], slopes], 1).to(dtype)
    return [PiecewiseLinear(*each) for each in zip(bends.to(dtype), rows, strict=True)]


def tabulated(modules: Sequence[M], points: int) -> list[M]:
    """The same modules for many points without gradients, their conditioners written out.

    What they are made of is shared with the originals; the tables know the weights of now.

    Args:
        modules: Layers on the CPU.
        points: How many points they will move; with fewer than `WORTHWHILE` nothing is done.
    """
    if points < WORTHWHILE:
        return list(modules)
    shapes: dict[object, list[Conditioner]] = {}
    for module in modules:
        for part in module.modules():
            if isinstance(part, Conditioner):
                shape = tuple((tensor.shape, tensor.dtype) for tensor in part.tensors())
                shapes.setdefault(shape, []).append(part)
    tables: dict[nn.Module, nn.Module] = {}
    for alike in shapes.values():
        tables |= zip(alike, tables_of(alike, points // POINTS_A_BEND) or alike, strict=True)
    return [_with_tables(module, tables) for module in modules]


def _with_tables(module: M, tables: Mapping[nn.Module, nn.Module]) -> M:
    if module in tables:
        return cast("M", tables[module])
    parts = {name: _with_tables(part, tables) for name, part in module.named_children()}
    if all(part is module._modules[name] for name, part in parts.items()):
        return module
    twin = copy.copy(module)
    twin.__dict__["_modules"] = {**module._modules, **parts}
    return twin


def _sums(places: Tensor, weights: Sequence[Tensor], biases: Sequence[Tensor]) -> Tensor:
    """What the last of some layers says, before its rectifier: (n, k) to (n, outputs, k)."""
    found = places[:, None]
    for weight, bias in zip(weights[:-1], biases[:-1], strict=True):
        found = torch.baddbmm(bias, weight, found).relu_()
    return torch.baddbmm(biases[-1], weights[-1], found)


def _crossings(ends: Tensor, sums: Tensor) -> Tensor:
    """Where functions that are linear from each end to the next, and on beyond the last, are 0.

    Args:
        ends: Shape (n, k).
        sums: The functions there, shape (n, width, k).

    Returns:
        Shape (n, most): where one has fewer zeros than the most, the last but one of its ends.
    """
    low, high = ends[:, None, :-1], ends[:, None, 1:]
    before, after = sums[:, :, :-1], sums[:, :, 1:]
    places = low + (high - low) * before / (before - after)
    low, high = low.clone(), high.clone()
    low[..., 0], high[..., -1] = -torch.inf, torch.inf
    found = ((places > low) & (places < high) & places.isfinite()).flatten(1)
    counts = found.sum(1)
    owner = found.nonzero()[:, 0]
    rank = torch.arange(len(owner)) - (counts.cumsum(0) - counts)[owner]
    zeros = ends[:, -2:-1].repeat(1, int(counts.max()))
    zeros[owner, rank] = places.flatten(1)[found]
    return zeros


def _in_order(places: Tensor) -> Tensor:
    """Shape (n, k, 1) to (n, k), ascending; what does not exist is where another one is, or 0."""
    places = places.squeeze(2)
    exist = places.isfinite()
    another = places.masked_fill(~exist, -torch.inf).amax(1, keepdim=True)
    return torch.where(exist, places, another.masked_fill(another.isinf(), 0.0)).sort(1).values


def _around(bends: Tensor) -> Tensor:
    """The bends and a place beyond them on either side, shape (n, k) to (n, k + 2)."""
    return torch.cat([bends[:, :1] - 1, bends, bends[:, -1:] + 1], 1)
