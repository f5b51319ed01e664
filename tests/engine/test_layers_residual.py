"""What only the residual layers promise: bounds that hold, roots that are roots, the ODE's way."""

from __future__ import annotations

import math

import pytest
import torch
from torch.autograd import gradcheck
from torchdiffeq import odeint

from flowengine import catalogue
from flowengine.continuous import ContinuousFlow, solvers
from flowengine.distances import finished
from flowengine.errors import NumericsError
from flowengine.export.templates.plane_root import solve_plane as exported_solve_plane
from flowengine.layers import build_layer
from flowengine.layers.base import to_columns, to_points
from flowengine.layers.newton import Jacobian, solve_plane
from flowengine.layers.ode import longest
from flowengine.layers.residual import norm_bound
from flowengine.mass import Effort, measuring
from flowengine.stack import build
from tests.engine.strategies import kind_of, points, randomised

NEW = [catalogue.Radial(), catalogue.Sylvester(), catalogue.Residual(), catalogue.Ode()]


def trained(spec, seed=0):
    return randomised(build_layer(spec), seed).double()


@pytest.mark.parametrize("spec", NEW, ids=kind_of)
def test_new_layer_bends_nothing_yet(spec):
    z = points(100).float()
    x, log_det = build_layer(spec).forward(z)
    torch.testing.assert_close(x, z, atol=2e-6, rtol=0)
    torch.testing.assert_close(log_det, torch.zeros(100), atol=2e-6, rtol=0)


@pytest.mark.parametrize("spec", NEW, ids=kind_of)
def test_many_moments_pulled_at_once_are_the_single_ones(spec):
    layer = trained(spec)
    x = to_columns(points(20))
    alphas = torch.tensor([0.0, 0.3, 1.0], dtype=torch.float64)
    columns, log_det = layer.pull(x, alphas[:, None])
    for k, alpha in enumerate(alphas.tolist()):
        expected, expected_log_det = layer.pull(x, alpha)
        torch.testing.assert_close((columns[0][k], columns[1][k]), expected)
        torch.testing.assert_close(log_det.expand(3, 20)[k], expected_log_det.expand(20))


# --- radial -------------------------------------------------------------------------------------


def radial(strength, radius=0.5):
    """A radial layer with β = strength · α, its centre at (0.5, −1)."""
    layer = build_layer(catalogue.Radial()).double()
    with torch.no_grad():
        layer.centre.copy_(torch.tensor([0.5, -1.0]))
        layer.raw_radius.fill_(undo_softplus(radius - 1e-3))
        layer.raw_strength.fill_(undo_softplus(strength + 1 - 1e-3))
    return layer


def undo_softplus(value):
    return value + math.log(-math.expm1(-value))


@pytest.mark.parametrize("strength", [-0.95, -0.4, 0.7, 30.0])
def test_radial_layer_is_the_papers(strength):
    z = points(50)
    way = z - torch.tensor([0.5, -1.0], dtype=torch.float64)
    r = way.norm(dim=1, keepdim=True)
    h, beta = 1 / (0.5 + r), 0.5 * strength
    det = (1 + beta * h) * (1 + beta * h - beta * r / (0.5 + r).square())
    x, log_det = radial(strength).forward(z)
    torch.testing.assert_close(x, z + beta * h * way)
    torch.testing.assert_close(log_det, det[:, 0].log())


@pytest.mark.parametrize("strength", [-0.9985, -0.5, 0.0, 5.0, 1e4])
def test_radial_layer_is_undone_near_its_centre_and_far_away(strength):
    layer = radial(strength)
    angle = torch.linspace(0, 6, 60, dtype=torch.float64)
    r = torch.cat([torch.zeros(1), torch.logspace(-9, 6, 59)]).double()
    z = layer.centre.detach() + r[:, None] * torch.stack([angle.cos(), angle.sin()], 1)
    x, log_det = layer.forward(z)
    back, log_det_back = layer.inverse(x)
    torch.testing.assert_close(back, z, atol=1e-10, rtol=1e-9)
    torch.testing.assert_close(log_det_back, -log_det, atol=1e-6, rtol=1e-6)


def test_radial_layer_has_a_gradient_at_its_centre():
    layer = radial(2.0)
    for map_ in (layer.forward, layer.inverse):
        where = layer.centre.detach()[None].clone().requires_grad_()
        x, log_det = map_(where)
        (x.sum() + log_det.sum()).backward()
        assert where.grad.isfinite().all()


# --- Sylvester ----------------------------------------------------------------------------------


def test_sylvester_layer_is_the_papers():
    layer = trained(catalogue.Sylvester())
    cos, sin = float(layer.angle.detach().cos()), float(layer.angle.detach().sin())
    q = torch.tensor([[cos, -sin], [sin, cos]], dtype=torch.float64)
    (s1, s2), (strength1, strength2) = layer._constrained(1.0)
    nothing = torch.zeros_like(s1)
    s = torch.stack([s1, layer.s12, nothing, s2]).view(2, 2)
    r = torch.stack([strength1 / s1, layer.r12, nothing, strength2 / s2]).view(2, 2)
    z = points(50)
    bend = (z @ q @ s.T + layer.b).tanh()
    jacobians = torch.eye(2) + (1 - bend.square())[:, :, None] * (s @ r)
    x, log_det = layer.forward(z)
    torch.testing.assert_close(x, z + bend @ r.T @ q.T)
    torch.testing.assert_close(log_det, torch.linalg.slogdet(jacobians).logabsdet)


def test_sylvester_layer_stays_invertible_however_hard_it_is_pulled():
    layer = trained(catalogue.Sylvester())
    with torch.no_grad():
        layer.raw_strength.copy_(torch.tensor([-50.0, 80.0]))
        layer.r12.fill_(20.0)
    z = points(200)
    x, log_det = layer.forward(z)
    assert log_det.isfinite().all()
    torch.testing.assert_close(layer.inverse(x)[0], z, atol=1e-7, rtol=1e-7)


# --- residual -----------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(2, 5), (64, 2), (3, 3), (64, 64), (1, 1), (1, 7)])
@pytest.mark.parametrize("size", [1e-2, 1.0, 1e6])
def test_bound_is_never_below_the_norm_and_hardly_above(shape, size):
    generator = torch.Generator().manual_seed(1)
    for matrix in (torch.randn(shape, generator=generator), torch.eye(*shape)):
        norm = float(torch.linalg.matrix_norm(size * matrix.double(), 2))
        bound = float(norm_bound(size * matrix.double()))
        assert norm * (1 - 1e-9) <= bound <= norm * 1.034
        if 2 in shape:
            assert bound == pytest.approx(norm, rel=1e-6)


@pytest.mark.parametrize("spec", [catalogue.Residual(), catalogue.Residual(depth=1, lipschitz=0.5)])
def test_network_keeps_its_lipschitz_bound_while_it_learns(spec):
    flow = build((spec,), seed=1)
    layer = flow.active[0]
    optimizer = torch.optim.Adam(flow.parameters(), lr=0.1)
    target = points(256).float() * torch.tensor([0.1, 3.0]) + 2  # a strip: pulls hard on the bound
    for _ in range(40):
        optimizer.zero_grad()
        (-flow.log_prob(target).mean()).backward()
        optimizer.step()
    with torch.no_grad():
        x = points(3000).float()
        g, j = layer.network(to_columns(x))
        norms = torch.linalg.matrix_norm(torch.stack(j, -1).view(-1, 2, 2), 2)
        moved = to_points(g)
        ratios = (moved[1:] - moved[:-1]).norm(dim=1) / (x[1:] - x[:-1]).norm(dim=1)
    assert layer.network.stretch() <= spec.lipschitz * (1 + 1e-5)
    assert 0.5 * spec.lipschitz < norms.max() <= spec.lipschitz * (1 + 1e-5)
    assert ratios.max() <= spec.lipschitz * (1 + 1e-5)


def test_residual_root_is_that_of_the_papers_iteration():
    layer = trained(catalogue.Residual(lipschitz=0.6))
    z = points(50)
    x = z
    for _ in range(80):  # Behrmann et al., 2019, algorithm 1
        x = z - to_points(layer.network(to_columns(x))[0])
    torch.testing.assert_close(layer.forward(z)[0], x, atol=1e-12, rtol=1e-12)


# --- Newton's method ----------------------------------------------------------------------------


def steep(p, share=0.02):
    """(u, v) with u = atan(30 x) + share · x + y and v = y: full steps overshoot without end."""
    slope = 30 / (1 + (30 * p[0]).square()) + share
    one, nothing = torch.ones_like(p[1]), torch.zeros_like(p[1])
    return ((30 * p[0]).atan() + share * p[0] + p[1], p[1]), Jacobian(slope, one, nothing, one)


def test_roots_are_found_where_full_steps_overshoot():
    there = to_columns(points(200))
    goal, _ = steep(there)
    start = torch.full_like(goal[0], 3.0), torch.full_like(goal[1], -3.0)
    with torch.no_grad():
        found = solve_plane(steep, goal, start, name="steep")
    torch.testing.assert_close(found, there, atol=1e-9, rtol=1e-9)


def test_exported_method_finds_them_too():
    def by_rows(p):
        columns, jacobian = steep(to_columns(p))
        return to_points(columns), torch.stack(jacobian, -1).view(-1, 2, 2)

    there = points(200)
    goal, _ = by_rows(there)
    found = exported_solve_plane(by_rows, goal, torch.full_like(goal, 3.0))
    torch.testing.assert_close(found, there, atol=1e-9, rtol=1e-9)


def test_point_without_a_root_is_named():
    def fold(p):
        square = p[0].square()
        return (square, p[1]), Jacobian(2 * p[0], 0 * p[0], 0 * p[0], 1 + 0 * p[0])

    goal = torch.tensor([4.0, -1.0]), torch.tensor([0.0, 0.5])
    start = torch.ones(2), torch.ones(2)
    words = r"layer Fold a cannot be inverted numerically at \(-1, 0\.5\): .* got 1\.\de\+00"
    with torch.no_grad(), pytest.raises(NumericsError, match=words):
        solve_plane(fold, goal, start, name="Fold a")


def test_roots_have_the_gradients_of_the_implicit_function():
    def root(x, y, share):
        start = torch.zeros_like(x), torch.zeros_like(y)
        return torch.stack(solve_plane(lambda p: steep(p, share), (x, y), start, name="steep"))

    x, y = to_columns(points(3))
    share = torch.tensor(0.3, dtype=torch.float64)
    assert gradcheck(root, [value.requires_grad_() for value in (x, y, share)], atol=1e-6)


def test_points_that_are_no_numbers_stay_so():
    layer = build_layer(catalogue.Residual())
    with torch.no_grad():
        x, _ = layer.forward(torch.tensor([[math.nan, 0.0], [1.0, 2.0]]))
    assert x[0].isnan().any()
    torch.testing.assert_close(x[1], torch.tensor([1.0, 2.0]))


# --- ODE block ----------------------------------------------------------------------------------


def ode(steps=4):
    return randomised(build_layer(catalogue.Ode(solver_steps=steps)), strength=0.3).double()


def test_ode_block_is_the_continuous_flow_of_its_velocity(monkeypatch):
    monkeypatch.setattr(solvers, "LATE", 1.0)  # the layer's steps are even
    layer = ode()
    spec = catalogue.Ffjord(width=32, depth=2, solver="rk4", solver_steps=4)
    z, log_det = layer.inverse(points(30))
    theirs = ContinuousFlow(spec, layer.velocity).inverse(points(30))
    torch.testing.assert_close((z, log_det), theirs)


@pytest.mark.parametrize("alpha", [0.25, 0.6, 1.0])
def test_way_of_an_ode_block_is_the_flow_to_that_time(alpha):
    layer = ode(steps=64)
    z = points(20)
    times = torch.tensor([0.0, alpha], dtype=torch.float64)
    with torch.no_grad():
        expected = odeint(lambda t, x: layer.velocity(x, t), z, times, rtol=1e-10, atol=1e-10)[-1]
        torch.testing.assert_close(layer.partial(z, alpha)[0], expected, atol=1e-5, rtol=1e-5)


def test_ode_block_cannot_fold_the_plane_whatever_its_weights():
    flow = build((catalogue.Ode(id="wild"),), seed=0)
    noise = generator(2)
    with torch.no_grad():
        for weight in flow.parameters():
            weight.add_(torch.randn(weight.shape, generator=noise))
    samples = flow.sample(500, generator=generator(1))
    back = flow.inverse(samples)[0]
    torch.testing.assert_close(flow.forward(back)[0], samples, atol=1e-3, rtol=1e-3)
    (layer,) = flow.active
    with torch.no_grad():
        field = layer.velocity
        _, jacobian = field.with_jacobian(4 * points(20_000).float(), torch.rand(20_000))
        assert float(field.share()) < 1
    assert float(longest(jacobian).max()) < math.log(2) * layer.steps


def test_stack_of_wild_ode_blocks_is_a_density():
    flow = build((catalogue.Ode(id="one"), catalogue.Ode(id="two", solver_steps=4)), seed=0)
    noise = generator(5)
    with torch.no_grad():
        for weight in flow.parameters():
            weight.add_(torch.randn(weight.shape, generator=noise))
    thorough = measuring(flow, (-4.0, 4.0, -4.0, 4.0), Effort(2048, 60_000, (1e-3,)))
    mass = finished(thorough)
    assert mass.value == pytest.approx(1, abs=2e-3 + mass.error)
    assert mass.error < 0.02


def test_a_settled_ode_block_is_what_it_was():
    layer = build_layer(catalogue.Ode())
    noise = generator(2)
    with torch.no_grad():
        for weight in layer.parameters():
            weight.add_(torch.randn(weight.shape, generator=noise))
        before = layer.inverse(points(20).float())
        layer.settle()
        assert float(layer.velocity.share()) == pytest.approx(1, abs=1e-5)
        torch.testing.assert_close(layer.inverse(points(20).float()), before)


def test_velocity_of_an_ode_block_is_bounded():
    layer = ode()
    with torch.no_grad():
        for weight in layer.velocity.parameters():
            weight.mul_(1e3)
    x = points(50)
    assert (layer.inverse(x)[0] - x).abs().max() <= 20


def generator(seed):
    return torch.Generator().manual_seed(seed)
