"""Edits of a stack are pure, keep every other layer as it was, and never leave the limits."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from explorer.stack import edits
from explorer.stack.ready_made import READY_MADE
from flowengine.catalogue import (
    LAYER_SPECS,
    AffineCoupling,
    CouplingSpec,
    Planar,
    ScaleShift,
    SplineCoupling,
    kind_of,
)
from flowengine.errors import FlowError, ProjectError, SpecError
from flowengine.project import MAX_LAYERS, Project, resolve_keeps
from flowengine.shorthand import parse_stack


def ids(stack):
    return [layer.id for layer in stack]


def keeps(stack):
    return {layer.id: layer.keeps for layer in stack if isinstance(layer, CouplingSpec)}


@pytest.fixture
def stack():
    return parse_stack("spline_coupling*4")


def test_a_new_coupling_keeps_what_the_one_before_it_does_not(stack):
    after = edits.insert(stack, 1, AffineCoupling())
    assert after[0].keeps == "x"
    assert after[1].keeps == "y"


def test_an_insertion_flips_no_other_layer(stack):
    before = keeps(resolve_keeps(stack))
    for gap in range(5):
        after = edits.insert(stack, gap, SplineCoupling())
        assert {name: keeps(after)[name] for name in before} == before


def test_later_insertions_leave_an_inserted_coupling_as_it_was(stack):
    once = edits.insert(stack, 2, SplineCoupling())
    twice = edits.insert(once, 0, SplineCoupling())
    assert twice[3] == once[2]


def test_removing_and_moving_flip_no_other_layer(stack):
    before = keeps(resolve_keeps(stack))
    removed = edits.remove(stack, "layer-2")
    assert keeps(removed) == {name: kept for name, kept in before.items() if name != "layer-2"}
    assert keeps(edits.move(stack, 4, "layer-1")) == before


def test_an_inserted_layer_gets_an_id_of_its_own(stack):
    after = edits.insert(stack, 4, replace(stack[0]))
    assert len(set(ids(after))) == 5
    assert ids(after)[:4] == ids(stack)


@pytest.mark.parametrize(
    ("gap", "order"),
    [(0, "2134"), (1, "1234"), (2, "1234"), (3, "1324"), (4, "1342")],
)
def test_moving_the_second_of_four(stack, gap, order):
    moved = edits.move(stack, gap, "layer-2")
    assert ids(moved) == [f"layer-{n}" for n in order]


@pytest.mark.parametrize(
    ("gap", "order"),
    [(0, "2413"), (1, "1243"), (2, "1243"), (3, "1324"), (4, "1324")],
)
def test_moving_the_second_and_the_fourth_brings_them_together(stack, gap, order):
    moved = edits.move(stack, gap, "layer-4", "layer-2")
    assert ids(moved) == [f"layer-{n}" for n in order]
    assert keeps(moved) == keeps(resolve_keeps(stack))


def test_several_are_inserted_in_order_each_with_an_id_of_its_own(stack):
    after = edits.insert(stack, 1, Planar(id="layer-1"), ScaleShift(scale_x=2.0))
    assert [layer.kind for layer in after[1:3]] == ["planar", "scale_shift"]
    assert after[2].scale_x == 2.0
    assert len(set(ids(after))) == 6


def test_several_are_removed_duplicated_and_switched_at_once(stack):
    assert ids(edits.remove(stack, "layer-3", "layer-1")) == ["layer-2", "layer-4"]
    doubled = edits.duplicate(stack, "layer-3", "layer-1")
    assert [ids(doubled)[row] for row in (0, 1, 2, 5)] == ids(stack)
    assert [layer.keeps for layer in doubled[3:5]] == ["x", "x"]
    bypassed = edits.set_enabled(stack, False, "layer-1", "layer-4")
    assert [layer.enabled for layer in bypassed] == [False, True, True, False]


def test_a_move_to_where_it_is_gives_the_same_stack(stack):
    assert edits.move(stack, 2, "layer-2") is stack


def test_a_duplicate_follows_its_original_with_the_same_settings(stack):
    wide = edits.replace(stack, replace(stack[1], width=17))
    after = edits.duplicate(wide, "layer-2")
    assert after[1].id == "layer-2"
    assert after[2].id not in ids(stack)
    assert replace(after[2], id="layer-2") == after[1]


def test_switches_change_one_field_of_one_layer(stack):
    settled = resolve_keeps(stack)
    bypassed = edits.set_enabled(stack, False, "layer-3")
    assert bypassed == (*settled[:2], replace(settled[2], enabled=False), settled[3])
    frozen = edits.set_frozen(stack, True, "layer-3")
    assert frozen == (*settled[:2], replace(settled[2], frozen=True), settled[3])
    assert edits.set_enabled(bypassed, True, "layer-3") == settled


def test_choosing_auto_in_the_form_is_settled_at_once(stack):
    settled = resolve_keeps(stack)
    after = edits.replace(settled, replace(settled[1], keeps="auto"))
    assert after[1].keeps == "y"


def test_an_unknown_id_is_named(stack):
    with pytest.raises(SpecError, match="nowhere"):
        edits.remove(stack, "nowhere")


def test_a_setting_out_of_range_is_refused(stack):
    with pytest.raises(ProjectError, match=r"\$\.stack\[1\]\.width"):
        edits.replace(stack, replace(stack[1], width=0))


def test_a_full_stack_takes_no_more():
    full = parse_stack(f"planar*{MAX_LAYERS}")
    with pytest.raises(SpecError, match=f"at most {MAX_LAYERS} layers"):
        edits.insert(full, 3, Planar())
    with pytest.raises(SpecError, match=f"at most {MAX_LAYERS} layers"):
        edits.duplicate(full, "layer-1")


@st.composite
def edit_sequences(draw):
    kinds = st.sampled_from([kind_of(cls) for cls in LAYER_SPECS])
    step = st.tuples(
        st.sampled_from(["insert", "move", "remove", "duplicate"]), kinds, st.integers()
    )
    return draw(st.lists(step, max_size=8))


@settings(deadline=None, max_examples=40)
@given(edit_sequences())
def test_every_sequence_of_edits_leaves_a_stack_that_a_document_holds(sequence):
    stack = resolve_keeps(parse_stack("actnorm,affine_coupling*2"))
    for name, kind, number in sequence:
        chosen = stack[number % len(stack)].id if stack else ""
        gap = number % (len(stack) + 1)
        before = keeps(resolve_keeps(stack))
        try:
            if name == "insert":
                stack = edits.insert(stack, gap, parse_stack(kind)[0])
            elif name == "move":
                stack = edits.move(stack, gap, chosen)
            else:
                stack = getattr(edits, name)(stack, chosen)
        except FlowError:
            assert not stack or len(stack) == MAX_LAYERS
        kept = keeps(stack)
        assert all(kept[layer] == before[layer] for layer in kept.keys() & before.keys())
        assert Project.from_dict(Project(stack=stack).to_dict()).stack == stack


@pytest.mark.parametrize("ready", READY_MADE, ids=lambda ready: ready.name)
def test_ready_made_stacks_are_whole_and_new_each_time(ready):
    first, second = ready.stack(), ready.stack()
    assert len(first) == len(ready.layers)
    assert not {*ids(first)} & {*ids(second)}
    assert all(layer.keeps != "auto" for layer in first if isinstance(layer, CouplingSpec))


def test_the_guides_example_doubles_and_moves_by_one():
    guide = next(ready for ready in READY_MADE if ready.name == "x = 2z + 1")
    (layer,) = guide.stack()
    assert isinstance(layer, ScaleShift)
    assert (layer.scale_x, layer.scale_y, layer.shift_x, layer.shift_y) == (2, 2, 1, 1)
