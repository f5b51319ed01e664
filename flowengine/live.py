"""A mean over held-out points that is kept fresh while the model learns, one part at a time."""

from __future__ import annotations

from typing import NamedTuple


class _Part(NamedTuple):
    mean: float
    step: int


class LiveMean:
    """The mean of some parts of equal size, each measured at a step of its own.

    To measure all of them takes as long as many steps; to measure one, and to carry the others on
    by how much that one has changed, gives a figure of the present step far more often. Between two
    measurements of a part its change is taken to be even in the steps. So the error left is that of
    a change, seen through one part, and not that of the mean of one part: parts differ by far more
    than they change.

    Args:
        parts: How many there are.
    """

    def __init__(self, parts: int) -> None:
        self._parts: list[_Part | None] = [None] * parts
        self._next = 0

    @property
    def complete(self) -> bool:
        """Whether every part has been measured."""
        return all(self._parts)

    @property
    def due(self) -> int:
        """The part whose turn it is."""
        return self._next

    def take(self, mean: float, step: int) -> float:
        """Take up what the part that was due came to, and give the mean of all at that step.

        Before every part has been measured, it is the mean of those that have been.
        """
        before = self._parts[self._next]
        self._parts[self._next] = _Part(mean, step)
        self._next = (self._next + 1) % len(self._parts)
        known = [part for part in self._parts if part is not None]
        whole = sum(part.mean for part in known) / len(known)
        if before is None or before.step == step:
            return whole
        age = sum(step - part.step for part in known) / len(known)
        return whole + (mean - before.mean) * age / (step - before.step)
