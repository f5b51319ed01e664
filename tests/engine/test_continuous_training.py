"""The losses of a continuous flow: their draws, their gradients, and what they teach."""

from __future__ import annotations

import itertools
import math

import pytest
import torch

from flowengine.catalogue import CONTINUOUS_SPECS, ContinuousSpec, Ffjord, FlowMatching
from flowengine.continuous import build_continuous, build_loss
from flowengine.continuous.pairing import GROUP, REUSE, optimal_permutation, paired
from flowengine.errors import SpecError
from flowengine.targets import preset
from tests.engine.continuous_flows import points, randomised

SAMPLINGS = ("sobol", "iid")
COUPLINGS = ("independent", "optimal_transport", "transport_plan")
SPECS = [
    *(spec() for spec in CONTINUOUS_SPECS),
    *(FlowMatching(coupling=coupling) for coupling in COUPLINGS[1:]),
    Ffjord(divergence="hutchinson"),
]
every_spec = pytest.mark.parametrize(
    "spec", SPECS, ids=lambda s: f"{s.kind}-{getattr(s, 'coupling', '') or s.divergence}"
)
every_coupling = pytest.mark.parametrize("coupling", COUPLINGS)


@pytest.fixture(scope="module")
def target():
    return preset("eight_gaussians")


def loss_of(spec, target, *, seed=3, batch_size=128, sampling="sobol"):
    return build_loss(spec, target, seed=seed, batch_size=batch_size, sampling=sampling)


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
    x0, x1, t = loss.draw()
    assert x0.shape == x1.shape == (16_384, 2)
    assert t.shape == (16_384,)
    assert x0.mean(0).abs().max() < 0.06
    torch.testing.assert_close(torch.cov(x0.T), torch.eye(2), atol=0.08, rtol=0)
    assert torch.isfinite(target.log_prob(x1)).all()
    assert float(-target.log_prob(x1).mean()) == pytest.approx(target.entropy, abs=0.05)
    assert t.min() >= 0
    assert t.max() <= 1
    assert float(t.mean()) == pytest.approx(0.5, abs=0.01)


def test_independent_pairs_are_independent(target):
    x0, x1, t = loss_of(FlowMatching(), target, batch_size=16_384).draw()
    together = torch.corrcoef(torch.cat([x0, x1, t.unsqueeze(1)], dim=1).T) - torch.eye(5)
    assert together.abs().max() < 0.02


def test_sobol_times_fill_every_part_of_a_batch(target):
    t = loss_of(FlowMatching(), target, batch_size=256).draw().t
    assert torch.equal(torch.bincount((t * 64).long(), minlength=64), torch.full((64,), 4))


# --- optimal transport --------------------------------------------------------------------------


def cost(x0, x1):
    return float((x0 - x1).square().sum(1).mean())


def test_the_permutation_uses_every_point_once_and_nothing_is_cheaper():
    x0, x1 = points(6), points(6, seed=1)
    order = optimal_permutation(x0, x1)
    assert sorted(order.tolist()) == list(range(6))
    every = torch.tensor(list(itertools.permutations(range(6))))
    best = min(cost(x0, x1[p]) for p in every)
    assert cost(x0, x1[order]) == pytest.approx(best)


def test_pairing_a_block_permutes_it_and_shortens_the_ways():
    x0, x1 = points(4096), points(4096, seed=1, spread=0.3) + 2
    a, b = paired(x0, x1)
    distinct = 4096 // REUSE
    assert torch.equal(a, x0[:distinct].repeat(REUSE, 1))
    assert torch.equal(b[:distinct].sort(0).values, x1[:distinct].sort(0).values)
    for start in range(0, distinct, GROUP):
        rows = slice(start, start + GROUP)
        assert cost(a[rows], b[rows]) < 0.9 * cost(x0[rows], x1[rows])


def test_a_batch_of_paired_points_meets_each_pair_once(target):
    loss = loss_of(FlowMatching(coupling="optimal_transport"), target, batch_size=512)
    x0, x1, _ = loss.draw()
    assert len(x0.unique(dim=0)) == 512
    independent = loss_of(FlowMatching(), target, batch_size=512).draw()
    assert cost(x0, x1) < 0.25 * cost(independent.x0, independent.x1)


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
    points_drawn = loss_of(Ffjord(), target).draw()
    loss = loss_of(Ffjord(), target).loss(flow)
    torch.testing.assert_close(loss, -flow.log_prob(points_drawn).mean())
    assert loss.requires_grad


# --- what they teach ----------------------------------------------------------------------------


def fit(spec, target, *, steps, batch_size, learning_rate):
    flow = build_continuous(spec, 0)
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


def test_ffjord_learns_a_shift_and_a_stretch(target):
    spec = Ffjord(width=16, depth=2, solver="heun", solver_steps=4)
    start = kl_of(target, build_continuous(spec, 0))
    flow = fit(spec, target, steps=60, batch_size=128, learning_rate=3e-2)
    assert kl_of(target, flow) < start - 0.5


def test_no_loss_for_an_unknown_kind(target):
    class Unknown(ContinuousSpec, tag="unknown"):
        """Not in the catalogue."""

    with pytest.raises(SpecError, match="unknown"):
        loss_of(Unknown(), target)
