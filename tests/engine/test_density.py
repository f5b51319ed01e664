"""What a flow offers beside log_prob: slopes, draws with gradients, a distribution of torch's."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

import flowengine as fe
from flowengine.catalogue import BASE_SPECS, CONTINUOUS_SPECS, LAYER_SPECS, kind_of
from flowengine.continuous import build_continuous
from flowengine.errors import ShapeError, SpecError
from tests.engine.models import randomised

SHORT = {"solver_steps": 4, "width": 4, "depth": 1}
FLOWS = {kind_of(cls): randomised(fe.build([cls()])).double() for cls in LAYER_SPECS}
FLOWS |= {
    kind_of(cls): randomised(build_continuous(cls(**SHORT), 0)).double() for cls in CONTINUOUS_SPECS
}
X = torch.tensor([[0.3, -0.6], [-1.2, 0.45], [0.7, 1.4]], dtype=torch.float64)


@pytest.mark.parametrize("kind", FLOWS)
def test_the_score_is_the_slope_of_log_prob(kind):
    """Against central differences, which know nothing of autograd."""
    flow, step = FLOWS[kind], 1e-5
    log_prob, slope = flow.log_prob_and_grad(X)
    torch.testing.assert_close(log_prob, flow.log_prob(X))
    for axis in range(2):
        shift = torch.zeros(2, dtype=torch.float64)
        shift[axis] = step
        rise = flow.log_prob(X + shift) - flow.log_prob(X - shift)
        torch.testing.assert_close(slope[:, axis], rise / (2 * step), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(flow.score(X), slope)


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
@pytest.mark.parametrize("kind", ["affine_coupling", "spline_coupling", "flow_matching"])
def test_the_score_needs_no_gradients_around_it(kind, mode):
    expected = FLOWS[kind].score(X).detach()
    with mode():
        log_prob, slope = FLOWS[kind].log_prob_and_grad(X * 1.0)
    assert not log_prob.requires_grad
    assert not slope.requires_grad
    torch.testing.assert_close(slope.clone(), expected)


def test_a_loss_of_the_score_goes_on_to_the_weights():
    """As score matching does it: its slope by every weight, against central differences."""
    flow = randomised(fe.build("radial")).double().requires_grad_(True)

    def loss():
        return flow.score(X).square().mean()

    loss().backward()
    for weight in flow.parameters():
        for i in range(weight.numel()):
            ends = []
            for step in (1e-5, -1e-5):
                with torch.no_grad():
                    weight.view(-1)[i] += step
                ends.append(loss().item())
                with torch.no_grad():
                    weight.view(-1)[i] -= step
            rise = (ends[0] - ends[1]) / 2e-5
            assert float(weight.grad.view(-1)[i]) == pytest.approx(rise, rel=1e-4, abs=1e-7)


@pytest.mark.parametrize("cls", BASE_SPECS, ids=kind_of)
def test_rsample_gives_the_points_of_sample_with_gradients(cls):
    flow = randomised(fe.build("affine_coupling, actnorm", base=cls())).requires_grad_(True)
    drawn = flow.rsample(64, seed=3)
    torch.testing.assert_close(drawn.detach(), flow.sample(64, seed=3), rtol=1e-5, atol=1e-5)
    drawn.square().mean().backward()
    layers = [weight for name, weight in flow.named_parameters() if name.startswith("layers")]
    assert any(weight.grad is not None and weight.grad.abs().sum() > 0 for weight in layers)


@pytest.mark.parametrize("lane", ["discrete", "continuous", "vae", "gan"])
def test_a_seed_says_which_points_come(lane):
    from flowengine.lane import build_model

    model = build_model(fe.Project.new(stack="affine_coupling"), lane)
    first = model.sample(20, seed=5)
    assert torch.equal(first, model.sample(np.int64(20), seed=np.uint8(5)))
    assert torch.equal(first, model.sample(20, generator=torch.Generator().manual_seed(5)))
    assert not torch.equal(first, model.sample(20, seed=6))
    with pytest.raises(SpecError, match="by a seed or by a generator"):
        model.sample(2, seed=0, generator=torch.Generator())
    for bad in (-1, 1.5, True, "one", 2**64):
        with pytest.raises(SpecError, match="A seed is a whole number from 0"):
            model.sample(2, seed=bad)


# --- as a distribution --------------------------------------------------------------------------


def test_a_distribution_has_the_shapes_of_torchs_own():
    flow = FLOWS["affine_coupling"]
    ours = flow.to_distribution()
    zeros = torch.zeros(2, dtype=torch.float64)
    theirs = torch.distributions.MultivariateNormal(zeros, torch.eye(2, dtype=torch.float64))
    assert (ours.event_shape, ours.batch_shape) == (theirs.event_shape, theirs.batch_shape)
    assert ours.support.event_dim == theirs.support.event_dim
    assert bool(ours.support.check(zeros))
    assert ours.has_rsample
    for shape in ((), (5,), (2, 3), torch.Size([4])):
        drawn = ours.sample(shape)
        assert drawn.shape == theirs.sample(shape).shape
        assert drawn.dtype == torch.float64
        assert ours.log_prob(drawn).shape == theirs.log_prob(drawn).shape
        assert not drawn.requires_grad
        assert ours.rsample((0,)).shape == (0, 2)
    torch.testing.assert_close(ours.log_prob(X), flow.log_prob(X))


def test_a_distribution_takes_points_of_any_kind():
    ours = FLOWS["affine_coupling"].to_distribution()
    for given in (X.numpy().reshape(3, 1, 2), X.reshape(3, 1, 2).tolist()):
        found = ours.log_prob(given)
        assert isinstance(found, np.ndarray)
        np.testing.assert_allclose(found, ours.log_prob(X.reshape(3, 1, 2)))


def test_a_distribution_names_values_of_another_shape():
    with pytest.raises(ShapeError, match=r"must have shape \(…, 2\), got \(4, 3\)"):
        FLOWS["affine_coupling"].to_distribution().log_prob(torch.zeros(4, 3))


def test_a_distribution_goes_where_torchs_do():
    """KL from a flow that is the identity to a shifted normal, by torch's own Monte Carlo parts."""
    torch.manual_seed(0)
    ours = fe.build("swap").double().to_distribution()
    moved = torch.distributions.TransformedDistribution(
        ours, torch.distributions.AffineTransform(torch.ones(2).double(), 2.0, event_dim=1)
    )
    x = moved.sample((4000,))
    assert x.shape == (4000, 2)
    entropy = math.log(2 * math.pi * math.e) + 2 * math.log(2)
    assert -float(moved.log_prob(x).mean()) == pytest.approx(entropy, abs=0.06)
