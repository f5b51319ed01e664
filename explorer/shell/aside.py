"""Work that takes longer than a frame, done beside the window's own thread."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from PySide6.QtCore import QObject, QRunnable, QThreadPool, Signal

from flowengine.errors import FlowError

if TYPE_CHECKING:
    from collections.abc import Callable


T = TypeVar("T")


class Aside(QObject):
    """Does one piece of work after the other, in the order in which they were given.

    The work must touch no widget and nothing that the window goes on changing.
    """

    _answered = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._pool = QThreadPool(self)
        self._pool.setMaxThreadCount(1)
        self._answered.connect(self._go_on)

    def run(
        self,
        work: Callable[[], T],
        then: Callable[[T], None],
        failed: Callable[[str], None] | None = None,
    ) -> None:
        """Do `work`; then, on the window's thread, go on with its result or tell what went wrong.

        Args:
            work: May raise a `FlowError`.
            then: Takes what `work` gives.
            failed: Takes the sentence of the error; without it the error is passed over.
        """
        self._pool.start(_Job(work, then, failed or (lambda _sentence: None), self._answered))

    def _go_on(self, follow: Callable[[], None]) -> None:
        follow()

    def finish(self) -> None:
        """Wait until everything is done; what follows it is then on its way."""
        self._pool.waitForDone()


class _Job(QRunnable):
    def __init__(
        self,
        work: Callable[[], Any],
        then: Callable[[Any], None],
        failed: Callable[[str], None],
        answered: Signal,
    ) -> None:
        super().__init__()
        self._work = work
        self._then = then
        self._failed = failed
        self._answered = answered

    def run(self) -> None:
        """Do it, and send what follows to the window's thread."""
        try:
            result = self._work()
        except FlowError as error:
            sentence = str(error)
            self._answered.emit(lambda: self._failed(sentence))
        else:
            self._answered.emit(lambda: self._then(result))
