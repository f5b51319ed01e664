"""The losses of a continuous flow: their draws, their gradients, and what they teach."""

from __future__ import annotations

import copy
import math

import pytest
import torch

from flowengine.catalogue import (
    CONTINUOUS_SPECS,
    ContinuousSpec,
    Ffjord,
    FlowMatching,
    RectifiedFlow,
)
from flowengine.continuous import build_continuous
from flowengine.continuous.exact import exact_field
from flowengine.continuous.ffjord import estimated_account, exact_account
from flowengine.continuous.flow_matching import LATE_TIMES
from flowengine.continuous.paths import PATHS
from flowengine.errors import SpecError
from flowengine.targets import preset
from tests.engine.continuous_flows import points, randomised
from tests.engine.continuous_losses import COUPLINGS, every_coupling, loss_of, pairs

SAMPLINGS = ("sobol", "iid")
SPECS = [
    *(spec() for spec in CONTINUOUS_SPECS),
    *(FlowMatching(coupling=coupling) for coupling in COUPLINGS[1:]),
    Ffjord(divergence="hutchinson"),
]


every_spec = pytest.mark.parametrize(
    "spec", SPECS, ids=lambda s: f"{s.kind}-{getattr(s, 'coupling', '') or s.divergence}"
)


@pytest.fixture(scope="module")
def target():
    return preset("eight_gaussians")


def flat(drawn):
    return torch.cat(
        [part.reshape(-1) for part in (drawn if isinstance(drawn, tuple) else [drawn])]
    )


# --- draws --------------------------------------------------------------------------------------


@every_spec
@pytest.mark.parametrize("sampling", SAMPLINGS)
def test_draws_follow_the_seed_and_never_repeat(spec, sampling, target):
    first, again, other = (
        loss_of(spec, target, seed=seed, sampling=sampling) for seed in (3, 3, 4)
    )
    one, two = flat(first.draw()), flat(first.draw())
    assert torch.equal(flat(again.draw()), one)
    assert not torch.equal(flat(other.draw()), one)
    assert not torch.equal(one, two)


@every_spec
@pytest.mark.parametrize("sampling", SAMPLINGS)
@pytest.mark.parametrize("before", [0, 3, 130], ids=["start", "block", "later_block"])
def test_a_resumed_loss_draws_what_an_uninterrupted_one_draws(spec, sampling, before, target):
    loss = loss_of(spec, target, sampling=sampling)
    for _ in range(before):
        loss.draw()
    state = loss.state()
    expected = [flat(loss.draw()) for _ in range(3)]
    resumed = loss_of(spec, target, sampling=sampling)
    resumed.draw()
    resumed.load_state(state)
    assert all(torch.equal(flat(resumed.draw()), values) for values in expected)
    assert all(isinstance(value, torch.Tensor) for value in state.values())


@every_spec
def test_draws_leave_the_global_generator_alone(spec, target):
    before = torch.get_rng_state()
    loss_of(spec, target).draw()
    loss_of(spec, target, sampling="iid").draw()
    assert torch.equal(torch.get_rng_state(), before)


@every_coupling
@pytest.mark.parametrize("sampling", SAMPLINGS)
def test_pairs_are_base_points_target_points_and_times(coupling, sampling, target):
    loss = loss_of(FlowMatching(coupling=coupling), target, batch_size=16_384, sampling=sampling)
    x0, x1, t = pairs(loss)
    assert x0.shape == x1.shape == (16_384, 2)
    assert t.shape == (16_384,)
    assert x0.mean(0).abs().max() < 0.06
    torch.testing.assert_close(torch.cov(x0.T), torch.eye(2), atol=0.1, rtol=0)
    assert torch.isfinite(target.log_prob(x1)).all()
    assert float(-target.log_prob(x1).mean()) == pytest.approx(target.entropy, abs=0.05)
    assert t.min() >= 0
    assert t.max() <= 1
    assert float(_even(t).mean()) == pytest.approx(0.5, abs=0.015)


def _even(t):
    """Times as they were before they were moved towards the data."""
    return 1 - (1 - t) ** (1 / LATE_TIMES)


def test_independent_pairs_are_independent(target):
    x0, x1, t = pairs(loss_of(FlowMatching(), target, batch_size=16_384))
    together = torch.corrcoef(torch.cat([x0, x1, t.unsqueeze(1)], dim=1).T) - torch.eye(5)
    assert together.abs().max() < 0.02


def test_sobol_times_fill_every_part_of_a_batch(target):
    t = _even(loss_of(FlowMatching(), target, batch_size=256).draw().t)
    assert torch.equal(torch.bincount((t * 64).long(), minlength=64), torch.full((64,), 4))


# --- rectified flow -----------------------------------------------------------------------------


def rectified(**changes):
    return RectifiedFlow(**({"width": 32, "depth": 2, "rounds": 2, "round_steps": 6} | changes))


def advance(loss, flow, steps):
    """Steps of plain gradient descent, and the losses they met."""
    found = []
    for _ in range(steps):
        flow.zero_grad()
        found.append(float(loss.backward(flow)))
        with torch.no_grad():
            for parameter in flow.parameters():
                parameter -= 0.01 * parameter.grad
    return found


def test_later_rounds_pair_points_by_the_flow_as_it_was(target):
    spec = rectified()
    flow, loss = randomised(spec, dtype=torch.float32), loss_of(spec, target)
    advance(loss, flow, spec.round_steps)
    assert loss.round == 0
    teacher = copy.deepcopy(flow)
    advance(loss, flow, 1)
    assert loss.round == 1
    x0, x1, _ = pairs(loss)
    with torch.no_grad():
        torch.testing.assert_close(teacher.positions(x0), x1, atol=1e-4, rtol=1e-4)
        assert (flow.positions(x0) - x1).norm(dim=1).mean() > 1e-4
    advance(loss, flow, 5 * spec.round_steps)
    assert loss.round == spec.rounds


def test_teachers_come_from_the_flow_that_is_watched(target):
    spec = rectified(round_steps=1)
    flow, average = (randomised(spec, seed=seed, dtype=torch.float32) for seed in (0, 1))
    loss = loss_of(spec, target)
    loss.watch(average)
    advance(loss, flow, 2)
    x0, x1, _ = pairs(loss)
    with torch.no_grad():
        torch.testing.assert_close(average.positions(x0), x1, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("before", [3, 6, 9, 14], ids=["first", "edge", "second", "last"])
def test_a_resumed_rectified_flow_goes_on_with_the_same_teacher(before, target):
    spec = rectified()
    flow, loss = randomised(spec, dtype=torch.float32), loss_of(spec, target)
    loss.watch(flow)
    advance(loss, flow, before)
    state, copied = loss.state(), copy.deepcopy(flow)
    expected = advance(loss, flow, 8)
    resumed = loss_of(spec, target)
    resumed.watch(copied)
    resumed.load_state(state)
    assert advance(resumed, copied, 8) == expected


def test_reflow_straightens_the_paths(target):
    spec = rectified(rounds=1, round_steps=250, width=64, depth=3)
    flow, loss = build_continuous(spec, 0), loss_of(spec, target, batch_size=256)
    flow.meet(target)
    optimizer = torch.optim.Adam(flow.parameters(), lr=3e-3)
    bends = []
    for _ in range(2):
        for _ in range(250):
            optimizer.zero_grad(set_to_none=False)
            loss.backward(flow)
            optimizer.step()
        z = target.sample(500, seed=1) * 0.5
        with torch.no_grad():
            one_step = flow.with_solver("euler", 1).positions(z)
            bends.append(float((one_step - flow.positions(z)).norm(dim=1).mean()))
    assert bends[1] < 0.5 * bends[0]


# --- gradients ----------------------------------------------------------------------------------


@every_coupling
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_backward_gives_the_gradient_of_the_loss(coupling, dtype, target):
    spec = FlowMatching(coupling=coupling)
    slow, fast = (randomised(spec, dtype=dtype) for _ in range(2))
    loss = loss_of(spec, target).loss(slow)
    loss.backward()
    found = loss_of(spec, target).backward(fast)
    assert found.shape == ()
    assert not found.requires_grad
    torch.testing.assert_close(found, loss.detach(), atol=1e-4, rtol=1e-5)
    for mine, theirs in zip(fast.parameters(), slow.parameters(), strict=True):
        torch.testing.assert_close(mine.grad, theirs.grad, atol=2e-5, rtol=1e-3)


def test_ffjord_s_loss_is_the_likelihood_of_its_draws(target):
    flow = randomised(Ffjord(), dtype=torch.float32)
    points_drawn, _ = loss_of(Ffjord(), target).draw()
    loss = loss_of(Ffjord(), target).loss(flow)
    torch.testing.assert_close(loss, -flow.log_prob(points_drawn).mean())
    assert loss.requires_grad


# --- what FFJORD keeps account of ---------------------------------------------------------------


def test_the_account_is_that_of_the_path(target):
    flow = randomised(Ffjord(), solver_steps=64)
    x = points(20)
    with torch.no_grad():
        account = exact_account(flow, x)
        torch.testing.assert_close(account.log_prob, flow.log_prob(x))
        speed = norm = torch.zeros(20, dtype=torch.float64)
        trace = flow.inverse_trace(x, 65)
        for tau, at, share in zip(trace.tau, trace.positions, _simpson(65), strict=True):
            y = flow.velocity.whitening.enter(at, float(tau))
            v, jacobian = flow.network.with_jacobian(y, float(tau))
            speed = speed + share * v.square().sum(1)
            norm = norm + share * jacobian.square().sum((1, 2))
    torch.testing.assert_close(account.kinetic, speed, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(account.jacobian, norm, atol=1e-4, rtol=1e-4)


def _simpson(count):
    weights = torch.tensor([1.0, *[4.0, 2.0] * (count // 2 - 1), 4.0, 1.0], dtype=torch.float64)
    return weights / weights.sum()


def test_hutchinson_s_estimate_is_right_in_the_mean(target):
    flow = randomised(Ffjord(divergence="hutchinson"), solver_steps=32, strength=0.2)
    x = points(12)
    angles = torch.arange(16, dtype=torch.float64) / 16 * 2 * math.pi
    directions = math.sqrt(2) * torch.stack([angles.cos(), angles.sin()], 1)
    with torch.no_grad():
        exact = exact_account(flow, x)
        many = [estimated_account(flow, x, d.expand_as(x)) for d in directions]
    mean = [torch.stack(parts).mean(0) for parts in zip(*many, strict=True)]
    for found, expected in zip(mean, exact, strict=True):
        torch.testing.assert_close(found, expected, atol=1e-4, rtol=1e-3)
    spread = torch.stack([account.log_prob for account in many]).std(0)
    assert spread.min() > 1e-3  # a single direction does not know the divergence


@pytest.mark.parametrize("divergence", ["exact", "hutchinson"])
def test_penalties_are_added_to_the_loss(divergence, target):
    flow = randomised(Ffjord(), dtype=torch.float32)

    def loss(kinetic, jacobian):
        spec = Ffjord(divergence=divergence, kinetic_penalty=kinetic, jacobian_penalty=jacobian)
        return loss_of(spec, target).loss(flow).detach()

    bare = loss(0.0, 0.0)
    kinetic, jacobian = loss(1.0, 0.0) - bare, loss(0.0, 1.0) - bare
    assert kinetic > 0.01
    assert jacobian > 0.01
    torch.testing.assert_close(loss(2.0, 3.0), bare + 2 * kinetic + 3 * jacobian)


def test_penalties_do_not_change_the_likelihood_part(target):
    flow = randomised(Ffjord(), dtype=torch.float32)
    x, _ = loss_of(Ffjord(), target).draw()
    torch.testing.assert_close(exact_account(flow, x).log_prob, flow.log_prob(x))


# --- what they teach ----------------------------------------------------------------------------


def fit(spec, target, *, steps, batch_size, learning_rate):
    flow = build_continuous(spec, 0)
    flow.meet(target)
    loss = loss_of(spec, target, batch_size=batch_size)
    optimizer = torch.optim.Adam(flow.parameters(), lr=learning_rate, betas=(0.9, 0.99))
    for step in range(steps):
        optimizer.zero_grad(set_to_none=False)
        loss.backward(flow)
        for group in optimizer.param_groups:
            group["lr"] = learning_rate * 0.5 * (1 + math.cos(math.pi * step / steps))
        optimizer.step()
    return flow


@torch.no_grad()
def kl_of(target, flow):
    x = target.sample(2048, seed=11)
    return float((target.log_prob(x) - flow.log_prob(x)).mean())


@every_coupling
def test_flow_matching_learns_eight_gaussians(coupling, target):
    spec = FlowMatching(coupling=coupling)
    start = kl_of(target, build_continuous(spec, 0))
    flow = fit(spec, target, steps=400, batch_size=256, learning_rate=2e-2)
    kl = kl_of(target, flow)
    assert start > 1
    assert 0 < kl < 0.2


@torch.no_grad()
def miss(flow, field):
    """How far a learned velocity is from a field, between the base and the target."""
    x = points(200, seed=3, dtype=torch.float32)
    return sum(float((flow.velocity(x, t) - field(x, t)).square().mean()) for t in (0.2, 0.5))


@pytest.mark.parametrize("path", [path for path in PATHS if path != "linear"])
def test_every_path_transports_the_base_to_the_target(path, target):
    spec = FlowMatching(path=path)
    flow = fit(spec, target, steps=400, batch_size=256, learning_rate=2e-2)
    assert 0 < kl_of(target, flow) < 0.3
    # what was learned is that path's field, and no other's
    misses = {name: miss(flow, exact_field(target, FlowMatching(path=name))) for name in PATHS}
    assert min(misses, key=misses.get) == path


@pytest.mark.parametrize(
    "changes",
    [{}, {"divergence": "hutchinson"}, {"kinetic_penalty": 0.01, "jacobian_penalty": 0.01}],
    ids=["exact", "hutchinson", "penalties"],
)
def test_ffjord_learns_a_shift_and_a_stretch(changes, target):
    spec = Ffjord(width=16, depth=2, solver="heun", solver_steps=4, **changes)
    start = kl_of(target, build_continuous(spec, 0))
    flow = fit(spec, target, steps=60, batch_size=128, learning_rate=3e-2)
    assert kl_of(target, flow) < start - 0.5


def test_no_loss_for_an_unknown_kind(target):
    class Unknown(ContinuousSpec, tag="unknown"):
        """Not in the catalogue."""

    with pytest.raises(SpecError, match="unknown"):
        loss_of(Unknown(), target)
