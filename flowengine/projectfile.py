"""The project file: a zip that holds a document and what training has made of it.

    project.json                       the document, without its arrays
    target.npz                         density, points
    lanes/<lane>/weights.safetensors   the model
    lanes/<lane>/state.safetensors     optimizer, averages, step, generators
    lanes/<lane>/history.npz           the curves so far
    lanes/<lane>/trace.npz             what the panel last showed
    thumbnail.png

A file is written whole or not at all, and read as if it came from an enemy: opening one can never
run code. Loads no torch.
"""

from __future__ import annotations

import os
import stat
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from flowengine.archive import check_safetensors, dump_npz, load_npz, read_zip, write_zip
from flowengine.errors import ProjectError, phrase
from flowengine.files import replacing
from flowengine.foreign import words_of
from flowengine.project import FORMAT, LANES, VERSION, Lane, LaneState, Project

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from flowengine.arrays import FrozenArray

DOCUMENT, TARGET, THUMBNAIL = "project.json", "target.npz", "thumbnail.png"
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
MIB = 1 << 20


def migrate_1_to_2(document: dict[str, Any]) -> dict[str, Any]:
    """The base, once a bare name, is an entry of the catalogue with settings of its own."""
    base = document.get("base", "standard_normal")
    return document | {"version": 2, "base": {"kind": base} if isinstance(base, str) else base}


def migrate_2_to_3(document: dict[str, Any]) -> dict[str, Any]:
    """Solver steps choose themselves where they had the number that they had by themselves."""
    changed: dict[str, Any] = {"version": 3}
    if "continuous" in document:
        changed["continuous"] = _with_auto_steps(document["continuous"], 8)
    if isinstance(stack := document.get("stack"), list):
        changed["stack"] = [_with_auto_steps(layer, 4, "ode") for layer in stack]
    return document | changed


def _with_auto_steps(spec: Any, former: int, kind: str = "") -> Any:  # noqa: ANN401
    """The spec of a kind, or of any, without the steps that were the default until then."""
    if not isinstance(spec, dict) or (kind and spec.get("kind") != kind):
        return spec
    return {k: v for k, v in spec.items() if k != "solver_steps" or v != former}


MIGRATIONS: dict[int, Callable[[dict[str, Any]], dict[str, Any]]] = {
    1: migrate_1_to_2,
    2: migrate_2_to_3,
}
"""For each older version, a pure function that gives the same document one version on."""

_LANE_PARTS = {
    "weights": ("weights.safetensors", 512 * MIB),
    "state": ("state.safetensors", 1024 * MIB),
    "history": ("history.npz", 64 * MIB),
    "trace": ("trace.npz", 256 * MIB),
}
_LIMITS = {
    DOCUMENT: 4 * MIB,
    TARGET: 512 * MIB,
    THUMBNAIL: 16 * MIB,
    **{f"lanes/{lane}/{name}": limit for lane in LANES for name, limit in _LANE_PARTS.values()},
}


def read_project(path: str | os.PathLike[str]) -> Project:
    """Read a project file, with its trained lanes.

    Raises:
        ProjectError: the file is missing, damaged, foreign, hostile or of a newer version; the
            message names the file, the part and what was expected in it.
    """
    with _named(path):
        entries = _read_entries(path)
        if DOCUMENT not in entries:
            raise ProjectError("it is no Flow Explorer project: expected project.json in it")
        arrays = (
            load_npz(entries[TARGET], TARGET, names=("density", "points"))
            if TARGET in entries
            else {}
        )
        project = _read_document(entries[DOCUMENT], arrays)
        lanes = _read_lanes(entries)
        for lane in _built_otherwise(entries[DOCUMENT]):
            lanes.pop(lane, None)
        return msgspec.structs.replace(project, lanes=lanes)


def _built_otherwise(document: bytes) -> tuple[Lane, ...]:
    """The lanes whose weights belong to a model that has another shape today: they begin anew.

    Up to version 2 the velocity of a continuous flow knew no whitened coordinates, and what it had
    learned was no density.
    """
    return ("continuous",) if msgspec.json.decode(document)["version"] < 3 else ()


def read_thumbnail(path: str | os.PathLike[str]) -> bytes:
    """The picture of a project, as PNG bytes; empty if the file has none.

    Raises:
        ProjectError: the file is missing, damaged or no project.
    """
    with _named(path):
        picture = _read_entries(path).get(THUMBNAIL, b"")
        if picture and not picture.startswith(PNG_SIGNATURE):
            raise ProjectError("thumbnail.png: expected a PNG picture")
        return picture


def write_project(
    project: Project, path: str | os.PathLike[str], *, thumbnail: bytes = b""
) -> None:
    """Write a project file whole or not at all.

    Args:
        project: What is written is checked as strictly as what is read.
        path: A file there is replaced in one step, at the very end.
        thumbnail: A PNG, or nothing.

    Raises:
        ProjectError: the project is out of its limits, or the file cannot be written there.
    """
    entries = _entries_of(project, thumbnail)
    for name, data in entries.items():
        if len(data) > _LIMITS[name]:
            raise ProjectError(
                "{name} may have {limits} bytes, this one has {data}",
                name=name,
                limits=_LIMITS[name],
                data=len(data),
            )
    try:
        with replacing(path) as stream:
            write_zip(stream, entries)
    except OSError as error:
        raise ProjectError(
            "{path} could not be written: {strerror}",
            path=_name(path),
            strerror=words_of(error.strerror or error),
        ) from error


@contextmanager
def _named(path: str | os.PathLike[str]) -> Iterator[None]:
    """Begin what is said of a file's parts with the name of the file."""
    try:
        yield
    except ProjectError as error:
        raise ProjectError(
            "{path} cannot be opened: {error}", path=_name(path), error=words_of(error)
        ) from None


def _read_entries(path: str | os.PathLike[str]) -> dict[str, bytes]:
    try:
        # Looked at before it is opened: opening a pipe or a device could wait for ever.
        if not stat.S_ISREG(os.stat(path).st_mode):
            raise ProjectError("expected a .flow file, got a folder or a device")
        with open(path, "rb") as stream:
            return read_zip(stream, _LIMITS, phrase("the file"))
    except FileNotFoundError:
        folder = os.path.dirname(os.path.abspath(path))
        raise ProjectError(
            "there is no such file in {folder}; it may have been moved or renamed", folder=folder
        ) from None
    except (OSError, ValueError) as error:
        reason = words_of(getattr(error, "strerror", None) or error)
        raise ProjectError(
            "{path} could not be read: {reason}", path=os.fspath(path), reason=reason
        ) from None


def _read_document(data: bytes, arrays: dict[str, Any]) -> Project:
    try:
        raw = msgspec.json.decode(data)
        with np.errstate(over="ignore"):  # a density beyond float32 is refused as not finite
            return Project.from_dict(_migrated(raw), arrays)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ProjectError(
            "project.json: expected JSON, and it is damaged: {error}", error=words_of(error)
        ) from None
    except RecursionError:
        raise ProjectError("project.json: nested too deeply") from None
    except ProjectError as error:
        raise ProjectError("project.json: {error}", error=words_of(error)) from None


def _migrated(raw: Any) -> dict[str, Any]:  # noqa: ANN401
    """The document in today's version, if it is a document of this program at all."""
    if not isinstance(raw, dict):
        raise ProjectError("expected `object`, got `{raw}` at `$`", raw=type(raw).__name__)
    if raw.get("format") != FORMAT:
        raise ProjectError(
            "expected {format} at `$.format`, got {format_}",
            format=repr(FORMAT),
            format_=_short(raw.get("format")),
        )
    version = raw.get("version")
    if type(version) is not int or version < 1:
        raise ProjectError(
            "expected `int` >= 1 at `$.version`, got {version}", version=_short(version)
        )
    if version > VERSION:
        raise ProjectError(
            "a newer Flow Explorer wrote this file: it has version {version}, and "
            "this program reads versions up to {version_}; a newer program opens it",
            version=version,
            version_=VERSION,
        )
    document = raw
    for step in range(version, VERSION):
        document = MIGRATIONS[step](document)
    return document


def _read_lanes(entries: dict[str, bytes]) -> dict[Any, LaneState]:
    lanes: dict[Any, LaneState] = {}
    for lane in LANES:
        parts = {
            field: entries[f"lanes/{lane}/{name}"]
            for field, (name, _) in _LANE_PARTS.items()
            if f"lanes/{lane}/{name}" in entries
        }
        if parts:
            lanes[lane] = _checked_lane(lane, LaneState(**parts))
    return lanes


def _checked_lane(lane: str, state: LaneState) -> LaneState:
    for field, (name, _) in _LANE_PARTS.items():
        data: bytes = getattr(state, field)
        if not data:
            continue
        what = f"lanes/{lane}/{name}"
        if name.endswith(".npz"):
            load_npz(data, what)
        else:
            check_safetensors(data, what)
    return state


def _entries_of(project: Project, thumbnail: bytes) -> dict[str, bytes]:
    arrays: dict[str, FrozenArray] = {}
    document = project.to_dict(arrays)
    Project.from_dict(document, arrays)
    try:
        encoded = msgspec.json.encode(document)
    except UnicodeEncodeError as error:  # a file name in no known encoding, used as a name
        raise ProjectError("project.json: {object} is no text", object=repr(error.object)) from None
    entries = {DOCUMENT: msgspec.json.format(encoded, indent=2)}
    if arrays:
        entries[TARGET] = dump_npz(arrays)
    for lane, state in project.lanes.items():
        _checked_lane(lane, state)
        for field, (name, _) in _LANE_PARTS.items():
            if data := getattr(state, field):
                entries[f"lanes/{lane}/{name}"] = bytes(data)
    if thumbnail:
        entries[THUMBNAIL] = thumbnail
    return entries


def _name(path: str | os.PathLike[str]) -> str:
    return Path(path).name or str(path)


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:60] + "…"
