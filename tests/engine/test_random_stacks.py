"""Stacks of any layers with any settings: what holds for all of them."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from flowengine import catalogue
from flowengine.stack import build
from tests.engine.strategies import points, randomised, stacks
from tests.engine.test_bases import LEARNED

quick = settings(max_examples=25, deadline=None)


@quick
@given(
    stack=stacks(max_size=4),
    base=st.sampled_from([cls() for cls in catalogue.BASE_SPECS] + [LEARNED]),
    seed=st.integers(0, 1000),
)
def test_likelihood_gradient_of_any_stack_is_that_of_autograd(stack, base, seed):
    flow = randomised(build(stack, seed, base), seed, strength=0.2).double()
    x = points(20, seed=seed)
    slow = -flow.log_prob(x).mean()
    weights = [weight for weight in flow.parameters() if weight.requires_grad]
    expected = torch.autograd.grad(slow, weights, allow_unused=True) if weights else ()
    for _ in range(2):  # gradients are added up
        loss = flow.likelihood_gradient(x) if weights else slow.detach()
    assert not loss.requires_grad
    torch.testing.assert_close(loss, slow.detach())
    for weight, wanted in zip(weights, expected, strict=True):
        found = torch.zeros_like(weight) if weight.grad is None else weight.grad
        wanted = torch.zeros_like(weight) if wanted is None else wanted
        torch.testing.assert_close(found, 2 * wanted, atol=1e-8, rtol=1e-6)
    assert all(weight.grad is None for weight in flow.parameters() if not weight.requires_grad)


@quick
@given(stack=stacks(), seed=st.integers(0, 2**31 - 1))
def test_any_stack_inverts_and_accounts_for_every_nat(stack, seed):
    flow = randomised(build(stack, seed), seed=seed % 1000, strength=0.2).double()
    x = points(30, seed=1)
    z, log_det = flow.inverse(x)
    back, log_det_back = flow.forward(z)
    torch.testing.assert_close(back, x, atol=1e-6, rtol=1e-6)
    torch.testing.assert_close(log_det_back, -log_det, atol=1e-6, rtol=1e-6)
    page = flow.ledger(tuple(x[0].tolist()))
    assert page.log_prob == pytest.approx(float(flow.log_prob(x[:1]).detach()), abs=1e-6)
    trace = flow.trace(z.detach(), 10)
    torch.testing.assert_close(trace.positions[-1], back.detach())
    torch.testing.assert_close(trace.log_det[-1], log_det_back.detach())


@settings(max_examples=8, deadline=None)
@given(stack=stacks(max_size=4), seed=st.integers(0, 1000))
def test_density_of_any_stack_integrates_to_one(stack, seed):
    flow = randomised(build(stack, seed), seed=seed, strength=0.2).double()
    z = points(4000, spread=1.0)
    with torch.no_grad():
        reach = flow.forward(z)[0].abs().amax(0) * 1.3 + 2
        cells = 500
        ticks = (torch.arange(cells, dtype=torch.float64) + 0.5) / cells * 2 - 1
        mesh = torch.cartesian_prod(ticks, ticks) * reach
        mass = flow.log_prob(mesh).exp().sum() * (2 / cells) ** 2 * reach.prod()
    assert float(mass) == pytest.approx(1.0, abs=2e-3)
