"""A time that passes when a test says so."""

from __future__ import annotations


class Time:
    """A time source that stands until it is told to pass."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now
