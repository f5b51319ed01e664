"""Between the thread that reads an engine and the window that paints: the latest picture wins."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from flowengine.protocol import (
    FieldFrames,
    GridFrames,
    HeatFrame,
    LayerFacts,
    ParticleFrames,
)

if TYPE_CHECKING:
    from collections.abc import Hashable

    from flowengine.protocol import Event


class Mailbox:
    """Keeps every message in order, but of each picture only the newest.

    A window that falls behind then skips pictures instead of queueing them; what is said once, such
    as the end of an export, is never lost. Safe between threads.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._letters: dict[Hashable, Event] = {}
        self._count = 0

    def put(self, message: Event) -> bool:
        """Take a message in; True where the box was empty, so that someone should be told."""
        with self._lock:
            was_empty = not self._letters
            key = _picture(message)
            if key is None:
                self._count += 1
                key = self._count
            self._letters.pop(key, None)  # a newer picture goes to the end of the line
            self._letters[key] = message
            return was_empty

    def take(self) -> Event | None:
        """Take the oldest message out; None where there is none."""
        with self._lock:
            oldest = next(iter(self._letters), None)
            return None if oldest is None else self._letters.pop(oldest)

    def take_all(self) -> list[Event]:
        """Empty the box: its messages, oldest first."""
        with self._lock:
            letters, self._letters = self._letters, {}
        return list(letters.values())


def _picture(message: Event) -> Hashable | None:
    """What a picture is of, so that a newer one of the same replaces it; None for any other."""
    if isinstance(message, ParticleFrames):
        return ("particles", message.direction, message.first)
    if isinstance(message, HeatFrame):
        return ("heat", message.direction, message.index)
    if isinstance(message, FieldFrames):
        return ("field", message.exact)
    if isinstance(message, GridFrames | LayerFacts):
        return type(message).__name__
    return None
