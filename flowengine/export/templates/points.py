"""Template: the points that an exported model takes."""

from __future__ import annotations

from itertools import chain

import torch
from torch import Tensor, nn


def points_for(model: nn.Module, points: Tensor, columns: int = 2) -> Tensor:
    """Points, shape (n, columns), or a list or array of them, in a model's type and on its device.

    A model whose data lies far from zero `takes` more digits than its weights have.

    Raises:
        ValueError: they have another shape.
    """
    points = torch.as_tensor(points)
    if points.ndim != 2 or points.shape[1] != columns:
        raise ValueError(f"points must have shape (n, {columns}), got {tuple(points.shape)}")
    like = next(chain(model.parameters(), model.buffers()))
    return points.to(like.device, getattr(model, "takes", like.dtype))
