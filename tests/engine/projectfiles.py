"""Project files taken apart and put together again."""

from __future__ import annotations

import io
import zipfile

import msgspec
import numpy as np
import pytest

from flowengine.errors import ProjectError
from flowengine.projectfile import read_project

PNG = b"\x89PNG\r\n\x1a\nrest"


def entries_of(path):
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def pack(path, entries, **options):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, **options) as archive:
        for name, data in entries.items() if isinstance(entries, dict) else entries:
            archive.writestr(name, data)
    return path


def changed(path, **changes):
    """The document of a file with top-level fields replaced, packed again in its place."""
    entries = entries_of(path)
    document = msgspec.json.decode(entries["project.json"]) | changes
    return pack(path, entries | {"project.json": msgspec.json.encode(document)})


def refusal(path):
    with pytest.raises(ProjectError) as caught:
        read_project(path)
    message = str(caught.value)
    assert "\n" not in message
    return message


def npz(**arrays):
    stream = io.BytesIO()
    np.savez(stream, **arrays)
    return stream.getvalue()
