"""One engine process, as a pair of pipes."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from queue import SimpleQueue
from typing import IO, TYPE_CHECKING

import flowengine
from flowengine import protocol

if TYPE_CHECKING:
    from flowengine.protocol import Command, Event

LAST_WORDS_BYTES = 2000


class EngineProcess:
    """Starts `python -m flowengine worker` and speaks the protocol with it.

    Commands are written by a thread of their own, so that whoever sends one never waits for the
    engine. `receive` blocks and belongs to the thread that reads.

    Raises:
        OSError: the process cannot be started.
    """

    def __init__(self) -> None:
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115  closed with the last words
        self._process = subprocess.Popen(
            [sys.executable, "-m", "flowengine", "worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            env=_environment(),
            creationflags=getattr(subprocess, "BELOW_NORMAL_PRIORITY_CLASS", 0),
        )
        self._outbox: SimpleQueue[Command | None] = SimpleQueue()
        self._writer = threading.Thread(target=self._write, name="engine writer", daemon=True)
        self._writer.start()

    @property
    def pid(self) -> int:
        """The process number of the engine."""
        return self._process.pid

    def send(self, command: Command) -> None:
        """Queue a command; returns at once, also when the engine is gone."""
        self._outbox.put(command)

    def receive(self) -> Event | None:
        """The next event, or None when the engine has ended.

        Raises:
            ProtocolError: what came is no event.
        """
        assert self._process.stdout is not None
        frame = protocol.read_frame(self._process.stdout)
        return None if frame is None else protocol.decode_event(frame)

    def kill(self) -> None:
        """End the process at once."""
        self._process.kill()

    def close(self, patience_s: float = 3.0) -> int:
        """End the process, politely first, and give back its exit status."""
        self._outbox.put(None)
        try:
            status = self._process.wait(patience_s)
        except subprocess.TimeoutExpired:
            self._process.kill()
            status = self._process.wait()
        self._writer.join(patience_s)
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                _close_quietly(stream)
        return status

    def last_words(self) -> str:
        """The last line that the engine wrote to its standard error, or an empty text."""
        self._stderr.seek(0, os.SEEK_END)
        size = self._stderr.tell()
        self._stderr.seek(max(0, size - LAST_WORDS_BYTES))
        lines = self._stderr.read().decode(errors="replace").strip().splitlines()
        self._stderr.close()
        return lines[-1].strip() if lines else ""

    def _write(self) -> None:
        assert self._process.stdin is not None
        try:
            while (command := self._outbox.get()) is not None:
                protocol.write_frame(self._process.stdin, command)
            self._process.stdin.close()
        except OSError:
            return  # the engine is gone; the reader notices and says so


def _environment() -> dict[str, str]:
    """This process's environment, with the engine importable and on one thread."""
    root = str(Path(flowengine.__file__).resolve().parent.parent)
    path = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH", ""))))
    return os.environ | {"PYTHONPATH": path, "OMP_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1"}


def _close_quietly(stream: IO[bytes]) -> None:
    try:
        stream.close()
    except OSError:
        return  # a broken pipe has nothing left to flush
