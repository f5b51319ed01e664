"""Project files that are none, or are damaged, or mean harm."""

from __future__ import annotations

import io
import os
import warnings
import zipfile

import numpy as np
import pytest

from flowengine.errors import ProjectError
from flowengine.project import Project
from flowengine.projectfile import (
    read_project,
    read_thumbnail,
)
from tests.engine.documents import safetensors_bytes
from tests.engine.projectfiles import PNG, changed, entries_of, npz, pack, refusal


def test_missing_file(tmp_path):
    told = refusal(tmp_path / "none.flow")
    assert told.startswith("none.flow cannot be opened: there is no such file in ")
    assert str(tmp_path) in told


def test_folder(tmp_path):
    assert "expected a .flow file, got a folder" in refusal(tmp_path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.flow")
    assert "expected a .flow file, got a folder or a device" in refusal(tmp_path / "pipe.flow")


@pytest.mark.parametrize("data", [b"", b"PK", b"no zip at all" * 20, b"\x00" * 1000])
def test_no_zip(tmp_path, data):
    (tmp_path / "bad.flow").write_bytes(data)
    told = refusal(tmp_path / "bad.flow")
    assert told.startswith("bad.flow cannot be opened: the file is not what Flow Explorer saves")
    assert told.endswith("or its end is missing; try another copy of it")


def test_every_truncation_is_refused(saved):
    whole = saved.read_bytes()
    for end in range(0, len(whole), 97):
        saved.write_bytes(whole[:end])
        refusal(saved)


def test_every_flipped_byte_is_refused_or_harmless(saved):
    whole = saved.read_bytes()
    for place in range(0, len(whole), 61):
        saved.write_bytes(whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :])
        try:
            assert isinstance(read_project(saved), Project)
        except ProjectError as error:
            assert "\n" not in str(error)  # noqa: PT017  either outcome is right


def test_foreign_zip(tmp_path):
    path = pack(tmp_path / "word.docx", {"word/document.xml": b"<xml/>"})
    assert "word/document.xml" in refusal(path)


def test_zip_without_a_document(tmp_path):
    path = pack(tmp_path / "p.flow", {"thumbnail.png": PNG})
    assert "expected project.json in it" in refusal(path)


@pytest.mark.parametrize("name", ["../../evil", "/etc/passwd", "lanes/../project.json", "C:\\x"])
def test_names_that_leave_the_file(saved, name):
    assert "none of a project's parts" in refusal(pack(saved, entries_of(saved) | {name: b"x"}))


def test_duplicate_names(saved):
    entries = entries_of(saved)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # zipfile warns the writer of a duplicate
        pack(saved, [*entries.items(), ("project.json", entries["project.json"])])
    assert "holds project.json twice" in refusal(saved)


def test_zip_bomb(saved):
    entries = entries_of(saved) | {"thumbnail.png": b"\x00" * (12 << 20)}
    assert "may expand 100 times" in refusal(pack(saved, entries))


def test_document_of_100_megabytes(saved):
    entries = entries_of(saved) | {"project.json": b" " * 100_000_000}
    told = refusal(pack(saved, entries))
    assert told.startswith("all.flow cannot be opened: project.json in the file may have")


def test_many_entries(tmp_path):
    path = pack(tmp_path / "many.flow", {f"{i}": b"" for i in range(5000)})
    assert "may hold 64 entries" in refusal(path)


def test_comment(saved):
    with zipfile.ZipFile(saved, "a") as archive:
        archive.comment = b"hello"
    refusal(saved)


def test_encrypted_entry(saved):
    data = bytearray(saved.read_bytes())
    central = data.index(b"PK\x01\x02")
    data[6] |= 1
    data[central + 8] |= 1
    saved.write_bytes(bytes(data))
    assert "encrypted" in refusal(saved)


def test_unusual_packing(saved):
    entries = entries_of(saved)
    with zipfile.ZipFile(saved, "w", zipfile.ZIP_LZMA) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    assert "packed in a way" in refusal(saved)


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (b"", "project.json: "),
        (b"[]", "project.json: expected `object`"),
        (b'{"format": "other"}', "expected 'flow-explorer' at `$.format`, got 'other'"),
        (b'{"format": "flow-explorer"}', "at `$.version`, got None"),
        (b'{"format": "flow-explorer", "version": true}', "at `$.version`, got True"),
        (b'{"format": "flow-explorer", "version": 0}', "at `$.version`, got 0"),
        (b'{"format": "flow-explorer", "version": 9}', "a newer Flow Explorer wrote this file"),
        (b'{"format": "flow-explorer", "version": 1, "seed": NaN}', "project.json: "),
        (b'{"format": "flow-explorer", "version": 1, "seed": 1e999}', "project.json: "),
        (b'{"format": "flow-explorer", "version": 1, "sed": 1}', "unknown field `sed`"),
        (b"[" * 100_000, "project.json: "),
        (b'{"a":' * 900 + b"1" + b"}" * 900, "project.json: "),
        (b'{"format": "flow-explorer", "version": 1, "name": "\xff"}', "project.json: "),
    ],
)
def test_bad_documents(tmp_path, document, expected):
    told = refusal(pack(tmp_path / "p.flow", {"project.json": document}))
    assert told.startswith("p.flow cannot be opened: project.json: ")
    assert expected in told


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (
            {
                "stack": [
                    {"kind": "swap"},
                    {"kind": "swap"},
                    {"kind": "affine_coupling", "width": 0},
                ]
            },
            "project.json: expected `int` >= 1 at `$.stack[2].width`",
        ),
        ({"stack": [{"kind": "teleport"}]}, "at `$.stack[0].kind`"),
        ({"stack": [{"kind": "swap", "id": "a"}] * 2}, "'a' stands twice"),
        ({"stack": [{"kind": "swap"}] * 129}, "at `$.stack`"),
        ({"target": {"source": "drawing", "name": "x"}}, "`$.target.density`"),
        ({"target": {"density": {"array": ["x"]}}}, "`$.target.density`"),
        ({"target": {"density": {"array": "nope"}}}, "`$.target.density`"),
        ({"target": {"density": [[1, -1], [0, 0]]}}, "`$.target.density`"),
        ({"target": {"density": "junk"}}, "`$.target.density`"),
        ({"target": {"extent": [1, 0, 0, 1]}}, "`$.target.extent`"),
        ({"continuous": {"kind": "ffjord", "solver": "leapfrog"}}, "`$.continuous.solver`"),
        ({"training": {"discrete": {"learning_rate": -1}}}, "`$.training.discrete.learning_rate`"),
    ],
)
def test_documents_out_of_limits_are_named(saved, change, expected):
    assert expected in refusal(changed(saved, **change))


class Bomb:
    """Unpickling one ends the test run."""

    def __reduce__(self):
        return os._exit, (66,)


@pytest.mark.parametrize("part", ["target.npz", "lanes/discrete/trace.npz"])
def test_pickle_in_an_array(saved, part):
    hostile = npz(density=np.array([Bomb()], dtype=object))
    message = refusal(pack(saved, entries_of(saved) | {part: hostile}))
    assert f"{part}: density.npy must hold plain numbers" in message


def header_only(shape):
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        stream, {"descr": "<f4", "fortran_order": False, "shape": shape}
    )
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("density.npy", stream.getvalue())
    return packed.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        b"junk",
        npz(other=np.ones(3)),
        npz(density=np.array(["a"])),
        npz(density=np.full((4, 4), np.nan), points=np.ones((1, 2))),
        npz(density=np.full((4, 4), 1e300), points=np.ones((1, 2))),
        npz(density=np.full((4, 4), -1.0), points=np.ones((1, 2))),
        npz(density=np.ones(4), points=np.ones((1, 2))),
        npz(density=np.ones((4, 4)), points=np.full((1, 2), np.inf)),
        npz(density=np.ones((4, 4)), points=np.ones((3, 3))),
        npz(density=np.ones((4, 4))),
        header_only((10**9, 10**9)),
        header_only((-4, -4)),
    ],
)
def test_bad_targets(saved, content):
    message = refusal(pack(saved, entries_of(saved) | {"target.npz": content}))
    assert "target" in message


@pytest.mark.parametrize(
    "content",
    [
        b"short",
        b"\xff" * 64,
        (10**12).to_bytes(8, "little") + b"{}",
        (2).to_bytes(8, "little") + b"[]",
        (2).to_bytes(8, "little") + b"{}" + b"left over",
        safetensors_bytes()[:-1],
        safetensors_bytes().replace(b'"F32"', b'"F99"'),
        safetensors_bytes().replace(b"[2,3]", b"[2,4]"),
        safetensors_bytes().replace(b"[2,3]", b"[2,x]"),
        safetensors_bytes().replace(b"[0,24]", b"[4,28]"),
        (20_000).to_bytes(8, "little") + b"[" * 20_000,
    ],
)
def test_weights_that_are_garbage(saved, content):
    part = "lanes/discrete/weights.safetensors"
    assert part in refusal(pack(saved, entries_of(saved) | {part: content}))


def test_thumbnail_that_is_no_picture(saved):
    pack(saved, entries_of(saved) | {"thumbnail.png": b"<script>"})
    with pytest.raises(ProjectError, match="expected a PNG picture"):
        read_thumbnail(saved)
