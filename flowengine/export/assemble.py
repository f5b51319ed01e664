"""Putting one readable `model.py` together from templates. Loads no torch."""

from __future__ import annotations

import ast
import importlib.resources
import re
import sys
import textwrap
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from flowengine.model import Model

PACKAGE = "flowengine.export.templates"
_REMARK = re.compile(r"  # (?:type: ignore|noqa)\b.*$", re.MULTILINE)


class Template(NamedTuple):
    """One file of the templates, taken apart.

    Attributes:
        needs: The neighbours whose text comes before this one's.
        imports: What it imports from elsewhere: (module, name, alias); name is "" for `import m`.
        text: Everything after the imports.
    """

    needs: tuple[str, ...]
    imports: tuple[tuple[str, str, str], ...]
    text: str


def has_template(name: str) -> bool:
    """Whether a template of that name exists."""
    return _file(name).is_file()


def read_template(name: str) -> Template:
    """Take a template apart.

    Raises:
        FileNotFoundError: there is no template of that name.
    """
    source = _file(name).read_text(encoding="utf-8")
    needs: list[str] = []
    imports: list[tuple[str, str, str]] = []
    last = 0
    for node in ast.parse(source).body:
        if not _is_preamble(node):
            break
        last = node.end_lineno or 0
        for part in ast.walk(node):
            if isinstance(part, ast.Import):
                imports += [(alias.name, "", alias.asname or "") for alias in part.names]
            elif isinstance(part, ast.ImportFrom) and part.module:
                if part.module.startswith(PACKAGE):
                    # What only a type checker imports is written by the exporter itself.
                    needs += [part.module.removeprefix(f"{PACKAGE}.")] * (node is part)
                elif part.module != "__future__":
                    imports += [(part.module, a.name, a.asname or "") for a in part.names]
    text = "\n".join(source.splitlines()[last:]).strip("\n")
    return Template(tuple(needs), tuple(imports), _REMARK.sub("", text))


def assemble(names: Iterable[str], *, docstring: str, build: str) -> str:
    """The text of `model.py`.

    Args:
        names: The templates it consists of; their neighbours are found by themselves.
        docstring: What the file says of itself, without quotes.
        build: The function that makes this very model; it comes before the last template.
    """
    parts: dict[str, Template] = {}
    for name in names:
        _collect(name, parts)
    imports = {entry for part in parts.values() for entry in part.imports}
    imports.discard(("typing", "TYPE_CHECKING", ""))
    imports |= {("typing", "TYPE_CHECKING", "")} if any(map(_only_checked, imports)) else set()
    *classes, usage = (part.text for part in parts.values())
    head = f'"""{docstring}"""\n\n{_import_block(imports)}'
    body = "\n\n\n".join(text.strip("\n") for text in (*classes, build, usage))
    gap = "\n\n\n" if body.startswith(("class ", "def ", "@")) else "\n\n"
    return f"{head}{gap}{body}\n"


def in_frame(build: str, model: Model) -> str:
    """The function that makes a model, given one that makes its core; `framed` is its template."""
    frame = model.frame
    if frame.is_identity:
        return build
    head, _, rest = build.partition("    return ")
    head = re.sub(r"-> \w+:", "-> Framed:", head)
    return (
        f"{head}    core = {rest.rstrip()}\n"
        f"    return Framed(core, center={frame.center}, scale={frame.scale})\n"
    )


def _collect(name: str, parts: dict[str, Template]) -> None:
    if name in parts:
        return
    template = read_template(name)
    for needed in template.needs:
        _collect(needed, parts)
    parts[name] = template


def _is_preamble(node: ast.stmt) -> bool:
    """Docstring, imports, and what only a type checker reads."""
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant)
    if isinstance(node, ast.If):
        return isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
    return isinstance(node, ast.Import | ast.ImportFrom)


def _import_block(imports: set[tuple[str, str, str]]) -> str:
    checked = [entry for entry in imports if _only_checked(entry)]
    needed = imports.difference(checked)
    standard = [entry for entry in needed if entry[0].split(".")[0] in sys.stdlib_module_names]
    others = needed.difference(standard)
    blocks = ["from __future__ import annotations", _import_lines(standard), _import_lines(others)]
    if checked:
        blocks.append(f"if TYPE_CHECKING:\n{textwrap.indent(_import_lines(checked), '    ')}")
    return "\n\n".join(block for block in blocks if block)


def _only_checked(entry: tuple[str, str, str]) -> bool:
    """Whether only a type checker needs this import: templates use such names in annotations."""
    return entry[0] == "collections.abc"


def _import_lines(imports: Iterable[tuple[str, str, str]]) -> str:
    """Plain imports first, then the others, each by module: the order that isort and ruff keep."""
    plain = sorted(f"import {m}{f' as {a}' * bool(a)}" for m, name, a in imports if not name)
    names: dict[str, list[str]] = {}
    for module, name, alias in sorted(imports, key=lambda e: (e[0], not e[1].isupper(), e[1])):
        if name:
            names.setdefault(module, []).append(f"{name}{f' as {alias}' * bool(alias)}")
    return "\n".join([*plain, *(f"from {m} import {', '.join(n)}" for m, n in names.items())])


def _file(name: str) -> importlib.resources.abc.Traversable:
    return importlib.resources.files(PACKAGE) / f"{name}.py"
