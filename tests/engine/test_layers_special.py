"""What only some layers promise: starts, bounds, exact roots, agreement with another library."""

from __future__ import annotations

import math

import pytest
import torch
from zuko.transforms import MonotonicAffineTransform, MonotonicRQSTransform

from flowengine import catalogue
from flowengine.errors import NumericsError
from flowengine.layers import build_layer
from flowengine.layers.base import to_columns
from flowengine.layers.coupling import Coupling
from flowengine.layers.planar import solve
from flowengine.layers.rational_quadratic import MIN_SIZE, MIN_SLOPE, SLOPE_ONE, RationalQuadratic
from tests.engine.strategies import points, randomised

BINS, BOUND = 8, 5.0


@pytest.mark.parametrize(
    "spec",
    [
        catalogue.SinhArcsinh(),
        catalogue.LeakyRelu(),
        catalogue.Spline(),
        catalogue.Linear(),
        catalogue.Glow(),
        catalogue.AdditiveCoupling(),
        catalogue.AffineCoupling(),
        catalogue.SplineCoupling(),
        catalogue.Planar(),
        catalogue.ActNorm(),
    ],
    ids=catalogue.kind_of,
)
def test_new_layer_bends_nothing_yet(spec):
    z = points(100).float()
    x, log_det = build_layer(spec).forward(z)
    torch.testing.assert_close(x, z, atol=2e-6, rtol=0)
    torch.testing.assert_close(log_det, torch.zeros(100), atol=2e-6, rtol=0)


def test_scale_and_shift_starts_as_its_card_says():
    layer = build_layer(catalogue.ScaleShift(scale_x=2.0, shift_x=1.0, scale_y=20.0))
    x, log_det = layer.forward(torch.tensor([[3.0, 0.1]]))
    torch.testing.assert_close(x, torch.tensor([[7.0, 2.0]]))  # the guide's x = 2z + 1
    torch.testing.assert_close(log_det, torch.tensor([math.log(40.0)]))


def test_rotation_turns_against_the_clock():
    x, _ = build_layer(catalogue.Rotation(angle=90.0)).forward(torch.tensor([[1.0, 0.0]]))
    torch.testing.assert_close(x, torch.tensor([[0.0, 1.0]]), atol=1e-6, rtol=0)


def test_swap_exchanges_exactly():
    z = points(10)
    x, log_det = build_layer(catalogue.Swap()).forward(z)
    assert torch.equal(x, z.flip(1))
    assert torch.equal(log_det, torch.zeros(10, dtype=z.dtype))


def test_swap_changes_sides_at_one_half_and_moves_without_a_jump_elsewhere():
    layer = build_layer(catalogue.Swap())
    across = torch.tensor([[1.0, -1.0]], dtype=torch.float64)
    alphas = torch.linspace(0, 1, 2001, dtype=torch.float64)
    way, log_det = layer.partials(across, alphas)
    steps = way[:, 0, 0].diff()
    jump = int(steps.abs().argmax())
    assert alphas[jump] < 0.5 <= alphas[jump + 1]
    assert steps[jump] == pytest.approx(-2 * layer.THINNEST)
    others = torch.cat([steps[:jump], steps[jump + 1 :]])
    assert others.abs().max() < 2e-3
    assert log_det.min() == pytest.approx(math.log(layer.THINNEST))


# --- ActNorm ------------------------------------------------------------------------------------


def test_actnorm_centres_the_first_batch_and_only_that():
    layer = build_layer(catalogue.ActNorm())
    x = points(500).float() * torch.tensor([3.0, 0.2]) + torch.tensor([7.0, -1.0])
    layer.initialize(to_columns(x))
    z, _ = layer.inverse(x)
    torch.testing.assert_close(z.mean(0), torch.zeros(2), atol=1e-5, rtol=0)
    torch.testing.assert_close(z.std(0, correction=0), torch.ones(2), atol=1e-5, rtol=0)
    layer.initialize(to_columns(5 * x))
    assert torch.equal(layer.inverse(x)[0], z)


def test_actnorm_knows_after_a_reload_that_it_has_started():
    old, new = (build_layer(catalogue.ActNorm()) for _ in range(2))
    old.initialize(to_columns(points(50).float()))
    new.load_state_dict(old.state_dict())
    new.initialize(to_columns(9 + points(50).float()))
    assert torch.equal(new.shift, old.shift)


def test_locked_actnorm_stays_where_it_is():
    layer = build_layer(catalogue.ActNorm(frozen=True))
    layer.initialize(to_columns(9 + points(50).float()))
    assert torch.equal(layer.shift, torch.zeros(2))


@pytest.mark.parametrize(
    "x",
    [torch.tensor([[1.0, 2.0], [1.0, 3.0]]), torch.tensor([[1.0, math.nan], [2.0, 3.0]])],
    ids=["a line", "NaN"],
)
def test_actnorm_refuses_a_batch_without_spread(x):
    layer = build_layer(catalogue.ActNorm())
    with pytest.raises(NumericsError, match="ActNorm"):
        layer.initialize(to_columns(x))
    assert not layer.initialized


# --- planar -------------------------------------------------------------------------------------


@pytest.mark.parametrize("strength", [-0.999, -0.9, -0.3, 0.0, 0.5, 3.0, 50.0, 1e4])
def test_planar_equation_is_solved_to_the_last_digits(strength):
    near = torch.logspace(-12, 6, 200, dtype=torch.float64)
    roots = torch.cat([-near, torch.zeros(1, dtype=torch.float64), near])
    c = roots + strength * roots.tanh()
    found = solve(c, torch.tensor(strength, dtype=torch.float64))
    torch.testing.assert_close(found, roots, atol=1e-12, rtol=1e-9)


def test_planar_stays_invertible_however_hard_it_is_pulled():
    layer = build_layer(catalogue.Planar()).double()
    with torch.no_grad():
        layer.u.copy_(-50 * layer.w)
    z = points(200)
    x, log_det = layer.forward(z)
    assert log_det.isfinite().all()
    torch.testing.assert_close(layer.inverse(x)[0], z, atol=1e-8, rtol=1e-8)


# --- couplings ----------------------------------------------------------------------------------


def _couplings():
    return [cls for cls in catalogue.LAYER_SPECS if isinstance(build_layer(cls()), Coupling)]


@pytest.mark.parametrize("keeps", ["x", "y"])
@pytest.mark.parametrize("cls", _couplings(), ids=catalogue.kind_of)
def test_coupling_keeps_the_coordinate_it_says(cls, keeps):
    layer = randomised(build_layer(cls(keeps=keeps)))
    z = points(50).float()
    x, _ = layer.forward(z)
    kept = 0 if keeps == "x" else 1
    assert torch.equal(x[:, kept], z[:, kept])
    assert not torch.allclose(x[:, 1 - kept], z[:, 1 - kept], atol=1e-2)


def test_affine_coupling_agrees_with_zuko():
    layer = randomised(build_layer(catalogue.AffineCoupling(keeps="x"))).double()
    z = points(200)
    raw_scale, shift = layer.conditioner(z[:, 0])
    theirs, log_slope = MonotonicAffineTransform(shift, raw_scale, slope=1e-3).call_and_ladj(
        z[:, 1]
    )
    x, log_det = layer.forward(z)
    torch.testing.assert_close(x[:, 1], theirs)
    torch.testing.assert_close(log_det, log_slope)


def _zukos_spline(raw):
    """The same splines in zuko's hands: its own squashing of raw numbers is undone first."""
    parts = raw[: 2 * BINS].view(2, BINS, -1).softmax(1)
    parts = MIN_SIZE + (1 - BINS * MIN_SIZE) * parts
    slopes = torch.nn.functional.softplus(raw[2 * BINS :] + SLOPE_ONE) + MIN_SLOPE
    limit = -math.log(1e-3)

    def unsquashed(value, limit):
        return value / (1 - value.abs() / limit)

    logs = parts.log() - parts.log().mean(1, keepdim=True)
    widths, heights = unsquashed(logs, limit / 2)
    derivatives = unsquashed(slopes.log(), limit)
    return MonotonicRQSTransform(widths.t(), heights.t(), derivatives.t(), bound=BOUND)


def test_spline_agrees_with_zuko_in_both_directions():
    generator = torch.Generator().manual_seed(4)
    raw = 0.7 * torch.randn(3 * BINS - 1, 400, generator=generator, dtype=torch.float64)
    x = points(400, spread=3.0)[:, 0]
    theirs = _zukos_spline(raw)
    ours = RationalQuadratic(BINS, BOUND)
    z, log_slope, _ = ours.evaluate(x, raw)
    their_z, their_log_slope = theirs.call_and_ladj(x)
    torch.testing.assert_close(z, their_z, atol=1e-9, rtol=1e-9)
    torch.testing.assert_close(log_slope, their_log_slope, atol=1e-8, rtol=1e-8)
    back, log_slope_back = ours.invert(z, raw, 1.0)
    torch.testing.assert_close(back, theirs.inv(z), atol=1e-9, rtol=1e-9)
    torch.testing.assert_close(log_slope_back, -their_log_slope, atol=1e-7, rtol=1e-7)


def test_spline_on_each_axis_agrees_with_zuko():
    layer = build_layer(catalogue.Spline(bins=BINS, bound=BOUND)).double()
    layer = randomised(layer, strength=0.7)
    x = points(400, spread=3.0)
    z, log_det = layer.inverse(x)
    total = 0.0
    for axis in (0, 1):
        theirs = _zukos_spline(layer.raw[:, axis, None].expand(-1, len(x)).contiguous())
        their_z, log_slope = theirs.call_and_ladj(x[:, axis])
        torch.testing.assert_close(z[:, axis], their_z, atol=1e-9, rtol=1e-9)
        total = total + log_slope
    torch.testing.assert_close(log_det, total, atol=1e-8, rtol=1e-8)


def test_spline_on_each_axis_is_finite_and_continuous_at_its_own_knots():
    layer = randomised(build_layer(catalogue.Spline(bins=BINS, bound=BOUND)), strength=1.0)
    table, _ = layer.spline.table(layer.raw.detach())
    knots_x, knots_z = table[:BINS], table[2 * BINS : 3 * BINS]
    for map_, knots in ((layer.inverse, knots_x), (layer.forward, knots_z)):
        beside = torch.cat([knots, knots.nextafter(knots + 1), knots.nextafter(knots - 1)])
        beside.requires_grad_()
        layer.zero_grad()
        out, log_det = map_(beside)
        (out.sum() + log_det.sum()).backward()
        assert beside.grad.isfinite().all()
        assert layer.raw.grad.isfinite().all()
        at, above, below = out.detach().view(3, BINS, 2)
        torch.testing.assert_close(above, at, atol=2e-5, rtol=0)
        torch.testing.assert_close(below, at, atol=2e-5, rtol=0)


def _one_spline(dtype, n):
    generator = torch.Generator().manual_seed(1)
    raw = torch.randn(3 * BINS - 1, 1, generator=generator, dtype=torch.float64)
    return RationalQuadratic(BINS, BOUND), raw.to(dtype).expand(-1, n).contiguous()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_spline_is_continuous_with_its_slope_and_finite_at_knots_and_bounds(dtype):
    spline, raw = _one_spline(dtype, 1)
    table, _ = spline.table(raw)
    knots = torch.cat([table[:BINS, 0], torch.tensor([BOUND], dtype=dtype)])
    step = 1e-5
    beside = torch.cat([knots - step, knots, torch.nextafter(knots, knots + 1), knots + step])
    raw = raw.expand(-1, len(beside)).contiguous()
    z, log_slope, notes = spline.evaluate(beside, raw)
    g_x, g_raw = spline.gradient(notes, torch.ones_like(z), torch.ones_like(z))
    for found in (z, log_slope, g_x, g_raw):
        assert found.isfinite().all()
    before, at, next_to, after = z.view(4, -1)
    slopes = log_slope.exp().view(4, -1)
    assert ((at - before).abs() <= 3 * step * slopes.amax(0) + 1e-6).all()
    assert ((after - at).abs() <= 3 * step * slopes.amax(0) + 1e-6).all()
    torch.testing.assert_close(next_to, at, atol=1e-5, rtol=0)
    torch.testing.assert_close(slopes[3], slopes[0], atol=0, rtol=1e-2)


def test_spline_is_exactly_the_identity_outside_its_bound():
    outside = torch.tensor([-1e6, -BOUND - 1e-3, BOUND + 1e-3, 1e6])
    spline, raw = _one_spline(torch.float32, len(outside))
    z, log_slope, _ = spline.evaluate(outside, raw)
    assert torch.equal(z, outside)
    assert torch.equal(log_slope, torch.zeros(len(outside)))
    assert torch.equal(spline.invert(outside, raw, 1.0)[0], outside)


def test_extreme_splines_stay_monotone():
    generator = torch.Generator().manual_seed(2)
    raw = 20 * torch.randn(3 * BINS - 1, 1, generator=generator).expand(-1, 4001).contiguous()
    x = torch.linspace(-BOUND, BOUND, 4001)
    z, log_slope, _ = RationalQuadratic(BINS, BOUND).evaluate(x, raw)
    assert (z.diff() >= -2e-6).all()
    assert log_slope.isfinite().all()
