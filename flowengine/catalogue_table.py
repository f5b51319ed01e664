"""The catalogue written out: as plain values for scripts, as Markdown for people. No torch."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from flowengine.catalogue import (
    BASE_SPECS,
    BASELINE_SPECS,
    CONTINUOUS_SPECS,
    LAYER_SPECS,
    BaselineSpec,
    BaseSpec,
    ContinuousSpec,
    Field,
    LayerSpec,
    fields_of,
    kind_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

Entry = type[LayerSpec] | type[ContinuousSpec] | type[BaseSpec] | type[BaselineSpec]
_HEADINGS = ("Setting", "Meaning", "Allowed", "Default", "Unit")


def catalogue_dict() -> dict[str, list[dict[str, Any]]]:
    """Every layer, flow, base and baseline: fields, limits and defaults, ready for JSON."""
    return {
        "layers": [_entry_dict(cls) for cls in LAYER_SPECS],
        "continuous": [_entry_dict(cls) for cls in CONTINUOUS_SPECS],
        "bases": [_entry_dict(cls) for cls in BASE_SPECS],
        "baselines": [_entry_dict(cls) for cls in BASELINE_SPECS],
    }


def catalogue_markdown() -> str:
    """The catalogue as a Markdown page: one section for each entry, one table for its settings."""
    parts = ["# Layers", *map(_section, LAYER_SPECS)]
    parts += ["# Continuous flows", *map(_section, CONTINUOUS_SPECS)]
    parts += ["# Bases", *map(_section, BASE_SPECS)]
    parts += ["# Baselines", *map(_section, BASELINE_SPECS)]
    return "\n\n".join(parts) + "\n"


def catalogue_overview() -> str:
    """Every entry in a line, as a Markdown table: the one that stands in docs/layers.md."""
    entries: tuple[Entry, ...] = (*LAYER_SPECS, *CONTINUOUS_SPECS, *BASE_SPECS, *BASELINE_SPECS)
    return markdown_table(("kind", "what it does", "source"), map(_line, entries))


def markdown_table(headings: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A Markdown table whose columns also line up in a terminal."""
    cells = [list(headings), *(list(row) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = [
        "| " + " | ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)) + " |"
        for row in cells
    ]
    rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    return "\n".join([lines[0], rule, *lines[1:]])


def allowed(field: Field) -> str:
    """The limits of a setting in the words of mathematics: `(0, 20]`, `1 … 512`, `x or y`."""
    if field.choices:
        return " or ".join(field.choices)
    if field.type is int:
        limits = f"{field.minimum} … {field.maximum}"
        return f"{limits} or {field.word}" if field.word else limits
    opening = "(" if field.exclusive_minimum else "["
    return f"{opening}{field.minimum:g}, {field.maximum:g}]"


def _entry_dict(cls: Entry) -> dict[str, Any]:
    group = {"group": cls.group} if issubclass(cls, LayerSpec) else {}
    return {
        "kind": kind_of(cls),
        "title": cls.title,
        **group,
        "description": inspect.getdoc(cls),
        "formula": cls.formula,
        "reference": cls.reference,
        "fields": [field._asdict() | {"type": field.type.__name__} for field in fields_of(cls)],
    }


def _line(cls: Entry) -> tuple[str, str, str]:
    about = " ".join(str(inspect.getdoc(cls)).split("\n\n")[0].split())
    return f"`{kind_of(cls)}`", about.rstrip("."), cls.reference


def _section(cls: Entry) -> str:
    head = (
        f"## {cls.title} (`{kind_of(cls)}`)\n\n{inspect.getdoc(cls)}\n\n"
        f"- Formula: {cls.formula}\n- Reference: {cls.reference}"
    )
    fields = fields_of(cls)
    if not fields:
        return f"{head}\n- No settings"
    rows = [
        (f"`{f.name}`", f.description or f.title, allowed(f), str(f.default), f.unit)
        for f in fields
    ]
    return f"{head}\n\n{markdown_table(_HEADINGS, rows)}"
