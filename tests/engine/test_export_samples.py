"""Samples as files: the engine's own points, and their densities where there are any."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from flowengine.catalogue import FlowMatching, SplineCoupling
from flowengine.errors import ExportError, NumericsError
from flowengine.export import ExportCancelled, run_export, samples
from flowengine.lane import build_model
from flowengine.project import Project, with_ids
from tests.engine.models import randomised

PROJECT = Project(
    stack=with_ids((SplineCoupling(), SplineCoupling())),
    continuous=FlowMatching(width=16, depth=2, solver_steps=5),
)


def model_of(lane):
    return randomised(build_model(PROJECT, lane), 0.2)


def export(model, path, lane="discrete", **options):
    return run_export(model, "samples", path, project=PROJECT, lane=lane, **options)


def head_and_rows(path):
    lines = path.read_text(encoding="ascii").splitlines()
    return lines[0], np.array([line.split(",") for line in lines[1:]], np.float32)


@pytest.mark.parametrize("lane", ["discrete", "continuous"])
def test_a_flows_table_has_its_points_and_its_log_prob(tmp_path, lane):
    model = model_of(lane)
    done = export(model, tmp_path / "s.csv", lane, count=40, seed=3)
    head, rows = head_and_rows(tmp_path / "s.csv")
    assert head == "x,y,log_prob"
    expected = model.sample(40, generator=torch.Generator().manual_seed(3))
    np.testing.assert_allclose(rows[:, :2], expected.numpy(), atol=1e-5)
    with torch.no_grad():
        density = model.log_prob(torch.from_numpy(rows[:, :2].copy()))
    np.testing.assert_allclose(rows[:, 2], density.numpy(), atol=1e-4)
    assert (done.rows, done.largest_difference) == (40, 0.0)
    assert done.bytes == (tmp_path / "s.csv").stat().st_size


@pytest.mark.parametrize("lane", ["vae", "gan"])
def test_a_model_without_an_exact_likelihood_gives_points_alone(tmp_path, lane):
    export(model_of(lane), tmp_path / "s.csv", lane, count=7)
    head, rows = head_and_rows(tmp_path / "s.csv")
    assert head == "x,y"
    assert rows.shape == (7, 2)


def test_an_array_holds_the_same_points_as_the_table(tmp_path):
    model = model_of("discrete")
    export(model, tmp_path / "s.npy", count=30, seed=5)
    export(model, tmp_path / "S.CSV", count=30, seed=5)
    array = np.load(tmp_path / "s.npy", allow_pickle=False)
    assert (array.shape, array.dtype) == ((30, 2), np.float32)
    assert np.array_equal(array, head_and_rows(tmp_path / "S.CSV")[1][:, :2])


def test_more_than_one_chunk_is_one_file(tmp_path, monkeypatch):
    monkeypatch.setattr(samples, "CHUNK", 8)
    model = model_of("discrete")
    told = []
    for name in ("s.csv", "s.npy"):
        done = export(
            model, tmp_path / name, count=20, on_progress=lambda share, _doing: told.append(share)
        )
        assert (done.rows, done.largest_difference) == (20, 0.0)
    assert len(head_and_rows(tmp_path / "s.csv")[1]) == len(np.load(tmp_path / "s.npy")) == 20
    half = len(told) // 2
    assert told[:half] == sorted(told[:half])
    assert told[half - 1] == 1.0


def test_giving_up_at_any_moment_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(samples, "CHUNK", 8)
    model = model_of("discrete")
    for patience in range(8):
        left = iter(range(patience))
        with pytest.raises(ExportCancelled):
            export(
                model,
                tmp_path / "s.csv",
                count=20,
                cancelled=lambda left=left: next(left, None) is None,
            )
        assert list(tmp_path.iterdir()) == []


def test_a_damaged_file_is_found_out_and_not_left(tmp_path, monkeypatch):
    write = samples._write

    def lose_a_row(stream, rows, suffix, cancelled):
        write(stream, rows[:-1], suffix, cancelled)

    monkeypatch.setattr(samples, "_write", lose_a_row)
    for name in ("s.csv", "s.npy"):
        with pytest.raises(ExportError, match=r"\(4, [23]\)"):
            export(model_of("discrete"), tmp_path / name, count=5)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "count", "said"),
    [
        ("s.txt", 5, r"Expected a \.csv or \.npy file, got .*s\.txt"),
        ("s", 5, r"Expected a \.csv or \.npy file"),
        ("s.csv", 0, "from 1 to 10000000 samples, got 0"),
        ("none/s.csv", 5, "there is no folder"),
        ("folder.csv", 5, "is a folder; an export of this kind is a file"),
    ],
)
def test_a_place_or_a_number_that_will_not_do_is_named(tmp_path, name, count, said):
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(ExportError, match=said):
        export(model_of("discrete"), tmp_path / name, count=count)
    assert [entry.name for entry in tmp_path.iterdir()] == ["folder.csv"]


def test_samples_that_are_not_finite_are_refused(tmp_path):
    model = model_of("discrete")
    with torch.no_grad():
        for weight in model.parameters():
            weight.fill_(float("nan"))
    with pytest.raises(NumericsError):
        export(model, tmp_path / "s.csv", count=5)
    assert list(tmp_path.iterdir()) == []
