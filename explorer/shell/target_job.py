"""A target read aside, so that a large picture does not hold the window up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QRunnable, QThreadPool, Signal

from flowengine.errors import FlowError

if TYPE_CHECKING:
    from collections.abc import Callable

    from flowengine.project import TargetSpec


class TargetReader(QObject):
    """Makes targets on another thread; only what was asked for last is told.

    Attributes:
        done: The `TargetSpec`.
        failed: A sentence that says what was wrong.
    """

    done = Signal(object)
    failed = Signal(str)
    _answered = Signal(int, object, str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._asked = 0
        self._answered.connect(self._tell)

    def read(self, make: Callable[[], TargetSpec]) -> None:
        """Make a target; what was asked for before and is still on its way is forgotten."""
        self._asked += 1
        QThreadPool.globalInstance().start(_Job(make, self._asked, self._answered))

    def forget(self) -> None:
        """Drop what is still on its way."""
        self._asked += 1

    def _tell(self, number: int, spec: TargetSpec | None, fault: str) -> None:
        if number != self._asked:
            return
        if spec is None:
            self.failed.emit(fault)
        else:
            self.done.emit(spec)


class _Job(QRunnable):
    """One target, made wherever the pool has a thread free."""

    def __init__(self, make: Callable[[], TargetSpec], number: int, answered: Signal) -> None:
        super().__init__()
        self._make = make
        self._number = number
        self._answered = answered

    def run(self) -> None:
        """Make it, and send what came of it to the window's thread."""
        try:
            spec, fault = self._make(), ""
        except FlowError as error:
            spec, fault = None, str(error)
        except MemoryError:
            spec, fault = None, "The memory does not suffice to read this target"
        self._answered.emit(self._number, spec, fault)
