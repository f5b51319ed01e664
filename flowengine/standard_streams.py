"""Standard streams that may be closed, full, or read by nobody any more. Loads no torch."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import TextIO

_STREAMS = (("stdin", "r"), ("stdout", "w"), ("stderr", "w"))


def mend_streams() -> None:
    """Put the null device in the place of each standard stream that was closed at the start.

    Python has None there; and the next file that is opened would get the stream's number, so that
    whatever a library writes to its error stream would land in that file.
    """
    for number, (name, mode) in enumerate(_STREAMS):
        try:
            os.fstat(number)
        except OSError:
            _open_null(number)
        if getattr(sys, name) is None:
            stream = open(number, mode, encoding="utf-8", errors="replace", closefd=False)  # noqa: SIM115
            setattr(sys, name, stream)


def tell(text: str) -> None:
    """Write a line to the error stream, if anybody still reads it."""
    try:
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()
    except (OSError, ValueError):
        leave(sys.stderr)


def leave(stream: TextIO) -> None:
    """Let what is still to be written to a stream go nowhere: nobody takes it.

    Python would find that out once more when it ends, and end with another status.
    """
    with contextlib.suppress(OSError, ValueError):
        _open_null(stream.fileno())


def _open_null(number: int) -> None:
    """Have the null device under this number, for the programs that this one starts as well."""
    null = os.open(os.devnull, os.O_RDWR)
    if null == number:
        os.set_inheritable(number, True)
        return
    os.dup2(null, number)
    os.close(null)
