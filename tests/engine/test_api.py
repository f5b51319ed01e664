"""The calls that a script or a notebook makes, and what it sees of their answers."""

from __future__ import annotations

import inspect
import signal
import subprocess
import sys

import msgspec
import numpy as np
import pytest
import torch

import flowengine as fe
from flowengine.catalogue import LAYER_SPECS, FlowMatching, Ring, kind_of
from flowengine.project import LaneState, default_stack
from flowengine.projectfile import read_project
from tests.engine.command_projects import small_project


@pytest.fixture(scope="module")
def result():
    return fe.train(small_project(), lane="discrete", steps=20, device="cpu")


# --- names --------------------------------------------------------------------------------------


def test_completion_finds_every_public_name_and_each_is_there():
    assert set(fe.__all__) <= set(dir(fe))
    for name in fe.__all__:
        assert getattr(fe, name) is not None
    assert {"train", "evaluate", "export", "build", "load", "Project", "layers", "targets"} <= set(
        fe.__all__
    )
    for cls in LAYER_SPECS:
        assert cls.__name__ in dir(fe.layers)
        assert getattr(fe.layers, cls.__name__) is cls
    assert set(fe.targets.__all__) <= set(dir(fe.targets))
    for module in (fe, fe.layers, fe.targets):
        with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
            _ = module.nothing


def test_a_project_is_made_without_torch():
    code = (
        "import sys, flowengine as fe; dir(fe);"
        "p = fe.Project.new('moons', stack='actnorm, affine_coupling*8', compare='vae');"
        "repr(p), repr(p.lanes), fe.errors.FlowError, fe.SpecError;"
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# --- projects and flows -------------------------------------------------------------------------


def test_a_new_project_is_what_the_command_line_makes(run, tmp_path):
    line = ("--target", "cat", "--stack", "actnorm, affine_coupling*3", "--continuous", "ffjord")
    more = ("--base", "ring", "--compare", "gan,vae", "--seed", 7, "-o", tmp_path / "cat.flow")
    assert run("new", *line, *more)[0] == 0
    assert read_project(tmp_path / "cat.flow") == fe.Project.new(
        "cat",
        stack="actnorm, affine_coupling*3",
        continuous="ffjord",
        base="ring",
        compare="gan,vae",
        seed=7,
    )
    assert fe.Project.new().stack == default_stack()


POINTS = np.random.default_rng(0).normal(size=(50, 2))
TARGETS = {
    "a target of a preset": (lambda: fe.targets.preset("cat"), "preset"),
    "a preset's name": (lambda: "cat", "preset"),
    "a formula": (lambda: "formula:exp(-r^2)", "formula"),
    "a target of a formula": (lambda: fe.targets.from_formula("exp(-r^2)"), "formula"),
    "points": (lambda: POINTS, "points"),
    "points in a list": (lambda: POINTS.tolist(), "points"),
    "points in a tensor": (lambda: torch.tensor(POINTS), "points"),
    "a target of points": (lambda: fe.targets.from_points(POINTS), "points"),
    "a density": (lambda: np.arange(12.0).reshape(3, 4), "array"),
    "a target of a density": (lambda: fe.targets.from_grid(np.ones((4, 5)), (0, 1, 0, 2)), "array"),
    "what a document says": (lambda: small_project().target, "preset"),
}


@pytest.mark.parametrize("kind", TARGETS)
def test_a_target_may_be_anything_that_is_one(kind):
    make, source = TARGETS[kind]
    given = make()
    project = fe.Project.new(given)
    assert project.target.source == source
    ours = fe.targets.from_spec(project.target)
    if isinstance(given, fe.targets.GridTarget):
        assert ours.extent == given.extent
        torch.testing.assert_close(ours.density, given.density, rtol=1e-5, atol=1e-7)


def test_the_points_of_a_target_stay_in_the_project():
    project = fe.Project.new(fe.targets.from_points(POINTS, bandwidth=0.3))
    np.testing.assert_allclose(project.target.points.values, POINTS, rtol=1e-6)
    assert project.target.bandwidth == 0.3


def test_layers_come_as_text_as_specs_and_as_both():
    specs = (fe.layers.ActNorm(), fe.layers.AffineCoupling(width=8))
    mixed = ["actnorm", fe.layers.AffineCoupling(width=8), "linear*2"]
    for make in (lambda s: fe.Project.new(stack=s).stack, lambda s: stack_of(fe.build(s))):
        assert kinds(make("actnorm, linear*2")) == ["actnorm", "linear", "linear"]
        assert kinds(make(specs)) == ["actnorm", "affine_coupling"]
        assert kinds(make(fe.layers.Linear())) == ["linear"]
        assert kinds(make(mixed)) == ["actnorm", "affine_coupling", "linear", "linear"]
        assert make(mixed)[1].width == 8
        assert len({layer.id for layer in make(mixed)}) == 4


def stack_of(flow):
    return [layer.spec for layer in flow.layers.children()]


def kinds(stack):
    return [kind_of(layer) for layer in stack]


def test_a_flow_of_a_project_has_its_seed_and_base():
    project = fe.Project.new(stack="affine_coupling*2", base=Ring(), seed=5)
    ours, theirs = fe.build(project), fe.build("affine_coupling*2", seed=5, base=Ring())
    assert ours.base.spec == Ring()
    assert all(map(torch.equal, ours.parameters(), theirs.parameters()))
    assert isinstance(fe.Project.new(continuous=FlowMatching(width=8)).continuous, FlowMatching)


BAD = {
    "no layer": (lambda: fe.build("teleport"), fe.SpecError, "teleport"),
    "no layers": (lambda: fe.build(None), fe.SpecError, "got None"),
    "an empty stack": (lambda: fe.build([]), fe.SpecError, "at least one layer"),
    "a number": (lambda: fe.build([3]), fe.SpecError, "got 3"),
    "a width out of range": (
        lambda: fe.Project.new(stack=fe.layers.AffineCoupling(width=0)),
        fe.ProjectError,
        r"`int` >= 1 at `\$.stack\[0\].width`",
    ),
    "no base": (lambda: fe.Project.new(base=3), fe.SpecError, "BaseSpec, got 3"),
    "no continuous flow": (lambda: fe.Project.new(continuous="magic"), fe.SpecError, "magic"),
    "no baseline": (lambda: fe.Project.new(compare=["wgan"]), fe.SpecError, "'wgan'"),
    "a seed out of range": (lambda: fe.Project.new(seed=2**40), fe.ProjectError, r"\$.seed"),
    "no target": (lambda: fe.Project.new("narwhal"), fe.TargetError, "narwhal"),
    "no density": (lambda: fe.Project.new(np.zeros((4, 4))), fe.TargetError, "The array"),
    "no limit": (lambda: fe.train(small_project()), fe.SpecError, "needs a limit"),
    "no steps": (lambda: fe.train(small_project(), steps=True), fe.SpecError, "steps must be"),
    "no lane": (lambda: fe.train(small_project(), "third", steps=1), fe.SpecError, "'third'"),
    "not trained": (lambda: fe.evaluate(small_project()), fe.ProjectError, "not been trained"),
    "a model without a target": (
        lambda: fe.evaluate(fe.build("swap")),
        fe.SpecError,
        r"evaluate\(flow, target\)",
    ),
}


@pytest.mark.parametrize("what", BAD)
def test_what_cannot_be_is_named(what):
    call, error, sentence = BAD[what]
    with pytest.raises(error, match=sentence):
        call()


# --- training -----------------------------------------------------------------------------------


def test_training_gives_a_flow_a_project_and_its_curves(result):
    assert (result.report.step, result.report.stopped_by) == (20, "steps")
    assert list(result.project.lanes) == ["discrete"]
    assert result.flow.log_prob([[0.0, 0.5]]).shape == (1,)
    assert not any(weight.requires_grad for weight in result.flow.parameters())
    assert set(result.history) == {"step", "seconds", "nll", "kl", "w2"}
    assert result.history["step"][-1] == 20
    assert result.history["kl"][-1] == pytest.approx(result.report.kl)
    assert small_project().lanes == {}


def test_training_is_that_of_the_command_line(run, untrained, result):
    assert run("train", untrained, "--lane", "discrete", "--steps", 20)[0] == 0
    assert read_project(untrained).lanes["discrete"].weights == (
        result.project.lanes["discrete"].weights
    )
    assert all(
        torch.equal(ours, theirs)
        for ours, theirs in zip(
            fe.load(untrained).parameters(), result.flow.parameters(), strict=True
        )
    )


def test_training_goes_on_from_a_project_or_its_file(result, tmp_path):
    result.project.save(tmp_path / "p.flow")
    before = (tmp_path / "p.flow").read_bytes()
    for source in (result.project, tmp_path / "p.flow", str(tmp_path / "p.flow")):
        assert fe.train(source, steps=np.int64(3)).report.step == 23
    assert (tmp_path / "p.flow").read_bytes() == before


@pytest.mark.parametrize("limit", [{"seconds": np.float32(0.05)}, {"until_kl": 1000}])
@pytest.mark.parametrize("lane", ["discrete", "continuous"])
def test_training_ends_at_any_limit(lane, limit):
    done = fe.train(small_project(), lane, **limit)
    assert done.report.stopped_by == {"seconds": "seconds", "until_kl": "kl"}[next(iter(limit))]
    assert fe.load(done.project, lane).sample(3).shape == (3, 2)


def test_progress_is_told_after_every_step_and_threads_come_back():
    seen, threads = [], torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        fe.train(small_project(), steps=4, progress=seen.append)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(threads)
    assert [now.step for now in seen] == [1, 2, 3, 4]
    assert [now.done for now in seen] == [0, 0.25, 0.5, 0.75]
    assert all(np.isfinite(now.loss) and now.seconds > 0 for now in seen)


def test_the_stop_button_ends_training_and_what_was_trained_comes_back():
    def stop(now):
        if now.step == 3:
            signal.raise_signal(signal.SIGINT)

    stopped = fe.train(small_project(), steps=1000, progress=stop)
    assert stopped.report.stopped_by == "interrupt"
    assert stopped.report.step <= 4
    assert fe.Trainer(stopped.project, "discrete").step_count == stopped.report.step
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_callers_own_plans_for_signals_stay():
    heard = []
    before = signal.signal(signal.SIGINT, lambda *_: heard.append(1))
    try:
        fe.train(small_project(), steps=2, progress=lambda _: signal.raise_signal(signal.SIGINT))
    finally:
        signal.signal(signal.SIGINT, before)
    assert heard == [1, 1]


# --- what comes of it ---------------------------------------------------------------------------


def test_evaluation_is_the_same_by_every_door(result, tmp_path):
    result.project.save(tmp_path / "p.flow")
    expected = fe.evaluate(result)
    assert expected.kl == pytest.approx(result.report.kl, abs=0.05)
    assert expected.mass == pytest.approx(1, abs=0.01)
    for found in (
        fe.evaluate(result.project, lane="discrete"),
        fe.evaluate(tmp_path / "p.flow"),
        fe.evaluate(result.flow, fe.targets.preset("moons")),
    ):
        assert found == expected
    assert fe.evaluate(result.flow, "cat").kl != expected.kl


def test_an_export_is_a_call_and_a_package(result, tmp_path):
    made = fe.export(result.project, lane="discrete", format="samples", to=tmp_path / "s.npy", n=9)
    assert made.rows == 9
    np.testing.assert_allclose(
        np.load(tmp_path / "s.npy"), result.flow.sample(9, seed=0), rtol=1e-5, atol=1e-6
    )
    made = fe.export(result.project, lane="discrete", format="python", to=str(tmp_path / "m"))
    assert made.largest_difference < 1e-4
    assert "samples" in fe.export.FORMATS
    assert {"project", "lane", "format", "to"} <= set(inspect.signature(fe.export).parameters)
    assert fe.export(result, format="samples", to=tmp_path / "s.csv", n=2).rows == 2
    with pytest.raises(fe.ExportError, match="no format 'onyx'"):
        fe.export(result.project, format="onyx", to=tmp_path / "x")
    for bad in (1.5, True, 0, 10**9):
        with pytest.raises(fe.ExportError, match=f"from 1 to 10000000 samples, got {bad}"):
            fe.export(result.project, format="samples", to=tmp_path / "s.csv", n=bad)


def test_what_a_prompt_shows_is_short_and_says_what_it_is(result):
    project = msgspec.structs.replace(
        result.project, lanes={"vae": LaneState(weights=b"x" * 10**6), **result.project.lanes}
    )
    shown = {
        repr(result.flow): ("DiscreteFlow", "affine_coupling", "standard_normal", "weights"),
        repr(fe.build("linear*3, swap")): ("linear*3, swap", "float32 on cpu"),
        repr(result): ("TrainResult", "step 20", "KL", "nats", "steps"),
        repr(project): ("'small'", "'moons'", "trained: vae, discrete", "seed=0"),
        repr(project.lanes["vae"]): ("weights: 1000000 bytes",),
        repr(fe.targets.preset("moons")): ("'moons'", "256×256", "nats"),
        repr(fe.targets.from_grid(np.ones((4, 5)))): ("4×5",),
        repr(result.flow.to_distribution()): ("FlowDistribution(DiscreteFlow",),
        repr(fe.Project.new(POINTS)): ("'points'",),
    }
    for text, words in shown.items():
        assert len(text) < 300
        assert "\n" not in text
        assert all(word in text for word in words), text
