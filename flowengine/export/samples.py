"""The format `samples`: points of a model in a file, with their log-densities where it has any."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from flowengine.checks import check_finite
from flowengine.errors import ExportError
from flowengine.export import ExportCancelled

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import BinaryIO

    from numpy.typing import NDArray
    from torch import Tensor

    from flowengine.export import Cancelled, Progress
    from flowengine.model import Model

    Rows = NDArray[np.floating[Any]]

CHUNK = 65_536
_DIGITS = {4: "%.9g", 8: "%.17g"}  # as many as tell every float32, or float64, from its neighbours
_MAKING, _WRITING = 0.6, 0.8  # shares of the work that are done when these end


def export_samples(
    flow: Model,
    file: Path,
    *,
    suffix: str,
    count: int,
    seed: int,
    progress: Progress,
    cancelled: Cancelled,
) -> float:
    """Draw points, write them, and read them back.

    Args:
        flow: The model.
        file: What is written.
        suffix: ".csv" for a line of `x,y`, or `x,y,log_prob` for a flow, for each point; ".npy" for
            an array of shape (count, 2). Points are float32, or float64 where their origin is far
            off.
        count: How many points.
        seed: The same seed gives the same points as `python -m flowengine sample`.
        progress: Called with how much is done, and what is being done.
        cancelled: Asked after each chunk.

    Returns:
        The largest difference of what was read back, which is 0.

    Raises:
        ExportError: what is read back is not what was written.
        ExportCancelled: `cancelled` said so.
        NumericsError: a point is not finite.
    """
    progress(0.0, "drawing samples")
    noise = flow.draw(count, generator=torch.Generator().manual_seed(seed))
    dense = suffix == ".csv" and flow.likelihood == "exact"
    made = []
    for k, chunk in enumerate(torch.split(noise, CHUNK)):
        _refuse_cancelled(cancelled)
        made.append(_rows(flow, chunk, dense=dense))
        progress(_MAKING * min((k + 1) * CHUNK / count, 1.0), "drawing samples")
    rows: Rows = np.concatenate(made)
    progress(_MAKING, "writing the samples")
    with file.open("xb") as stream:
        _write(stream, rows, suffix, cancelled)
    progress(_WRITING, "reading them back")
    difference = _difference(file, rows, suffix, cancelled)
    progress(1.0, "done")
    return difference


def generate(model: Model, noise: Tensor) -> Tensor:
    """The points that a model makes, shape (n, 2), a chunk at a time.

    Raises:
        NumericsError: a point is not finite.
    """
    with torch.no_grad():
        chunks = [model.generate(chunk) for chunk in torch.split(noise, CHUNK)]
    return check_finite(torch.cat(chunks))


def digits(points: Rows) -> str:
    """The format in which numbers come back from text as they were."""
    return _DIGITS[points.itemsize]


def _rows(flow: Model, noise: Tensor, *, dense: bool) -> Rows:
    """Points, shape (n, 2), or with their log-densities, shape (n, 3)."""
    points = generate(flow, noise)
    if not dense:
        return np.asarray(points.numpy())
    with torch.no_grad():
        density = flow.log_likelihood(points)
    return np.asarray(torch.cat([points, density[:, None].to(points)], dim=1).numpy())


def _write(stream: BinaryIO, rows: Rows, suffix: str, cancelled: Cancelled) -> None:
    if suffix == ".npy":
        head = {"descr": f"<f{rows.itemsize}", "fortran_order": False, "shape": rows.shape}
        np.lib.format.write_array_header_1_0(stream, head)
    else:
        stream.write(b"x,y,log_prob\n" if rows.shape[1] == 3 else b"x,y\n")
    for part in _parts(rows, cancelled):
        if suffix == ".npy":
            stream.write(np.ascontiguousarray(part, f"<f{part.itemsize}").tobytes())
        else:
            np.savetxt(stream, part, digits(part), delimiter=",")


def _difference(file: Path, rows: Rows, suffix: str, cancelled: Cancelled) -> float:
    """How far what a reader finds is from what was written.

    Raises:
        ExportError: there are more or fewer rows or columns.
    """
    largest = 0.0
    for part, found in zip(_parts(rows, cancelled), _read(file, suffix, rows.dtype), strict=True):
        if found.shape != part.shape:
            raise ExportError(
                "The file holds rows of shape {shape} where {shape_} were written; "
                "nothing was left behind",
                shape=found.shape,
                shape_=part.shape,
            )
        largest = max(largest, float(np.abs(found - part).max()))
    return largest


def _read(file: Path, suffix: str, kind: np.dtype[Any]) -> Iterator[Rows]:
    """What a reader finds in a file, a chunk at a time."""
    if suffix == ".npy":
        array = np.load(file, mmap_mode="r", allow_pickle=False)
        for start in range(0, len(array), CHUNK):
            yield np.asarray(array[start : start + CHUNK])
        return
    with file.open(encoding="ascii") as lines:
        next(lines)
        while chunk := list(itertools.islice(lines, CHUNK)):
            yield np.loadtxt(chunk, kind, delimiter=",", ndmin=2)


def _parts(rows: Rows, cancelled: Cancelled) -> Iterator[Rows]:
    for start in range(0, len(rows), CHUNK):
        _refuse_cancelled(cancelled)
        yield rows[start : start + CHUNK]


def _refuse_cancelled(cancelled: Cancelled) -> None:
    if cancelled():
        raise ExportCancelled("The export was cancelled; nothing was written")
