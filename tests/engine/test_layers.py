"""What must hold for every layer of the catalogue, as it starts and as it is after training."""

from __future__ import annotations

import math

import pytest
import torch
from torch.autograd import gradcheck

from flowengine.catalogue import LAYER_SPECS, LayerSpec
from flowengine.errors import ShapeError, SpecError
from flowengine.layers import build_layer
from flowengine.stack import build
from tests.engine.strategies import all_layer_specs, described, kind_of, points, randomised

ALPHAS = (0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0)
every_layer = pytest.mark.parametrize("spec", all_layer_specs(), ids=described)
every_kind = pytest.mark.parametrize("spec", [cls() for cls in LAYER_SPECS], ids=kind_of)
both_states = pytest.mark.parametrize("trained", [False, True], ids=["fresh", "trained"])


def layer_of(spec, *, trained, dtype=torch.float64, seed=0):
    layer = build_layer(spec)
    return (randomised(layer, seed) if trained else layer).to(dtype)


def log_abs_det(map_, where):
    """log|det| of the Jacobian of `map_` at each point, by autograd.

    A row at a time for all points: no point depends on another, which has a test of its own.
    """
    at = where.clone().requires_grad_(True)
    to = map_(at)[0]
    rows = [torch.autograd.grad(to[:, i].sum(), at, retain_graph=True)[0] for i in range(2)]
    return torch.linalg.slogdet(torch.stack(rows, dim=1)).logabsdet


@every_layer
@both_states
@pytest.mark.parametrize(("dtype", "limit"), [(torch.float32, 1e-5), (torch.float64, 1e-9)])
def test_inverse_undoes_forward_and_the_other_way_round(spec, trained, dtype, limit):
    layer = layer_of(spec, trained=trained, dtype=dtype)
    start = points(200).to(dtype)
    x, log_det = layer.forward(start)
    z, log_det_back = layer.inverse(x)
    torch.testing.assert_close(z, start, atol=limit, rtol=limit)
    torch.testing.assert_close(log_det_back, -log_det, atol=10 * limit, rtol=0)
    back, _ = layer.forward(layer.inverse(start)[0])
    torch.testing.assert_close(back, start, atol=limit, rtol=limit)


@every_layer
@both_states
def test_log_det_is_that_of_the_jacobian_in_both_directions(spec, trained):
    layer = layer_of(spec, trained=trained)
    where = points(7)
    for map_ in (layer.forward, layer.inverse):
        _, log_det = map_(where)
        torch.testing.assert_close(log_det, log_abs_det(map_, where), atol=1e-9, rtol=1e-9)


@every_kind
def test_fresh_layer_is_near_the_identity_or_a_mirror(spec):
    layer = build_layer(spec)
    ticks = torch.linspace(-3, 3, 25)
    z = torch.cartesian_prod(ticks, ticks)
    x, log_det = layer.forward(z)
    assert log_det.abs().max() < 0.3
    if torch.linalg.det(layer.jacobian(z[:1])) < 0:
        torch.testing.assert_close(x.norm(dim=1), z.norm(dim=1))
    else:
        assert (x - z).abs().max() < 0.5


@every_layer
def test_closed_jacobian_is_that_of_autograd(spec):
    layer = layer_of(spec, trained=True)
    where = points(5)
    expected = torch.stack(
        [torch.autograd.functional.jacobian(lambda p: layer(p[None])[0][0], row) for row in where]
    )
    torch.testing.assert_close(layer.jacobian(where), expected, atol=1e-9, rtol=1e-9)


@every_layer
def test_way_goes_from_the_identity_to_the_layer(spec):
    layer = layer_of(spec, trained=True)
    z = points(50)
    start, log_det_start = layer.partial(z, 0.0)
    torch.testing.assert_close(start, z, atol=1e-12, rtol=1e-12)
    torch.testing.assert_close(log_det_start, torch.zeros(50, dtype=z.dtype), atol=1e-12, rtol=0)
    end, log_det_end = layer.partial(z, 1.0)
    x, log_det = layer.forward(z)
    torch.testing.assert_close(end, x, atol=0, rtol=0)
    torch.testing.assert_close(log_det_end, log_det, atol=0, rtol=0)


@every_layer
@pytest.mark.parametrize("alpha", ALPHAS)
def test_way_can_be_inverted_everywhere_and_knows_its_log_det(spec, alpha):
    layer = layer_of(spec, trained=True)
    z = points(6)
    x, log_det = layer.partial(z, alpha)
    back, log_det_back = layer.partial_inverse(x, alpha)
    torch.testing.assert_close(back, z, atol=1e-9, rtol=1e-9)
    torch.testing.assert_close(log_det_back, -log_det, atol=1e-9, rtol=1e-9)
    expected = log_abs_det(lambda p: layer.partial(p, alpha), z)
    torch.testing.assert_close(log_det, expected, atol=1e-9, rtol=1e-9)


@every_layer
def test_many_moments_at_once_are_the_single_ones(spec):
    layer = layer_of(spec, trained=True)
    z = 4 * points(40)
    moments = torch.tensor(ALPHAS, dtype=z.dtype)
    way, log_dets = layer.partials(z, moments)
    assert way.shape == (len(ALPHAS), 40, 2)
    assert log_dets.shape == (len(ALPHAS), 40)
    for k, alpha in enumerate(ALPHAS):
        x, log_det = layer.partial(z, alpha)
        torch.testing.assert_close(way[k], x, atol=1e-9, rtol=1e-9)
        torch.testing.assert_close(log_dets[k], log_det, atol=1e-9, rtol=1e-9)


@every_layer
def test_pull_and_push_is_the_way_that_push_takes(spec):
    layer = layer_of(spec, trained=True)
    x = points(40)
    columns = x[:, 0].contiguous(), x[:, 1].contiguous()
    moments = torch.tensor(ALPHAS, dtype=x.dtype)[:, None]
    z, way = layer.pull_and_push(columns, moments)
    expected, _ = layer.push(layer.pull(columns)[0], moments)
    torch.testing.assert_close(torch.stack(z, -1), layer.inverse(x)[0])
    for column, wanted in zip(way, expected, strict=True):
        torch.testing.assert_close(column, wanted, atol=1e-12, rtol=1e-12)


@every_layer
def test_gradients_written_by_hand_are_right(spec):
    layer = layer_of(spec, trained=True)
    where = points(4).requires_grad_()
    weights = [weight for weight in layer.parameters() if weight.numel() < 100]
    for map_ in (layer.forward, layer.inverse):
        inputs = (where, *weights)
        assert gradcheck(lambda p, *_, map_=map_: map_(p), inputs, atol=1e-6, fast_mode=True)


@every_layer
@both_states
def test_every_weight_gets_a_gradient(spec, trained):
    seeds = (0, 1, 2) if trained else (0,)  # three rectifiers in a row may all be shut in one draw
    layers = [layer_of(spec, trained=trained, seed=seed) for seed in seeds]
    for direction in ("forward", "inverse"):
        largest = [_gradient_sizes(layer, getattr(layer, direction)) for layer in layers]
        for name, sizes in ((name, [size[name] for size in largest]) for name in largest[0]):
            assert all(math.isfinite(size) for size in sizes), name
            assert not trained or max(sizes) > 0, name


def _gradient_sizes(layer, map_):
    """The largest entry of every weight's gradient, for a loss that everything matters to."""
    layer.zero_grad()
    x = 2 * points(200)
    out, log_det = map_(x)
    mixed = torch.tensor([1.0, 0.7], dtype=x.dtype)
    if list(layer.parameters()):
        (out.square() @ mixed + log_det + out[:, 0] * out[:, 1]).mean().backward()
    return {name: float(weight.grad.abs().max()) for name, weight in layer.named_parameters()}


def _edges(spec):
    """Points on and one step beside 0 and the usual bounds and the layer's own, and far out."""
    values = [0.0, 1e-45, -1e-45, 1.0, 1e6, -1e6]
    for bound in (0.5, 4.0, 5.0, getattr(spec, "bound", 1.0)):
        for sign in (-1, 1):
            at = torch.tensor(sign * bound)
            values += [at, torch.nextafter(at, at * 2), torch.nextafter(at, at * 0)]
    values = torch.tensor([float(v) for v in values])
    return torch.cartesian_prod(values, values)


@every_layer
@both_states
def test_values_and_gradients_are_finite_at_edges_and_far_out(spec, trained):
    layer = layer_of(spec, trained=trained, dtype=torch.float32)
    for map_ in (layer.forward, layer.inverse):
        layer.zero_grad()
        where = _edges(spec).requires_grad_()
        out, log_det = map_(where)
        assert out.isfinite().all()
        assert log_det.isfinite().all()
        (out / 1e6).sum().add(log_det.sum()).backward()
        assert where.grad.isfinite().all()
        assert all(weight.grad.isfinite().all() for weight in layer.parameters())


@every_layer
def test_points_do_not_depend_on_their_neighbours(spec):
    layer = layer_of(spec, trained=True)
    x = points(100)
    for map_ in (layer.forward, layer.inverse):
        together, log_det = map_(x)
        alone = [map_(row[None]) for row in x[:10]]
        torch.testing.assert_close(torch.cat([p for p, _ in alone]), together[:10])
        torch.testing.assert_close(torch.cat([d for _, d in alone]), log_det[:10])


@every_kind
@pytest.mark.parametrize("seed", [1, 2])
def test_density_integrates_to_one(spec, seed):
    flow = randomised(build((spec,), seed=0), seed=seed).double()
    side = 14.0
    for cells in (200, 500):  # where the density has sharp edges, only the finer mesh sees its mass
        ticks = (torch.arange(cells, dtype=torch.float64) + 0.5) / cells * 2 * side - side
        with torch.no_grad():
            density = flow.log_prob(torch.cartesian_prod(ticks, ticks)).exp()
        mass = float(density.sum()) * (2 * side / cells) ** 2
        if mass == pytest.approx(1.0, abs=2e-3):
            break
    assert mass == pytest.approx(1.0, abs=2e-3)


@every_layer
def test_weights_survive_being_saved(spec):
    old = randomised(build_layer(spec))
    new = build_layer(spec)
    new.load_state_dict(old.state_dict())
    x = points(50).float()
    torch.testing.assert_close(new.inverse(x), old.inverse(x), atol=0, rtol=0)


@every_kind
def test_same_generator_same_weights_and_the_global_one_is_left_alone(spec):
    torch.manual_seed(3)
    before = torch.random.get_rng_state()
    one, two = (build_layer(spec, torch.Generator().manual_seed(5)) for _ in range(2))
    assert torch.equal(torch.random.get_rng_state(), before)
    for name, weight in one.state_dict().items():
        assert torch.equal(weight, two.state_dict()[name]), name


@every_kind
@pytest.mark.parametrize("switch", [{"frozen": True}, {"enabled": False}])
def test_locked_and_bypassed_layers_take_no_gradient(spec, switch):
    layer = build_layer(type(spec)(**switch))
    assert not any(weight.requires_grad for weight in layer.parameters())
    if "frozen" in switch:
        where = points(3).float().requires_grad_()
        layer.inverse(where)[0].sum().backward()
        assert where.grad.isfinite().all()
        assert all(weight.grad is None for weight in layer.parameters())


@every_kind
def test_shapes_that_are_no_points_are_refused(spec):
    layer = build_layer(spec)
    with pytest.raises(ShapeError, match=r"\(batch, 2\), got \(3, 3\)"):
        layer.forward(torch.zeros(3, 3))


def test_spec_that_nobody_implements_is_refused():
    class Unknown(LayerSpec):
        pass

    with pytest.raises(SpecError, match="Unknown"):
        build_layer(Unknown())


@every_layer
def test_weights_that_ran_far_away_still_give_numbers(spec):
    layer = build_layer(spec)
    with torch.no_grad():
        for weight in layer.parameters():
            weight.fill_(1e4)
    x, log_det = layer.inverse(points(20).float())
    assert x.isfinite().all()
    assert log_det.isfinite().all()
