"""Every sentence of the window has a Vietnamese one, with the same blanks to fill in."""

from __future__ import annotations

import ast
import inspect
import json
import re
from pathlib import Path

import pytest

from explorer import resources
from explorer.stack.names import PROPER_NAMES, about, choice_words
from flowengine.catalogue import (
    BASE_SPECS,
    BASELINE_SPECS,
    CONTINUOUS_SPECS,
    LAYER_SPECS,
    fields_of,
)
from flowengine.project import Recipe, StackRecipe, StopRule
from flowengine.targets.presets import PRESETS

ROOT = Path(__file__).resolve().parents[2]
VIETNAMESE = json.loads(resources.path("translations", "vi.json").read_text(encoding="utf-8"))
SAME_IN_BOTH = re.compile(r"^[\W\d_]*$")


def marked_in(path: Path) -> set[str]:
    """The texts that a file passes to `tr` or `mark`."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in ("tr", "mark")
            and isinstance(node.args[0], ast.Constant)
        ):
            found.add(node.args[0].value)
    return found


def marked_in_the_catalogue() -> set[str]:
    """What the forms, cards and palettes read from the engine's own words."""
    found = {preset.title for preset in PRESETS.values()}
    for cls in (*LAYER_SPECS, *CONTINUOUS_SPECS, *BASE_SPECS):
        found |= {cls.title, about(cls)}
    for spec in BASELINE_SPECS:
        found |= {spec.title, inspect.getdoc(spec), spec.why_no_ledger, spec.path_note}
    for cls in (
        *LAYER_SPECS,
        *CONTINUOUS_SPECS,
        *BASE_SPECS,
        *BASELINE_SPECS,
        Recipe,
        StackRecipe,
        StopRule,
    ):
        for field in fields_of(cls):
            found |= {field.title, field.description, field.unit}
            found |= {choice_words(choice) for choice in field.choices if not _is_a_name(choice)}
    return found - {""}


def _is_a_name(choice: str) -> bool:
    """Whether a choice is written the same way in every language: RK4."""
    return all(word in PROPER_NAMES for word in choice.split("_"))


def said_by_engines() -> set[str]:
    """What an export says that it is doing: the constants passed to `progress`."""
    found = set()
    for path in (ROOT / "flowengine" / "export").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "progress":
                found.add(node.args[1].value)
    return found


def every_text() -> set[str]:
    files = (ROOT / "explorer").rglob("*.py")
    return (
        set().union(*(marked_in(path) for path in files))
        | marked_in_the_catalogue()
        | said_by_engines()
    )


TEXTS = sorted(text for text in every_text() if not SAME_IN_BOTH.match(text))


def test_every_text_is_translated():
    missing = [text for text in TEXTS if not VIETNAMESE.get(text)]
    assert not missing, json.dumps(missing, ensure_ascii=False, indent=1)


def test_no_translation_is_left_over():
    assert sorted(set(VIETNAMESE) - every_text()) == []


@pytest.mark.parametrize("english", sorted(VIETNAMESE))
def test_a_translation_has_the_same_blanks(english):
    blanks = re.compile(r"\{\w*\}")
    assert sorted(blanks.findall(VIETNAMESE[english])) == sorted(blanks.findall(english))
