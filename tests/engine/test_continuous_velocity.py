"""The velocity field: its exact derivatives, its hand-written gradient, its start."""

from __future__ import annotations

import pytest
import torch
from torch.func import functional_call, vmap

from flowengine.catalogue import FlowMatching
from flowengine.continuous import build_continuous
from flowengine.continuous.tangents import along, lifted, with_tangents
from flowengine.continuous.velocity import TIME_FEATURES, Field, time_features
from flowengine.layers.ode import BoundedVelocity
from tests.engine.continuous_flows import points, randomised


@pytest.fixture(params=[(1, 1), (16, 2), (64, 3)], ids=lambda size: f"{size[0]}x{size[1]}")
def velocity(request):
    width, depth = request.param
    return randomised(FlowMatching(width=width, depth=depth)).network


def times(kind, count):
    return 0.3 if kind == "one" else torch.linspace(0, 1, count, dtype=torch.float64)


@pytest.mark.parametrize("kind", ["one", "each"])
@pytest.mark.parametrize("gradients", [True, False], ids=["grad", "no_grad"])
def test_jacobian_and_divergence_equal_autograd(velocity, kind, gradients):
    x = points(7)
    t = times(kind, 7)
    with torch.set_grad_enabled(gradients):
        v, jacobian = velocity.with_jacobian(x, t)
        also_v, divergence = velocity.with_divergence(x, t)
    whole = torch.autograd.functional.jacobian(lambda p: velocity(p, t), x)
    expected = torch.stack([whole[i, :, i] for i in range(7)])
    torch.testing.assert_close(v, velocity(x, t))
    torch.testing.assert_close(also_v, v)
    torch.testing.assert_close(jacobian, expected, atol=1e-12, rtol=1e-12)
    torch.testing.assert_close(divergence, expected.diagonal(dim1=1, dim2=2).sum(1))
    assert expected.abs().max() > 1e-3


def test_the_jacobian_can_itself_be_differentiated(velocity):
    x = points(5)
    velocity.with_divergence(x, 0.4)[1].square().sum().backward()
    for name, parameter in velocity.named_parameters():
        if name != f"biases.{len(velocity.biases) - 1}":  # which moves v and not its Jacobian
            assert parameter.grad.abs().max() > 0, name


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_regress_adds_the_gradient_that_autograd_gives(velocity, dtype):
    velocity = velocity.to(dtype)
    x, t = points(33, dtype=dtype), torch.rand(33, dtype=dtype)
    wanted = points(33, seed=5, dtype=dtype)
    loss = (velocity(x, t) - wanted).square().sum(-1).mean()
    loss.backward()
    expected = [2 * p.grad for p in velocity.parameters()]

    inputs = torch.cat([x, time_features(t)], dim=1)
    assert inputs.shape[1] == 2 + TIME_FEATURES
    found = velocity.regress(inputs, wanted)  # on top of what autograd has left in .grad

    tolerance = 1e-4 if dtype == torch.float32 else 1e-11
    torch.testing.assert_close(found, loss.detach(), atol=tolerance, rtol=tolerance)
    for parameter, gradient in zip(velocity.parameters(), expected, strict=True):
        torch.testing.assert_close(parameter.grad, gradient, atol=tolerance, rtol=tolerance)


def test_regress_makes_gradients_where_there_are_none(velocity):
    velocity.regress(torch.rand(9, 2 + TIME_FEATURES, dtype=torch.float64), points(9))
    assert all(p.grad is not None and p.grad.shape == p.shape for p in velocity.parameters())


def test_it_starts_at_rest():
    velocity = build_continuous(FlowMatching(), 0).velocity
    v, jacobian = velocity.with_jacobian(points(5, dtype=torch.float32), 0.5)
    assert v.count_nonzero() == 0
    assert jacobian.count_nonzero() == 0


def test_weights_come_from_the_seed_and_from_nothing_else():
    torch.manual_seed(1)
    before = torch.get_rng_state()
    first = build_continuous(FlowMatching(), 7).state_dict()
    torch.manual_seed(2)
    again = build_continuous(FlowMatching(), 7).state_dict()
    other = build_continuous(FlowMatching(), 8).state_dict()
    torch.manual_seed(1)
    assert torch.equal(torch.get_rng_state(), before)
    build_continuous(FlowMatching(), 7)
    assert torch.equal(torch.get_rng_state(), before)
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert any(not torch.equal(first[name], other[name]) for name in first)


def test_time_features_tell_the_two_ends_apart():
    start, end = time_features(torch.tensor([0.0, 1.0]))
    assert start.shape == (TIME_FEATURES,)
    assert (start - end).abs().max() > 0.9


@pytest.mark.parametrize("kind", ["one", "each"])
def test_the_derivative_along_directions_equals_the_jacobian_s(velocity, kind):
    x, directions, t = points(7), points(7, seed=3), times(kind, 7)
    v, along = velocity.along(x, t, directions)
    _, jacobian = velocity.with_jacobian(x, t)
    torch.testing.assert_close(v, velocity(x, t))
    torch.testing.assert_close(along, (jacobian @ directions.unsqueeze(2)).squeeze(2))


@pytest.mark.parametrize("tangents", [0, 1, 2])
@pytest.mark.parametrize("kind", ["one", "each"])
def test_the_hand_written_gradient_of_the_tangents_is_exact(kind, tangents):
    velocity = randomised(FlowMatching(width=6, depth=2)).network
    layers = [tensor for layer in velocity._layers() for tensor in layer]
    features = time_features(torch.as_tensor(times(kind, 5), dtype=torch.float64))

    def function(state, *flat):
        pairs = list(zip(flat[::2], flat[1::2], strict=True))
        return with_tangents(state, features, pairs)

    numbers = torch.Generator().manual_seed(4)
    state = torch.randn(2, 1 + tangents, 5, generator=numbers, dtype=torch.float64)
    assert torch.autograd.gradcheck(function, (state.requires_grad_(), *layers))


def test_without_a_gradient_the_same_is_found_and_nothing_given_is_changed(velocity):
    state = along(points(7), points(7, seed=3))
    before = state.clone()
    wanted = velocity.slope(state, 0.4)
    with torch.no_grad():
        torch.testing.assert_close(velocity.slope(state, 0.4), wanted)
        assert torch.equal(state, before)


@torch.no_grad()
@pytest.mark.parametrize("fast", [True, False], ids=["of the layer", "of the network"])
def test_the_slope_of_a_state_is_that_of_any_field(fast):
    velocity = steep_field() if fast else build_continuous(FlowMatching(), 0).network
    for weight in velocity.parameters():
        weight.add_(1.0)
    state = lifted(points(7, dtype=torch.float32))
    torch.testing.assert_close(velocity.slope(state, 0.4), Field.slope(velocity, state, 0.4))
    torch.testing.assert_close(
        velocity.slope(state[:, :1], 0.4), Field.slope(velocity, state[:, :1], 0.4)
    )


def test_the_share_of_a_steep_field_is_differentiated_with_it():
    velocity, x = steep_field().double(), points(3)
    names, weights = zip(*velocity.named_parameters(), strict=True)

    def moved(*weights):
        return functional_call(velocity, dict(zip(names, weights, strict=True)), (x, 0.4))

    assert velocity.share() < 0.9
    assert torch.autograd.gradcheck(moved, weights)
    assert torch.autograd.gradgradcheck(moved, weights)
    many = [torch.stack([w, 1.5 * w]).detach() for w in weights]
    for k, found in enumerate(vmap(moved)(*many)):
        torch.testing.assert_close(found, moved(*(w[k] for w in many)))


def steep_field():
    """A field of the ODE layer that takes only a share of its network."""
    velocity = BoundedVelocity(4, 2, torch.Generator().manual_seed(0), steepest=0.1)
    with torch.no_grad():
        velocity.weights[-1].copy_(torch.tensor([[1.0, -0.5, 0.3, 0.8], [0.2, 0.9, -0.7, 0.4]]))
    return velocity
