"""Results that are worked out in a thread before they are asked for, and always in order."""

from __future__ import annotations

import threading
import weakref
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

# One at a time in the whole process: what nobody waits for any more must not pile up.
_turn = threading.Lock()


class Ahead(Generic[T]):
    """`compute(0)`, `compute(1)`, …: while one is in use, the next is being worked out.

    What is given for a number depends on the number alone: a thread that is late is waited for, and
    whatever was not foreseen, such as the first of all or one after a leap, is computed at once.

    Args:
        compute: From a number to its result; it runs in another thread and must not hold on to the
            object that asks.
    """

    def __init__(self, compute: Callable[[int], T]) -> None:
        self._compute = compute
        self._unwanted = threading.Event()
        self._present: tuple[int, T] | None = None
        self._next: _Job[T] | None = None
        weakref.finalize(self, self._unwanted.set)

    def get(self, number: int) -> T:
        """The result for `number`; begins on the next one.

        Raises:
            Whatever `compute` raises.
        """
        if self._present is None or self._present[0] != number:
            job = self._next
            foreseen = job is not None and job.number == number
            result = job.result() if job is not None and foreseen else self._compute(number)
            self._present = number, result
            self._next = _Job(self._compute, number + 1, self._unwanted)
            self._next.start()
        return self._present[1]


class _Job(threading.Thread, Generic[T]):
    def __init__(self, compute: Callable[[int], T], number: int, unwanted: threading.Event) -> None:
        super().__init__(name=f"ahead {number}", daemon=True)
        self.number = number
        self._compute = compute
        self._unwanted = unwanted
        self._results: list[T] = []

    def run(self) -> None:
        with _turn:
            if not self._unwanted.is_set():
                self._results.append(self._compute(self.number))

    def result(self) -> T:
        """Wait for the end; what the thread could not do is tried again here, and may raise."""
        self.join()
        return self._results[0] if self._results else self._compute(self.number)
