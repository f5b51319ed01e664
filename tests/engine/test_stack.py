"""The stack as a whole: building, clock, traces, ledger, facts, and random stacks."""

from __future__ import annotations

import gc
import math
import weakref

import pytest
import torch
from msgspec.structs import replace

from flowengine import catalogue
from flowengine.errors import NumericsError, ShapeError, SpecError
from flowengine.flow import base_log_prob
from flowengine.layers import build_layer
from flowengine.layers.base import to_columns, to_points
from flowengine.layers.run import is_noting
from flowengine.project import with_ids
from flowengine.shorthand import parse_stack
from flowengine.stack import build
from tests.engine.strategies import all_layer_specs, points, randomised

EVERYTHING = with_ids(tuple(all_layer_specs()))


@pytest.fixture(scope="module")
def flow():
    """A trained stack of every layer, in float64."""
    return randomised(build(EVERYTHING, seed=1), seed=3, strength=0.25).double()


# --- building -----------------------------------------------------------------------------------


def test_empty_stack_is_refused():
    with pytest.raises(SpecError, match="at least one layer, got none"):
        build((), seed=0)


def test_stack_of_bypassed_layers_is_refused():
    with pytest.raises(SpecError, match="all 2 are bypassed"):
        build([catalogue.Planar(id=name, enabled=False) for name in "ab"], seed=0)


def test_weights_are_named_by_the_layers_ids_whatever_these_are():
    ids = ["first", "forward", "keys", "7"]
    flow = build([catalogue.Rotation(id=name) for name in ids], seed=0)
    assert list(flow.state_dict()) == [f"layers.{name}.angle" for name in ids]
    again = build([catalogue.Rotation(id=name) for name in ids], seed=0)
    again.load_state_dict(flow.state_dict())


def test_couplings_take_turns_unless_told_otherwise():
    flow = build(parse_stack("affine_coupling*2,spline_coupling"), seed=0)
    assert [layer.spec.keeps for layer in flow.active] == ["x", "y", "x"]


def test_same_seed_same_numbers_and_another_seed_others():
    one, two, other = (build(EVERYTHING, seed=seed).state_dict() for seed in (4, 4, 5))
    assert all(torch.equal(one[name], two[name]) for name in one)
    assert any(not torch.equal(one[name], other[name]) for name in one)


def test_equal_layers_in_different_places_start_differently():
    first, second = build(parse_stack("planar*2"), seed=0).active
    assert not torch.equal(first.w, second.w)


def test_bypassed_layer_is_no_part_of_the_map_and_keeps_its_weights():
    specs = with_ids(parse_stack("affine_coupling*3"))
    off = [specs[0], replace(specs[1], enabled=False), specs[2]]
    flow = randomised(build(off, seed=0))
    without = build([specs[0], replace(specs[2], keeps="x")], seed=0)
    without.layers["layer-1"].load_state_dict(flow.layers["layer-1"].state_dict())
    without.layers["layer-3"].load_state_dict(flow.layers["layer-3"].state_dict())
    x = points(20).float()
    torch.testing.assert_close(flow.log_prob(x), without.log_prob(x))
    assert "layers.layer-2.conditioner.weights.0" in flow.state_dict()


# --- adopting weights ---------------------------------------------------------------------------


def test_layers_that_stay_keep_their_weights_when_the_stack_is_edited():
    specs = with_ids(parse_stack("actnorm,spline_coupling*2,linear"))
    old = randomised(build(specs, seed=0))
    inserted = catalogue.Planar(id="new")
    edited = [specs[3], inserted, specs[0], specs[1], replace(specs[2], width=32)]
    new = build(edited, seed=0)
    assert new.adopt(old) == ("layer-4", "layer-1", "layer-2")
    for name in ("layer-4", "layer-1", "layer-2"):
        for key, weight in new.layers[name].state_dict().items():
            assert torch.equal(weight, old.layers[name].state_dict()[key])


def test_adopted_weights_are_copies():
    specs = parse_stack("rotation")
    old, new = build(specs, seed=0), build(specs, seed=0)
    new.adopt(old)
    randomised(new)
    assert old.layers["layer-1"].angle.item() == 0.0


def test_layer_whose_start_was_changed_starts_anew():
    old = randomised(build([catalogue.ScaleShift(id="a")], seed=0))
    new = build([catalogue.ScaleShift(id="a", scale_x=2.0)], seed=0)
    assert new.adopt(old) == ()
    torch.testing.assert_close(new.forward(torch.ones(1, 2))[0], torch.tensor([[2.0, 1.0]]))


def test_switching_the_eye_or_the_lock_keeps_the_weights():
    old = randomised(build([catalogue.Planar(id="a"), catalogue.Rotation(id="b")], seed=0))
    locked = [catalogue.Planar(id="a", frozen=True), catalogue.Rotation(id="b", enabled=False)]
    assert build(locked, seed=0).adopt(old) == ("a", "b")


def test_another_kind_under_the_same_id_takes_nothing_over():
    old = build([catalogue.ActNorm(id="a")], seed=0)
    assert build([catalogue.ScaleShift(id="a")], seed=0).adopt(old) == ()


# --- starting from data -------------------------------------------------------------------------


def test_actnorm_inside_a_stack_sees_what_the_layers_after_it_leave():
    flow = build(parse_stack("actnorm,rotation,scale_shift"), seed=0)
    randomised(flow)
    x = points(300).float() * 2 + 3
    flow.initialize(x)
    z, _ = flow.inverse(x)
    torch.testing.assert_close(z.mean(0), torch.zeros(2), atol=1e-4, rtol=0)
    torch.testing.assert_close(z.std(0, correction=0), torch.ones(2), atol=1e-4, rtol=0)


def test_batch_that_is_not_finite_starts_nothing():
    with pytest.raises(NumericsError, match="1 of 2 rows"):
        build(parse_stack("actnorm"), seed=0).initialize(torch.tensor([[0.0, 1.0], [math.inf, 0]]))


# --- the map ------------------------------------------------------------------------------------


def test_shapes_and_types_that_do_not_fit_are_refused():
    flow = build(parse_stack("planar"), seed=0)
    with pytest.raises(
        ShapeError, match=r"x must be torch\.float32 like the model, got torch\.float64"
    ):
        flow.initialize(points(3))
    with pytest.raises(ShapeError, match=r"z must have shape \(batch, 2\), got \(4,\)"):
        flow.forward(torch.zeros(4))


def test_points_on_another_device_than_the_model_are_refused():
    with pytest.raises(ShapeError, match="x must be on cpu like the model, got meta"):
        build(EVERYTHING, seed=0).log_prob(torch.zeros(3, 2, device="meta"))


@pytest.fixture
def chunk(monkeypatch):
    """A smaller number of points that go through a stack at once."""
    for module in ("stack", "key_frames"):
        monkeypatch.setattr(f"flowengine.{module}.CHUNK", 256)
    return 256


def test_many_points_go_chunk_by_chunk_and_come_out_the_same(flow, chunk):
    x = points(2 * chunk + 5)
    with torch.no_grad():
        together = flow.log_prob(x)
        pieces = torch.cat([flow.log_prob(piece) for piece in x.split(chunk - 7)])
        there, log_det = flow.forward(x)
    torch.testing.assert_close(together, pieces)
    torch.testing.assert_close(together, flow.log_prob(x).detach())
    torch.testing.assert_close(there, flow.forward(x)[0].detach())
    assert log_det.shape == (len(x),)


def test_no_points_are_a_batch_too(flow):
    assert flow.log_prob(points(0)).shape == (0,)
    assert flow.trace(points(0)).positions.shape[1:] == (0, 2)


def test_samples_follow_their_generator(flow):
    draws = [flow.sample(5, generator=torch.Generator().manual_seed(s)) for s in (1, 1, 2)]
    assert torch.equal(draws[0], draws[1])
    assert not torch.equal(draws[0], draws[2])


def _noting():
    """Every kind of layer that joins a run, twice."""
    kinds = [cls() for cls in catalogue.LAYER_SPECS if is_noting(build_layer(cls()))]
    return with_ids(tuple(kinds * 2))


def test_gradient_of_a_run_is_that_of_autograd_one_layer_after_the_other():
    flow = randomised(build(_noting(), seed=0), strength=0.3).double()
    x = points(30).requires_grad_()
    z, log_det = flow.inverse(x)
    (base_log_prob(z) + log_det).sum().backward()
    together = [x.grad, *(weight.grad for weight in flow.parameters())]
    columns, total = to_columns(x), 0.0
    for layer in reversed(flow.active):
        columns, log_det = layer.undo(columns, 1.0)
        total = total + log_det
    loss = (base_log_prob(to_points(columns)) + total).sum()
    apart = torch.autograd.grad(loss, [x, *flow.parameters()])
    for one, other in zip(together, apart, strict=True):
        torch.testing.assert_close(one, other, atol=1e-9, rtol=1e-6)


def test_locked_layers_in_a_run_take_no_gradient_and_pass_it_on():
    stack = _noting()
    locked = tuple(replace(spec, frozen=k % 2 == 1) for k, spec in enumerate(stack))
    flow, free = randomised(build(locked, seed=0), strength=0.2), build(stack, seed=0)
    free.load_state_dict(flow.state_dict())
    for model in (flow, free):
        model.log_prob(points(50).float()).sum().backward()
    for (name, weight), other in zip(flow.named_parameters(), free.parameters(), strict=True):
        if flow.layers[name.split(".")[1]].spec.frozen:
            assert weight.grad is None
        else:
            torch.testing.assert_close(weight.grad, other.grad)


@pytest.mark.parametrize("kinds", ["affine_coupling*3", "spline_coupling*2,planar", "glow,spline"])
def test_gradient_step_leaves_no_memory_behind(kinds):
    flow = build(parse_stack(kinds), seed=0)
    layers = [weakref.ref(layer) for layer in flow.active]
    gc.disable()  # what is still alive afterwards is alive by a cycle that only the collector ends
    try:
        loss = flow.log_prob(points(10).float()).sum()
        loss.backward()
        del flow, loss
        assert all(layer() is None for layer in layers)
    finally:
        gc.enable()


# --- clock and traces ---------------------------------------------------------------------------


def test_trace_goes_from_base_to_target_and_adds_up(flow):
    z = points(40)
    trace = flow.trace(z)
    x, log_det = flow.forward(z)
    assert (trace.tau[0], trace.tau[-1]) == (0.0, 1.0)
    assert (trace.tau.diff() > 0).all()
    assert torch.equal(trace.positions[0], z)
    torch.testing.assert_close(trace.positions[-1], x.detach())
    torch.testing.assert_close(trace.log_det[-1], log_det.detach())
    torch.testing.assert_close(trace.log_prob[-1], flow.log_prob(x).detach(), atol=1e-7, rtol=1e-7)


@torch.no_grad()
def test_maps_from_the_middle_of_the_clock_agree_with_the_trace(flow):
    z = points(20)
    trace = flow.trace(z)
    for k in range(0, len(trace.tau), 5):
        tau, u = float(trace.tau[k]), trace.positions[k]
        back, log_det_back = flow.inverse_from(u, tau)
        on, log_det_on = flow.forward_from(u, tau)
        torch.testing.assert_close(back, z, atol=1e-4, rtol=1e-4)
        torch.testing.assert_close(on, trace.positions[-1], atol=1e-4, rtol=1e-4)
        torch.testing.assert_close(log_det_back, -trace.log_det[k], atol=1e-4, rtol=1e-4)
        expected = trace.log_det[-1] - trace.log_det[k]
        torch.testing.assert_close(log_det_on, expected, atol=1e-4, rtol=1e-4)
        torch.testing.assert_close(
            flow.log_prob_at(u, tau), trace.log_prob[k], atol=1e-4, rtol=1e-4
        )


def test_trace_from_the_target_takes_the_same_way_back(flow):
    z = points(30)
    there = flow.trace(z)
    for densities in (True, False):
        back = flow.inverse_trace(there.positions[-1], densities=densities)
        torch.testing.assert_close(back.positions, there.positions, atol=1e-6, rtol=1e-6)
        torch.testing.assert_close(back.tau, there.tau)


def test_trace_without_densities_has_the_same_positions(flow, chunk):
    z = points(chunk + 3)
    full, bare = flow.trace(z, 30), flow.trace(z, 30, densities=False)
    assert torch.equal(full.positions, bare.positions)
    assert bare.log_det.shape == bare.log_prob.shape == (len(bare.tau), 0)


@pytest.mark.parametrize(
    ("layers", "frames", "expected"),
    [
        (4, None, 33),
        (1, None, 9),
        (16, None, 65),
        (64, None, 129),
        (4, 9, 9),
        (4, 3, 9),
        (2, 90, 33),
    ],
)
def test_every_layer_has_as_many_key_frames_between_two_and_sixteen(layers, frames, expected):
    flow = build(parse_stack(f"rotation*{layers}"), seed=0)
    assert len(flow.trace(torch.zeros(1, 2), frames).tau) == expected


# --- ledger and facts ---------------------------------------------------------------------------


def test_ledger_adds_up_line_by_line(flow):
    page = flow.ledger((1.0, -0.5))
    assert len(page.rows) == len(EVERYTHING) + 1
    assert page.rows[0].layer == "base"
    assert page.rows[-1].position == pytest.approx((1.0, -0.5))
    assert [row.tau for row in page.rows] == pytest.approx(
        [k / len(EVERYTHING) for k in range(len(EVERYTHING) + 1)]
    )
    z = torch.tensor([page.rows[0].position], dtype=torch.float64)
    running = float(base_log_prob(z))
    for row in page.rows:
        a, b, c, d = row.jacobian
        assert row.log_det == pytest.approx(math.log(abs(a * d - b * c)), abs=1e-9)
        running -= row.log_det
        assert row.log_prob == pytest.approx(running, abs=1e-9)
    x = torch.tensor([[1.0, -0.5]], dtype=torch.float64)
    assert page.log_prob == pytest.approx(float(flow.log_prob(x).detach()), abs=1e-9)
    assert page.round_trip_error < 1e-6


@pytest.mark.parametrize("point", [(math.nan, 0.0), (1.0,), ("a", "b"), (math.inf, 0.0)])
def test_ledger_of_no_point_is_refused(flow, point):
    with pytest.raises(ShapeError, match="two finite numbers"):
        flow.ledger(point)


def test_facts_tell_what_each_card_shows(flow):
    facts = flow.layer_facts(points(100))
    assert [fact.id for fact in facts] == [spec.id for spec in EVERYTHING]
    total = sum(fact.mean_log_det for fact in facts)
    assert total == pytest.approx(float(flow.forward(points(100))[1].mean().detach()))
    weights = sum(weight.numel() for weight in flow.parameters())
    assert sum(fact.weights for fact in facts) == weights


def test_grid_on_a_card_is_the_layers_own_picture_of_the_square():
    fact = build([catalogue.ScaleShift(scale_x=2.0)], seed=0).layer_facts(torch.zeros(1, 2))[0]
    assert fact.grid.shape[2] == 2
    assert fact.grid[0, 0].tolist() == pytest.approx([-6.0, -3.0])
    assert fact.grid[0, -1].tolist() == pytest.approx([6.0, -3.0])
    assert fact.grid[-1, 0].tolist() == pytest.approx([-6.0, 3.0])
