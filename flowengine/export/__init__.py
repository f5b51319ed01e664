"""Taking a trained model away: every format, and the one way to write any of them.

Importing this package loads no torch, so that a command line or a menu can list the formats.
"""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple, SupportsIndex

from flowengine.errors import ExportError
from flowengine.files import check_plain, replacing_folder, replacing_path
from flowengine.foreign import words_of
from flowengine.numbers import as_whole, check_seed

if TYPE_CHECKING:
    from collections.abc import Callable

    from flowengine.api import TrainResult
    from flowengine.model import Model
    from flowengine.project import Lane, Project

    Progress = Callable[[float, str], None]
    Cancelled = Callable[[], bool]

__all__ = [
    "FORMATS",
    "MAX_SAMPLES",
    "USUAL_SAMPLES",
    "ExportCancelled",
    "ExportResult",
    "Format",
    "check_place",
    "run_export",
]

MAX_SAMPLES = 10_000_000
USUAL_SAMPLES = 10_000


class Format(NamedTuple):
    """A way to take a model away.

    Attributes:
        description: What it gives, in a few words.
        writer: `module:function`; it writes into an empty folder, or a file that is not there yet,
            checks what it wrote, and returns the largest difference from the engine.
        files: Everything that the folder then holds.
        suffixes: The endings that a file may have; none where it is a folder.
    """

    description: str
    writer: str
    files: tuple[str, ...] = ()
    suffixes: tuple[str, ...] = ()


FORMATS = {
    "python": Format(
        description="a folder with one readable model.py, its weights and a README",
        writer="flowengine.export.python:export_python",
        files=("model.py", "weights.safetensors", "README.md"),
    ),
    "samples": Format(
        description="points of the model: a .csv file with x, y and, for a flow, log_prob in nats, "
        "or a .npy file of shape (n, 2)",
        writer="flowengine.export.samples:export_samples",
        suffixes=(".csv", ".npy"),
    ),
}


class ExportResult(NamedTuple):
    """What an export came to.

    Attributes:
        path: Where it is.
        bytes: Size of everything written.
        largest_difference: Of log_prob and samples after reloading, against the engine; relative
            where a value is larger than 1.
        rows: How many samples were read back; 0 for a model.
    """

    path: Path
    bytes: int
    largest_difference: float
    rows: int = 0


class ExportCancelled(ExportError):  # noqa: N818  a wish that was granted, not an error of its own
    """The export was given up on request; nothing of it is left."""


def run_export(
    flow: Model,
    format: str,
    path: str | os.PathLike[str],
    *,
    project: Project,
    lane: Lane,
    count: SupportsIndex = USUAL_SAMPLES,
    seed: SupportsIndex = 0,
    on_progress: Progress | None = None,
    cancelled: Cancelled | None = None,
) -> ExportResult:
    """Write a trained model or its samples to `path`, load them again, and compare.

    The folder or the file appears at `path` complete and checked, or not at all; an earlier export
    there is replaced in the last moment.

    Args:
        flow: The trained model. It is copied, so that training may go on.
        format: A key of `FORMATS`.
        path: The folder or the file to write.
        project: The project that the model belongs to.
        lane: Which of its models this is.
        count: How many samples, from 1 to `MAX_SAMPLES`; other formats take no notice.
        seed: Of the samples: the same seed gives the same points.
        on_progress: Called with how much is done, from 0 to 1, and what is being done.
        cancelled: Asked often; once it says yes, the export is given up.

    Raises:
        ExportError: the format is unknown, the place is taken or cannot be written, or what was
            written does not compute the same numbers.
        ExportCancelled: `cancelled` said so.
    """
    check_place(format, path)
    whole, seed = as_whole(count), check_seed(seed)
    module, _, name = FORMATS[format].writer.partition(":")
    write: Callable[..., float] = getattr(importlib.import_module(module), name)
    told: dict[str, Any] = {
        "progress": on_progress or (lambda done, doing: None),
        "cancelled": cancelled or (lambda: False),
    }
    try:
        if FORMATS[format].suffixes:
            if whole is None or not 1 <= whole <= MAX_SAMPLES:
                raise ExportError(
                    "Expected from 1 to {max_samples} samples, got {count}",
                    max_samples=MAX_SAMPLES,
                    count=count,
                )
            with replacing_path(path) as file:
                suffix = Path(path).suffix.lower()
                difference = write(flow, file, suffix=suffix, count=whole, seed=seed, **told)
                size = file.stat().st_size
            return ExportResult(Path(path), size, difference, whole)
        with replacing_folder(path) as folder:
            difference = write(flow, folder, project=project, lane=lane, **told)
            size = sum(file.stat().st_size for file in folder.iterdir())
    except OSError as error:
        raise ExportError(
            "{path} could not be written: {strerror}",
            path=path,
            strerror=words_of(error.strerror or error),
        ) from None
    return ExportResult(Path(path), size, difference)


def check_place(format: str, path: str | os.PathLike[str]) -> None:
    """Hold back from any place where writing would take something away.

    Raises:
        ExportError: the format is unknown; a folder is to be written and there is a file, or a
            folder that holds anything but an earlier export of this format; a file is to be
            written and there is a folder, a device or a pipe, or its name has another ending; or
            there is no folder to write into, or it is read-only.
    """
    if format not in FORMATS:
        raise ExportError(
            "There is no format {format}; there is {formats}",
            format=repr(format),
            formats=", ".join(FORMATS),
        )
    place, suffixes = Path(path), FORMATS[format].suffixes
    parent = place.absolute().parent
    if not parent.is_dir():
        raise ExportError(
            "{place} cannot be written: there is no folder {parent}", place=place, parent=parent
        )
    if not os.access(parent, os.W_OK):
        raise ExportError(
            "{place} cannot be written: the folder {parent} is read-only",
            place=place,
            parent=parent,
        )
    if suffixes:
        if place.suffix.lower() not in suffixes:
            raise ExportError(
                "Expected a {suffixes} file, got {place}",
                suffixes=" or ".join(suffixes),
                place=place,
            )
        if place.is_dir():
            raise ExportError("{place} is a folder; an export of this kind is a file", place=place)
        try:
            check_plain(place)
        except OSError as error:
            raise ExportError(
                "{path} could not be written: {strerror}",
                path=path,
                strerror=words_of(error.strerror or error),
            ) from None
    elif place.is_dir():
        known = {*FORMATS[format].files, "__pycache__"}
        foreign = sorted(entry.name for entry in place.iterdir() if entry.name not in known)
        if foreign:
            raise ExportError(
                "{place} holds {foreign}, which is no part of an earlier export; "
                "choose an empty or a new folder",
                place=place,
                foreign=repr(foreign[0]),
            )
    elif place.exists():
        raise ExportError("{place} is a file; an export of this kind is a folder", place=place)


class _Callable(ModuleType):
    """The package, which can be called as well: `flowengine.export(project, format=…, to=…)`."""

    def __call__(
        self,
        project: Project | TrainResult | str | os.PathLike[str],
        *,
        lane: Lane = "discrete",
        format: str,
        to: str | os.PathLike[str],
        n: SupportsIndex = USUAL_SAMPLES,
        seed: SupportsIndex = 0,
    ) -> ExportResult:
        """Write a trained model, or samples of it, read it again and compare it with the engine.

        Args:
            project: A project, what `flowengine.train` gave, or the path of a project file.
            lane: Which of its models.
            format: A key of `FORMATS`, such as `python` or `samples`.
            to: The folder or the file to write; an earlier export there is replaced.
            n: How many points, for samples.
            seed: Of the samples: the same seed gives the same points.

        Raises:
            ProjectError: the file cannot be read, or that lane has not been trained.
            ExportError: the format is unknown, the place is taken or cannot be written, or what was
                written does not compute the same numbers.
            SpecError: `seed` is no seed.
        """
        from flowengine.api import opened
        from flowengine.lane import load

        known = opened(project)
        model = load(known, lane)
        return run_export(model, format, to, project=known, lane=lane, count=n, seed=seed)


sys.modules[__name__].__class__ = _Callable
