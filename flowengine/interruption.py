"""Signals that end a program, noted so that the work in hand comes to its end first. No torch."""

from __future__ import annotations

import contextlib
import signal
import threading
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

_NAMES = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
ENDINGS: Final = tuple(getattr(signal, name) for name in _NAMES if hasattr(signal, name))
"""Ctrl-C, what a system or `timeout` sends, a terminal that is closed, Windows' Ctrl-Break."""
BUT_CTRL_C: Final = tuple(number for number in ENDINGS if number != signal.SIGINT)


class Told(Exception):  # noqa: N818  a wish that is granted, not an error of its own
    """The program was told to end, and stands where it can."""


class Interruption:
    """Whether the program has been told to end: true from the first signal on."""

    def __init__(self) -> None:
        self._signals: list[int] = []
        self._held = False

    def __bool__(self) -> bool:
        return bool(self._signals)

    def check(self) -> None:
        """Leave here if the program has been told to end.

        Raises:
            Told: it has.
        """
        if self._signals:
            raise Told

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Let not even a second Ctrl-C end the program inside this block."""
        self._held = True
        try:
            yield
        finally:
            self._held = False

    def note(self, number: int, _: object) -> None:
        """Hear a signal. A second Ctrl-C ends the program at once; a terminal may hang up twice."""
        if number == signal.SIGINT and number in self._signals and not self._held:
            raise KeyboardInterrupt
        self._signals.append(number)


@contextlib.contextmanager
def interruption(endings: Sequence[int] = ENDINGS) -> Iterator[Interruption]:
    """Note signals to end instead of obeying them, until the block is over."""
    noted = Interruption()
    with handling(noted.note, endings):
        yield noted


@contextlib.contextmanager
def handling(
    handler: Callable[[int, Any], Any], endings: Sequence[int] = ENDINGS
) -> Iterator[None]:
    """Have a function called by signals to end, until the block is over.

    A hang-up that was to be ignored when the program began, as by `nohup`, stays ignored.
    """
    if threading.current_thread() is not threading.main_thread():  # which alone hears signals
        yield
        return
    before = {number: signal.getsignal(number) for number in endings if not _is_ignored(number)}
    for number in before:
        signal.signal(number, handler)
    try:
        yield
    finally:
        for number, earlier in before.items():
            signal.signal(number, signal.SIG_DFL if earlier is None else earlier)


def _is_ignored(number: int) -> bool:
    hang_up = getattr(signal, "SIGHUP", None)
    return number == hang_up and signal.getsignal(number) is signal.SIG_IGN
