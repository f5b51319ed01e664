"""What the commands of the command line have in common. Loads no torch."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import msgspec

from flowengine.catalogue_table import markdown_table
from flowengine.files import check_plain

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flowengine.project import Lane, Project


class Answer(NamedTuple):
    """What a command has to say.

    Attributes:
        data: For scripts, as one JSON object.
        text: For people.
        status: The exit status.
        complaint: One line for the error stream.
    """

    data: dict[str, Any]
    text: str
    status: int = 0
    complaint: str = ""


class InputError(Exception):
    """What was asked for cannot be done, and was not begun."""


def lanes_of(choice: Lane | Literal["all"], project: Project) -> tuple[Lane, ...]:
    """The lane that was chosen, or all that the project shows."""
    return project.shown_lanes if choice == "all" else (choice,)


def check_output(path: str) -> None:
    """Refuse a place that cannot be written before any work is done for it."""
    folder = Path(path).absolute().parent
    if Path(path).is_dir():
        raise InputError(f"{path} is a folder; expected the name of a file")
    if not folder.is_dir():
        raise InputError(f"{path} cannot be written: there is no folder {folder}")
    if not os.access(folder, os.W_OK):
        raise InputError(f"{path} cannot be written: the folder {folder} is read-only")
    try:
        check_plain(path)
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}") from None


def lane_table(figures: Mapping[Lane, Any]) -> str:
    """A table for people with a row for each lane and a column for each figure."""
    if not figures:
        return ""
    plain: dict[str, dict[str, Any]] = msgspec.to_builtins(figures)
    headings = ["lane", *next(iter(plain.values()))]
    rows = [[lane, *map(_figure, row.values())] for lane, row in plain.items()]
    return markdown_table(headings, rows)


def _figure(value: object) -> str:
    if value is None:
        return "–"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
