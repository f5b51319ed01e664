"""Engine processes, spoken to as the window speaks to them."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from flowengine import protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Kind = TypeVar("Kind", bound=protocol.Event)
ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 60.0


class Engine:
    """A worker process, spoken to as the window speaks to it."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process
        assert process.stdin is not None
        assert process.stdout is not None
        self._commands, self._events = process.stdin, process.stdout
        self.heard: list[protocol.Event] = []

    def send(self, *commands: protocol.Command) -> None:
        for command in commands:
            protocol.write_frame(self._commands, command)

    def hear(self) -> protocol.Event:
        frame = protocol.read_frame(self._events)
        assert frame is not None, "the engine ended"
        event = protocol.decode_event(frame)
        self.heard.append(event)
        return event

    def wait_for(self, kind: type[Kind], accept: Callable[[Kind], bool] = lambda _: True) -> Kind:
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            event = self.hear()
            if isinstance(event, kind) and accept(event):
                return event
        raise AssertionError(f"no {kind} came")


@contextmanager
def running_engine(code: str = "") -> Iterator[Engine]:
    """An engine; `code` runs in its process before it serves."""
    start = f"{code}\nfrom flowengine.worker import main; main()"
    process = subprocess.Popen(
        [sys.executable, "-c", start],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=ROOT,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    try:
        yield Engine(process)
    finally:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout, process.stderr):
            with suppress(OSError):  # the engine may be gone before its last command is flushed
                if pipe is not None:
                    pipe.close()
