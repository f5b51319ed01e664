"""The sentences that the sources can say to a person, with blanks where values go."""

from __future__ import annotations

import ast
import importlib
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ERRORS = {
    "AbsentError",
    "DeviceError",
    "ExportError",
    "FlowError",
    "FormulaError",
    "LessonError",
    "NumericsError",
    "ProjectError",
    "ProtocolError",
    "ShapeError",
    "SpecError",
    "TargetError",
}
MAKERS = {"phrase", *ERRORS}
PASSED_ON = {
    "str(error)",  # an error of the same family, or of NumPy, in one of ours
    "broken_limit(error)",
    "NO_KL.format(lane='gan')",
    "NO_KL.format(lane=trainer.lane)",
    "NOTHING_TO_LEARN",
    "self._blocked or 'This engine has not been given a project yet'",
    "GanSpec.why_no_ledger",  # translated with the catalogue
    "VaeSpec.why_no_ledger",
    "_unlike(found, wish)",
    "no_start.format(reason=tr_sentence(error.strerror or str(error)))",
    "no_start.format(reason=tr_sentence(reason))",
}


def sentences_in(path: Path) -> set[str]:
    """The sentences that a file makes errors with, or gives to `phrase`."""
    return {_template(said, path) for said in _said_in(path) if _is_text(said)}


def unread_in(path: Path) -> set[str]:
    """What a file makes errors with that is neither a text nor known to hold one."""
    others = [said for said in _said_in(path) if not (_is_text(said) or _is_translated(said))]
    return {ast.unparse(said) for said in others} - PASSED_ON


@cache
def _said_in(path: Path) -> list[ast.expr]:
    """What a file makes errors with, or gives to `phrase`."""
    source = path.read_text(encoding="utf-8")
    if not any(f"{name}(" in source for name in MAKERS):
        return []
    return [
        node.args[0]
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in MAKERS
    ]


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant | ast.JoinedStr)


def _is_translated(node: ast.expr) -> bool:
    """Whether it is in the window's words already: tr(…), or tr(…).format(…)."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        node = node.func.value
    return isinstance(node, ast.Call) and getattr(node.func, "id", "") == "tr"


def _template(node: ast.expr, path: Path) -> str:
    if isinstance(node, ast.Constant):
        return str(node.value)
    assert isinstance(node, ast.JoinedStr)
    said, names = "", set()
    for part in node.values:
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            assert not {"{", "}"} & set(part.value), "A brace would be taken for a blank"
            said += part.value
            continue
        assert isinstance(part, ast.FormattedValue)
        if constant := _constant(part, path):
            said += constant
            continue
        name = _blank(part.value)
        while name in names:
            name += "_"
        names.add(name)
        said += f"{{{name}}}"
    return said


def _constant(part: ast.FormattedValue, path: Path) -> str:
    """A text that a file names in capitals, such as a part of a project file; "" for a value."""
    value = part.value
    plain = part.conversion == -1 and part.format_spec is None
    if not (isinstance(value, ast.Name) and value.id.isupper() and plain):
        return ""
    name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    constant = getattr(importlib.import_module(name), value.id)
    return constant if isinstance(constant, str) else ""


def _blank(node: ast.expr) -> str:
    """What a value is called: its own name, or that of what it is made of."""
    match node:
        case ast.Name(name):
            return name.strip("_").lower()
        case ast.Attribute(value, "__name__"):
            return _blank(value)
        case ast.Attribute(_, name):
            return name.strip("_").lower()
        case ast.Call(_, [first, *_]):
            return _blank(first)
        case ast.Call(ast.Attribute(value)):
            return _blank(value)
        case ast.BoolOp(_, [first, *_]) | ast.BinOp(first):
            return _blank(first)
        case ast.Constant(str(word)):
            return word
        case ast.Subscript(value) | ast.IfExp(body=value):
            return _blank(value)
    raise AssertionError(f"Give {ast.unparse(node)} a name before it goes into a sentence")
