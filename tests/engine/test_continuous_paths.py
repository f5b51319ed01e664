"""The paths of flow matching: from the base to the target, smoothly, with the slopes they name."""

from __future__ import annotations

import pytest
import torch

from flowengine.continuous.paths import PATHS

every_path = pytest.mark.parametrize("path", PATHS.values(), ids=PATHS)


@every_path
def test_it_leads_exactly_from_the_base_to_the_target(path):
    a, b, da, db = path(torch.tensor([0.0, 1.0], dtype=torch.float64))
    torch.testing.assert_close(a, torch.tensor([1.0, 0.0]).double(), atol=1e-11, rtol=0)
    torch.testing.assert_close(b, torch.tensor([0.0, 1.0]).double(), atol=1e-11, rtol=0)
    assert torch.isfinite(da).all()
    assert torch.isfinite(db).all()


@every_path
def test_its_slopes_are_its_derivatives_and_bounded(path):
    t = torch.linspace(1e-6, 1 - 1e-6, 999, dtype=torch.float64).requires_grad_()
    a, b, da, db = path(t)
    for value, slope in ((a, da), (b, db)):
        (found,) = torch.autograd.grad(value.sum(), t, retain_graph=True)
        torch.testing.assert_close(slope, found, atol=1e-6, rtol=1e-6)
        assert slope.abs().max() < 5
    assert (b.diff() > 0).all()
    assert (a.diff() < 0).all()


@pytest.mark.parametrize("name", ["variance_preserving", "trigonometric"])
def test_the_bent_paths_preserve_variance(name):
    a, b, *_ = PATHS[name](torch.linspace(0, 1, 101, dtype=torch.float64))
    torch.testing.assert_close(a.square() + b.square(), torch.ones(101).double())


def test_they_are_three_different_ways():
    t = torch.tensor([0.5], dtype=torch.float64)
    assert len({round(float(path(t).b), 3) for path in PATHS.values()}) == 3
