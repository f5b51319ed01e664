"""Project files: what goes in comes out, and nothing bad comes in."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from flowengine import projectfile
from flowengine.arrays import FrozenArray
from flowengine.catalogue import Ffjord, Ode, StandardNormal, Swap
from flowengine.errors import ProjectError
from flowengine.project import Project, TargetSpec
from flowengine.projectfile import (
    migrate_1_to_2,
    migrate_2_to_3,
    read_project,
    read_thumbnail,
    write_project,
)
from tests.engine.documents import full_project, projects, trained_lane
from tests.engine.projectfiles import PNG, changed, entries_of, npz, pack, refusal

EXAMPLES = Path(__file__).resolve().parents[2] / "resources" / "examples"


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


# --- versions -----------------------------------------------------------------------------------


def test_older_versions_open_through_their_migrations(saved, monkeypatch):
    def migrate_3_to_4(document):
        renamed = {key: value for key, value in document.items() if key != "title"}
        return renamed | {"name": document["title"]}

    monkeypatch.setattr(projectfile, "VERSION", 4)
    migrations = {1: migrate_1_to_2, 2: migrate_2_to_3, 3: migrate_3_to_4}
    monkeypatch.setattr(projectfile, "MIGRATIONS", migrations)
    changed(saved, title="From version 1", version=1, base="standard_normal")
    assert read_project(saved).name == "From version 1"


def test_version_1_named_the_base_and_nothing_else(saved):
    before = read_project(saved)
    changed(saved, version=1, base="standard_normal")
    lanes = {lane: state for lane, state in before.lanes.items() if lane != "continuous"}
    assert read_project(saved) == msgspec.structs.replace(
        before, base=StandardNormal(), lanes=lanes
    )
    changed(saved, version=1, base="cube")
    assert "$.base" in refusal(saved)


@pytest.mark.parametrize(("version", "kept"), [(2, False), (3, True)])
def test_a_continuous_flow_of_another_shape_begins_anew(tmp_path, version, kept):
    path = tmp_path / "p.flow"
    lanes = {"discrete": trained_lane(), "continuous": trained_lane()}
    write_project(msgspec.structs.replace(full_project(), lanes=lanes), path)
    changed(path, version=version)
    assert ("continuous" in read_project(path).lanes) is kept
    assert "discrete" in read_project(path).lanes


@pytest.mark.parametrize(("before", "after"), [(8, "auto"), (7, 7), (16, 16), (None, "auto")])
def test_version_2_had_eight_steps_where_nobody_said_otherwise(saved, before, after):
    steps = {} if before is None else {"solver_steps": before}
    changed(saved, version=2, continuous={"kind": "ffjord", "width": 8, **steps})
    assert read_project(saved).continuous == Ffjord(width=8, solver_steps=after)


def test_version_2_had_four_steps_in_a_layer_where_nobody_said_otherwise(saved):
    layers = [
        {"kind": "ode", "id": "a", "solver_steps": 4},
        {"kind": "ode", "id": "b", "solver_steps": 8},
        {"kind": "swap", "id": "c"},
    ]
    changed(saved, version=2, stack=layers)
    assert read_project(saved).stack == (Ode(id="a"), Ode(id="b", solver_steps=8), Swap(id="c"))


@pytest.mark.parametrize("broken", [{"continuous": 3}, {"stack": [4]}, {"stack": {"kind": "ode"}}])
def test_a_broken_older_document_is_refused_and_not_migrated_to_something(saved, broken):
    changed(saved, version=2, **broken)
    assert f"$.{next(iter(broken))}" in refusal(saved)


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
