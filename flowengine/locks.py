"""One writer of a file at a time, whichever program it is. Loads no torch."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from flowengine.errors import phrase

if TYPE_CHECKING:
    from collections.abc import Iterator

PATIENCE_S: Final = 30.0  # a writer is done in milliseconds; one that was stopped may never be
RETRY_S: Final = 0.02


@contextlib.contextmanager
def locked(path: str | os.PathLike[str]) -> Iterator[None]:
    """Keep every other program that asks likewise from writing the file at `path` meanwhile.

    The lock is a hidden file beside it, held by the system and not by its being there: a program
    that is killed gives it back. File systems that know no locks are trusted to have one writer.

    Raises:
        OSError: the folder cannot be written, or another program kept the lock for too long.
    """
    goal = Path(os.path.realpath(path))
    lock = goal.with_name(f".{goal.name}.lock")
    descriptor = _taken(lock)
    try:
        yield
    finally:
        if sys.platform != "win32":  # while it is held, so that nobody loses a lock of theirs
            lock.unlink(missing_ok=True)
        os.close(descriptor)
        if sys.platform == "win32":  # which takes no open file away, neither ours nor another's
            with contextlib.suppress(OSError):
                lock.unlink()


def _taken(lock: Path) -> int:
    last = time.monotonic() + PATIENCE_S
    while True:
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT, 0o666)
        if _lock(descriptor) and _is_at(lock, descriptor):
            return descriptor
        os.close(descriptor)
        if time.monotonic() > last:
            reason = phrase("another program has been writing it for too long")
            raise OSError(errno.EBUSY, reason, str(lock))
        time.sleep(RETRY_S)


def _lock(descriptor: int) -> bool:
    """Whether the lock is ours now."""
    if sys.platform == "win32":
        import msvcrt

        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
    import fcntl

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # no locks on this file system
        return True
    return True


def _is_at(lock: Path, descriptor: int) -> bool:
    """Whether the file that was locked is still the one that others will find."""
    try:
        return os.path.samestat(os.stat(lock), os.fstat(descriptor))
    except FileNotFoundError:
        return False
