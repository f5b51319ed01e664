"""Programs that write a file beside the window; none outlives the work that it was started for."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
from subprocess import DEVNULL, PIPE
from typing import IO, TYPE_CHECKING, Final

from explorer.export.jobs import refuse_cancelled
from flowengine.errors import ExportError, Sentence
from flowengine.foreign import words_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from subprocess import Popen

_PATIENCE_S: Final = 0.1
_NICENESS: Final = 10  # as the engines: the window comes first
_FLAGS: Final = (
    0x08000000 | 0x00004000 if sys.platform == "win32" else 0
)  # no console, below normal


@contextlib.contextmanager
def running(
    command: list[str], no_start: Sentence, given: IO[bytes] | int = PIPE, output: int = DEVNULL
) -> Iterator[Popen[bytes]]:
    """A program that has ended, one way or the other, when the block ends.

    Args:
        command: The program and its arguments.
        no_start: What to say if it cannot be started, with a place for the `{reason}`.
        given: What it can read.
        output: `PIPE` to read what it writes, or `DEVNULL`. Its complaints can always be read.

    Raises:
        ExportError: it cannot be started.
    """
    try:
        process = subprocess.Popen(
            command, stdin=given, stdout=output, stderr=PIPE, creationflags=_FLAGS
        )
    except OSError as error:
        raise ExportError(no_start, reason=words_of(error.strerror or error)) from None
    try:
        if hasattr(os, "setpriority"):
            os.setpriority(os.PRIO_PROCESS, process.pid, _NICENESS)
        yield process
    finally:
        process.kill()
        with contextlib.suppress(BrokenPipeError):
            process.communicate()


def run(
    command: list[str], no_start: Sentence, cancelled: Callable[[], bool], given: bytes = b""
) -> tuple[int, bytes, bytes]:
    """Run a program to its end.

    Args:
        command: The program and its arguments.
        no_start: As `running` takes it.
        cancelled: Says whether to give up.
        given: What it can read.

    Returns:
        Its exit status, what it wrote, and what it complained of.

    Raises:
        ExportError: it cannot be started.
        ExportCancelled: `cancelled` said so.
    """
    # A file, as it need not be fed: what a process takes through a pipe is lost where a wait ends.
    with tempfile.TemporaryFile() as file:
        file.write(given)
        file.seek(0)
        with running(command, no_start, file, PIPE) as process:
            while True:
                refuse_cancelled(cancelled)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    written, complaint = process.communicate(timeout=_PATIENCE_S)
                    return process.returncode, written, complaint
