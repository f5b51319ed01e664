"""Small protocol messages for the tests of films and panels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from flowengine.protocol import FieldFrames, GridFrames, HeatFrame, ParticleFrames

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from flowengine.project import Extent, Lane
    from flowengine.protocol import Direction

EXTENT = (-4.0, 4.0, -4.0, 4.0)


def particles(
    frames: ArrayLike,
    *,
    tau: ArrayLike | None = None,
    first: int = 0,
    total: int | None = None,
    lane: Lane = "discrete",
    generation: int = 0,
    direction: Direction = "generate",
) -> ParticleFrames:
    """`frames`: positions, shape (frames, n, 2)."""
    positions = np.asarray(frames, np.float32)
    return ParticleFrames(
        lane=lane,
        generation=generation,
        step=0,
        direction=direction,
        tau=np.linspace(0, 1, len(positions)) if tau is None else np.asarray(tau, float),
        first=first,
        total=positions.shape[1] if total is None else total,
        positions=positions,
    )


def still(points: ArrayLike, *, frames: int = 2, **head: Any) -> ParticleFrames:
    """Particles that do not move along the clock, shape (n, 2)."""
    return particles(np.repeat(np.asarray(points, np.float32)[None], frames, axis=0), **head)


def heat(
    density: ArrayLike,
    *,
    index: int = 0,
    frames: int = 1,
    lane: Lane = "discrete",
    extent: Extent = EXTENT,
    generation: int = 0,
    direction: Direction = "generate",
) -> HeatFrame:
    return HeatFrame(
        lane=lane,
        generation=generation,
        step=0,
        direction=direction,
        index=index,
        frames=frames,
        extent=extent,
        density=np.asarray(density, np.float32),
    )


def grid(
    positions: ArrayLike,
    *,
    log_det: NDArray[np.float32] | None = None,
    tau: ArrayLike | None = None,
    lane: Lane = "discrete",
    generation: int = 0,
) -> GridFrames:
    """`positions`: shape (frames, rows, columns, 2)."""
    placed = np.asarray(positions, np.float32)
    return GridFrames(
        lane=lane,
        generation=generation,
        step=0,
        tau=np.linspace(0, 1, len(placed)) if tau is None else np.asarray(tau, float),
        positions=placed,
        log_det=np.zeros(placed.shape[:3], np.float32) if log_det is None else log_det,
    )


def field(
    velocity: ArrayLike, *, extent: Extent = EXTENT, generation: int = 0, exact: bool = False
) -> FieldFrames:
    """`velocity`: shape (frames, n, n, 2)."""
    moved = np.asarray(velocity, np.float32)
    return FieldFrames(
        lane="continuous",
        generation=generation,
        step=0,
        extent=extent,
        tau=np.linspace(0, 1, len(moved)),
        velocity=moved,
        exact=exact,
    )
