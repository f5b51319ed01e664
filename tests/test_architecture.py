"""The walls of the program: who may import whom."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
QT = {"PySide6", "PyQt5", "PyQt6", "pyqtgraph", "shiboken6", "explorer"}
TORCH = {"torch", "torchdiffeq", "functorch"}
SPAWNS = {"subprocess", "multiprocessing"}
# The engines are started in one folder; what writes a film or a figure is no engine.
MAY_SPAWN = ("explorer/training/", "explorer/export/processes.py")
TORCH_FREE = [
    "flowengine",
    "flowengine.lanes",
    "flowengine.project",
    "flowengine.catalogue",
    "flowengine.protocol",
    "flowengine.projectfile",
    "flowengine.errors",
    "flowengine.targets.presets",
    "flowengine.targets.sources",
]
# The document imports these when it is asked to open one of its doors, and each is about documents.
DOORS = {
    "flowengine.lesson": "tells two documents apart, and is a part of each",
    "flowengine.new_project": "makes a document of what a person wrote",
    "flowengine.projectfile": "reads a document from a file, and writes it",
    "flowengine.shorthand": "writes a document's stack in a line, no longer than a document's",
}
WINDOW = ["explorer.app", "explorer.window.main_window", "explorer.training.controller"]


def sources(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


def imported_by(path: Path) -> set[str]:
    """Every module that a file names in an import, wherever in the file it stands."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module)
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return names


def roots(names: set[str]) -> set[str]:
    return {name.partition(".")[0] for name in names}


def loaded_by(module: str) -> set[str]:
    """The top packages that a fresh process holds after importing a module."""
    code = f"import sys, {module}; print(*{{name.partition('.')[0] for name in sys.modules}})"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "QT_QPA_PLATFORM": "offscreen"},
        timeout=60,
    )
    return set(done.stdout.split())


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def test_the_contracts_of_imports_hold():
    """Those of pyproject.toml, which count what is imported for types alone as well."""
    done = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command as run; run()"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        timeout=120,
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    "path",
    [p for p in sources("explorer") if not relative(p).startswith(MAY_SPAWN)],
    ids=relative,
)
def test_only_the_training_folder_starts_engines(path):
    assert not roots(imported_by(path)) & SPAWNS
    assert "QProcess" not in path.read_text(encoding="utf-8")
    assert not imported_by(path) & {"flowengine.worker", "flowengine.cli", "flowengine.trainer"}


@pytest.mark.parametrize("module", TORCH_FREE)
def test_the_documents_load_no_torch_and_no_qt(module):
    loaded = loaded_by(module)
    assert not loaded & TORCH
    assert not loaded & QT


@pytest.mark.parametrize("module", WINDOW)
def test_the_windows_process_loads_no_torch(module):
    loaded = loaded_by(module)
    assert "PySide6" in loaded
    assert not loaded & TORCH


@pytest.mark.parametrize("folder", ["panels", "target", "stack", "metrics", "ledger"])
def test_panels_and_editors_do_not_know_who_asks(folder):
    forbidden = ("explorer.window", "explorer.session", "explorer.training", "explorer.area")
    for path in sources(f"explorer/{folder}"):
        asked = [name for name in imported_by(path) if name.startswith(forbidden)]
        assert not asked, f"{relative(path)} imports {asked}"


@pytest.mark.parametrize("package", ["explorer", "flowengine"])
def test_no_module_imports_in_a_circle_not_even_for_its_types(package):
    graph = imports_within(package)
    if package == "flowengine":
        graph["flowengine.project"] -= set(DOORS)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" → ".join(error.args[1]))


def test_each_door_of_the_document_is_still_one():
    graph = imports_within("flowengine")
    for door in DOORS:
        assert "flowengine.project" in graph[door]
        assert door in graph["flowengine.project"]


def imports_within(package: str) -> dict[str, set[str]]:
    """Each module of a package, and which modules of the package it imports."""
    modules = {module_of(path): path for path in sources(package)}
    return {module: modules_in(path, set(modules)) - {module} for module, path in modules.items()}


def modules_in(path: Path, modules: set[str]) -> set[str]:
    """Those of the modules that a file imports, or takes a name from."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                found.add(whole if whole in modules else node.module)
    return found & modules


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
