"""Project files taken apart and put together again."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import pytest

from flowengine.errors import ProjectError
from flowengine.projectfile import read_project

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path
    from typing import Any

PNG = b"\x89PNG\r\n\x1a\nrest"


def entries_of(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def pack(
    path: Path, entries: Mapping[str, bytes] | Iterable[tuple[Any, bytes]], **options: Any
) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, **options) as archive:
        for name, data in entries.items() if isinstance(entries, Mapping) else entries:
            archive.writestr(name, data)
    return path


def changed(path: Path, **changes: object) -> Path:
    """The document of a file with top-level fields replaced, packed again in its place."""
    entries = entries_of(path)
    document = msgspec.json.decode(entries["project.json"]) | changes
    return pack(path, entries | {"project.json": msgspec.json.encode(document)})


def refusal(path: Path) -> str:
    with pytest.raises(ProjectError) as caught:
        read_project(path)
    message = str(caught.value)
    assert "\n" not in message
    return message


def npz(**arrays: Any) -> bytes:
    stream = io.BytesIO()
    np.savez(stream, **arrays)
    return stream.getvalue()
