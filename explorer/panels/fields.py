"""A velocity field that can be looked at any moment while a new one replaces it."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from explorer.panels.keyframes import fitting

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from explorer.panels.keyframes import KeyFrames
    from flowengine.project import Extent
    from flowengine.protocol import FieldFrames

    Floats = NDArray[np.float32]


class Field(NamedTuple):
    """A velocity (n, n, 2) at one moment, in data units per unit of t; row 0 at y_min."""

    velocity: Floats
    extent: Extent


class Fields:
    """Key frames of a velocity on a mesh.

    Attributes:
        frames: One arrow for each node; None before some have arrived.
        extent: What the mesh covers.
    """

    def __init__(self) -> None:
        self.frames: KeyFrames | None = None
        self.extent: Extent = (-4.0, 4.0, -4.0, 4.0)
        self._shape = (0, 0)

    @property
    def latest(self) -> Floats:
        """What arrived last, shape (frames, rows, columns, 2)."""
        assert self.frames is not None
        return self.frames.latest.reshape(-1, *self._shape, 2)

    def settled(self) -> Fields:
        """As `KeyFrames.settled`."""
        other = copy.copy(self)
        other.frames = self.frames and self.frames.settled()
        return other

    def take(self, message: FieldFrames, now: float, *, at_once: bool) -> None:
        """Take the frames of a message, as `KeyFrames.put` does."""
        frames, rows, columns = message.velocity.shape[:3]
        if (rows, columns) != self._shape:
            self.frames, self._shape = None, (rows, columns)
        self.extent = message.extent
        self.frames = fitting(self.frames, message.tau, rows * columns, 2, now, smooth=False)
        velocity = np.asarray(message.velocity, np.float32).reshape(frames, -1, 2)
        self.frames.put(0, velocity, now, at_once=at_once)

    def at(self, tau: float, now: float) -> Field | None:
        """What is seen at a moment; None before something has arrived."""
        if self.frames is None:
            return None
        return Field(self.frames.at(tau, now).reshape(*self._shape, 2), self.extent)
