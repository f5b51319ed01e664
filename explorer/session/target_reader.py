"""A target read aside, so that a large picture does not hold the window up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from explorer.session.background import BackgroundJobs
from flowengine.errors import Sentence, TargetError

if TYPE_CHECKING:
    from collections.abc import Callable

    from flowengine.project import TargetSpec


class TargetReader(QObject):
    """Makes targets beside the window; only what was asked for last is told.

    Attributes:
        done: The `TargetSpec`.
        failed: A sentence that says what was wrong.
    """

    done = Signal(object)
    failed = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._asked = 0
        self._jobs = BackgroundJobs(self)

    def read(self, make: Callable[[], TargetSpec]) -> None:
        """Make a target; what was asked for before and is still on its way is forgotten."""
        self._asked += 1
        number = self._asked

        def made() -> TargetSpec | None:
            return _made(make) if number == self._asked else None

        def tell(spec: TargetSpec | None) -> None:
            if number == self._asked and spec is not None:
                self.done.emit(spec)

        def complain(sentence: Sentence) -> None:
            if number == self._asked:
                self.failed.emit(sentence)

        self._jobs.run(made, tell, complain)

    def forget(self) -> None:
        """Drop what is still on its way."""
        self._asked += 1


def _made(make: Callable[[], TargetSpec]) -> TargetSpec:
    try:
        return make()
    except MemoryError:
        raise TargetError("The memory does not suffice to read this target") from None
