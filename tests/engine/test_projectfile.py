"""Project files: what goes in comes out, and nothing bad comes in."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import warnings
import zipfile
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from flowengine import projectfile
from flowengine.arrays import FrozenArray
from flowengine.catalogue import StandardNormal
from flowengine.errors import ProjectError
from flowengine.project import Project, TargetSpec
from flowengine.projectfile import (
    migrate_1_to_2,
    read_project,
    read_thumbnail,
    write_project,
)
from tests.engine.documents import full_project, projects, safetensors_bytes, trained_lane

EXAMPLES = Path(__file__).resolve().parents[2] / "resources" / "examples"
PNG = b"\x89PNG\r\n\x1a\nrest"


@pytest.fixture
def saved(tmp_path):
    path = tmp_path / "all.flow"
    write_project(full_project(), path, thumbnail=PNG)
    return path


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


# --- round trips --------------------------------------------------------------------------------


def test_full_project_comes_back_equal(saved):
    assert read_project(saved) == full_project()


def test_thumbnail_comes_back(saved, tmp_path):
    assert read_thumbnail(saved) == PNG
    write_project(Project(), tmp_path / "plain.flow")
    assert read_thumbnail(tmp_path / "plain.flow") == b""


@given(project=projects())
@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
def test_any_document_comes_back_equal(tmp_path, project):
    path = tmp_path / "any.flow"
    write_project(project, path)
    assert read_project(path) == project


def test_project_opens_and_saves_through_its_own_methods(tmp_path):
    full_project().save(tmp_path / "p.flow", thumbnail=PNG)
    assert Project.open(str(tmp_path / "p.flow")) == full_project()


def test_same_project_gives_the_same_bytes(saved, tmp_path):
    write_project(full_project(), tmp_path / "again.flow", thumbnail=PNG)
    assert (tmp_path / "again.flow").read_bytes() == saved.read_bytes()


def test_large_blank_drawing_is_no_bomb(tmp_path):
    target = TargetSpec(source="drawing", name="blank", density=FrozenArray(np.zeros((1024, 1024))))
    write_project(Project(target=target), tmp_path / "blank.flow")
    assert read_project(tmp_path / "blank.flow").target == target


def test_numpy_reads_the_arrays(saved):
    with np.load(io.BytesIO(entries_of(saved)["target.npz"])) as arrays:
        assert set(arrays) == {"density", "points"}
        assert np.array_equal(arrays["points"], full_project().target.points.values)


def test_arrays_that_numpy_wrote_are_read(saved):
    density = np.asfortranarray(np.arange(12.0).reshape(3, 4))
    entries = entries_of(saved) | {"target.npz": npz(density=density, points=np.ones((2, 2)))}
    read = read_project(pack(saved, entries))
    assert np.array_equal(read.target.density.values, density)


def test_reading_a_project_loads_no_torch(saved):
    code = (
        "import sys; from flowengine.projectfile import read_project; read_project(sys.argv[1]);"
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code, saved], check=False).returncode == 0


# --- bad files ----------------------------------------------------------------------------------


def test_missing_file(tmp_path):
    assert "No such file" in refusal(tmp_path / "none.flow")


def test_folder(tmp_path):
    assert "is no file" in refusal(tmp_path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.flow")
    assert "is no file" in refusal(tmp_path / "pipe.flow")


@pytest.mark.parametrize("data", [b"", b"PK", b"no zip at all" * 20, b"\x00" * 1000])
def test_no_zip(tmp_path, data):
    (tmp_path / "bad.flow").write_bytes(data)
    assert "bad.flow is no zip" in refusal(tmp_path / "bad.flow")


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
    assert "has no project.json" in refusal(pack(tmp_path / "p.flow", {"thumbnail.png": PNG}))


@pytest.mark.parametrize("name", ["../../evil", "/etc/passwd", "lanes/../project.json", "C:\\x"])
def test_names_that_leave_the_file(saved, name):
    assert "none of its parts" in refusal(pack(saved, entries_of(saved) | {name: b"x"}))


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
    assert "project.json in all.flow may have" in refusal(pack(saved, entries))


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
    assert expected in refusal(pack(tmp_path / "p.flow", {"project.json": document}))


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
    with pytest.raises(ProjectError, match="no PNG"):
        read_thumbnail(saved)


# --- versions -----------------------------------------------------------------------------------


def test_older_versions_open_through_their_migrations(saved, monkeypatch):
    def migrate_2_to_3(document):
        renamed = {key: value for key, value in document.items() if key != "title"}
        return renamed | {"name": document["title"]}

    monkeypatch.setattr(projectfile, "VERSION", 3)
    monkeypatch.setattr(projectfile, "MIGRATIONS", {1: migrate_1_to_2, 2: migrate_2_to_3})
    changed(saved, title="From version 1", version=1, base="standard_normal")
    assert read_project(saved).name == "From version 1"


def test_version_1_named_the_base_and_nothing_else(saved):
    before = read_project(saved)
    changed(saved, version=1, base="standard_normal")
    assert read_project(saved) == msgspec.structs.replace(before, base=StandardNormal())
    changed(saved, version=1, base="cube")
    assert "$.base" in refusal(saved)


@pytest.mark.parametrize("name", ["star", "two-moons"])
def test_bundled_examples_open_in_every_lane(name):
    project = read_project(EXAMPLES / f"{name}.flow")
    assert project.base == StandardNormal()
    assert set(project.lanes) == {"discrete", "continuous"}


# --- writing ------------------------------------------------------------------------------------


def test_invalid_project_is_not_written(tmp_path):
    with pytest.raises(ProjectError, match=r"\$\.seed"):
        write_project(Project(seed=-1), tmp_path / "p.flow")
    assert list(tmp_path.iterdir()) == []


def test_name_that_is_no_text_is_not_written(tmp_path):
    with pytest.raises(ProjectError, match="is no text"):
        write_project(Project(name=os.fsdecode(b"\xff")), tmp_path / "p.flow")


def test_garbage_weights_are_not_written(tmp_path):
    lane = msgspec.structs.replace(trained_lane(), weights=b"garbage!!")
    with pytest.raises(ProjectError, match=r"weights\.safetensors"):
        write_project(Project(lanes={"discrete": lane}), tmp_path / "p.flow")
    assert list(tmp_path.iterdir()) == []


def test_missing_folder(tmp_path):
    with pytest.raises(ProjectError, match=r"p\.flow could not be written: No such file"):
        write_project(Project(), tmp_path / "none" / "p.flow")


def test_folder_in_the_way(tmp_path):
    (tmp_path / "p.flow").mkdir()
    with pytest.raises(ProjectError, match="could not be written"):
        write_project(Project(), tmp_path / "p.flow")
    assert [p.name for p in tmp_path.iterdir()] == ["p.flow"]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no full disk at hand")
def test_full_disk_leaves_the_old_file(saved, monkeypatch):
    before = saved.read_bytes()
    monkeypatch.setattr(projectfile, "write_zip", lambda stream, entries: fill_the_disk())
    with pytest.raises(ProjectError, match="No space left on device"):
        write_project(Project(), saved)
    assert saved.read_bytes() == before
    assert [p.name for p in saved.parent.iterdir()] == ["all.flow"]


def fill_the_disk():
    with open("/dev/full", "wb", buffering=0) as stream:
        stream.write(b"x")


def test_interruption_leaves_the_old_file(saved, monkeypatch):
    before = saved.read_bytes()

    def interrupted(stream, entries):
        stream.write(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(projectfile, "write_zip", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_project(Project(), saved)
    assert saved.read_bytes() == before
    assert [p.name for p in saved.parent.iterdir()] == ["all.flow"]


def test_killed_process_leaves_the_old_file(saved):
    code = """
import os, sys
from flowengine import projectfile
from flowengine.project import Project

def killed(stream, entries):
    stream.write(b"half")
    stream.flush()
    os._exit(9)

projectfile.write_zip = killed
projectfile.write_project(Project(), sys.argv[1])
"""
    assert subprocess.run([sys.executable, "-c", code, saved], check=False).returncode == 9
    assert read_project(saved) == full_project()


def test_links_and_permissions_are_kept(saved, tmp_path):
    saved.chmod(0o640)
    link = tmp_path / "link.flow"
    link.symlink_to(saved)
    write_project(Project(name="new"), link)
    assert link.is_symlink()
    assert read_project(saved).name == "new"
    assert saved.stat().st_mode & 0o777 == 0o640
