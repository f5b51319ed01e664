"""The state of a lane in training, as bytes that hold tensors and nothing else."""

from __future__ import annotations

import io
import math
import zipfile
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load, save

from flowengine.errors import ProjectError
from flowengine.foreign import words_of
from flowengine.frame import IDENTITY, Frame
from flowengine.project import LaneState

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray
    from torch import Tensor

HISTORY_COLUMNS = ("step", "seconds", "nll", "kl", "w2")
"""Of a row of a history. An infinite NLL stands where the target or the model changed."""
FRAME = "frame"
"""What weights that are for normalized coordinates keep their frame under: cx, cy, sx, sy."""
_LATER_COLUMNS = ("w2",)  # which older files do not have


class TrainerState(NamedTuple):
    """What a lane needs to go on as if it had never stopped.

    Attributes:
        weights: The averaged model's state dict; the trained model.
        optimizer: Moments and raw weights, by parameter.
        objective: Where the streams of random points stand.
        counters: step, schedule step, seconds, rate scale, last loss; float64, shape (5,).
        history: Shape (n, 5): see `HISTORY_COLUMNS`; NaN stands for what was not measured.
        frame: Leads from the coordinates that the weights are for to data units.
    """

    weights: dict[str, Tensor]
    optimizer: dict[str, Tensor]
    objective: dict[str, Tensor]
    counters: Tensor
    history: NDArray[np.float64]
    frame: Frame = IDENTITY


def pack_state(state: TrainerState) -> LaneState:
    """Write a state as safetensors and npz bytes."""
    tensors = {f"optimizer.{name}": tensor for name, tensor in state.optimizer.items()}
    tensors |= {f"objective.{name}": tensor for name, tensor in state.objective.items()}
    tensors["counters"] = state.counters
    history = io.BytesIO()
    columns: dict[str, Any] = dict(zip(HISTORY_COLUMNS, state.history.T, strict=True))
    np.savez_compressed(history, **columns)
    weights = state.weights | _frame_tensors(state.frame)
    return LaneState(
        weights=save({n: t.contiguous() for n, t in weights.items()}),
        state=save({n: t.contiguous() for n, t in tensors.items()}),
        history=history.getvalue(),
    )


def unpack_state(saved: LaneState, expected: Mapping[str, Tensor], lane: str) -> TrainerState:
    """Read a state for a model whose state dict is `expected`.

    Raises:
        ProjectError: a part is damaged, or belongs to another model.
    """
    weights = _tensors(saved.weights, f"lanes/{lane}/weights.safetensors")
    frame = taken_frame(weights, lane)
    _check_same(weights, expected, f"lanes/{lane}/weights.safetensors")
    part = f"lanes/{lane}/state.safetensors"
    tensors = _tensors(saved.state, part) if saved.state else {}
    counters = tensors.pop("counters", torch.zeros(5, dtype=torch.float64))
    if counters.shape != (5,):
        raise ProjectError(
            "{part}: expected 5 counters, got shape {shape}", part=part, shape=tuple(counters.shape)
        )
    return TrainerState(
        weights=weights,
        optimizer=_under("optimizer.", tensors),
        objective=_under("objective.", tensors),
        counters=counters,
        history=read_history(saved.history, lane),
        frame=frame,
    )


def taken_frame(weights: dict[str, Tensor], lane: str) -> Frame:
    """Take the frame out of weights as they were saved; the identity where they hold none.

    Raises:
        ProjectError: it is no frame.
    """
    values = weights.pop(FRAME, torch.tensor([*IDENTITY.center, *IDENTITY.scale])).tolist()
    if len(values) != 4 or not (all(map(math.isfinite, values)) and min(values[2:]) > 0):
        raise ProjectError(
            "lanes/{lane}/weights.safetensors: expected a frame of two centres and "
            "two scales above 0, got {values}",
            lane=lane,
            values=values,
        )
    cx, cy, sx, sy = values
    return Frame((cx, cy), (sx, sy))


def is_change(row: Sequence[float]) -> bool:
    """Whether a row of a history stands for a change of the target or of the model."""
    return row[2] == math.inf


def read_history(data: bytes, lane: str) -> NDArray[np.float64]:
    """The curves of a lane, shape (n, 5): see `HISTORY_COLUMNS`.

    Raises:
        ProjectError: the bytes hold no such curves.
    """
    if not data:
        return np.zeros((0, len(HISTORY_COLUMNS)))
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
            columns = {name: arrays[name] for name in HISTORY_COLUMNS if name in arrays}
            for name in _LATER_COLUMNS:
                columns.setdefault(name, np.full_like(columns["step"], np.nan, np.float64))
            return np.stack([columns[n] for n in HISTORY_COLUMNS], axis=1).astype(np.float64)
    except (ValueError, KeyError, OSError, zipfile.BadZipFile) as error:
        raise ProjectError(
            "lanes/{lane}/history.npz: expected {history_columns}: {error}",
            lane=lane,
            history_columns=HISTORY_COLUMNS,
            error=words_of(error),
        ) from None


def adopted(
    old: Mapping[str, Tensor], new: Mapping[str, Tensor], depth: int = 2
) -> dict[str, Tensor]:
    """The tensors of `old` that fit into `new`, by whole layers.

    A layer is what shares the first `depth` parts of its names, as in `layers.<id>.weight`; it is
    taken over only if all its tensors have kept their shapes.
    """
    groups: dict[str, list[str]] = {}
    for name in new:
        groups.setdefault(".".join(name.split(".")[:depth]), []).append(name)
    return {
        name: old[name]
        for names in groups.values()
        if all(name in old and old[name].shape == new[name].shape for name in names)
        for name in names
    }


def _tensors(data: bytes, part: str) -> dict[str, Tensor]:
    try:
        tensors: dict[str, Tensor] = load(data)
    except (SafetensorError, ValueError) as error:
        raise ProjectError(
            "{part}: expected safetensors: {error}", part=part, error=words_of(error)
        ) from None
    for name, tensor in tensors.items():
        if tensor.is_floating_point() and not torch.isfinite(tensor).all() and name != "counters":
            raise ProjectError(
                "{part}: expected finite numbers in {name}", part=part, name=repr(name)
            )
    return tensors


def _check_same(found: Mapping[str, Tensor], expected: Mapping[str, Tensor], part: str) -> None:
    for name, tensor in expected.items():
        if name not in found:
            raise ProjectError(
                "{part}: expected the weights {name}, which are missing", part=part, name=repr(name)
            )
        if found[name].shape != tensor.shape:
            raise ProjectError(
                "{part}: expected {name} of shape {shape}, got {shape_}",
                part=part,
                name=repr(name),
                shape=tuple(tensor.shape),
                shape_=tuple(found[name].shape),
            )
    unknown = next((name for name in found if name not in expected), None)
    if unknown is not None:
        raise ProjectError(
            "{part}: expected no weights called {unknown}", part=part, unknown=repr(unknown)
        )


def _frame_tensors(frame: Frame) -> dict[str, Tensor]:
    if frame.is_identity:
        return {}
    return {FRAME: torch.tensor([*frame.center, *frame.scale], dtype=torch.float64)}


def _under(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {n.removeprefix(prefix): t for n, t in tensors.items() if n.startswith(prefix)}
