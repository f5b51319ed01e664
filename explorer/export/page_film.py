"""A film as a web page keeps it, and how far that is from the film itself."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from msgspec import Struct

from explorer.export.page_data import (
    Bytes,
    Steps,
    fitting_step,
    pack_bytes,
    pack_steps,
    unpack_bytes,
    unpack_steps,
)
from explorer.panels.filmfile import kept_frames
from flowengine.protocol import FieldFrames, GridFrames, HeatFrame, ParticleFrames

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from explorer.panels.film import Film

    Floats = NDArray[np.float32]

MOST_PARTICLES: Final = 2000
STEP: Final = 1 / 1024  # data units: a fourteenth of a pixel where 600 of them show the plane
_STEPS: Final = {"particles": STEP, "grid": STEP, "log_det": 1 / 256, "velocity": STEP}
_FITTED: Final = ("velocity",)  # which has no largest value that anyone looks at
_HELD: Final = 32767
_BRIGHTEST: Final = 255


class Track(Struct, frozen=True, forbid_unknown_fields=True):
    """Things that move along the clock: `values` has the shape (frames, coordinates, things)."""

    tau: tuple[float, ...]
    values: Steps
    smooth: bool


class Mesh(Struct, frozen=True, forbid_unknown_fields=True):
    """How the things of a track lie: row by row, those of a velocity from y_min on."""

    rows: int
    columns: int
    extent: tuple[float, float, float, float] | None = None


class Heat(Struct, frozen=True, forbid_unknown_fields=True):
    """Densities at equally spaced moments, rows from y_min.

    Attributes:
        shares: Of each moment's top, as 255 times the square root.
        tops: The largest density that is kept of each moment.
        peaks: The density that is shown brightest at each moment.
    """

    extent: tuple[float, float, float, float]
    shares: Bytes
    tops: tuple[float, ...]
    peaks: tuple[float, ...]


class Way(Struct, frozen=True, forbid_unknown_fields=True):
    """A film of one direction: its tracks are "particles", "grid", "log_det" and "velocity"."""

    tracks: dict[str, Track]
    meshes: dict[str, Mesh]
    hue: Bytes
    heat: Heat | None = None


class _Part(NamedTuple):
    """What a page keeps of a film's frames."""

    tau: NDArray[np.float64]
    values: Floats
    mesh: Mesh | None = None


def pack_film(film: Film) -> Way:
    """Keep what a film shows; a density that is not of its present model is left out."""
    parts = dict(_tracks(film))
    smooth = film.lane == "continuous"
    tracks = {name: _packed(name, part, smooth=smooth) for name, part in parts.items()}
    meshes = {name: part.mesh for name, part in parts.items() if part.mesh is not None}
    return Way(tracks, meshes, pack_bytes(_hue(film)), _pack_heat(film))


def differences(film: Film, way: Way) -> dict[str, float]:
    """The largest differences between a film and what a file has brought back of it.

    Returns:
        For each track the difference in its own unit (data units, nats, data units per unit of
        t), and for "density" as a share of the largest density of its moment.

    Raises:
        ValueError: a part is missing, has another shape, or is damaged.
    """
    parts = dict(_tracks(film))
    if parts.keys() != way.tracks.keys() or not np.array_equal(unpack_bytes(way.hue), _hue(film)):
        raise ValueError(f"Expected the tracks {sorted(parts)}, got {sorted(way.tracks)}")
    found = {name: _difference(part, way.tracks[name]) for name, part in parts.items()}
    heat = densities(film)
    if heat and way.heat is not None:
        density = np.stack([frame.density for frame in heat])
        tops = np.array(way.heat.tops)[:, None, None]
        shares = unpack_bytes(way.heat.shares) / _BRIGHTEST
        found["density"] = _largest(density / tops, np.square(shares))
    return found


# --- what there is of a film ----------------------------------------------------------------------


def _tracks(film: Film) -> Iterator[tuple[str, _Part]]:
    for message in film.messages():
        match message:
            case ParticleFrames():
                positions = message.positions[:, :MOST_PARTICLES]
                yield "particles", _part(message.tau, positions)
            case GridFrames():
                _, rows, columns = message.log_det.shape
                mesh = Mesh(rows, columns)
                yield "grid", _part(message.tau, message.positions, mesh)
                yield "log_det", _part(message.tau, message.log_det[..., None], mesh)
            case FieldFrames():
                _, rows, columns, _ = message.velocity.shape
                mesh = Mesh(rows, columns, message.extent)
                yield "velocity", _part(message.tau, message.velocity, mesh)


def _part(tau: NDArray[np.float64], values: Floats, mesh: Mesh | None = None) -> _Part:
    """Values of shape (frames, …, coordinates) as (frames, coordinates, things), thinned."""
    kept = kept_frames(len(tau))
    flat = values[kept].reshape(len(kept), -1, values.shape[-1])
    return _Part(tau[kept], flat.swapaxes(1, 2), mesh)


def _hue(film: Film) -> NDArray[np.uint8]:
    particles = film.positions(0.0, math.inf, MOST_PARTICLES)
    return np.zeros(0, np.uint8) if particles is None else particles.hue


def densities(film: Film) -> list[HeatFrame]:
    """The densities, none where any of them is of another model than the particles."""
    frames = [message for message in film.messages() if isinstance(message, HeatFrame)]
    moments = np.linspace(0, 1, len(frames)).tolist()
    aged = (heat.strength < 1 for tau in moments if (heat := film.heat(tau, math.inf)))
    return [] if any(aged) else frames


# --- in and out -----------------------------------------------------------------------------------


def _packed(name: str, part: _Part, *, smooth: bool) -> Track:
    step = _STEPS[name]
    if name in _FITTED:
        step = fitting_step(part.values, step)
    moving = smooth and name not in _FITTED
    return Track(tuple(part.tau.tolist()), pack_steps(part.values, step), moving)


def _pack_heat(film: Film) -> Heat | None:
    frames = densities(film)
    if not frames:
        return None
    density = np.stack([frame.density for frame in frames])
    tops = np.maximum(density.max(axis=(1, 2)), np.finfo(np.float32).tiny)
    shares = np.rint(_BRIGHTEST * np.sqrt(density / tops[:, None, None]))
    moments = np.linspace(0, 1, len(frames)).tolist()
    heats = [film.heat(tau, math.inf) for tau in moments]
    peaks = tuple(heat.peak for heat in heats if heat is not None)
    return Heat(frames[0].extent, pack_bytes(shares), tuple(tops.tolist()), peaks)


def _difference(part: _Part, track: Track) -> float:
    """What rounding has changed; what is so far off that a page holds it nearer is not meant."""
    if track.tau != tuple(part.tau.tolist()):
        raise ValueError(f"Expected {len(part.tau)} key frames as they were")
    reach = _HELD * track.values.step
    return _largest(np.clip(part.values, -reach, reach), unpack_steps(track.values))


def _largest(expected: Floats, got: Floats) -> float:
    if expected.shape != got.shape:
        raise ValueError(f"Expected the shape {expected.shape}, got {got.shape}")
    if not np.array_equal(np.isnan(expected), np.isnan(got)):
        raise ValueError("Expected the same things to be known")
    return float(np.nan_to_num(np.abs(expected - got)).max(initial=0.0))
