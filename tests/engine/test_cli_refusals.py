"""What the command line refuses, and what fails while it works."""

from __future__ import annotations

import sys

import msgspec
import numpy as np
import pytest

from flowengine.arrays import FrozenArray
from flowengine.catalogue import ScaleShift
from flowengine.project import LaneState, Project, TargetSpec, with_ids
from flowengine.projectfile import read_project, write_project
from tests.engine.command_projects import small_project

# --- bad input ----------------------------------------------------------------------------------


BAD_INPUT = {
    "no command": "",
    "unknown command": "fly",
    "unknown option": "layers --yaml",
    "missing project": "train {d}/none.flow",
    "project that is a folder": "train {d}",
    "project that is none": "train {d}/junk.flow",
    "unknown lane": "train {p} --lane wgan",
    "no steps": "train {p} --steps 0",
    "steps in words": "train {p} --steps many",
    "negative seconds": "train {p} --seconds -1",
    "endless seconds": "train {p} --seconds inf",
    "kl that is no number": "train {p} --until-kl nan",
    "unknown device": "train {p} --device tpu",
    "output in no folder": "train {p} --steps 1 -o {d}/none/out.flow",
    "output that is a folder": "train {p} --steps 1 -o {d}",
    "nothing trained": "evaluate {p}",
    "lane not trained": "evaluate {p} --lane discrete",
    "sampling an untrained lane": "sample {p} --lane discrete -n 5 -o {d}/s.npy",
    "sampling without a lane": "sample {p} -n 5 -o {d}/s.npy",
    "sampling both lanes": "sample {p} --lane all -n 5 -o {d}/s.npy",
    "no samples": "sample {p} --lane discrete -n 0 -o {d}/s.npy",
    "samples of another kind": "sample {p} --lane discrete -n 5 -o {d}/s.txt",
    "exporting an untrained lane": "export {p} --lane discrete --format python -o {d}/out",
    "exported samples of another kind": "export {p} --lane discrete --format samples -o {d}/s.txt",
    "no samples to export": "export {p} --lane discrete --format samples -n 0 -o {d}/s.csv",
    "unknown format": "export {p} --lane discrete --format onyx -o {d}/out",
    "unknown preset": "new --target narwhal -o {d}/n.flow",
    "missing target": "new --target {d}/none.png -o {d}/n.flow",
    "picture that is none": "new --target {d}/junk.png -o {d}/n.flow",
    "table of words": "new --target {d}/words.csv -o {d}/n.flow",
    "array with nan": "new --target {d}/nan.npy -o {d}/n.flow",
    "empty drawing": "new --target {d}/zeros.npy -o {d}/n.flow",
    "array of objects": "new --target {d}/objects.npy -o {d}/n.flow",
    "unknown layer": "new --target moons --stack teleport -o {d}/n.flow",
    "no layers": "new --target moons --stack , -o {d}/n.flow",
    "too many layers": "new --target moons --stack swap*129 -o {d}/n.flow",
    "unknown continuous flow": "new --target moons --continuous magic -o {d}/n.flow",
    "seed out of range": "new --target moons --seed -1 -o {d}/n.flow",
    "formula that breaks off": "new --target formula:exp( -o {d}/n.flow",
    "new in no folder": "new --target moons -o {d}/none/n.flow",
    "new that is a folder": "new --target moons -o {d}",
}

NAMED = {
    "new in no folder": ("new --target moons -o {d}/none/n.flow", "no folder {d}/none"),
    "new that is a folder": ("new --target moons -o {d}", "{d} is a folder"),
    "formula": ("new --target formula:exp( -o {d}/n.flow", "formula:exp(: Expected a number"),
    "layer": ("new --target moons --stack teleport -o {d}/n.flow", "'teleport'"),
    "lane": ("train {p} --lane wgan", "'wgan'"),
    "number": ("train {p} --steps many", "1 to 1000000000, got 'many'"),
}


@pytest.mark.parametrize("line", BAD_INPUT.values(), ids=BAD_INPUT.keys())
def test_bad_input_is_one_line_and_status_2(line, run, untrained, tmp_path):
    (tmp_path / "junk.flow").write_bytes(b"junk")
    (tmp_path / "junk.png").write_bytes(b"junk")
    (tmp_path / "words.csv").write_text("1,2\nthree,four\n", encoding="utf-8")
    np.save(tmp_path / "nan.npy", np.full((4, 4), np.nan))
    np.save(tmp_path / "zeros.npy", np.zeros((4, 4)))
    np.save(tmp_path / "objects.npy", np.array([{}], dtype=object))
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}

    status, out, err = run(*line.format(p=untrained, d=tmp_path).split())
    assert status == 2
    assert out == ""
    assert err.startswith("flowengine")
    assert err.count("\n") == 1
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize(("line", "named"), NAMED.values(), ids=NAMED.keys())
def test_a_refusal_says_what_and_where(line, named, run, untrained, tmp_path):
    _, _, err = run(*line.format(p=untrained, d=tmp_path).split())
    assert named.format(d=tmp_path) in err


def test_an_output_without_a_name_is_not_the_project_itself(run, untrained):
    before = untrained.read_bytes()
    status, _, err = run("train", untrained, "--lane", "discrete", "--steps", 1, "-o", "")
    assert (status, err.count("\n")) == (2, 1)
    assert untrained.read_bytes() == before


WRITERS = {
    "new": "new --target moons -o {d}/n.flow",
    "train": "train {p} --steps 1 -o {d}/n.flow",
    "sample": "sample {p} --lane discrete -n 5 -o {d}/s.npy",
    "samples": "export {p} --lane discrete --format samples -o {d}/s.csv",
    "model": "export {p} --lane discrete --format python -o {d}/m",
}


@pytest.mark.parametrize("line", WRITERS.values(), ids=WRITERS.keys())
def test_a_folder_that_is_read_only_is_named(line, run, trained, tmp_path, monkeypatch):
    monkeypatch.setattr("os.access", lambda *_: False)  # as it says to all but root
    status, _, err = run(*line.format(p=trained, d=tmp_path).split())
    assert (status, err.count("\n")) == (2, 1)
    assert f"the folder {tmp_path} is read-only" in err
    assert [path.name for path in tmp_path.iterdir()] == ["trained.flow"]


def test_samples_that_find_no_room_are_named(run, trained, tmp_path, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device", ".s.npy.part")

    monkeypatch.setattr("numpy.lib.format.write_array", full)
    line = ("sample", trained, "--lane", "discrete", "-n", 5, "-o", tmp_path / "s.npy")
    status, _, err = run(*line)
    said = f"flowengine sample: {tmp_path / 's.npy'} could not be written: No space left on device"
    assert (status, err) == (1, said + "\n")
    assert [path.name for path in tmp_path.iterdir()] == ["trained.flow"]


def test_empty_drawing_and_empty_stack_cannot_be_trained(run, untrained):
    for change in ({"stack": ()}, {"target": blank_drawing()}):
        write_project(msgspec.structs.replace(small_project(), **change), untrained)
        status, out, err = run("train", untrained, "--lane", "discrete", "--steps", 1)
        assert (status, out, err.count("\n")) == (2, "", 1)


def blank_drawing():
    grid = FrozenArray(np.zeros((8, 8)))
    return TargetSpec(source="drawing", name="blank", density=grid)


def test_missing_device_is_named(run, untrained):
    status, _, err = run("train", untrained, "--device", "mps", "--steps", 1)
    if sys.platform != "darwin":
        assert status == 2
        assert "mps" in err


def test_weights_of_another_model_are_named(run, trained):
    project = read_project(trained)
    other = msgspec.structs.replace(project, stack=with_ids((ScaleShift(),)))
    write_project(other, trained)
    status, _, err = run("evaluate", trained, "--lane", "discrete")
    assert status == 2
    assert "weights.safetensors" in err


def test_export_does_not_take_a_folder_away(run, trained, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("keep", encoding="utf-8")
    line = ("export", trained, "--lane", "discrete", "--format", "python", "-o", tmp_path / "mine")
    status, _, err = run(*line)
    assert status == 2
    assert "notes.txt" in err


# --- failures -----------------------------------------------------------------------------------


def test_samples_that_are_not_finite_are_a_failure(run, tmp_path):
    import torch
    from safetensors.torch import save

    # Each layer multiplies by a thousand and adds what float32 can just hold.
    each = {"raw_log_scale": torch.full((2,), 1e30), "shift": torch.full((2,), 3.4e38)}
    weights = {f"layers.{i}.{name}": value.clone() for i in "ab" for name, value in each.items()}
    project = Project(
        stack=(ScaleShift(id="a"), ScaleShift(id="b")),
        lanes={"discrete": LaneState(weights=save(weights))},
    )
    write_project(project, tmp_path / "p.flow")
    line = ("sample", tmp_path / "p.flow", "--lane", "discrete", "-n", 5, "-o", tmp_path / "s.npy")
    status, out, err = run(*line)
    assert (status, out, err.count("\n")) == (1, "", 1)
    assert not (tmp_path / "s.npy").exists()


def test_full_disk_is_a_failure(run, untrained, monkeypatch):
    before = untrained.read_bytes()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("flowengine.projectfile.write_zip", full)
    status, _, err = run("train", untrained, "--lane", "discrete", "--steps", 1)
    assert status == 1
    assert "No space left on device" in err
    assert untrained.read_bytes() == before
