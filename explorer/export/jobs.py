"""Work that ends in a file: it tells how far it is, can be given up, and leaves all or nothing.

Pictures are drawn on the window's thread, a few milliseconds at a time, because that is where the
colours of the theme and Qt's widgets are; whatever takes longer goes on beside it.
"""

from __future__ import annotations

import queue
import time
from abc import abstractmethod
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from PySide6.QtCore import QObject, QThread, QTimer, Signal

from explorer.words.languages import mark, number, tr
from flowengine.errors import FlowError, Sentence, phrase
from flowengine.export import ExportCancelled
from flowengine.foreign import words_of

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator
    from pathlib import Path

    from flowengine.protocol import Event

    Tell = Callable[[float, str], None]
    Cancelled = Callable[[], bool]

_TURN_S: Final = 0.012  # of the window's thread at a time: a frame of the window has 16 ms
_PAUSE_MS: Final = 4  # between two turns, for whatever the window has to do
_AHEAD: Final = 3  # pieces that may wait for being written
_WAIT_S: Final = 0.05
_DRAWN: Final = 0.92  # share of the work that is done when everything is drawn
_END: Final = object()
DRAWING: Final = mark("drawing")
CHECKING: Final = mark("checking")


class Taken(NamedTuple):
    """What was taken away.

    Attributes:
        path: Where it is.
        bytes: Its size.
        check: What was found when it was read again, in the language of the window.
    """

    path: Path
    bytes: int
    check: str

    @property
    def text(self) -> str:
        """What was written, how large it is, and the check that was made on it."""
        return tr("{path}, {size}; {check}").format(
            path=self.path, size=size_text(self.bytes), check=self.check
        )


class Job(QObject):
    """One thing being taken away.

    Signals:
        progressed: How much is done, from 0 to 1, and what is being done, in English.
        done: It is there and has been checked: a `Taken`.
        failed: Why it is not.
        given_up: It was given up.
    """

    progressed = Signal(float, str)
    done = Signal(object)
    failed = Signal(object)
    given_up = Signal()

    @abstractmethod
    def start(self) -> None:
        """Begin."""

    @abstractmethod
    def cancel(self) -> None:
        """Give up soon; `given_up` follows, unless the end came first."""

    def receive(self, _message: Event) -> bool:
        """Take a message of an engine up; gives whether it belonged to this job."""
        return False

    def finish(self) -> None:
        """Give up, and come back once nothing of it runs and nothing is half written."""
        self.cancel()


class ThreadJob(Job):
    """Does its work on a thread of its own.

    Args:
        work: Is given a function to tell how far it is with, and one that says whether it should
            give up, which it then does by raising `ExportCancelled`; it may raise any `FlowError`.
    """

    def __init__(
        self, work: Callable[[Tell, Cancelled], Taken], parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._thread = _Thread(work, self)
        self._thread.progressed.connect(self._tell)
        self._thread.finished.connect(self._end)

    @property
    def cancelled(self) -> bool:
        """Whether it should give up."""
        return self._thread.cancelled

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def cancel(self) -> None:
        """Give up at the next safe moment."""
        self._thread.cancelled = True

    def finish(self) -> None:
        """Give up, and wait for the thread."""
        self.cancel()
        self._thread.wait()

    def _tell(self, done: float, doing: str) -> None:
        if not self._thread.cancelled:
            self.progressed.emit(done, doing)

    def _end(self) -> None:
        outcome = self._thread.outcome
        if isinstance(outcome, Taken):
            self.done.emit(outcome)
        elif isinstance(outcome, Sentence):
            self.failed.emit(outcome)
        else:
            self.given_up.emit()


class DrawnJob(ThreadJob):
    """Draws piece by piece on the window's thread, and writes the pieces beside it.

    Args:
        drawing: Draws; gives None after each part that took a while, and a piece when one is whole.
        pieces: How many there will be.
        writing: Is given the pieces as they come, and what `ThreadJob` gives its work.
    """

    def __init__(
        self,
        drawing: Generator[Any],
        pieces: int,
        writing: Callable[[Iterator[Any], Tell, Cancelled], Taken],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(self._write, parent)
        self._drawing = drawing
        self._pieces = pieces
        self._drawn = 0
        self._writing = writing
        self._queue: queue.Queue[Any] = queue.Queue(_AHEAD)
        self._timer = QTimer(self)
        self._timer.setInterval(_PAUSE_MS)
        self._timer.timeout.connect(self._draw)

    def start(self) -> None:
        """Begin."""
        super().start()
        self._timer.start()

    def cancel(self) -> None:
        """Draw no more, and give up what was written."""
        self._stop_drawing()
        super().cancel()

    def _end(self) -> None:
        self._stop_drawing()
        super()._end()

    def _stop_drawing(self) -> None:
        """End the painter now, while what it paints on is still there."""
        self._timer.stop()
        self._drawing.close()

    def _draw(self) -> None:
        """Draw for one turn; wait for the writing where it cannot follow."""
        until = time.perf_counter() + _TURN_S
        while time.perf_counter() < until and not self._queue.full():
            piece = next(self._drawing, _END)
            if piece is None:
                continue
            self._queue.put_nowait(piece)
            if piece is _END:
                self._timer.stop()
                return
            self._drawn += 1
            self.progressed.emit(_DRAWN * min(self._drawn / self._pieces, 1.0), DRAWING)

    def _write(self, tell: Tell, cancelled: Cancelled) -> Taken:
        return self._writing(self._arriving(cancelled), tell, cancelled)

    def _arriving(self, cancelled: Cancelled) -> Iterator[Any]:
        """The pieces, as they come to the thread."""
        while True:
            refuse_cancelled(cancelled)
            try:
                piece = self._queue.get(timeout=_WAIT_S)
            except queue.Empty:
                continue
            if piece is _END:
                return
            yield piece


def size_text(size: int) -> str:
    """A size for people: 812 bytes, 34.2 kB, 1.20 MB."""
    if size < 1000:
        return tr("{count} bytes").format(count=size)
    if size < 1_000_000:
        return f"{number(size / 1000)} kB"
    return f"{number(size / 1_000_000)} MB"


def refuse_cancelled(cancelled: Cancelled) -> None:
    """Raise `ExportCancelled` where that is wished."""
    if cancelled():
        raise ExportCancelled("The export was cancelled; nothing was written")


class _Thread(QThread):
    """Attributes: cancelled, the wish to give up; outcome, a `Taken`, a sentence, or None."""

    progressed = Signal(float, str)

    def __init__(self, work: Callable[[Tell, Cancelled], Taken], parent: QObject) -> None:
        super().__init__(parent)
        self._work = work
        self.cancelled = False
        self.outcome: Taken | Sentence | None = phrase("It went wrong in a way that nobody foresaw")

    def run(self) -> None:
        """Work, and keep how it ended."""
        try:
            self.outcome = self._work(self.progressed.emit, lambda: self.cancelled)
        except ExportCancelled:
            self.outcome = None
        except FlowError as error:
            self.outcome = error.sentence
        except OSError as error:
            self.outcome = phrase(
                "It could not be written: {reason}", reason=words_of(error.strerror or error)
            )
