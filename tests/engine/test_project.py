"""The document: what it admits, what it refuses, and how it is written out."""

from __future__ import annotations

import math

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings

from flowengine.arrays import FrozenArray
from flowengine.catalogue import AffineCoupling, SplineCoupling, Swap
from flowengine.errors import ProjectError, SpecError
from flowengine.project import Project, TargetSpec, default_stack, resolve_keeps, with_ids
from flowengine.shorthand import parse_continuous, parse_stack
from tests.engine.documents import full_project, projects


@given(projects())
@settings(max_examples=30, deadline=None)
def test_any_document_survives_as_plain_values(project):
    arrays = {}
    assert Project.from_dict(project.to_dict(arrays), arrays) == project
    assert Project.from_dict(project.to_dict()) == project


def test_plain_values_leave_out_the_lanes():
    assert "lanes" not in full_project().to_dict()
    assert Project.from_dict(full_project().to_dict()).lanes == {}


def test_arrays_may_stand_in_the_document_as_lists():
    target = {"source": "array", "name": "a", "density": [[0, 1], [2, 3]]}
    project = Project.from_dict({"target": target})
    assert np.array_equal(project.target.density.values, [[0, 1], [2, 3]])


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"seed": -1}, r"`int` >= 0 at `\$\.seed`"),
        ({"seed": 1.5}, r"at `\$\.seed`"),
        ({"name": "x" * 201}, r"at `\$\.name`"),
        ({"base": "uniform"}, r"at `\$\.base`"),
        ({"training": {"stop": {"value": math.nan}}}, r"at `\$\.training\.stop\.value`, got nan"),
        ({"training": {"discrete": {"batch_size": 0}}}, r"at `\$\.training\.discrete\.batch_size`"),
        ({"target": {"extent": (0, 1, 2)}}, r"at `\$\.target\.extent`"),
        ({"target": {"source": "array"}}, r"at `\$\.target\.density` of a array"),
        ({"stack": [{"kind": "swap", "colour": 1}]}, r"unknown field `colour`"),
        ({"stack": [{"kind": "swap", "id": "a b"}]}, r"at `\$\.stack\[0\]\.id`"),
        ({"lanes": {"wgan": {}}}, r"at `key` in `\$\.lanes`"),
    ],
)
def test_what_is_out_of_limits_is_named(change, where):
    with pytest.raises(ProjectError, match=where):
        Project.from_dict(change)


def test_documents_cannot_be_changed():
    project = full_project()
    with pytest.raises(AttributeError):
        project.seed = 3
    with pytest.raises(ValueError, match="read-only"):
        project.target.density.values[0, 0] = 1


def test_documents_compare_by_content():
    grid = np.ones((4, 4))
    same = [TargetSpec(source="drawing", name="d", density=FrozenArray(grid)) for _ in range(2)]
    other = TargetSpec(source="drawing", name="d", density=FrozenArray(2 * grid))
    assert same[0] == same[1]
    assert hash(same[0]) == hash(same[1])
    assert same[0] != other


# --- stacks -------------------------------------------------------------------------------------


def test_a_stack_is_read_from_text():
    stack = parse_stack(" actnorm, affine_coupling*3 ,swap")
    assert [layer.kind for layer in stack] == ["actnorm", *["affine_coupling"] * 3, "swap"]
    assert len({layer.id for layer in stack}) == 5


@pytest.mark.parametrize(
    "text", ["", ",", "swap*0", "swap*129", "swap*-1", "swap**2", "swap*2.5", "teleport", "swap 2"]
)
def test_text_that_is_no_stack_is_refused(text):
    with pytest.raises(SpecError):
        parse_stack(text)


def test_the_default_stack_is_four_splines():
    assert [layer.kind for layer in default_stack()] == ["spline_coupling"] * 4


def test_unknown_continuous_flows_are_refused():
    assert parse_continuous("ffjord").kind == "ffjord"
    with pytest.raises(SpecError, match="magic"):
        parse_continuous("magic")


def test_ids_are_kept_where_they_are_and_unique_where_not():
    stack = with_ids((Swap(), Swap(id="layer-1"), Swap()))
    assert stack[1].id == "layer-1"
    assert len({layer.id for layer in stack}) == 3


def test_an_id_cannot_stand_twice():
    with pytest.raises(ProjectError, match="'a' stands twice"):
        with_ids((Swap(id="a"), Swap(id="a")))


def test_couplings_left_to_themselves_take_turns():
    stack = (
        AffineCoupling(),
        Swap(),
        SplineCoupling(),
        AffineCoupling(keeps="x"),
        AffineCoupling(),
    )
    kept = [getattr(layer, "keeps", None) for layer in resolve_keeps(stack)]
    assert kept == ["x", None, "y", "x", "y"]


def test_resolving_changes_nothing_else():
    stack = with_ids((AffineCoupling(width=7, frozen=True), Swap()))
    (first, second) = resolve_keeps(stack)
    assert msgspec.structs.replace(first, keeps="auto") == stack[0]
    assert second == stack[1]
