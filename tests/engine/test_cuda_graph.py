"""The step that a GPU captures, as far as a machine without one can tell: its numbers."""

from __future__ import annotations

import copy
import math
from types import SimpleNamespace

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from flowengine import cuda_graph
from flowengine.catalogue import LAYER_SPECS, kind_of
from flowengine.cuda_graph import GraphedStep, PlainStep, make_step
from flowengine.lane import build_model
from flowengine.lane_worker import Worker
from flowengine.lanes import LANES as TRAITS
from flowengine.objectives import make_objective
from flowengine.optimizer import FlatAdam
from flowengine.project import Project
from flowengine.protocol import Load, Notice, SetHyperparameter
from flowengine.targets import preset
from flowengine.trainer import Trainer

CUDA = torch.device("cuda")


class Captured(GraphedStep):
    """A graph as a machine without a GPU can have it: replaying runs the work again."""

    def _captured(self):
        for _ in range(cuda_graph.WARM_UP):
            self._work()
        return self._work


BASE = {"kind": "gaussian_mixture", "components": 3, "parameters": "learned"}
SMALL = {"width": 16, "depth": 2}
LANES = {
    **{
        kind: ("discrete", {"training": {"discrete": {"objective": kind, "batch_size": 64}}})
        for kind in ("forward_kl", "reverse_kl", "mix")
    },
    **{
        f"{spec.pop('named', '')}{spec['kind']}": ("continuous", {"continuous": spec | SMALL})
        for spec in (
            {"kind": "flow_matching"},
            {"kind": "flow_matching", "coupling": "optimal_transport", "named": "paired_"},
            {"kind": "flow_matching", "coupling": "transport_plan", "named": "planned_"},
            {"kind": "rectified_flow", "round_steps": 100},
            {"kind": "ffjord", "solver_steps": 4},
            {"kind": "ffjord", "solver_steps": 4, "kinetic_penalty": 0.1, "named": "smooth_"},
            {"kind": "ffjord", "solver_steps": 4, "divergence": "hutchinson", "named": "guessed_"},
        )
    },
    "vae": ("vae", {"vae": {"kind": "vae", **SMALL}, "compare": ["vae"]}),
    "gan": ("gan", {"gan": {"kind": "gan", **SMALL}, "compare": ["gan"]}),
}
every_loss = pytest.mark.parametrize("named", LANES)
every_layer = pytest.mark.parametrize(
    "spec", [spec for spec in LAYER_SPECS if kind_of(spec) != "swap"], ids=kind_of
)


def project_of(changes: dict) -> Project:
    stack = {"stack": [{"kind": "affine_coupling", "width": 16}] * 2, "base": BASE}
    batches = {lane: {"batch_size": 64} for lane in ("continuous", "vae", "gan")}
    document = stack | {"training": batches | {"discrete": {"batch_size": 64}}} | changes
    return Project.from_dict(document)


def parts(named: str = "forward_kl", device: str = "cpu"):
    """An optimizer of a small model, and a loss for it."""
    lane, changes = LANES[named]
    project = project_of(changes)
    loss = make_objective(project, lane, preset("moons").to(device))
    betas = TRAITS[lane].betas
    return FlatAdam(build_model(project, lane).to(device), betas=betas), loss


def assert_same(first: FlatAdam, second: FlatAdam) -> None:
    for mine, theirs in ((first.module, second.module), (first.average, second.average)):
        others = dict(theirs.named_parameters())
        for name, weight in mine.named_parameters():
            if name != "critic.biases.2":  # of which nothing depends: it follows rounding errors
                torch.testing.assert_close(weight, others[name], atol=2e-5, rtol=1e-4)
    assert (first.steps, first.averaged_steps) == (second.steps, second.averaged_steps)


@every_loss
def test_a_graphed_step_computes_what_a_plain_one_does(named):
    (plain, loss), (graphed, same) = parts(named), parts(named)
    one, other = PlainStep(plain, loss), Captured(graphed, same)
    for clip_norm in (1e9, 1e9, 0.1, 10.0, 10.0):
        expected, got = one(0.01, clip_norm), other(0.01, clip_norm)
        assert got == (pytest.approx(expected[0], abs=1e-4), expected[1])
    assert_same(plain, graphed)
    assert loss.state() == same.state()


class Alone(TorchDispatchMode):
    """Fails where a device would have to ask the host, or to be told by it, within a step."""

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        name = func.overloadpacket.__name__
        assert name not in {"_local_scalar_dense", "nonzero", "lift_fresh", "masked_select"}, name
        return func(*args, **(kwargs or {}))


def assert_alone(step: Captured, monkeypatch) -> None:
    # whether points are finite is asked on a CPU alone
    monkeypatch.setattr("flowengine.checks.math", SimpleNamespace(isfinite=lambda _: True))
    with Alone():
        step._work()


@every_loss
def test_once_warm_a_step_asks_the_host_for_nothing(named, monkeypatch):
    assert_alone(Captured(*parts(named)), monkeypatch)


@every_layer
def test_a_step_of_every_layer_asks_the_host_for_nothing(spec, monkeypatch):
    project = project_of({"stack": [{"kind": kind_of(spec)}] * 2})
    target = preset("moons")
    model = build_model(project, "discrete")
    model.initialize(target.sample(256, seed=0))
    step = Captured(FlatAdam(model), make_objective(project, "discrete", target))
    assert_alone(step, monkeypatch)


def test_a_gradient_that_is_not_finite_changes_nothing():
    optimizer, loss = parts()
    step = Captured(optimizer, loss)
    step(0.01, 10.0)
    before = copy.deepcopy(optimizer.state())
    average = copy.deepcopy(optimizer.average.state_dict())
    loss.draw = lambda: (torch.full((64, 2), math.nan),)
    with pytest.MonkeyPatch.context() as off_the_cpu:
        off_the_cpu.setattr("flowengine.checks.math", SimpleNamespace(isfinite=lambda _: True))
        value, moved = step(0.01, 10.0)
    assert math.isnan(value)
    assert not moved
    after = optimizer.state()
    assert all(torch.equal(after[name], before[name]) for name in before)
    assert all(torch.equal(t, average[n]) for n, t in optimizer.average.state_dict().items())


def test_what_cannot_be_captured_falls_back_to_the_plain_step(monkeypatch):
    (optimizer, loss), (plain, same) = parts(), parts()

    def fail(self):
        self._work()
        raise RuntimeError("operation not permitted when stream is capturing")

    monkeypatch.setattr(GraphedStep, "_captured", fail)
    step = make_step(optimizer, loss, CUDA)
    assert isinstance(step, PlainStep)
    assert step(0.01, 10.0) == PlainStep(plain, same)(0.01, 10.0)
    assert_same(optimizer, plain)


def test_a_lack_of_memory_while_capturing_is_no_reason_to_fall_back(monkeypatch):
    def fail(self):
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(GraphedStep, "_captured", fail)
    with pytest.raises(torch.OutOfMemoryError):
        make_step(*parts(), CUDA)


def test_other_devices_step_plainly():
    for device in ("cpu", "mps"):
        assert isinstance(make_step(*parts(), torch.device(device)), PlainStep)


# --- on a real device ---------------------------------------------------------------------------

on_a_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")


@on_a_gpu
@every_loss
def test_a_real_graph_computes_what_a_plain_step_does(named):
    found = []
    for kind in (PlainStep, GraphedStep):
        step = kind(*parts(named, "cuda"))
        found.append([step(0.01, 10.0)[0] for _ in range(20)])
    assert found[1] == pytest.approx(found[0], abs=2e-3, rel=2e-3)


@on_a_gpu
@every_layer
def test_every_layer_learns_the_same_on_a_gpu(spec):
    project = project_of(
        {"stack": [{"kind": kind_of(spec)}] * 2, "base": {"kind": "standard_normal"}}
    )
    there, here = (Trainer(project, "discrete", device=device) for device in ("cuda", "cpu"))
    for _ in range(10):
        there.step()
        here.step()
        assert there.loss == pytest.approx(here.loss, abs=5e-3)
    assert there.evaluate().nll == pytest.approx(here.evaluate().nll, abs=5e-3)


@on_a_gpu
def test_a_full_gpu_leaves_the_lane_to_the_cpu():
    said = []
    lane = Worker(said.append)
    project = project_of({"stack": [{"kind": "affine_coupling"}] * 4})
    lane.handle(Load(lane="discrete", project=project, training=True, device="cuda"))
    for _ in range(3):
        lane._train_a_step()
    torch.cuda.empty_cache()
    torch.cuda.set_per_process_memory_fraction(1e-5)
    try:
        lane.handle(SetHyperparameter(name="batch_size", value=8192))
        for _ in range(3):
            lane._train_a_step()
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
    assert lane._trainer.device.type == "cpu"
    assert math.isfinite(lane._trainer.loss)
    assert any("ran out of memory" in event.text for event in said if isinstance(event, Notice))
