"""A progress bar on a terminal's error stream; elsewhere it stays silent. Loads no torch."""

from __future__ import annotations

import shutil
import time
from typing import TYPE_CHECKING, TextIO

from flowengine.standard_streams import leave

if TYPE_CHECKING:
    from types import TracebackType

REDRAW_S = 0.1
BAR_WIDTH = 24


class ProgressBar:
    """One line that is drawn over itself until the block ends, and then cleared.

    Args:
        title: What is going on.
        stream: Where to draw; if it is no terminal, nothing is drawn.
    """

    def __init__(self, title: str, stream: TextIO) -> None:
        self._title = title
        self._stream = stream
        self._on_terminal = stream.isatty()
        self._started = time.monotonic()
        self._drawn = -REDRAW_S

    def __enter__(self) -> ProgressBar:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._on_terminal:
            self._write("")

    def update(self, done: float | None, note: str) -> None:
        """Draw how much is done, from 0 to 1, or that there is no telling (None), and a note."""
        now = time.monotonic()
        if not self._on_terminal or now - self._drawn < REDRAW_S:
            return
        self._drawn = now
        elapsed = now - self._started
        if done is None:
            parts = [self._title, _clock(elapsed), note]
        else:
            left = f"{_clock(elapsed * (1 - done) / done)} left" if done > 0 else ""
            done = min(done, 1.0)
            parts = [self._title, _bar(done), f"{100 * done:3.0f} %", left, note]
        self._write("  ".join(part for part in parts if part))

    def _write(self, line: str) -> None:
        columns = shutil.get_terminal_size().columns
        try:
            self._stream.write(f"\r{line[: columns - 1]}\x1b[K")
            self._stream.flush()
        except (OSError, ValueError):  # the terminal was closed; what is being done goes on
            self._on_terminal = False
            leave(self._stream)


def _bar(done: float) -> str:
    full = round(BAR_WIDTH * done)
    return f"[{'#' * full}{'.' * (BAR_WIDTH - full)}]"


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d}"
