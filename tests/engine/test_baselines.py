"""The VAE and the GAN as models: their bounds, gradients and refusals."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F

from flowengine import targets
from flowengine.baselines import BoundLoss, CriticLoss, build_gan, build_vae
from flowengine.baselines.network import Network
from flowengine.baselines.vae import NOISE_FROM
from flowengine.catalogue import GanSpec, VaeSpec
from flowengine.errors import AbsentError, ShapeError, SpecError
from tests.engine.models import randomised

SMALL = {"width": 12, "depth": 2}
STREAM = {"seed": 3, "batch_size": 32, "sampling": "sobol"}


def vae_of(spread=0.15, **spec):
    """A VAE far from its start, whose guide is as broad as the latent space.

    A narrow guide at the wrong place makes a bound, but no good estimate.
    """
    vae = build_vae(VaeSpec(**SMALL, **spec), 0).requires_grad_(False)
    randomised(vae.decoder, spread)
    vae.encoder.biases[-1][vae.spec.latent :] = 1.8  # σ = 0.87
    return vae.eval().double()


def gan_of(spread=0.3, **spec):
    return randomised(build_gan(GanSpec(**SMALL, **spec), 0), spread).double()


def grid(half=6.0, n=96):
    side = (torch.arange(n, dtype=torch.float64) + 0.5) * (2 * half / n) - half
    return torch.cartesian_prod(side, side), (2 * half / n) ** 2


def by_quadrature(vae, x):
    """Log p(x) by a fine sum over the latent plane."""
    z, area = grid(7.0, 400)
    mean, log_scale = vae.decode(z)
    miss = (x[:, None] - mean) * (-log_scale).exp()
    log_joint = -0.5 * miss.square().sum(-1) - log_scale.sum(-1) - 0.5 * z.square().sum(-1)
    return torch.logsumexp(log_joint, 1) + math.log(area) - 2 * math.log(2 * math.pi)


# --- the bounds ---------------------------------------------------------------------------------


def test_a_fresh_vae_is_a_bell_of_known_density():
    vae = build_vae(VaeSpec(), 0).double()
    x = torch.tensor([[0.0, 0.0], [1.0, -0.5], [2.0, 1.0]], dtype=torch.float64)
    variance = 1 + 0.2**2
    expected = -0.5 * x.square().sum(1) / variance - math.log(2 * math.pi * variance)
    torch.testing.assert_close(vae.iwae(x, 1 << 14), expected, atol=2e-3, rtol=0)


def test_many_importance_samples_give_the_density():
    vae = vae_of()
    x = vae.generate(vae.spread(12, seed=1))
    torch.testing.assert_close(vae.iwae(x, 1 << 14), by_quadrature(vae, x), atol=0.02, rtol=0)


def test_bounds_lie_below_the_density_and_tighten_with_more_samples():
    vae = vae_of()
    x = vae.generate(vae.spread(64, seed=1))
    exact = by_quadrature(vae, x).mean()
    elbo = vae.elbo(x, 512).mean()
    few = torch.stack([vae.iwae(x, 4, seed=seed) for seed in range(64)]).mean()
    many = torch.stack([vae.iwae(x, 64, seed=seed) for seed in range(8)]).mean()
    assert elbo < few < many < exact + 1e-3
    assert exact - elbo > 0.02  # or the test would say little


def test_one_sample_is_the_elbo():
    vae = vae_of()
    x = torch.randn(9, 2, dtype=torch.float64)
    torch.testing.assert_close(vae.iwae(x, 1, seed=5), vae.elbo(x, 1, seed=5))


def test_the_estimated_density_integrates_to_one():
    vae = vae_of(0.1)
    points, area = grid(n=48)
    with torch.no_grad():
        mass = vae.iwae(points, 1 << 12).exp().sum() * area
    assert float(mass) == pytest.approx(1.0, abs=0.02)


def test_samples_have_the_density_that_is_estimated():
    vae = vae_of(0.1)
    points, area = grid()
    with torch.no_grad():
        density = vae.iwae(points, 256).exp() * area
    mean = (density[:, None] * points).sum(0)
    spread = (density[:, None] * (points - mean).square()).sum(0)
    samples = vae.generate(vae.spread(1 << 14, seed=2))
    torch.testing.assert_close(samples.mean(0), mean, atol=0.02, rtol=0)
    torch.testing.assert_close(samples.var(0), spread, atol=0.04, rtol=0)


@pytest.mark.parametrize("latent", [2, 5])
def test_a_bound_does_not_depend_on_the_batch(latent):
    vae = vae_of(latent=latent)
    x = 3 * torch.randn(50, 2, dtype=torch.float64)
    together = vae.iwae(x)
    alone = torch.cat([vae.iwae(row[None]) for row in x])
    torch.testing.assert_close(together, alone, atol=1e-10, rtol=0)


def test_bounds_are_finite_far_out():
    vae = vae_of().float()
    far = torch.tensor([[1e4, -1e4], [1e6, 1e6]], requires_grad=True)
    bound = vae.iwae(far)
    bound.sum().backward()
    assert torch.isfinite(bound).all()
    assert torch.isfinite(far.grad).all()


def test_a_bound_needs_points_and_a_sample():
    vae = vae_of()
    with pytest.raises(ShapeError, match=r"x must have shape \(batch, 2\), got \(4, 3\)"):
        vae.iwae(torch.zeros(4, 3))
    with pytest.raises(SpecError, match="at least 1 sample, got 0"):
        vae.elbo(torch.zeros(4, 2), 0)


# --- the losses ---------------------------------------------------------------------------------


@pytest.mark.parametrize("samples", [1, 5])
def test_the_vaes_loss_is_minus_the_bound(samples):
    spec = VaeSpec(**SMALL, importance_samples=samples)
    vae = randomised(build_vae(spec, 0), 0.1).requires_grad_(True)
    target = targets.preset("moons")
    loss = BoundLoss(spec, target, **STREAM)
    x, noise = BoundLoss(spec, target, **STREAM).draw()
    assert (target.log_prob(x) > -math.inf).all()
    assert noise.shape == (32, 2 * samples)
    weights = torch.stack(
        [vae.log_weights(x, noise[None, :, 2 * k : 2 * k + 2])[0] for k in range(samples)]
    )
    expected = -(torch.logsumexp(weights, 0) - math.log(samples)).mean()
    torch.testing.assert_close(loss.backward(vae), expected.detach())
    assert all(p.grad.abs().sum() > 0 for p in vae.parameters())


def test_jacobian_of_a_network_is_autograds():
    generator = torch.Generator().manual_seed(0)
    network = Network(3, 2, 8, 2, generator, gain=2.0, silent=False).double()
    x = torch.randn(5, 3, dtype=torch.float64)
    value, jacobian = network.with_jacobian(x)
    torch.testing.assert_close(value, network(x))
    expected = torch.func.vmap(torch.func.jacrev(network))(x)
    torch.testing.assert_close(jacobian, expected)


@pytest.mark.parametrize("kind", ["relativistic", "non_saturating"])
def test_the_gans_gradients_are_those_of_its_two_losses(kind):
    """Held against autograd with a second backward pass, which the loss itself does without."""
    spec = GanSpec(**SMALL, loss=kind, penalty=0.7)
    gan = randomised(build_gan(spec, 0), 0.3).requires_grad_(True)
    loss = CriticLoss(spec, targets.preset("moons"), **STREAM)
    x, noise = CriticLoss(spec, targets.preset("moons"), **STREAM).draw()
    value = loss.backward(gan)

    real, made = x.clone().requires_grad_(True), gan.generate(noise)
    false = made.detach().requires_grad_(True)
    verdicts = gan.critic(real)[:, 0], gan.critic(false)[:, 0]
    slopes = torch.autograd.grad(sum(v.sum() for v in verdicts), [real, false], create_graph=True)
    penalty = 0.7 / 2 * sum(s.square().sum(1).mean() for s in slopes)
    through = gan.critic(made)[:, 0]
    if kind == "relativistic":
        of_critic = F.softplus(verdicts[1] - verdicts[0]).mean()
        of_generator = F.softplus(verdicts[0].detach() - through).mean()
    else:
        of_critic = F.softplus(-verdicts[0]).mean() + F.softplus(verdicts[1]).mean()
        of_generator = F.softplus(-through).mean()
    critic, generator = list(gan.critic.parameters()), list(gan.generator.parameters())
    expected = torch.autograd.grad(
        of_critic + penalty, critic, retain_graph=True, allow_unused=True
    )
    expected += torch.autograd.grad(of_generator, generator)
    torch.testing.assert_close(value, of_critic.detach())
    for parameter, gradient in zip([*critic, *generator], expected, strict=True):
        wanted = torch.zeros_like(parameter) if gradient is None else gradient
        torch.testing.assert_close(parameter.grad, wanted, atol=1e-5, rtol=1e-4)


# --- what both have, and what they refuse -------------------------------------------------------


@pytest.mark.parametrize("model", [build_vae(VaeSpec(), 0), build_gan(GanSpec(), 0)])
def test_fresh_models_start_near_the_identity(model):
    noise = model.spread(200, seed=0)
    with torch.no_grad():
        moved = (model.generate(noise) - noise[:, :2]).norm(dim=1)
    assert float(moved.max()) < 1.0


@pytest.mark.parametrize(
    ("build", "spec"),
    [(build_vae, VaeSpec(latent=4)), (build_gan, GanSpec(latent=4))],
    ids=["vae", "gan"],
)
def test_same_seed_same_weights_and_samples(build, spec):
    first, second, other = build(spec, 1), build(spec, 1), build(spec, 2)
    for ours, theirs in zip(first.parameters(), second.parameters(), strict=True):
        assert torch.equal(ours, theirs)
    assert not torch.equal(next(first.parameters()), next(other.parameters()))
    draws = [first.sample(9, generator=torch.Generator().manual_seed(seed)) for seed in (0, 0, 1)]
    assert draws[0].shape == (9, 2)
    assert torch.equal(draws[0], draws[1])
    assert not torch.equal(draws[0], draws[2])


def test_a_vaes_trace_stops_at_the_mean_and_ends_in_a_sample():
    vae = vae_of(latent=3)
    noise = vae.spread(20, seed=0)
    trace = vae.trace(noise)
    assert trace.tau.tolist() == pytest.approx([0.0, NOISE_FROM, 1.0])
    torch.testing.assert_close(trace.positions[0], noise[:, :2])
    torch.testing.assert_close(trace.positions[1], vae.decode(noise[:, :3])[0])
    torch.testing.assert_close(trace.positions[2], vae.generate(noise))
    assert trace.log_prob.shape == trace.log_det.shape == (3, 0)
    short = vae.trace(noise[:, :3])
    torch.testing.assert_close(short.positions[1], trace.positions[1])
    back = vae.inverse_trace(trace.positions[2])
    torch.testing.assert_close(back.positions[0], vae.encode(trace.positions[2])[0][:, :2])
    with pytest.raises(ShapeError, match=r"\(batch, 3\) or \(batch, 5\), got \(20, 4\)"):
        vae.trace(noise[:, :4])


def test_a_gans_trace_has_two_ends_and_no_way_back():
    gan = gan_of(latent=3)
    noise = gan.spread(20, seed=0)
    trace = gan.trace(noise)
    assert trace.tau.tolist() == [0.0, 1.0]
    torch.testing.assert_close(trace.positions[1], gan.generate(noise))
    with pytest.raises(AbsentError, match="no way back"):
        gan.inverse_trace(trace.positions[1])
    with pytest.raises(ShapeError, match=r"z must have shape \(batch, 3\), got \(20, 2\)"):
        gan.trace(noise[:, :2])


def test_neither_has_a_ledger_and_a_gan_no_likelihood():
    for model in (vae_of(), gan_of()):
        with pytest.raises(AbsentError, match="no ledger"):
            model.ledger((0.0, 0.0))
    with pytest.raises(AbsentError, match="no likelihood"):
        gan_of().log_likelihood(torch.zeros(1, 2))
