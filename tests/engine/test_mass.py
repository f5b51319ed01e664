"""Masses over the whole plane, held against densities whose mass is known by construction."""

from __future__ import annotations

import math

import pytest
import torch

from flowengine import mass as masses
from flowengine.catalogue import FlowMatching
from flowengine.continuous import build_continuous
from flowengine.errors import NumericsError
from flowengine.flow import Flow
from flowengine.mass import LIVE, Mass, mass_of, may_fold, measuring
from flowengine.quadrature import Frame, Seen, integrate
from flowengine.stack import DiscreteFlow
from tests.engine.test_metrics import bent_flow

EXTENT = (-4.0, 4.0, -4.0, 4.0)
BOX = Frame.around(torch.tensor([-4.0, -4]), torch.tensor([4.0, 4]))


class Folded(Flow):
    """A map of the plane by a formula, and where it sends the base's points back."""

    def __init__(self, inverse, forward):
        super().__init__()
        self._inverse, self._forward = inverse, forward

    def inverse(self, x):
        return self._inverse(x)

    def forward(self, z):
        return self._forward(z)

    forward_from = inverse_from = trace = inverse_trace = ledger = None


def shifted_copies(*places):
    """Copies of the base far away, each within 8 of its place, besides the one at the origin."""

    def inverse(x):
        z = x.clone()
        for place in places:
            offset = x - torch.tensor(place).to(x)
            z = torch.where((offset.abs() < 8).all(1, keepdim=True), offset, z)
        return z, torch.zeros_like(x[:, 0])

    return Folded(inverse, lambda z: (z, torch.zeros_like(z[:, 0])))


def shrunk(scale, place=(0.0, 0.0)):
    """A bell of this width that a sampler knows."""
    at, log = torch.tensor(place), 2 * math.log(scale)
    return Folded(
        lambda x: ((x - at.to(x)) / scale, torch.full_like(x[:, 0], -log)),
        lambda z: (z * scale + at.to(z), torch.full_like(z[:, 0], log)),
    )


def pleated(height=2.0, width=0.4):
    """A plane with a pleat along x = 2, so that three points go where one should.

    The mass is that of the standard normal under |dz/dx|, over all sheets.
    """

    def inverse(x):
        bump = height * width * torch.sin((x[:, 0] - 2) / width)
        window = ((x[:, 0] - 2).abs() < math.pi * width).to(x)
        slope = 1 + window * height * torch.cos((x[:, 0] - 2) / width)
        z = torch.stack([x[:, 0] + window * bump, x[:, 1]], dim=1)
        return z, slope.abs().log()

    return Folded(inverse, _unpleated(inverse))


def _unpleated(inverse):
    """One of the points that are sent to each z: the leftmost."""
    line = torch.linspace(-8, 8, 64_001)
    images = inverse(torch.stack([line, torch.zeros_like(line)], 1))[0][:, 0]
    highest = images.cummax(0).values

    def forward(z):
        at = torch.searchsorted(highest, z[:, 0].float().contiguous()).clamp(max=len(line) - 1)
        return torch.stack([line[at].to(z), z[:, 1]], dim=1), torch.zeros_like(z[:, 0])

    return forward


def pleated_mass(flow):
    x = torch.linspace(-9, 9, 900_001, dtype=torch.float64)
    z, log_det = flow.inverse(torch.stack([x, torch.zeros_like(x)], 1))
    density = (-0.5 * z[:, 0] ** 2 + log_det).exp() / math.sqrt(2 * math.pi)
    return float(density.sum()) * 18 / 900_000


# --- maps -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("flow", "mass"),
    [
        (shrunk(1.0), 1.0),
        (shrunk(1e-3, (3.0, -3.0)), 1.0),
        (shrunk(8.0, (25.0, 5.0)), 1.0),
        (shifted_copies((30.0, 0.0)), 2.0),
        (shifted_copies((-30.0, 17.0), (25.0, -40.0)), 3.0),
    ],
    ids=["bell", "needle", "far bell", "ghost", "ghosts"],
)
def test_mass_of_a_map_is_what_it_was_made_with(flow, mass):
    thorough = masses.CONTINUOUS._replace(budget=100_000)
    found = masses.finished(measuring(flow, EXTENT, thorough))
    assert found.value == pytest.approx(mass, abs=2e-3)
    assert abs(found.value - mass) <= found.error + 1e-6
    assert found.is_one == (mass == 1)
    assert found.excess == pytest.approx(math.log(mass), abs=2e-3)


def test_a_fold_among_the_samples_is_seen():
    flow = pleated()
    known, found = pleated_mass(flow), mass_of(flow, EXTENT)
    assert known > 1.05
    assert found.value == pytest.approx(known, abs=max(0.02, found.error))
    assert not found.is_one
    assert "Not a density" in found.note


def test_many_ghosts_have_their_whole_mass():
    """274 sheets, as a checkerboard had after ten seconds: a comb of narrow copies far out."""

    def inverse(x):
        far = x[:, 0] > 20
        tooth = torch.remainder(x[:, 0] - 20, 1.0) - 0.5
        inside = far & (x[:, 0] < 20 + 273)
        z = torch.where(inside, 12 * tooth, torch.where(far, 9e3, x[:, 0]))
        return torch.stack([z, x[:, 1]], 1), torch.where(inside, math.log(12.0), 0.0).to(x)

    found = mass_of(Folded(inverse, lambda z: (z, torch.zeros_like(z[:, 0]))), EXTENT)
    if found.value is None:
        assert "could not be measured" in found.note
        assert math.isinf(found.excess)
    else:
        assert found.value == pytest.approx(274, rel=0.05)


def test_a_look_in_passing_tells_a_density_from_none():
    def live(flow):
        return masses.finished(measuring(flow, EXTENT, LIVE))

    assert live(shrunk(1.0)).is_one
    assert live(shrunk(0.05, (2.0, 1.0))).is_one
    assert not live(shifted_copies((30.0, 0.0))).is_one
    assert not live(pleated()).is_one


def test_a_map_that_can_be_undone_by_construction_is_not_measured_in_passing():
    flow = bent_flow()
    assert isinstance(flow, DiscreteFlow)
    assert not may_fold(flow)
    assert masses.finished(masses.live_mass(flow, EXTENT)) == masses.CERTAIN


def test_nothing_but_numbers_has_a_mass():
    def lost(z):
        return torch.full_like(z, math.nan), torch.zeros_like(z[:, 0])

    with pytest.raises(NumericsError):
        mass_of(Folded(lambda x: (x, torch.zeros_like(x[:, 0])), lost), EXTENT)


def test_an_excess_counts_beyond_its_error_alone():
    assert Mass(1.0015, 1e-4).excess == 0
    assert Mass(1.01, 0.02).excess == 0
    assert Mass(1.01, 1e-3).excess == pytest.approx(math.log(1.01))
    assert Mass(None, math.inf).excess == math.inf
    assert not Mass(None, math.inf).is_one


# --- integrals -----------------------------------------------------------------------------------


def bell_at(place, width, share=1.0):
    at = torch.tensor(place).double()
    peak = share / (2 * math.pi * width**2)
    return lambda x: peak * (-0.5 * ((x - at) / width).square().sum(1)).exp()


def total_of(density, crowd, **more):
    found = integrate(lambda x: Seen(density(x)[:, None]), BOX, crowd=crowd, **more)
    return float(found.values[0]), float(found.errors[0])


def crowd_at(place, width, count=500):
    generator = torch.Generator().manual_seed(0)
    bell = torch.randn(count, 2, generator=generator, dtype=torch.float64)
    return width * bell + torch.tensor(place).double()


def test_integral_finds_narrow_peaks_where_the_crowd_is():
    needle, crowd = bell_at((-1.0, -1.0), 1e-3), crowd_at((-1.0, -1.0), 1e-3)
    assert total_of(needle, crowd)[0] == pytest.approx(1, abs=1e-3)
    far = total_of(bell_at((400.0, -90.0), 0.5), crowd_at((400.0, -90.0), 0.5))
    assert far[0] == pytest.approx(1, abs=1e-3)


def test_integral_of_a_mixture_is_the_sum_of_its_parts():
    parts = [((0.0, 0.0), 1.0, 0.5), ((2.0, 2.0), 0.01, 0.3), ((-3.0, 1.0), 0.05, 0.2)]
    densities = [bell_at(*part) for part in parts]
    crowd = torch.cat([crowd_at(place, width) for place, width, _ in parts])
    found, error = total_of(lambda x: sum(density(x) for density in densities), crowd)
    assert found == pytest.approx(1, abs=1e-3)
    assert error < 2e-3


@pytest.mark.parametrize("width", [0.5, 0.02])
def test_integral_follows_rings(width):
    radius = (torch.arange(100_000).double() + 0.5) / 20_000
    profile = (-0.5 * ((radius - 2) / width).square()).exp()
    mass = float(2 * math.pi * (profile * radius).mean() * 5)

    def ring(x):
        return (-0.5 * ((x.norm(dim=1) - 2) / width).square()).exp() / mass

    angle = torch.linspace(0, 2 * math.pi, 8000).double()
    crowd = torch.stack([angle.cos(), angle.sin()], 1)
    crowd *= 2 + crowd_at((0.0, 0.0), width, count=8000)[:, :1]
    assert total_of(ring, crowd)[0] == pytest.approx(1, abs=2e-3)


def test_integral_follows_lines():
    def line(x):
        across = (x[:, 0] - 2 * x[:, 1]) / math.sqrt(5)
        along = (2 * x[:, 0] + x[:, 1]) / math.sqrt(5)
        return (-0.5 * (across / 0.01).square() - 0.5 * along.square()).exp() / (0.02 * math.pi)

    turn = torch.tensor([[2.0, 1.0], [1.0, -2.0]]).double() / math.sqrt(5)
    crowd = crowd_at((0.0, 0.0), 1.0, count=8000) * torch.tensor([1.0, 0.01]) @ turn
    assert total_of(line, crowd)[0] == pytest.approx(1, abs=3e-3)


def test_integral_knows_steep_edges():
    radius = (torch.arange(4000).double() + 0.5) / 2000
    edge = torch.sigmoid((1 - radius) / 0.02)
    mass = float(2 * math.pi * (edge * radius).mean() * 2)

    def disc(x):
        return torch.sigmoid((1 - (x - 3).norm(dim=1)) / 0.02) / mass

    assert total_of(disc, crowd_at((3.0, 3.0), 0.5))[0] == pytest.approx(1, abs=2e-3)


def test_integral_that_cannot_be_settled_says_so_and_stays_within_its_budget():
    spent = 0

    def restless(x):
        nonlocal spent
        spent += len(x)
        return bell_at((0.0, 0.0), 1.0)(x) * (1 + torch.sin(1e6 * x[:, 0]))

    _, error = total_of(restless, crowd_at((0.0, 0.0), 1.0), budget=50_000)
    assert spent <= 50_000
    assert error > 0.01


def test_the_square_is_the_whole_plane():
    x = torch.tensor([[0.0, 0.0], [4.0, -4.0], [3.9, 400.0], [-1e6, 12.0]]).double()
    there, area = BOX.opened(BOX.folded(x))
    torch.testing.assert_close(there, x)
    assert (area > 0).all()
    assert area[0] == 16


# --- solvers that fold ----------------------------------------------------------------------------


def rough_flow(steps, strength, seed=0):
    """A continuous flow whose field no training has tamed."""
    spec = FlowMatching(width=16, depth=2, solver="heun", solver_steps=steps)
    flow = build_continuous(spec, seed)
    generator = torch.Generator().manual_seed(seed)
    weight = flow.network.weights[-1]
    with torch.no_grad():
        weight.copy_(strength * torch.randn(weight.shape, generator=generator))
    return flow


def summed(flow, half, cells=1200):
    """∫ q over a square by a fine plain sum."""
    line = (2 * torch.arange(cells) + 1) * (half / cells) - half
    points = torch.cartesian_prod(line, line)
    with torch.no_grad():
        found = sum(float(flow.log_prob(part).double().exp().sum()) for part in points.split(65536))
    return found * (2 * half / cells) ** 2


@pytest.mark.parametrize(("steps", "strength"), [(1, 1.0), (1, 1.5), (1, 2.0), (2, 2.0)])
def test_mass_of_a_rough_flow_is_that_of_a_fine_sum(steps, strength):
    flow = rough_flow(steps, strength)
    known, found = summed(flow, 30.0), mass_of(flow, EXTENT)
    assert found.value == pytest.approx(known, abs=max(found.error, 2e-3))
    assert found.is_one == (abs(known - 1) < 2e-3)
    assert found.error < 5e-3
