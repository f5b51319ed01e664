"""What one lane last showed, ready to be looked at any moment of the clock."""

from __future__ import annotations

import copy
import math
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from explorer.panels import filmfile
from explorer.panels.cells import cell_at
from explorer.panels.fields import Field, Fields
from explorer.panels.keyframes import KeyFrames, Moments, fitting, fitting_moments
from explorer.panels.outline import level_holding
from flowengine.protocol import (
    Direction,
    Event,
    FieldFrames,
    GridFrames,
    HeatFrame,
    LayerFacts,
    ParticleFrames,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from flowengine.project import Extent, Lane

    Floats = NDArray[np.float32]

_PEAK_QUANTILE: Final = 0.98
_PEAK_PARTICLES: Final = 2000
_PEAK_LEAST: Final = 50
_KEPT: Final = 2.0  # of the peak: densities above it are not told apart in a file
_SMALLEST_PEAK: Final = 1e-12


class Particles(NamedTuple):
    """Positions (..., n, 2) in data units, and hue (n,): an angle, in 256 parts of the circle."""

    positions: Floats
    hue: NDArray[np.uint8]


class Mesh(NamedTuple):
    """The warped grid at one moment: positions (rows, columns, 2), log|det| from the base."""

    positions: Floats
    log_det: Floats


class Heat(NamedTuple):
    """A density at one moment, row 0 at y_min, and the value that is shown brightest.

    Its `strength` is less than 1 where it still is of another model or target than the particles.
    """

    density: Floats
    peak: float
    extent: Extent
    strength: float = 1.0


class Film:
    """The latest key frames of a lane, for one direction at a time.

    Messages go in, in any order and in slices; pictures come out, at any moment of the clock. New
    frames never replace a picture at once: it turns into them over about the time between two
    snapshots. Until frames of a new generation or direction arrive, the old picture stays.

    Attributes:
        lane: Whose film it is.
        direction: The direction that is wanted; frames of the other are dropped.
        generation: The oldest generation that is wanted; frames of an older one are dropped.
        transitions: Off, new frames are shown at once (reduced motion).
        revision: Grows with whatever is taken.
        facts: What the cards of the layers show, which a file keeps with the pictures; or None.
    """

    def __init__(self, lane: Lane, direction: Direction = "generate") -> None:
        self.lane = lane
        self.direction: Direction = direction
        self.generation = 0
        self.transitions = True
        self.revision = 0
        self.facts: LayerFacts | None = None
        self._smooth = lane == "continuous"
        self._particles: KeyFrames | None = None
        self._hue = np.zeros(0, np.uint8)
        self._grid: KeyFrames | None = None
        self._grid_shape = (0, 0)
        self._fields = {"learned": Fields(), "exact": Fields()}
        self._heat: Moments | None = None
        self._heat_of: tuple[int, Direction] | None = None
        self._heat_extent: Extent = (-4.0, 4.0, -4.0, 4.0)

    # --- what comes in --------------------------------------------------------------------------

    def want(self, *, generation: int | None = None, direction: Direction | None = None) -> None:
        """Say which frames are welcome from now on; what is shown stays until they come."""
        if generation is not None:
            self.generation, self._heat_of = generation, None
        self.direction = self.direction if direction is None else direction

    def take(self, message: Event, now: float) -> bool:
        """Take the frames of a message.

        Args:
            message: Any event of an engine.
            now: The moment on the clock that pictures are asked with, in seconds.

        Returns:
            Whether the picture changes: false for other messages, another lane's or direction's
            frames, those of an older generation and those that hold nothing.
        """
        if isinstance(message, LayerFacts):
            self.facts = message
        if not isinstance(message, ParticleFrames | GridFrames | HeatFrame | FieldFrames):
            return False
        if message.lane != self.lane or message.generation < self.generation:
            return False
        if getattr(message, "direction", self.direction) != self.direction:
            return False
        self._age_heat(message.generation)
        if isinstance(message, HeatFrame):
            return self._take_heat(message, now)
        if not len(message.tau):
            return False
        self.revision += 1
        self.generation = message.generation
        if isinstance(message, ParticleFrames):
            self._take_particles(message, now)
        elif isinstance(message, GridFrames):
            self._take_grid(message, now)
        else:
            which = "exact" if message.exact else "learned"
            self._fields[which].take(message, now, at_once=not self.transitions)
        return True

    def _take_particles(self, message: ParticleFrames, now: float) -> None:
        self._particles = fitting(
            self._particles, message.tau, message.total, 2, now, smooth=self._smooth
        )
        if len(self._hue) != message.total:
            self._hue = _resized(self._hue, message.total)
        positions = np.asarray(message.positions, np.float32)
        self._particles.put(message.first, positions, now, at_once=not self.transitions)
        part = slice(message.first, message.first + positions.shape[1])
        self._hue[part] = hue_of(positions[0])

    def _take_grid(self, message: GridFrames, now: float) -> None:
        frames, rows, columns = message.positions.shape[:3]
        if (rows, columns) != self._grid_shape:
            self._grid, self._grid_shape = None, (rows, columns)
        mesh = np.concatenate([message.positions, message.log_det[..., None]], axis=-1)
        self._grid = fitting(self._grid, message.tau, rows * columns, 3, now, smooth=self._smooth)
        self._grid.put(0, mesh.reshape(frames, -1, 3), now, at_once=not self.transitions)

    def _age_heat(self, generation: int) -> None:
        """Let the density pale as soon as anything of another model, target or way arrives."""
        present = generation, self.direction
        if self._heat is not None and self._heat_of not in (None, present):
            self._heat.age()
        self._heat_of = present

    def _take_heat(self, message: HeatFrame, now: float) -> bool:
        if not (0 <= message.index < message.frames and message.density.size):
            return False
        self.revision += 1
        self.generation = message.generation
        shape = message.density.shape
        self._heat = fitting_moments(self._heat, message.frames, (shape[0], shape[1]), now)
        self._heat_extent = message.extent
        density = np.asarray(message.density, np.float32)
        self._heat.put(message.index, density, now, at_once=not self.transitions)
        return True

    def settled(self) -> Film:
        """A film that has become what arrived last; both share it until one of them takes more."""
        other = copy.copy(self)
        other._hue = self._hue.copy()
        other._fields = {name: fields.settled() for name, fields in self._fields.items()}
        other._particles = self._particles and self._particles.settled()
        other._grid = self._grid and self._grid.settled()
        other._heat = self._heat and self._heat.settled()
        return other

    # --- what is seen ---------------------------------------------------------------------------

    @property
    def moving_until(self) -> float:
        """The moment after which the picture changes with the clock alone."""
        fields = (field.frames for field in self._fields.values())
        parts = (self._particles, self._grid, self._heat, *fields)
        return max((part.moving_until for part in parts if part is not None), default=-math.inf)

    @property
    def empty(self) -> bool:
        """Whether there is nothing to show yet."""
        return self._particles is None and self._heat is None

    @property
    def heat_known(self) -> bool:
        """Whether there is a density to show."""
        return self._heat is not None

    @property
    def has_grid(self) -> bool:
        """Whether there is a warped grid to show."""
        return self._grid is not None

    @property
    def square(self) -> Extent | None:
        """The part of the plane in which the density is known; None before it is anywhere."""
        return None if self._heat is None else self._heat_extent

    def positions(self, tau: float, now: float, count: int | None = None) -> Particles | None:
        """All particles, or the first `count`; those that are not known yet are NaN."""
        if self._particles is None:
            return None
        shown = self._particles.count if count is None else min(count, self._particles.count)
        return Particles(self._particles.at(tau, now, shown), self._hue[:shown])

    def trails(self, moments: Sequence[float], now: float, count: int) -> Particles | None:
        """Where the first `count` particles are at several moments: (moments, count, 2)."""
        if self._particles is None:
            return None
        shown = min(count, self._particles.count)
        return Particles(self._particles.along(moments, now, shown), self._hue[:shown])

    def paths(self, now: float, count: int) -> Particles | None:
        """The whole way of the first `count` particles, through all key frames."""
        if self._particles is None:
            return None
        return self.trails(self._particles.tau.tolist(), now, count)

    def grid(self, tau: float, now: float) -> Mesh | None:
        """The warped grid."""
        if self._grid is None:
            return None
        mesh = self._grid.at(tau, now).reshape(*self._grid_shape, 3)
        return Mesh(mesh[..., :2], mesh[..., 2])

    def heat(self, tau: float, now: float) -> Heat | None:
        """The density."""
        if self._heat is None:
            return None
        density, strength = self._heat.at(tau, now), self._heat.strength(tau, now)
        return Heat(density, self._peak(density, tau, now), self._heat_extent, strength)

    def field(self, tau: float, now: float, *, exact: bool = False) -> Field | None:
        """The velocity field that was learned, or the one that it should have become."""
        return self._fields["exact" if exact else "learned"].at(tau, now)

    def _peak(self, density: Floats, tau: float, now: float) -> float:
        """Nearly the largest density where there are particles.

        A solver that strays where the model never goes can leave needles of any height there; no
        particle meets them, and they must not darken the rest.
        """
        particles = self.positions(tau, now, _PEAK_PARTICLES)
        met = _below(particles.positions, density, self._heat_extent) if particles else density[:0]
        if met.size >= _PEAK_LEAST:
            rank = int(_PEAK_QUANTILE * met.size)
            high = float(np.partition(met, rank)[rank])
        else:
            high = level_holding(density, 1 - _PEAK_QUANTILE)
        return max(high, _SMALLEST_PEAK)

    # --- what is kept ---------------------------------------------------------------------------

    def to_npz_bytes(self) -> bytes:
        """The film in few bytes, for `LaneState.trace`; empty if there is nothing to show yet."""
        return b"" if self.empty else filmfile.pack(self.messages())

    @classmethod
    def from_npz_bytes(cls, data: bytes) -> Film:
        """Read a film that `to_npz_bytes` wrote.

        Raises:
            ProjectError: the bytes are no film.
        """
        lane, direction, messages = filmfile.unpack(data)
        film = cls(lane, direction)
        film.transitions = False
        for message in messages:
            film.take(message, now=0.0)
        film.transitions = True
        return film

    def messages(self) -> Iterator[filmfile.Frames]:
        """Its latest frames as one could take them; densities far above the peak are cut off."""
        head: dict[str, Any] = {"lane": self.lane, "generation": self.generation, "step": 0}
        if (particles := self._particles) is not None:
            yield ParticleFrames(
                **head, direction=self.direction, tau=particles.tau,
                first=0, total=particles.count, positions=particles.latest,
            )  # fmt: skip
        if (grid := self._grid) is not None:
            mesh = grid.latest.reshape(len(grid.tau), *self._grid_shape, 3)
            yield GridFrames(**head, tau=grid.tau, positions=mesh[..., :2], log_det=mesh[..., 2])
        if (fields := self._fields["learned"]).frames is not None:
            yield FieldFrames(
                **head, extent=fields.extent, tau=fields.frames.tau, velocity=fields.latest
            )
        if self.facts is not None:
            yield self.facts
        if (heat := self._heat) is not None:
            for index, tau in enumerate(np.linspace(0, 1, heat.frames).tolist()):
                density = heat.at(tau, math.inf)
                peak = self._peak(density, tau, math.inf)
                yield HeatFrame(
                    **head, direction=self.direction, index=index, frames=heat.frames,
                    extent=self._heat_extent, density=np.minimum(density, _KEPT * peak),
                )  # fmt: skip

    # --- what can be asked ------------------------------------------------------------------------

    def density_at(self, point: tuple[float, float], tau: float, now: float) -> float | None:
        """The density under a point; None outside, and while none of the present model is there."""
        heat = self.heat(tau, now)
        if heat is None or heat.strength < 1:
            return None
        cell = cell_at(point, heat.extent, heat.density.shape)
        return None if cell is None else float(heat.density[cell])

    def destination(
        self, point: tuple[float, float], tau: float, now: float, reach: float
    ) -> tuple[float, float] | None:
        """Where the particle nearest to a point at this moment is at the target.

        Returns:
            None if no particle lies within `reach`, in data units.
        """
        here = self.positions(tau, now)
        if here is None or not len(here.positions):
            return None
        squared = np.square(here.positions - np.asarray(point, np.float32)).sum(axis=1)
        squared = np.where(np.isnan(squared), np.inf, squared)
        nearest = int(squared.argmin())
        if not squared[nearest] <= reach * reach:
            return None
        assert self._particles is not None
        x, y = self._particles.at(1.0, now)[nearest]
        return (float(x), float(y)) if math.isfinite(x) and math.isfinite(y) else None


def hue_of(base: Floats) -> NDArray[np.uint8]:
    """The angle of positions in the base, shape (n, 2), in 256 parts of the circle."""
    finite = np.where(np.isfinite(base), base, 0)
    turns = np.arctan2(finite[:, 1], finite[:, 0]) / (2 * np.pi)
    return (np.floor(turns * 256).astype(np.int64) & 255).astype(np.uint8)


def _below(points: Floats, density: Floats, extent: Extent) -> Floats:
    """The density of the cells that points lie on; those outside the extent are left out."""
    x_min, x_max, y_min, y_max = extent
    rows, columns = density.shape
    x = (points[:, 0] - x_min) * (columns / (x_max - x_min))
    y = (points[:, 1] - y_min) * (rows / (y_max - y_min))
    inside = (x >= 0) & (x < columns) & (y >= 0) & (y < rows)
    return np.asarray(density[y[inside].astype(np.intp), x[inside].astype(np.intp)])


def _resized(hue: NDArray[np.uint8], total: int) -> NDArray[np.uint8]:
    kept = hue[:total]
    return np.concatenate([kept, np.zeros(total - len(kept), np.uint8)])
