"""Engines that are forked from a process which has loaded torch already.

To load it takes seconds of computing, which every engine of every test would spend anew. What is
forked is an engine process as any other: it runs `flowengine worker` on its own pipes, trains,
hangs and is killed. What this leaves out, the start of an interpreter, is in `test_training`, in
`tests.engine.test_worker` and from end to end.
"""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
from multiprocessing.connection import Connection
from types import SimpleNamespace
from typing import IO, TYPE_CHECKING

from explorer.training import engine
from flowengine import cli

if TYPE_CHECKING:
    import pytest

CAN_FORK = sys.platform == "linux"


def use_warm_engines(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the window's engines of this test be forked, where the system can."""
    if CAN_FORK:
        warm = SimpleNamespace(**vars(subprocess) | {"Popen": WarmEngine})
        monkeypatch.setattr(engine, "subprocess", warm)


class WarmEngine:
    """What `explorer.training.engine` asks of a `subprocess.Popen`, for a forked engine.

    Attributes:
        pid: The number of the engine's process.
        stdin: Where it reads its commands.
        stdout: Where it writes its events.
    """

    def __init__(self, _command: list[str], *, stderr: IO[bytes], **_options: object) -> None:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(["flowengine.worker", __name__])
        commands, to_engine = context.Pipe(duplex=False)
        from_engine, events = context.Pipe(duplex=False)
        said = Connection(os.dup(stderr.fileno()), readable=False)
        self._process = context.Process(target=_be_engine, args=(commands, events, said))
        self._process.start()
        for end in (commands, events, said):
            end.close()
        self.pid = self._process.pid
        self.stdin = _file(to_engine, "wb")
        self.stdout = _file(from_engine, "rb")

    def kill(self) -> None:
        """End the process at once."""
        self._process.kill()

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the process to end, and give back its exit status.

        Raises:
            subprocess.TimeoutExpired: it still runs.
        """
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise subprocess.TimeoutExpired("flowengine worker", timeout or 0.0)
        return self._process.exitcode


def _file(end: Connection, mode: str) -> IO[bytes]:
    found = os.fdopen(os.dup(end.fileno()), mode)
    end.close()
    return found


def _be_engine(*ends: Connection) -> None:
    for number, end in enumerate(ends):
        os.dup2(end.fileno(), number)
        end.close()
    sys.stdin = os.fdopen(0, closefd=False)  # a process that is forked so was given none
    sys.exit(cli.main(["worker"]))
