"""The exact marginal field: against Monte Carlo, against autograd, and where it leads."""

from __future__ import annotations

import msgspec
import pytest
import torch

from flowengine.catalogue import Ffjord, FlowMatching, RectifiedFlow
from flowengine.continuous import ContinuousFlow, exact_field
from flowengine.continuous.exact import NARROWEST
from flowengine.continuous.paths import PATHS
from flowengine.errors import SpecError
from flowengine.metrics import base_points, transport_distance
from flowengine.targets import from_grid, preset
from tests.engine.continuous_flows import points

every_path = pytest.mark.parametrize("path", PATHS)


@pytest.fixture(scope="module")
def target():
    """Few cells of different mass, one row empty, on an extent that is no square."""
    generator = torch.Generator().manual_seed(0)
    density = torch.rand(6, 5, generator=generator)
    density[2] = 0
    return from_grid(density.numpy(), (-3.0, 2.0, -1.5, 2.5))


@every_path
@pytest.mark.parametrize("t", [0.0, 0.02, 0.3, 0.6, 0.9])
def test_it_is_the_mean_of_the_slopes_that_pass_a_point(path, t, target):
    field = exact_field(target, FlowMatching(path=path))
    x1 = target.sample(1 << 17, seed=0, dtype=torch.float64)
    a, b, da, db = PATHS[path](torch.tensor(t, dtype=torch.float64))
    base, near = points(3, seed=1), target.sample(3, seed=5, dtype=torch.float64)
    for x in a * base + b * near:  # where the path passes at this time
        x0 = (x - b * x1) / a
        weight = torch.softmax(-0.5 * x0.square().sum(1), 0)
        slopes = da * x0 + db * x1
        expected = weight @ slopes
        noise = 4 / (weight.square().sum().reciprocal()).sqrt() * slopes.std(0).max()
        found = field(x.unsqueeze(0), t)[0]
        assert (found - expected).abs().max() < noise.clamp(max=0.1) + 1e-3


@every_path
def test_the_closed_form_meets_the_quadrature_where_it_takes_over(path, target):
    """Cells are summed while they are thin beside the bell, and integrated afterwards."""
    field = exact_field(target, FlowMatching(path=path))
    x, t = points(10), torch.linspace(0.001, 0.6, 400, dtype=torch.float64)
    by_time = torch.stack([field(x, moment) for moment in t.tolist()])
    assert by_time.diff(2, dim=0).abs().max() < 1e-3  # no jump, not of a thousandth of its size
    together = field(x.repeat(400, 1), t.repeat_interleave(10)).view(400, 10, 2)
    torch.testing.assert_close(together, by_time, atol=1e-10, rtol=1e-10)


@every_path
@pytest.mark.parametrize("t", [0.0, 1e-4, 0.1, 0.5, 0.8, 0.97])
def test_its_jacobian_is_that_of_the_field(path, t, target):
    field, step = exact_field(target, FlowMatching(path=path)), 1e-5
    a, b, *_ = PATHS[path](torch.tensor(t, dtype=torch.float64))
    x = a * points(8) + b * target.sample(8, seed=2, dtype=torch.float64)
    v, jacobian = field.with_jacobian(x, t)
    torch.testing.assert_close(v, field(x, t))
    shifts = step * torch.eye(2, dtype=torch.float64)
    columns = [(field(x + shift, t) - field(x - shift, t)) / (2 * step) for shift in shifts]
    scale = jacobian.abs().max().clamp(min=1)
    torch.testing.assert_close(torch.stack(columns, 2), jacobian, atol=1e-5 * scale, rtol=1e-4)


@every_path
def test_it_leads_the_base_to_the_target(path):
    fine = preset("moons").cell_masses().view(32, 8, 32, 8)
    target = from_grid(fine.sum((1, 3)).numpy())
    flow = ContinuousFlow(
        FlowMatching(solver_steps=32), exact_field(target, FlowMatching(path=path))
    )
    x = flow.positions(base_points(flow.base, 512).double())
    assert transport_distance(x, target.sample(512, seed=3)) < 0.12
    assert transport_distance(base_points(flow.base, 512), target.sample(512, seed=3)) > 0.8


def test_its_density_is_the_target_s(target):
    spec = FlowMatching(solver_steps=64, path="trigonometric")
    flow = ContinuousFlow(spec, exact_field(target, spec))
    x = target.sample(300, seed=4, dtype=torch.float64)
    kl = (target.log_prob(x) - flow.log_prob(x)).mean()
    assert abs(float(kl)) < 0.02


def test_a_normal_target_has_the_field_that_is_known():
    """For x1 ~ N(m, s²): u = m' + (s_t'/s_t)(x − m_t), with s_t² = a² + b² s²."""
    side = torch.linspace(-4, 4, 201, dtype=torch.float64)
    axis = 0.5 * (side[1:] + side[:-1])
    bell = torch.exp(-0.5 * (axis / 0.5).square())
    field = exact_field(from_grid(torch.outer(bell, bell).numpy()))
    x = points(20)
    for t in (0.0, 0.2, 0.7, 0.95):
        variance = (1 - t) ** 2 + 0.25 * t**2
        slope = (-(1 - t) + 0.25 * t) / variance
        torch.testing.assert_close(field(x, t), slope * x, atol=2e-3, rtol=2e-3)


@every_path
def test_it_is_finite_everywhere(path, target):
    field = exact_field(target, FlowMatching(path=path))
    far = torch.tensor([[1e6, -1e6], [0.0, 0.2], [-3.0, 0.1], [50.0, 0.0]])
    for t in (0.0, 1e-9, 0.5, 1 - 1e-9, 1.0):
        v, jacobian = field.with_jacobian(far, t)
        assert v.dtype == torch.float32
        assert torch.isfinite(v).all()
        assert torch.isfinite(jacobian).all()
        # nowhere faster than a straight way home within what time is left, in units of its reach
        assert v.norm(dim=1).max() < 2e6 * 10 / NARROWEST


def test_points_do_not_feel_each_other(target):
    field, x = exact_field(target), points(1100)
    alone = torch.cat([field(x[i : i + 1], 0.4) for i in (0, 600, 1099)])
    torch.testing.assert_close(field(x, 0.4)[[0, 600, 1099]], alone, atol=1e-12, rtol=1e-12)


def test_any_continuous_flow_names_its_path(target):
    x = points(5)
    plain = exact_field(target)(x, 0.3)
    for spec in (FlowMatching(), RectifiedFlow(), Ffjord()):
        assert torch.equal(exact_field(target, spec)(x, 0.3), plain)
    bent = msgspec.structs.replace(FlowMatching(), path="trigonometric")
    assert not torch.allclose(exact_field(target, bent)(x, 0.3), plain)


def test_there_is_nothing_in_it_to_train(target):
    flow = ContinuousFlow(FlowMatching(), exact_field(target))
    with pytest.raises(SpecError, match="ExactField has no weights to train"):
        _ = flow.network
    assert flow.ledger((0.5, 0.5)).log_prob < 0
