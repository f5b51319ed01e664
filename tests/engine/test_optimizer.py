"""The flat optimizer against torch's own, and what it promises beyond that."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from flowengine.optimizer import FlatAdam
from flowengine.schedule import Schedule


def network() -> nn.Module:
    torch.manual_seed(3)
    return nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1))


def loss_of(module: nn.Module, step: int) -> torch.Tensor:
    x = torch.linspace(-1, 1, 10).reshape(5, 2) + 0.1 * step
    return module(x).square().sum() + module(x).sum()


def test_steps_equal_those_of_torch_adam():
    ours, theirs = network(), network()
    optimizer = FlatAdam(ours, betas=(0.9, 0.99))
    reference = torch.optim.Adam(theirs.parameters(), lr=0.03, betas=(0.9, 0.99))
    for step in range(20):
        optimizer.zero_grad()
        loss_of(ours, step).backward()
        assert optimizer.step(0.03, clip_norm=1e9)
        reference.zero_grad()
        loss_of(theirs, step).backward()
        reference.step()
    for mine, other in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(mine, other, atol=1e-6, rtol=1e-5)


def test_a_long_gradient_is_shortened_to_the_limit():
    ours, theirs = network(), network()
    optimizer = FlatAdam(ours)
    optimizer.zero_grad()
    loss_of(ours, 0).backward()
    loss_of(theirs, 0).backward()
    norm = torch.nn.utils.clip_grad_norm_(theirs.parameters(), 0.5)
    assert norm > 0.5
    optimizer.step(0.0, clip_norm=0.5)
    for mine, other in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(mine.grad, other.grad)


@pytest.mark.parametrize("poison", [float("nan"), float("inf")])
def test_a_gradient_that_is_not_finite_moves_nothing(poison):
    module = network()
    optimizer = FlatAdam(module)
    before = optimizer.state()
    (loss_of(module, 0) * poison).backward()
    assert not optimizer.step(0.1, clip_norm=1.0)
    after = optimizer.state()
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_average_forgets_the_start_and_settles_in_the_middle_of_a_swing():
    module = nn.Linear(1, 1, bias=False)
    optimizer = FlatAdam(module)
    nn.init.constant_(module.weight, 100.0)
    optimizer.average_from_weights()
    for step in range(400):
        with torch.no_grad():
            module.weight.fill_(1.0 if step % 2 else -1.0)
        optimizer.zero_grad()
        optimizer.step(0.0, clip_norm=1.0)
    assert abs(float(optimizer.average.weight)) < 0.05


def test_a_locked_parameter_does_not_drift_on_old_momentum():
    module = network()
    optimizer = FlatAdam(module)
    for step in range(5):
        optimizer.zero_grad()
        loss_of(module, step).backward()
        optimizer.step(0.05, clip_norm=10.0)
    state = optimizer.state()
    locked = copy.deepcopy(module)
    locked[0].requires_grad_(False)
    again = FlatAdam(locked)
    again.load_state(state)
    before = [p.clone() for p in locked.parameters()]
    again.zero_grad()
    loss_of(locked, 6).backward()
    again.step(0.05, clip_norm=10.0)
    moved = [not torch.equal(a, b) for a, b in zip(before, locked.parameters(), strict=True)]
    assert moved == [False, False, True, True]


def test_state_resumes_to_the_same_numbers():
    module = network()
    optimizer = FlatAdam(module)

    def advance(module: nn.Module, optimizer: FlatAdam, steps: range) -> None:
        for step in steps:
            optimizer.zero_grad()
            loss_of(module, step).backward()
            optimizer.step(0.02, clip_norm=10.0)

    advance(module, optimizer, range(7))
    resumed = network()
    second = FlatAdam(resumed)
    second.load_state(optimizer.state())
    second.load_average(dict(optimizer.average.named_parameters()))
    advance(module, optimizer, range(7, 15))
    advance(resumed, second, range(7, 15))
    for a, b in zip(optimizer.average.parameters(), second.average.parameters(), strict=True):
        assert torch.equal(a, b)


def test_schedule_warms_up_falls_and_never_freezes():
    schedule = Schedule()
    rates = [schedule.rate(step) for step in range(20_000)]
    assert rates[0] < 0.1
    assert max(rates) == pytest.approx(1.0, abs=0.02)
    peak = rates.index(max(rates))
    assert all(a >= b for a, b in zip(rates[peak:], rates[peak + 1 :], strict=False))
    assert rates[-1] > 0.005


def test_schedule_of_a_known_length_ends_at_zero():
    schedule = Schedule()
    assert schedule.rate(500, progress=1.0) == pytest.approx(0.0, abs=1e-9)
    assert schedule.rate(500, progress=0.5) == pytest.approx(0.5)
