"""Work that takes longer than a frame, done beside the window's own thread."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, NoReturn, TypeVar

from PySide6.QtCore import QObject, Signal
from shiboken6 import isValid

from flowengine.errors import FlowError, Sentence

if TYPE_CHECKING:
    from collections.abc import Callable


T = TypeVar("T")


class BackgroundJobs(QObject):
    """Does one piece of work after the other, in the order in which they were given.

    The work must touch no widget and nothing that the window goes on changing. Python's own
    threads do it: a pool of Qt's is waited for where it is deleted, with Python's lock held, which
    the work needs for its end.
    """

    _answered = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._pool = ThreadPoolExecutor(1, "background job")
        self._last: Future[None] | None = None
        self._answered.connect(self._go_on)

    def run(
        self,
        work: Callable[[], T],
        then: Callable[[T], None],
        failed: Callable[[Sentence], None] | None = None,
    ) -> None:
        """Do `work`; then, on the window's thread, go on with its result or tell what went wrong.

        Args:
            work: May raise a `FlowError`.
            then: Takes what `work` gives.
            failed: Takes the sentence of the error; without it the error is passed over.
        """

        def do() -> None:
            try:
                result = work()
            except FlowError as error:
                sentence = error.sentence
                self._answer(lambda: failed(sentence) if failed else None)
            except Exception as error:  # noqa: BLE001  a mistake, to be seen like any other
                self._answer(partial(_raise, error))
            else:
                self._answer(lambda: then(result))

        self._last = self._pool.submit(do)

    def finish(self) -> None:
        """Wait until everything is done; what follows it is then on its way."""
        if self._last is not None:
            wait([self._last])

    def _answer(self, follow: Callable[[], None]) -> None:
        """Send what follows to the window's thread, if there still is a window."""
        if isValid(self):
            with suppress(RuntimeError):  # it has gone this very moment
                self._answered.emit(follow)

    def _go_on(self, follow: Callable[[], None]) -> None:
        follow()


def _raise(error: Exception) -> NoReturn:
    raise error
