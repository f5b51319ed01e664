"""A VAE and a GAN taken away, and on the command line."""

from __future__ import annotations

import json

import msgspec
import numpy as np
import pytest
import torch

from flowengine.export import run_export
from flowengine.lane import load
from flowengine.project import BASELINE_LANES, LANES
from flowengine.projectfile import read_project, write_project
from flowengine.trainer import Trainer
from tests.engine.baseline_projects import SMALL, project
from tests.engine.trainers import advance


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "p.flow"
    write_project(project(), path)
    return path


# --- taken away ---------------------------------------------------------------------------------


@pytest.mark.parametrize("lane", BASELINE_LANES)
def test_an_export_is_compared_in_a_fresh_process(lane, tmp_path):
    """One with more latent numbers than points have; the usual one is exported by a command."""
    whole = project(**{lane: SMALL[lane] | {"latent": 3}})
    trainer = Trainer(whole, lane)
    advance(trainer, 10)
    model = load(msgspec.structs.replace(whole, lanes={lane: trainer.state()}), lane)
    done = run_export(model, "python", tmp_path / "out", project=whole, lane=lane)
    assert done.largest_difference < 1e-4
    readme = (tmp_path / "out" / "README.md").read_text(encoding="utf-8")
    assert ("no exact density" if lane == "vae" else "has no density") in readme
    assert "flow." not in readme
    weights = (tmp_path / "out" / "weights.safetensors").read_bytes()
    assert b"critic" not in weights


# --- the command line ---------------------------------------------------------------------------


def test_new_sets_baselines_beside_the_flows(run, tmp_path):
    out = tmp_path / "n.flow"
    assert run("new", "--target", "moons", "--compare", "gan,vae", "-o", out)[0] == 0
    assert read_project(out).shown_lanes == ("discrete", "continuous", "vae", "gan")
    status, _, error = run("new", "--target", "moons", "--compare", "wgan", "-o", out)
    assert status == 2
    assert "each named once" in error


def test_all_lanes_are_trained_and_measured_with_nulls_for_what_is_not_there(run, path):
    status, out, _ = run("train", path, "--steps", 5, "--json")
    assert status == 0
    lanes = json.loads(out)["lanes"]
    assert list(lanes) == list(LANES)
    assert [lanes[lane]["bound"] for lane in LANES] == [None, None, "iwae", None]
    assert lanes["gan"]["kl"] is lanes["gan"]["nll"] is None
    measured = json.loads(run("evaluate", path, "--json")[1])["lanes"]
    assert list(measured) == list(LANES)
    vae, gan = measured["vae"], measured["gan"]
    assert vae["bound"] == "iwae"
    assert vae["entropy"] - 0.02 < vae["nll"] <= vae["nll_elbo"]
    assert all(gan[name] is None for name in ("bound", "nll", "kl", "mass", "inverse_error", "ess"))
    assert all(measured[lane]["w2"] > 0 for lane in LANES)
    table = run("evaluate", path, "--lane", "gan")[1]
    assert "–" in table


def test_one_baseline_is_trained_alone_even_where_it_is_not_shown(run, tmp_path):
    path = tmp_path / "p.flow"
    write_project(project(compare=[]), path)
    assert list(json.loads(run("train", path, "--steps", 2, "--json")[1])["lanes"]) == [
        "discrete",
        "continuous",
    ]
    status, out, _ = run("train", path, "--lane", "vae", "--steps", 3, "--json")
    assert status == 0
    assert json.loads(out)["lanes"]["vae"]["step"] == 3
    assert json.loads(run("evaluate", path, "--lane", "vae", "--json")[1])["lanes"]["vae"]["bound"]


def test_a_kl_for_a_gan_is_refused_before_anything_is_trained(run, path):
    status, _, error = run("train", path, "--until-kl", 0.5)
    assert status == 2
    assert "no likelihood" in error
    assert read_project(path).lanes == {}


@pytest.mark.parametrize("lane", BASELINE_LANES)
def test_samples_and_exports_of_a_baseline(run, path, tmp_path, lane):
    run("train", path, "--lane", lane, "--steps", 2)
    samples = tmp_path / "s.npy"
    common = ("--lane", lane, "-n", 40, "--seed", 3)
    assert run("sample", path, *common, "-o", samples)[0] == 0
    expected = load(path, lane).sample(40, generator=torch.Generator().manual_seed(3))
    np.testing.assert_allclose(np.load(samples), expected.numpy(), rtol=1e-5, atol=1e-6)
    folder = tmp_path / "model"
    status, out, _ = run(
        "export", path, "--lane", lane, "--format", "python", "-o", folder, "--json"
    )
    assert status == 0
    assert json.loads(out)["largest_difference"] < 1e-4
