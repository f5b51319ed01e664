"""The step that a GPU captures, as far as a machine without one can tell: its numbers."""

from __future__ import annotations

import copy
import math

import pytest
import torch

from flowengine import cuda_graph
from flowengine.cuda_graph import GraphedStep, PlainStep, make_step
from flowengine.objectives import make_stack_loss
from flowengine.optimizer import FlatAdam
from flowengine.project import StackRecipe
from flowengine.stack import build
from flowengine.targets import preset
from tests.engine.test_bases import LEARNED
from tests.engine.test_bases import project as project_on

CUDA = torch.device("cuda")


class Captured(GraphedStep):
    """A graph as a machine without a GPU can have it: replaying runs the work again."""

    def _captured(self):
        for _ in range(cuda_graph.WARM_UP):
            self._work()
        return self._work


def parts(objective: str = "forward_kl"):
    """An optimizer of a small flow on a learned base, and a loss for it."""
    flow = build(project_on(LEARNED).stack, 0, LEARNED)
    recipe = StackRecipe(objective=objective, batch_size=64)
    return FlatAdam(flow), make_stack_loss(recipe, preset("moons"), 0)


def assert_same(first: FlatAdam, second: FlatAdam) -> None:
    for mine, theirs in ((first.module, second.module), (first.average, second.average)):
        for one, other in zip(mine.parameters(), theirs.parameters(), strict=True):
            torch.testing.assert_close(one, other, atol=2e-5, rtol=1e-4)
    assert (first.steps, first.averaged_steps) == (second.steps, second.averaged_steps)


@pytest.mark.parametrize("objective", ["forward_kl", "reverse_kl", "mix"])
def test_a_graphed_step_computes_what_a_plain_one_does(objective):
    (plain, loss), (graphed, same) = parts(objective), parts(objective)
    one, other = PlainStep(plain, loss), Captured(graphed, same)
    for clip_norm in (1e9, 1e9, 0.1, 10.0, 10.0):
        expected, got = one(0.01, clip_norm), other(0.01, clip_norm)
        assert got == (pytest.approx(expected[0], abs=1e-4), expected[1])
    assert_same(plain, graphed)
    assert loss.state() == same.state()


def test_a_gradient_that_is_not_finite_changes_nothing():
    optimizer, loss = parts()
    step = Captured(optimizer, loss)
    step(0.01, 10.0)
    before = copy.deepcopy(optimizer.state())
    average = copy.deepcopy(optimizer.average.state_dict())
    real, loss.loss_of = loss.loss_of, lambda flow, batch: real(flow, batch) * math.nan
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


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_a_real_graph_computes_what_a_plain_step_does():
    steps = []
    for kind in (PlainStep, GraphedStep):
        flow = build(project_on(LEARNED).stack, 0, LEARNED).cuda()
        loss = make_stack_loss(StackRecipe(batch_size=64), preset("moons").to("cuda"), 0)
        optimizer = FlatAdam(flow)
        step = kind(optimizer, loss)
        steps.append([step(0.01, 10.0)[0] for _ in range(20)])
    assert steps[1] == pytest.approx(steps[0], abs=1e-3)
