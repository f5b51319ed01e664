"""The catalogue: every entry complete, every limit held, every default inside its limits."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from flowengine.catalogue import (
    BASE_SPECS,
    BASELINE_SPECS,
    CONTINUOUS_SPECS,
    LAYER_SPECS,
    base_class,
    continuous_class,
    fields_of,
    kind_of,
    layer_class,
)
from flowengine.catalogue_table import (
    allowed,
    catalogue_dict,
    catalogue_markdown,
    catalogue_overview,
    markdown_table,
)
from flowengine.errors import ProjectError, SpecError
from flowengine.project import Project

ENTRIES = (*LAYER_SPECS, *CONTINUOUS_SPECS, *BASE_SPECS, *BASELINE_SPECS)
FIELDS = [(cls, field) for cls in ENTRIES for field in fields_of(cls)]
NUMBERS = [(cls, field) for cls, field in FIELDS if field.type in (int, float)]


def name_of(pair):
    cls, field = pair
    return f"{kind_of(cls)}-{field.name}"


def admit(cls, **settings):
    """The entry as the document's one door lets it in."""
    given = {"kind": kind_of(cls), **settings}
    if cls in LAYER_SPECS:
        return Project.from_dict({"stack": [given]}).stack[0]
    if cls in BASE_SPECS:
        return Project.from_dict({"base": given}).base
    if cls in BASELINE_SPECS:
        return getattr(Project.from_dict({kind_of(cls): given}), kind_of(cls))
    return Project.from_dict({"continuous": given}).continuous


def below(field):
    if field.exclusive_minimum:
        return field.minimum
    return field.minimum - 1 if field.type is int else math.nextafter(field.minimum, -math.inf)


def above(field):
    return field.maximum + 1 if field.type is int else math.nextafter(field.maximum, math.inf)


@pytest.mark.parametrize("cls", ENTRIES, ids=kind_of)
def test_entries_say_what_they_are(cls):
    assert cls.__doc__
    assert cls.title
    assert cls.formula
    assert "arXiv" in cls.reference


def test_kinds_are_unique_and_found():
    kinds = [kind_of(cls) for cls in ENTRIES]
    assert len(set(kinds)) == len(kinds)
    assert [layer_class(kind_of(cls)) for cls in LAYER_SPECS] == list(LAYER_SPECS)
    assert [continuous_class(kind_of(cls)) for cls in CONTINUOUS_SPECS] == list(CONTINUOUS_SPECS)
    assert [base_class(kind_of(cls)) for cls in BASE_SPECS] == list(BASE_SPECS)


@pytest.mark.parametrize("find", [layer_class, continuous_class, base_class])
def test_unknown_kinds_are_named(find):
    with pytest.raises(SpecError, match=r"called 'teleport'; the catalogue has \w+"):
        find("teleport")


@pytest.mark.parametrize("cls", ENTRIES, ids=kind_of)
def test_defaults_are_admitted(cls):
    assert type(admit(cls)) is cls
    assert admit(cls).kind == kind_of(cls)


@pytest.mark.parametrize("pair", FIELDS, ids=name_of)
def test_fields_are_ready_for_a_form(pair):
    _, field = pair
    assert field.title[:1].isupper()
    if field.choices:
        assert field.default in field.choices
    elif field.word:
        assert field.default == field.word
        assert field.minimum <= field.maximum
    else:
        assert field.minimum <= field.default <= field.maximum


@pytest.mark.parametrize("pair", NUMBERS, ids=name_of)
def test_limits_are_held(pair):
    cls, field = pair
    admit(cls, **{field.name: field.maximum})
    if not field.exclusive_minimum:
        admit(cls, **{field.name: field.minimum})
    for bad in (below(field), above(field), "many", None, math.nan, math.inf):
        with pytest.raises(ProjectError, match=rf"\.{field.name}`"):
            admit(cls, **{field.name: bad})


@pytest.mark.parametrize("pair", [p for p in FIELDS if p[1].word], ids=name_of)
def test_a_word_may_stand_for_a_number(pair):
    cls, field = pair
    assert getattr(admit(cls, **{field.name: field.word}), field.name) == field.word
    assert allowed(field).endswith(f" or {field.word}")


@pytest.mark.parametrize("pair", [p for p in FIELDS if p[1].choices], ids=name_of)
def test_choices_are_held(pair):
    cls, field = pair
    for choice in field.choices:
        assert getattr(admit(cls, **{field.name: choice}), field.name) == choice
    with pytest.raises(ProjectError, match=rf"\.{field.name}`"):
        admit(cls, **{field.name: "neither"})


@pytest.mark.parametrize("cls", LAYER_SPECS, ids=kind_of)
def test_identity_and_switches_are_no_settings(cls):
    assert {field.name for field in fields_of(cls)}.isdisjoint({"id", "enabled", "frozen"})


def test_the_table_names_every_limit():
    page = catalogue_markdown()
    for _, field in FIELDS:
        assert allowed(field) in page
    assert allowed(fields_of(layer_class("scale_shift"))[0]) == "(0, 20]"


def test_the_dict_is_plain():
    import json

    assert json.loads(json.dumps(catalogue_dict(), allow_nan=False))


def test_markdown_tables_line_up():
    lines = markdown_table(("a", "long heading"), [("1", "2"), ("wide cell", "3")]).splitlines()
    assert len({len(line) for line in lines}) == 1


def test_the_documentation_holds_the_whole_catalogue():
    page = (Path(__file__).parents[2] / "docs" / "layers.md").read_text(encoding="utf-8")
    assert catalogue_overview() in page
