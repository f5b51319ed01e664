"""Taking a trained model away: every format, and the one way to write any of them.

Importing this package loads no torch, so that a command line or a menu can list the formats.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from flowengine.errors import ExportError
from flowengine.files import replacing_folder

if TYPE_CHECKING:
    import os
    from collections.abc import Callable

    from flowengine.model import Model
    from flowengine.project import Lane, Project

    Progress = Callable[[float, str], None]
    Cancelled = Callable[[], bool]

__all__ = ["FORMATS", "ExportCancelled", "ExportResult", "Format", "check_place", "run_export"]


class Format(NamedTuple):
    """A way to take a model away.

    Attributes:
        description: What it gives, in a few words.
        writer: `module:function`; it writes into an empty folder, checks what it wrote, and
            returns the largest difference from the engine.
        files: Everything that the folder then holds.
    """

    description: str
    writer: str
    files: tuple[str, ...]


FORMATS = {
    "python": Format(
        description="a folder with one readable model.py, its weights and a README",
        writer="flowengine.export.python:export_python",
        files=("model.py", "weights.safetensors", "README.md"),
    ),
}


class ExportResult(NamedTuple):
    """What an export came to.

    Attributes:
        path: Where it is.
        bytes: Size of everything written.
        largest_difference: Of log_prob and samples after reloading, against the engine; relative
            where a value is larger than 1.
    """

    path: Path
    bytes: int
    largest_difference: float


class ExportCancelled(ExportError):  # noqa: N818  a wish that was granted, not an error of its own
    """The export was given up on request; nothing of it is left."""


def run_export(
    flow: Model,
    format: str,
    path: str | os.PathLike[str],
    *,
    project: Project,
    lane: Lane,
    on_progress: Progress | None = None,
    cancelled: Cancelled | None = None,
) -> ExportResult:
    """Write a trained model to `path`, load it again as its users will, and compare.

    The folder appears at `path` complete and checked, or not at all; an earlier export there is
    replaced in the last moment.

    Args:
        flow: The trained model. It is copied, so that training may go on.
        format: A key of `FORMATS`.
        path: The folder to write.
        project: The project that the model belongs to.
        lane: Which of its models this is.
        on_progress: Called with how much is done, from 0 to 1, and what is being done.
        cancelled: Asked often; once it says yes, the export is given up.

    Raises:
        ExportError: the format is unknown, the place is taken or cannot be written, or what was
            written does not compute the same numbers.
        ExportCancelled: `cancelled` said so.
    """
    if format not in FORMATS:
        raise ExportError(f"There is no format {format!r}; there is {', '.join(FORMATS)}")
    check_place(format, path)
    module, _, name = FORMATS[format].writer.partition(":")
    write: Callable[..., float] = getattr(importlib.import_module(module), name)
    try:
        with replacing_folder(path) as folder:
            difference = write(
                flow,
                folder,
                project=project,
                lane=lane,
                progress=on_progress or (lambda done, doing: None),
                cancelled=cancelled or (lambda: False),
            )
            size = sum(file.stat().st_size for file in folder.iterdir())
    except OSError as error:
        raise ExportError(f"{path} could not be written: {error.strerror or error}") from None
    return ExportResult(Path(path), size, difference)


def check_place(format: str, path: str | os.PathLike[str]) -> None:
    """Hold back from any place where writing would take something away.

    Raises:
        ExportError: there is a file, a folder that holds anything but an earlier export of this
            format, or no folder to write into.
    """
    place = Path(path)
    if not place.absolute().parent.is_dir():
        raise ExportError(f"{place} cannot be written: there is no folder {place.parent}")
    if place.is_dir():
        known = {*FORMATS[format].files, "__pycache__"}
        foreign = sorted(entry.name for entry in place.iterdir() if entry.name not in known)
        if foreign:
            raise ExportError(
                f"{place} holds {foreign[0]!r}, which is no part of an earlier export; choose an "
                "empty or a new folder"
            )
    elif place.exists():
        raise ExportError(f"{place} is a file; an export of this kind is a folder")
