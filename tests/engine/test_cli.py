"""The command line, by what scripts and people see of it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import numpy as np
import pytest

import flowengine as fe
from flowengine.catalogue import (
    BASE_SPECS,
    BASELINE_SPECS,
    CONTINUOUS_SPECS,
    LAYER_SPECS,
    fields_of,
    kind_of,
)
from flowengine.projectfile import read_project, read_thumbnail
from tests.engine.projectfiles import PNG

REPORT = {
    *("step", "seconds", "steps_per_second", "nll", "kl", "bound", "sliced_w2", "stopped_by"),
    *("mass", "mass_error", "normalized"),
}


FIGURES = {"nll", "entropy", "kl", "mass", "inverse_error", "w2"}


# --- lists --------------------------------------------------------------------------------------


def test_layers_as_json_hold_the_whole_catalogue(run):
    status, out, err = run("layers", "--json")
    listed = json.loads(out)
    assert (status, err) == (0, "")
    assert [entry["kind"] for entry in listed["layers"]] == [kind_of(cls) for cls in LAYER_SPECS]
    assert [e["kind"] for e in listed["continuous"]] == [kind_of(cls) for cls in CONTINUOUS_SPECS]
    assert [entry["kind"] for entry in listed["bases"]] == [kind_of(cls) for cls in BASE_SPECS]
    assert [entry["kind"] for entry in listed["baselines"]] == ["vae", "gan"]
    for entry, cls in zip(listed["layers"], LAYER_SPECS, strict=True):
        assert [field["name"] for field in entry["fields"]] == [f.name for f in fields_of(cls)]
        for field in entry["fields"]:
            assert field["choices"] or field["minimum"] < field["maximum"]
            assert field["default"] is not None


def test_layers_are_readable(run):
    status, out, _ = run("layers")
    assert status == 0
    for cls in (*LAYER_SPECS, *CONTINUOUS_SPECS, *BASE_SPECS, *BASELINE_SPECS):
        assert f"## {cls.title} (`{kind_of(cls)}`)" in out
        assert cls.formula in out
        assert cls.reference in out
        for field in fields_of(cls):
            assert f"| `{field.name}`" in out


def test_targets_are_those_of_the_library(run):
    assert {row["name"] for row in json.loads(run("targets", "--json")[1])["targets"]} == set(
        fe.targets.names()
    )
    assert "Two moons" in run("targets")[1]


@pytest.mark.parametrize("command", ["layers", "targets"])
def test_lists_load_no_torch(command):
    code = (
        "import sys; from flowengine.cli import main; main(sys.argv[1:]);"
        "sys.exit('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code, command], capture_output=True, check=False)
    assert done.returncode == 0


# --- new ----------------------------------------------------------------------------------------


def test_new_with_everything(run, tmp_path):
    path = tmp_path / "mine.flow"
    status, _, err = run(
        "new", "--target", "cat", "--stack", "actnorm, affine_coupling*3", "--continuous", "ffjord",
        "--seed", 7, "-o", path,
    )  # fmt: skip
    project = read_project(path)
    assert (status, err) == (0, "")
    assert (project.name, project.seed, project.target.name) == ("mine", 7, "cat")
    assert [layer.kind for layer in project.stack] == ["actnorm"] + ["affine_coupling"] * 3
    assert project.continuous.kind == "ffjord"
    assert not project.lanes


@pytest.mark.parametrize("cls", BASE_SPECS, ids=kind_of)
def test_new_takes_every_base(run, tmp_path, cls):
    path = tmp_path / "p.flow"
    assert run("new", "--target", "cat", "--base", kind_of(cls), "-o", path)[0] == 0
    assert read_project(path).base == cls()


def test_a_lane_on_another_base_trains_and_is_sampled_from_it(run, tmp_path):
    path, out = tmp_path / "p.flow", tmp_path / "s.npy"
    new = ("new", "--target", "moons", "--stack", "swap,scale_shift", "--base", "ring", "-o", path)
    assert run(*new)[0] == 0
    assert run("train", path, "--lane", "discrete", "--steps", "1")[0] == 0
    assert run("sample", path, "--lane", "discrete", "-n", "500", "-o", out)[0] == 0
    radius = np.linalg.norm(np.load(out), axis=1)
    assert abs(radius.mean() - 2) < 0.1
    assert radius.std() < 0.4


def test_new_from_points(run, tmp_path):
    (tmp_path / "points.csv").write_text("x,y\n0,1\n1,0\n-1,0.5\n", encoding="utf-8")
    assert run("new", "--target", tmp_path / "points.csv", "-o", tmp_path / "p.flow")[0] == 0
    assert read_project(tmp_path / "p.flow").target.points.values.shape == (3, 2)


def test_new_from_an_array(run, tmp_path):
    density = np.arange(12.0).reshape(3, 4)
    np.save(tmp_path / "a.npy", density)
    assert run("new", "--target", tmp_path / "a.npy", "-o", tmp_path / "p.flow")[0] == 0
    read = read_project(tmp_path / "p.flow").target.density.values
    np.testing.assert_allclose(read / read.sum(), density / density.sum(), rtol=1e-6)


# --- train --------------------------------------------------------------------------------------


def test_train_reports_and_writes_back(run, untrained):
    status, out, err = run("train", untrained, "--steps", 5, "--json")
    assert (status, err) == (0, "")
    assert out.count("\n") == 1
    lanes = json.loads(out)["lanes"]
    assert list(lanes) == ["discrete", "continuous"]
    for report in lanes.values():
        assert set(report) == REPORT
        assert (report["step"], report["stopped_by"]) == (5, "steps")
    assert set(read_project(untrained).lanes) == {"discrete", "continuous"}
    assert read_thumbnail(untrained) == PNG


def test_train_goes_on_where_it_stopped(run, untrained, tmp_path):
    before = untrained.read_bytes()
    run("train", untrained, "--lane", "discrete", "--steps", 3, "-o", tmp_path / "a.flow")
    out = run("train", tmp_path / "a.flow", "--lane", "discrete", "--steps", 4, "--json")[1]
    assert json.loads(out)["lanes"]["discrete"]["step"] == 7
    assert list(read_project(tmp_path / "a.flow").lanes) == ["discrete"]
    assert untrained.read_bytes() == before


def test_training_one_lane_keeps_the_other(run, trained):
    before = read_project(trained).lanes["continuous"]
    run("train", trained, "--lane", "discrete", "--steps", 2)
    assert read_project(trained).lanes["continuous"] == before


def test_same_seed_gives_the_same_weights(run, untrained, tmp_path):
    for name in ("a.flow", "b.flow"):
        run("train", untrained, "--steps", 4, "-o", tmp_path / name)
    first, second = (read_project(tmp_path / name).lanes for name in ("a.flow", "b.flow"))
    for lane in first:
        assert first[lane].weights == second[lane].weights


def test_train_until_a_kl_or_for_a_time(run, untrained):
    out = run("train", untrained, "--until-kl", 1000, "--json")[1]
    assert {r["stopped_by"] for r in json.loads(out)["lanes"].values()} == {"kl"}
    out = run("train", untrained, "--seconds", 0.05, "--json")[1]
    assert {r["stopped_by"] for r in json.loads(out)["lanes"].values()} == {"seconds"}


def test_train_says_what_it_did(run, untrained):
    status, out, err = run("train", untrained, "--steps", 2)
    assert status == 0
    assert "| discrete" in out
    assert "| continuous" in out
    assert err == ""


# --- evaluate, sample, export -------------------------------------------------------------------


def test_evaluate_measures_the_trained_lanes(run, trained):
    status, out, err = run("evaluate", trained, "--json")
    assert (status, err) == (0, "")
    lanes = json.loads(out)["lanes"]
    assert list(lanes) == ["discrete", "continuous"]
    for figures in lanes.values():
        assert set(figures) >= FIGURES
        assert figures["nll"] >= figures["entropy"] - 0.02
        assert figures["mass"] == pytest.approx(1, abs=0.01)


def test_evaluate_passes_over_lanes_that_were_not_trained(run, untrained):
    run("train", untrained, "--lane", "discrete", "--steps", 2)
    assert list(json.loads(run("evaluate", untrained, "--json")[1])["lanes"]) == ["discrete"]


def test_samples_are_seeded_and_are_the_librarys(run, trained, tmp_path):
    import torch

    for name, seed in (("a.npy", 3), ("b.npy", 3), ("c.npy", 4)):
        common = ("--lane", "discrete", "-n", 50, "--seed", seed)
        assert run("sample", trained, *common, "-o", tmp_path / name)[0] == 0
    a, b, c = (np.load(tmp_path / f"{name}.npy") for name in "abc")
    assert a.shape == (50, 2)
    assert np.array_equal(a, b)
    assert not np.array_equal(a, c)
    flow = fe.load(trained, "discrete")
    ours = flow.sample(50, generator=torch.Generator().manual_seed(3)).numpy()
    np.testing.assert_allclose(a, ours, rtol=1e-5, atol=1e-6)


def test_samples_as_csv_can_be_a_target(run, trained, tmp_path):
    run("sample", trained, "--lane", "continuous", "-n", 9, "-o", tmp_path / "s.csv")
    run("sample", trained, "--lane", "continuous", "-n", 9, "-o", tmp_path / "s.npy")
    read = np.loadtxt(tmp_path / "s.csv", delimiter=",", skiprows=1)
    assert np.array_equal(read.astype(np.float32), np.load(tmp_path / "s.npy"))
    assert run("new", "--target", tmp_path / "s.csv", "-o", tmp_path / "again.flow")[0] == 0


def test_export_writes_a_checked_folder(run, trained, tmp_path):
    common = ("--lane", "discrete", "--format", "python", "-o", tmp_path / "out")
    status, out, err = run("export", trained, *common, "--json")
    assert (status, err) == (0, "")
    result = json.loads(out)
    assert result["path"] == str(tmp_path / "out")
    assert result["bytes"] > 0
    assert 0 <= result["largest_difference"] <= 1e-4
    assert (tmp_path / "out" / "model.py").exists()


def test_export_writes_seeded_samples(run, trained, tmp_path):
    common = ("--lane", "continuous", "--format", "samples", "-n", 20, "--seed", 4)
    status, out, err = run("export", trained, *common, "-o", tmp_path / "s.csv", "--json")
    assert (status, err) == (0, "")
    result = json.loads(out)
    assert (result["rows"], result["largest_difference"]) == (20, 0)
    run("sample", trained, "--lane", "continuous", "-n", 20, "--seed", 4, "-o", tmp_path / "s.npy")
    rows = np.loadtxt(tmp_path / "s.csv", delimiter=",", skiprows=1)
    assert np.array_equal(rows[:, :2].astype(np.float32), np.load(tmp_path / "s.npy"))
    status, out, _ = run("export", trained, *common, "-o", tmp_path / "s.csv")
    assert (status, out.count("20 points")) == (0, 1)


# --- as a real program --------------------------------------------------------------------------


def program(*arguments, **options):
    command = [sys.executable, "-m", "flowengine", *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, **options)


def test_module_runs_as_a_program():
    with program("targets", "--json", stderr=subprocess.PIPE) as process:
        out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, "")
    assert json.loads(out)["targets"]


def test_a_reader_that_leaves_early_is_no_error():
    with program("layers", stderr=subprocess.PIPE) as process:
        process.stdout.close()
        err = process.stderr.read()
    assert err == ""


def test_worker_ends_with_its_input():
    with program("worker", stdin=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        process.stdout.buffer.read()
        process.wait(timeout=60)
    assert process.returncode == 0


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
@pytest.mark.parametrize("ending", ["SIGINT", "SIGTERM"])
def test_interrupted_training_keeps_what_it_has(untrained, ending):
    """On a terminal: the bar is drawn there, and Ctrl-C saves, says so and exits with 130."""
    import pty

    ours, theirs = pty.openpty()
    with program("train", untrained, "--until-kl", 1e-9, "--json", stderr=theirs) as process:
        os.close(theirs)
        seen = read_until(ours, b"step ")
        process.send_signal(getattr(signal, ending))
        seen += read_until(ours, b"interrupted")
        out = process.stdout.read()
        process.wait(timeout=60)
    os.close(ours)
    assert process.returncode == 130
    assert b"discrete" in seen
    report = json.loads(out)["lanes"]["discrete"]
    assert report["stopped_by"] == "interrupt"
    saved = fe.Trainer(read_project(untrained), "discrete")
    assert saved.step_count == report["step"] > 0


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_an_export_that_is_told_to_end_leaves_nothing(trained, tmp_path):
    import pty

    ours, theirs = pty.openpty()
    line = ("--lane", "discrete", "--format", "samples", "-n", 10_000_000, "-o", tmp_path / "s.csv")
    with program("export", trained, *line, stderr=theirs) as process:
        os.close(theirs)
        read_until(ours, b"export")
        process.send_signal(signal.SIGTERM)
        read_until(ours, b"interrupted")
        process.wait(timeout=60)
    os.close(ours)
    assert process.returncode == 130
    assert [path.name for path in tmp_path.iterdir()] == ["trained.flow"]


def read_until(descriptor, what):
    """What a terminal shows up to and with `what`; the test's own time limit bounds the wait."""
    seen = b""
    while what not in seen:
        seen += os.read(descriptor, 1024)
    return seen
