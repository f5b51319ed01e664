"""Writing files and folders whole or not at all. Loads no torch."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import stat
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from flowengine.errors import phrase

if TYPE_CHECKING:
    from collections.abc import Iterator


def check_plain(path: str | os.PathLike[str]) -> None:
    """Hold back from a place where there is, or a link leads to, something other than a file.

    Renaming a file to the name of a device or a pipe would take it away from everybody.

    Raises:
        OSError: there is a folder, a device, a pipe or a socket; or it cannot be looked at.
    """
    try:
        mode = os.stat(path).st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISREG(mode):
        reason = phrase("only plain files are replaced, and this is a folder, a device or a pipe")
        raise OSError(errno.EEXIST, reason, os.fspath(path))


@contextlib.contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Open a stream whose bytes become the file at `path` once the block has ended well.

    The bytes go to a hidden file beside `path`, which is flushed to the disk and then renamed: a
    crash, a full disk or an exception leaves the old file as it was. Links are followed, and an
    existing file keeps its permissions.

    Raises:
        OSError: the file cannot be written there.
    """
    with replacing_path(path) as beside, beside.open("xb") as stream:
        yield stream


@contextlib.contextmanager
def replacing_path(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give the name of a file that becomes the one at `path` once the block has ended well.

    It is hidden and lies beside `path`; the block makes it, or has another program make it. Links
    are followed, and an existing file keeps its permissions.

    Raises:
        OSError: the file was not made, cannot be brought to its place, or what is at that place is
            no plain file.
    """
    check_plain(path)
    goal = Path(os.path.realpath(path))
    beside = _sibling(goal)
    try:
        yield beside
        with beside.open("r+b") as stream:
            os.fsync(stream.fileno())
        if goal.exists():
            shutil.copymode(goal, beside)
        os.replace(beside, goal)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    sync_folder(goal.parent)


@contextlib.contextmanager
def replacing_folder(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give an empty folder that becomes the one at `path` once the block has ended well.

    What stood at `path` before is only taken away when the new folder is complete, and comes back
    if the last step fails.

    Raises:
        OSError: the folder cannot be written there.
    """
    goal = Path(os.path.realpath(path))
    fresh, retired = _sibling(goal), _sibling(goal)
    try:
        fresh.mkdir()
        yield fresh
        if goal.exists():
            os.rename(goal, retired)
        os.rename(fresh, goal)
    finally:
        if retired.exists() and not goal.exists():
            os.rename(retired, goal)
        for leftover in (fresh, retired):
            if leftover.exists():
                shutil.rmtree(leftover)
    sync_folder(goal.parent)


def sync_folder(folder: Path) -> None:
    """Ask the disk to keep a renaming inside `folder`; systems that cannot are left alone."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):  # some network file systems refuse to sync a folder
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sibling(path: Path) -> Path:
    """A name beside `path` that nothing has: same file system, so that renaming is one step."""
    return path.with_name(f".{path.name}.{os.urandom(4).hex()}.part")
