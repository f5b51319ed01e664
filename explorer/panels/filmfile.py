"""A film in few bytes: what a project file keeps, so that it opens moving.

Positions are fixed-point steps from one key frame to the next, which pack to about 6 bits each;
densities are the square root of their share of the peak, in 8 bits.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from typing import TYPE_CHECKING, Final

import numpy as np

from flowengine.errors import ProjectError
from flowengine.foreign import words_of
from flowengine.project import LANES
from flowengine.protocol import (
    FieldFrames,
    GridFrames,
    HeatFrame,
    LayerFact,
    LayerFacts,
    ParticleFrames,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from flowengine.project import Extent, Lane
    from flowengine.protocol import Direction

    Frames = ParticleFrames | GridFrames | HeatFrame | FieldFrames | LayerFacts
    Arrays = dict[str, NDArray[np.generic]]

_MOST_FRAMES: Final = 65  # as many as an engine sends of a stack of up to 32 layers
_MOST_PARTICLES: Final = 3000
_MOST_CELLS: Final = 64
_STEP: Final = 1 / 512
_LOG_DET_STEP: Final = 1 / 256
_LARGEST: Final = 48 << 20
_DIRECTIONS: Final[tuple[Direction, ...]] = ("generate", "normalize")


def pack(messages: Iterable[Frames]) -> bytes:
    """Write a film's frames as npz bytes, with fewer frames, particles and cells where need be."""
    arrays: Arrays = {}
    heat: list[HeatFrame] = []
    for message in messages:
        if isinstance(message, LayerFacts):
            arrays |= _pack_facts(message)
            continue
        if isinstance(message, HeatFrame):
            heat.append(message)
        elif isinstance(message, ParticleFrames):
            arrays |= _pack_particles(message)
        elif isinstance(message, GridFrames):
            arrays |= _pack_grid(message)
        else:
            arrays |= _pack_field(message)
        direction = getattr(message, "direction", _DIRECTIONS[0])
        arrays["lane"] = np.array(LANES.index(message.lane))
        if hasattr(message, "direction"):
            arrays["direction"] = np.array(_DIRECTIONS.index(direction))
    if heat:
        arrays |= _pack_heat(heat)
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def unpack(data: bytes) -> tuple[Lane, Direction, list[Frames]]:
    """Read what `pack` wrote.

    Raises:
        ProjectError: the bytes are no film; the message says what was expected.
    """
    try:
        arrays = _load(data)
        lane: Lane = LANES[int(arrays["lane"])]
        direction = _DIRECTIONS[int(arrays.get("direction", np.array(0)))]
        return lane, direction, list(_unpack_all(arrays, lane, direction))
    except (OSError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise ProjectError(
            "trace: expected an npz file, and it is damaged: {error}", error=words_of(error)
        ) from None
    except (KeyError, IndexError, ValueError, TypeError) as error:
        raise ProjectError(
            "trace: expected the arrays of a film: {error}", error=words_of(error)
        ) from None


def _load(data: bytes) -> Arrays:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        size = sum(entry.file_size for entry in archive.infolist())
    if size > _LARGEST:
        raise ValueError(f"at most {_LARGEST >> 20} MiB unpacked, got {size >> 20} MiB")
    with np.load(io.BytesIO(data), allow_pickle=False) as archive:
        return dict(archive)


def _unpack_all(arrays: Arrays, lane: Lane, direction: Direction) -> Iterator[Frames]:
    if "particles" in arrays:
        yield _unpack_particles(arrays, lane, direction)
    if "grid" in arrays:
        yield _unpack_grid(arrays, lane)
    if "field" in arrays:
        yield _unpack_field(arrays, lane)
    if "heat" in arrays:
        yield from _unpack_heat(arrays, lane, direction)
    if "facts" in arrays:
        yield _unpack_facts(arrays)


# --- particles ----------------------------------------------------------------------------------


def _pack_particles(message: ParticleFrames) -> Arrays:
    kept = kept_frames(len(message.tau))
    positions = message.positions[kept]
    positions = positions[:, np.isfinite(positions).all(axis=(0, 2))]
    positions = positions[:, :_MOST_PARTICLES]
    return {
        "particles": _steps(positions, _STEP),
        "particles_tau": message.tau[kept].astype(np.float32),
    }


def _unpack_particles(arrays: Arrays, lane: Lane, direction: Direction) -> ParticleFrames:
    positions = _from_steps(arrays["particles"], _STEP)
    tau = _times(arrays["particles_tau"], len(positions))
    _expect(positions, 3, 2)
    return ParticleFrames(
        lane=lane, generation=0, step=0, direction=direction,
        tau=tau, first=0, total=positions.shape[1], positions=positions,
    )  # fmt: skip


# --- the warped grid ----------------------------------------------------------------------------


def _pack_grid(message: GridFrames) -> Arrays:
    if not (np.isfinite(message.positions).all() and np.isfinite(message.log_det).all()):
        return {}
    kept = kept_frames(len(message.tau))
    return {
        "grid": _steps(message.positions[kept], _STEP),
        "grid_log_det": _steps(message.log_det[kept], _LOG_DET_STEP),
        "grid_tau": message.tau[kept].astype(np.float32),
    }


def _unpack_grid(arrays: Arrays, lane: Lane) -> GridFrames:
    positions = _from_steps(arrays["grid"], _STEP)
    log_det = _from_steps(arrays["grid_log_det"], _LOG_DET_STEP)
    _expect(positions, 4, 2)
    if log_det.shape != positions.shape[:3]:
        raise ValueError(f"log|det| of shape {positions.shape[:3]}, got {log_det.shape}")
    tau = _times(arrays["grid_tau"], len(positions))
    return GridFrames(
        lane=lane, generation=0, step=0, tau=tau, positions=positions, log_det=log_det
    )


# --- the velocity field -------------------------------------------------------------------------


def _pack_field(message: FieldFrames) -> Arrays:
    kept = kept_frames(len(message.tau))
    return {
        "field": message.velocity[kept].astype(np.float16),
        "field_tau": message.tau[kept].astype(np.float32),
        "field_extent": np.array(message.extent),
    }


def _unpack_field(arrays: Arrays, lane: Lane) -> FieldFrames:
    velocity = arrays["field"].astype(np.float32)
    _expect(velocity, 4, 2)
    return FieldFrames(
        lane=lane, generation=0, step=0, extent=_extent(arrays["field_extent"]),
        tau=_times(arrays["field_tau"], len(velocity)), velocity=velocity,
    )  # fmt: skip


# --- the density --------------------------------------------------------------------------------


def _pack_heat(messages: list[HeatFrame]) -> Arrays:
    chosen = [messages[k] for k in kept_frames(len(messages))]
    density = np.stack([_thinned(message.density) for message in chosen])
    density = np.where(np.isfinite(density), density, 0)
    peak = np.maximum(density.max(axis=(1, 2)), np.finfo(np.float32).tiny)
    return {
        "heat": np.rint(255 * np.sqrt(density / peak[:, None, None])).astype(np.uint8),
        "heat_peak": peak.astype(np.float32),
        "heat_extent": np.array(chosen[0].extent),
    }


def _unpack_heat(arrays: Arrays, lane: Lane, direction: Direction) -> Iterator[HeatFrame]:
    shares, peak = arrays["heat"], arrays["heat_peak"].astype(np.float32)
    if shares.ndim != 3 or peak.shape != shares.shape[:1] or not shares.size:
        raise ValueError(f"a density of shape (frames, n, n), got {shares.shape}")
    for index, (share, top) in enumerate(zip(shares, peak, strict=True)):
        yield HeatFrame(
            lane=lane, generation=0, step=0, direction=direction,
            index=index, frames=len(shares), extent=_extent(arrays["heat_extent"]),
            density=(share.astype(np.float32) / 255) ** 2 * top,
        )  # fmt: skip


def _thinned(density: NDArray[np.float32]) -> NDArray[np.float32]:
    """The mean over blocks of cells, so that at most `_MOST_CELLS` remain on a side."""
    rows, columns = density.shape
    by = -(-max(rows, columns) // _MOST_CELLS)
    if by == 1 or rows % by or columns % by:
        return density
    blocks = density.reshape(rows // by, by, columns // by, by)
    return np.asarray(blocks.mean(axis=(1, 3), dtype=np.float32))


# --- the cards of the layers --------------------------------------------------------------------


def _pack_facts(message: LayerFacts) -> Arrays:
    facts = message.layers
    if not facts:
        return {}
    return {
        "facts": np.stack([fact.grid for fact in facts]).astype(np.float16),
        # a project file holds plain numbers alone
        "facts_of": np.frombuffer("\n".join(fact.id for fact in facts).encode(), np.uint8),
        "facts_weights": np.array([fact.weights for fact in facts], np.int64),
        "facts_log_det": np.array([fact.mean_log_det for fact in facts], np.float32),
    }


def _unpack_facts(arrays: Arrays) -> LayerFacts:
    grids = arrays["facts"].astype(np.float32)
    _expect(grids, 4, 2)
    names = arrays["facts_of"].astype(np.uint8).tobytes().decode().split("\n")
    weights, log_det = arrays["facts_weights"].tolist(), arrays["facts_log_det"].tolist()
    rows = zip(names, weights, log_det, grids, strict=True)
    layers = tuple(LayerFact(name, int(n), float(mean), grid) for name, n, mean, grid in rows)
    return LayerFacts(generation=0, step=0, layers=layers)


# --- shared -------------------------------------------------------------------------------------


def kept_frames(count: int) -> NDArray[np.intp]:
    """Evenly spaced frames with both ends, so that the frames between layers are among them."""
    intervals = count - 1
    for stride in range(1, intervals // 16 + 2):
        if intervals % stride == 0 and intervals // stride < _MOST_FRAMES:
            return np.arange(0, count, stride)
    return np.unique(np.rint(np.linspace(0, intervals, _MOST_FRAMES)).astype(np.intp))


def _steps(values: NDArray[np.float32], step: float) -> NDArray[np.int16]:
    limit = 32767 // 2
    fixed = np.clip(np.rint(values / step), -limit, limit).astype(np.int16)
    return np.asarray(np.diff(fixed, axis=0, prepend=np.zeros_like(fixed[:1])))


def _from_steps(steps: NDArray[np.generic], step: float) -> NDArray[np.float32]:
    if steps.dtype != np.int16:
        raise ValueError(f"steps of int16, got {steps.dtype}")
    return (np.cumsum(steps, axis=0, dtype=np.int32) * step).astype(np.float32)


def _times(tau: NDArray[np.generic], frames: int) -> NDArray[np.float64]:
    times = tau.astype(np.float64)
    if times.shape != (frames,) or not frames or not (np.diff(times) > 0).all():
        raise ValueError(f"{frames} ascending moments, got shape {times.shape}")
    return times


def _expect(values: NDArray[np.float32], axes: int, last: int) -> None:
    if values.ndim != axes or values.shape[-1] != last or not values.size:
        raise ValueError(f"{axes} axes, the last of {last}, got shape {values.shape}")


def _extent(values: NDArray[np.generic]) -> Extent:
    x_min, x_max, y_min, y_max = (float(v) for v in values)
    if not (x_min < x_max and y_min < y_max):
        raise ValueError(f"an extent x_min < x_max, y_min < y_max, got {values.tolist()}")
    return x_min, x_max, y_min, y_max
