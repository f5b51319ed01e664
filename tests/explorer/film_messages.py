"""Small protocol messages for the tests of films and panels."""

from __future__ import annotations

import numpy as np

from flowengine.protocol import FieldFrames, GridFrames, HeatFrame, ParticleFrames

EXTENT = (-4.0, 4.0, -4.0, 4.0)


def particles(frames, *, tau=None, first=0, total=None, lane="discrete", **head):
    """`frames`: positions, shape (frames, n, 2)."""
    positions = np.asarray(frames, np.float32)
    return ParticleFrames(
        lane=lane,
        generation=head.get("generation", 0),
        step=0,
        direction=head.get("direction", "generate"),
        tau=np.linspace(0, 1, len(positions)) if tau is None else np.asarray(tau, float),
        first=first,
        total=positions.shape[1] if total is None else total,
        positions=positions,
    )


def still(points, *, frames=2, **head):
    """Particles that do not move along the clock, shape (n, 2)."""
    return particles(np.repeat(np.asarray(points, np.float32)[None], frames, axis=0), **head)


def heat(density, *, index=0, frames=1, lane="discrete", extent=EXTENT, **head):
    return HeatFrame(
        lane=lane,
        generation=head.get("generation", 0),
        step=0,
        direction=head.get("direction", "generate"),
        index=index,
        frames=frames,
        extent=extent,
        density=np.asarray(density, np.float32),
    )


def grid(positions, *, log_det=None, tau=None, lane="discrete", generation=0):
    """`positions`: shape (frames, rows, columns, 2)."""
    positions = np.asarray(positions, np.float32)
    return GridFrames(
        lane=lane,
        generation=generation,
        step=0,
        tau=np.linspace(0, 1, len(positions)) if tau is None else np.asarray(tau, float),
        positions=positions,
        log_det=np.zeros(positions.shape[:3], np.float32) if log_det is None else log_det,
    )


def field(velocity, *, extent=EXTENT, generation=0, exact=False):
    """`velocity`: shape (frames, n, n, 2)."""
    velocity = np.asarray(velocity, np.float32)
    return FieldFrames(
        lane="continuous",
        generation=generation,
        step=0,
        extent=extent,
        tau=np.linspace(0, 1, len(velocity)),
        velocity=velocity,
        exact=exact,
    )
