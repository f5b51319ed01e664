"""The same maps in nflows, another library; it comes with the extra `bench`."""

from __future__ import annotations

import pytest
import torch

from flowengine import catalogue
from flowengine.layers import build_layer
from flowengine.layers.rational_quadratic import SLOPE_ONE
from tests.engine.strategies import points, randomised

splines = pytest.importorskip(
    "nflows.transforms.splines.rational_quadratic", reason="needs nflows, of the extra `bench`"
)
coupling = pytest.importorskip("nflows.transforms.coupling")
BINS, BOUND = 8, 5.0


@pytest.mark.parametrize("inverse", [False, True])
def test_spline_coupling_agrees_with_nflows(inverse):
    spec = catalogue.SplineCoupling(keeps="x", bins=BINS, bound=BOUND)
    layer = randomised(build_layer(spec), strength=0.7).double()
    p = points(400, spread=3.0)
    raw = layer.conditioner(p[:, 0]).t()
    widths, heights, slopes = raw.split([BINS, BINS, BINS - 1], dim=1)
    theirs, log_slope = splines.unconstrained_rational_quadratic_spline(
        p[:, 1], widths, heights, slopes + SLOPE_ONE, inverse=inverse, tail_bound=BOUND
    )
    # theirs goes from the target to the base, as our inverse does
    ours, log_det = layer.forward(p) if inverse else layer.inverse(p)
    torch.testing.assert_close(ours[:, 1], theirs, atol=1e-9, rtol=1e-9)
    torch.testing.assert_close(log_det, log_slope, atol=1e-8, rtol=1e-8)


def test_additive_coupling_agrees_with_nflows():
    layer = randomised(build_layer(catalogue.AdditiveCoupling(keeps="x"))).double()
    p = points(200)

    class Conditioner(torch.nn.Module):
        def forward(self, kept, _context=None):
            return layer.conditioner(kept[:, 0]).t()

    theirs = coupling.AdditiveCouplingTransform(torch.tensor([0, 1]), lambda *_: Conditioner())
    for ours, their in ((layer.forward, theirs.forward), (layer.inverse, theirs.inverse)):
        for one, other in zip(ours(p), their(p), strict=True):
            torch.testing.assert_close(one, other)
