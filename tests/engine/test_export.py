"""Exported models: readable, alone, and equal to the engine."""

from __future__ import annotations

import ast
import copy
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
import torch

from flowengine.catalogue import (
    BASE_SPECS,
    CONTINUOUS_SPECS,
    LAYER_SPECS,
    GaussianMixture,
    Swap,
    fields_of,
    kind_of,
)
from flowengine.continuous import build_continuous
from flowengine.errors import ExportError
from flowengine.export import ExportCancelled, run_export
from flowengine.export import python as python_format
from flowengine.export.python import export_python, model_source, weights_of
from flowengine.export.reload import Comparison
from flowengine.project import Project, with_ids
from flowengine.stack import build
from tests.engine.models import randomised
from tests.engine.strategies import all_layer_specs, described

FILES = {"model.py", "weights.safetensors", "README.md"}


@pytest.fixture(autouse=True)
def leave_no_bytecode(monkeypatch):
    monkeypatch.setattr(sys, "dont_write_bytecode", True)


def every_layer():
    return with_ids(tuple(cls() for cls in LAYER_SPECS))


def write_module(flow, folder):
    """The exported module, imported into this process without the check in a fresh one."""
    from safetensors.torch import save_file

    folder.mkdir(exist_ok=True)
    (folder / "model.py").write_text(model_source(flow, "test", "discrete"), encoding="utf-8")
    save_file(weights_of(flow), folder / "weights.safetensors")
    spec = importlib.util.spec_from_file_location("exported", folder / "model.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def points_everywhere(n=500):
    """Points in the bulk, in the tails, on the knots' border, and very far away."""
    generator = torch.Generator().manual_seed(3)
    bulk = 2 * torch.randn(n, 2, generator=generator)
    tails = 40 * torch.randn(n, 2, generator=generator)
    border = torch.tensor([[5.0, 5.0], [-5.0, 5.0], [5.0, 0.0], [0.0, 0.0], [1e4, -1e4]])
    return torch.cat([bulk, tails, border])


def assert_same_maps(module, flow):
    """Equal to many digits in float64, and in float32 as far as rounding lets them be."""
    x = points_everywhere()
    exact, model = copy.deepcopy(flow).double(), copy.deepcopy(module.load()).double()
    for ours, theirs in ((exact.forward, model), (exact.inverse, model.inverse)):
        torch.testing.assert_close(theirs(x.double()), ours(x.double()), atol=1e-7, rtol=1e-7)
    torch.testing.assert_close(module.log_prob(x), flow.log_prob(x), atol=5e-3, rtol=5e-3)
    seeded = flow.sample(200, generator=torch.Generator().manual_seed(5))
    torch.testing.assert_close(module.sample(200, seed=5), seeded, atol=1e-4, rtol=1e-4)


# --- the same numbers ---------------------------------------------------------------------------


@pytest.mark.parametrize("cls", LAYER_SPECS, ids=kind_of)
def test_every_layer_computes_the_same(cls, tmp_path):
    flow = randomised(build(with_ids((cls(), cls()))), 0.2)
    assert_same_maps(write_module(flow, tmp_path), flow)


@pytest.mark.parametrize(
    "spec", [spec for spec in all_layer_specs() if spec != type(spec)()], ids=described
)
def test_settings_of_layers_reach_the_model(spec, tmp_path):
    flow = randomised(build(with_ids((spec, spec))), 0.2)
    assert_same_maps(write_module(flow, tmp_path), flow)


def every_continuous():
    """Every kind, and one kind with every choice of every setting that has choices."""
    first, *others = CONTINUOUS_SPECS
    choices = [(f.name, choice) for f in fields_of(first) for choice in f.choices]
    return [*(cls() for cls in others), *(first(**{name: choice}) for name, choice in choices)]


@pytest.mark.parametrize("spec", every_continuous(), ids=repr)
def test_every_continuous_flow_computes_the_same(spec, tmp_path):
    spec = msgspec.structs.replace(spec, solver_steps=5, width=16, depth=2)
    flow = randomised(build_continuous(spec, 0), 0.2)
    module = write_module(flow, tmp_path)
    # what is taken away goes in fixed steps, whatever the solver
    assert_same_maps(module, flow.with_solver(flow.fixed_solver, spec.solver_steps))


@pytest.mark.parametrize(
    "base",
    [*(cls() for cls in BASE_SPECS), GaussianMixture(components=3, parameters="learned")],
    ids=str,
)
def test_every_base_computes_the_same(base, tmp_path):
    spec = CONTINUOUS_SPECS[-1](solver_steps=3, width=8, depth=1)
    for i, flow in enumerate((build((Swap(),), 0, base), build_continuous(spec, 0, base))):
        flow = randomised(flow)
        assert_same_maps(write_module(flow, tmp_path / str(i)), flow)


def test_bypassed_layers_are_left_out(tmp_path):
    off = tuple(msgspec.structs.replace(spec, enabled=False) for spec in every_layer())
    flow = randomised(build(with_ids((*off[:3], Swap(id="on"), *off[3:]))))
    module = write_module(flow, tmp_path)
    assert_same_maps(module, flow)
    assert list(module.load().parameters()) == []
    assert "Coupling" not in (tmp_path / "model.py").read_text(encoding="utf-8")


def test_log_prob_is_differentiable_and_takes_arrays(tmp_path):
    module = write_module(randomised(build(every_layer())), tmp_path)
    x = torch.randn(6, 2, requires_grad=True)
    module.log_prob(x).sum().backward()
    assert torch.isfinite(x.grad).all()
    assert x.grad.abs().sum() > 0
    assert module.log_prob(x.detach().numpy()).shape == (6,)


def test_samples_without_a_seed_differ(tmp_path):
    module = write_module(build(every_layer()), tmp_path)
    assert not torch.equal(module.sample(5), module.sample(5))


# --- the text -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "flow",
    [
        build(every_layer()),
        *(build((Swap(),), 0, cls()) for cls in BASE_SPECS),
        build_continuous(CONTINUOUS_SPECS[0](), 0),
    ],
    ids=["every layer", *map(kind_of, BASE_SPECS), "continuous"],
)
def test_source_is_clean(flow, tmp_path):
    source = model_source(flow, "Tên dự án " * 20, "discrete")
    assert "flowengine" not in source
    (tmp_path / "model.py").write_text(source, encoding="utf-8")
    # The settings of this project, but for print: the exported file is a program.
    settings = str(Path(__file__).parents[2] / "pyproject.toml")
    for command in (["check", "--ignore", "T201"], ["format", "--check"]):
        ruff = [sys.executable, "-m", "ruff", *command, "--no-cache", "--config", settings]
        done = subprocess.run(
            [*ruff, tmp_path / "model.py"], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout


def test_source_holds_only_what_the_stack_needs():
    defined = {
        node.name
        for node in ast.parse(model_source(build((Swap(),)), "small", "discrete")).body
        if isinstance(node, ast.ClassDef | ast.FunctionDef)
    }
    used = {"Swap", "Flow", "StandardNormal"}
    assert defined == used | {"build", "load", "seeded", "log_prob", "sample", "main", "points_for"}


@pytest.mark.parametrize("name", ['"""\nimport os\n"""', "\\", "\\N{BULLET}", "\0", "x" * 200, ""])
def test_names_cannot_break_the_source(name):
    body = ast.parse(model_source(build((Swap(),)), name, "discrete")).body
    assert [type(node) for node in body[:2]] == [ast.Expr, ast.ImportFrom]


# --- the whole export ---------------------------------------------------------------------------


def export(flow, path, lane="discrete", **options):
    return run_export(flow, "python", path, project=Project(name="test"), lane=lane, **options)


@pytest.mark.parametrize("lane", ["discrete", "continuous"])
def test_export_is_checked_in_a_fresh_process_and_runs_alone(lane, tmp_path):
    flow = build(every_layer()) if lane == "discrete" else build_continuous(Project().continuous, 0)
    told = []
    result = export(
        randomised(flow, 0.05), tmp_path / "out", lane, on_progress=lambda *news: told.append(news)
    )
    assert {entry.name for entry in result.path.iterdir()} == FILES
    assert [entry.name for entry in tmp_path.iterdir()] == ["out"]
    assert result.bytes == sum(entry.stat().st_size for entry in result.path.iterdir())
    assert 0 <= result.largest_difference <= 1e-4
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert told[0][0] == 0
    assert told[-1][0] == 1

    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    done = subprocess.run(
        [sys.executable, "-B", result.path / "model.py"],
        cwd=tmp_path, env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.count("nats") == 5
    assert done.stderr == ""


def test_export_does_not_touch_the_model(tmp_path, monkeypatch):
    monkeypatch.setattr(python_format, "compare", agreeing)
    flow = build(every_layer()).double().train()
    export(flow, tmp_path / "out")
    assert flow.training
    assert {weight.dtype for weight in flow.parameters()} == {torch.float64}
    assert any(weight.requires_grad for weight in flow.parameters())


def agreeing(*_):
    """Stand in for the fresh process, which takes seconds, where it is not what is tested."""
    return Comparison(difference=1e-7, rounding=1e-7)


def test_wrong_numbers_are_refused(tmp_path, monkeypatch):
    """A weight that is written wrongly makes the fresh process disagree."""
    right = python_format.weights_of

    def wrong(flow):
        weights = right(flow)
        next(iter(weights.values())).add_(0.01)
        return weights

    monkeypatch.setattr(python_format, "weights_of", wrong)
    with pytest.raises(ExportError, match=r"differs from the engine's by 0\."):
        export(randomised(build(every_layer()), 0.1), tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_model_that_does_not_run_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(python_format, "model_source", lambda *_: "import flowengine\n")
    with pytest.raises(ExportError, match="does not run: ModuleNotFoundError"):
        export(build((Swap(),)), tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("answers", [[True], [False, True], [False, False, False, True]])
def test_cancelling_leaves_nothing(answers, tmp_path):
    wishes = iter(answers)
    with pytest.raises(ExportCancelled):
        export(build(every_layer()), tmp_path / "out", cancelled=lambda: next(wishes, True))
    assert list(tmp_path.iterdir()) == []


def test_earlier_export_is_replaced(tmp_path, monkeypatch):
    monkeypatch.setattr(python_format, "compare", agreeing)
    export(build(every_layer()), tmp_path / "out")
    (tmp_path / "out" / "__pycache__").mkdir()
    export(build((Swap(),)), tmp_path / "out")
    assert {entry.name for entry in (tmp_path / "out").iterdir()} == FILES
    assert "Coupling" not in (tmp_path / "out" / "model.py").read_text(encoding="utf-8")
    assert [entry.name for entry in tmp_path.iterdir()] == ["out"]


def test_failed_export_keeps_the_earlier_one(tmp_path, monkeypatch):
    monkeypatch.setattr(python_format, "compare", agreeing)
    export(build(every_layer()), tmp_path / "out")
    before = (tmp_path / "out" / "model.py").read_bytes()
    with pytest.raises(ExportCancelled):
        export(build((Swap(),)), tmp_path / "out", cancelled=lambda: True)
    assert (tmp_path / "out" / "model.py").read_bytes() == before


def test_foreign_folder_is_refused(tmp_path):
    (tmp_path / "thesis.tex").write_text("years of work", encoding="utf-8")
    with pytest.raises(ExportError, match=r"'thesis\.tex', which is no part of an earlier"):
        export(build((Swap(),)), tmp_path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["thesis.tex"]


def test_file_in_the_way_is_refused(tmp_path):
    (tmp_path / "out").write_text("mine", encoding="utf-8")
    with pytest.raises(ExportError, match="is a file"):
        export(build((Swap(),)), tmp_path / "out")
    assert (tmp_path / "out").read_text(encoding="utf-8") == "mine"


def test_missing_folder_is_refused(tmp_path):
    with pytest.raises(ExportError, match="there is no folder"):
        export(build((Swap(),)), tmp_path / "none" / "out")


def test_unknown_format_is_refused(tmp_path):
    with pytest.raises(ExportError, match="There is no format 'onyx'; there is python"):
        run_export(build((Swap(),)), "onyx", tmp_path / "x", project=Project(), lane="discrete")


def test_unknown_flow_is_refused(tmp_path):
    class Other(torch.nn.Module):
        pass

    with pytest.raises(ExportError, match="does not know Other yet"):
        export_python(
            Other(), tmp_path, project=Project(), lane="discrete",
            progress=lambda *_: None, cancelled=lambda: False,
        )  # fmt: skip


def test_listing_the_formats_loads_no_torch():
    code = "import sys, flowengine.export; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
