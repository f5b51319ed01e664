"""The background training thread of one lane: it runs the engine and reads what it answers."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from PySide6.QtCore import QThread, Signal

from explorer.training.mailbox import Mailbox
from flowengine.errors import ProtocolError, phrase
from flowengine.foreign import words_of
from flowengine.protocol import Stop

if TYPE_CHECKING:
    from collections.abc import Sequence

    from explorer.training.engine import EngineProcess
    from flowengine.protocol import Command, Event

MOST_RESTARTS = 3
RESTART_WINDOW_S = 30.0


class TrainingThread(QThread):
    """Keeps an engine running for one lane until told to stop.

    Signals (all reach the window's thread through its event loop):
        mail: There are messages in `mailbox`.
        engine_started: An engine is up and waits to be loaded; False means the first one.
        engine_lost: An engine ended by itself; the text says how. Another is being started.
        gave_up: Engines kept ending; the text says how the last one did.
    """

    mail = Signal()
    engine_started = Signal(bool)
    engine_lost = Signal(object)
    gave_up = Signal(object)

    def __init__(self, lane: str) -> None:
        super().__init__()
        self.setObjectName(f"training {lane}")
        self.lane = lane
        self.mailbox = Mailbox()
        self.last_heard = time.monotonic()
        self._lock = threading.Lock()
        self._engine: EngineProcess | None = None
        self._stopping = False

    @property
    def engine_pid(self) -> int | None:
        """The process number of the engine, while there is one."""
        with self._lock:
            return self._engine.pid if self._engine else None

    def send(self, commands: Sequence[Command]) -> None:
        """Send commands to the engine that runs now; without one they are dropped.

        What an engine must know is sent when `engine_started` says that it is there.
        """
        with self._lock:
            engine = self._engine
        if engine is not None:
            for command in commands:
                engine.send(command)

    def kill_engine(self) -> None:
        """End an engine that no longer answers; another will be started."""
        with self._lock:
            if self._engine is not None:
                self._engine.kill()

    def stop(self) -> None:
        """Ask the thread and its engine to end; `wait()` then returns soon."""
        with self._lock:
            self._stopping = True
            if self._engine is not None:
                self._engine.send(Stop())

    def run(self) -> None:
        """Start engines and read them; Qt calls this in the new thread."""
        losses: list[float] = []
        while not self._stopping:
            ending = self._run_engine(restarted=bool(losses))
            if self._stopping:
                return
            now = time.monotonic()
            losses = [t for t in losses if now - t < RESTART_WINDOW_S] + [now]
            if len(losses) > MOST_RESTARTS:
                self.gave_up.emit(ending)
                return
            self.engine_lost.emit(ending)

    def _run_engine(self, *, restarted: bool) -> str:
        """Run one engine to its end and say how it ended."""
        from explorer.training.engine import EngineProcess  # here: the window is already up

        try:
            engine = EngineProcess()
        except OSError as error:
            return phrase(
                "it could not be started: {strerror}", strerror=words_of(error.strerror or error)
            )
        with self._lock:
            self._engine = engine
            if self._stopping:
                engine.send(Stop())
        reason = ""
        try:
            while (event := engine.receive()) is not None:
                self.last_heard = time.monotonic()
                self._deliver(event, restarted=restarted)
        except ProtocolError as error:
            reason = error.sentence
            engine.kill()
        with self._lock:
            self._engine = None
        status = engine.close()
        words = engine.last_words()
        return reason or words or phrase("exit status {status}", status=status)

    def _deliver(self, event: Event, *, restarted: bool) -> None:
        if self.mailbox.put(event):
            self.mail.emit()
        if type(event).__name__ == "Ready":
            self.engine_started.emit(restarted)
