"""What several test files of the engine begin with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from flowengine import cli
from flowengine.projectfile import write_project
from tests.engine.command_projects import small_project
from tests.engine.documents import full_project
from tests.engine.projectfiles import PNG

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Run = Callable[..., tuple[object, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command in this process: exit status, standard output, standard error."""

    def call(*arguments: object) -> tuple[object, str, str]:
        try:
            status: object = cli.main([str(argument) for argument in arguments])
        except SystemExit as end:
            status = end.code
        said = capsys.readouterr()
        return status, said.out, said.err

    return call


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    """A file of a project with everything in it."""
    path = tmp_path / "all.flow"
    write_project(full_project(), path, thumbnail=PNG)
    return path


@pytest.fixture
def untrained(tmp_path: Path) -> Path:
    """A file of a small project that was never trained."""
    path = tmp_path / "small.flow"
    write_project(small_project(), path, thumbnail=PNG)
    return path


@pytest.fixture(scope="session")
def trained_bytes(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("trained") / "small.flow"
    write_project(small_project(), path)
    assert cli.main(["train", str(path), "--steps", "20"]) == 0
    return path.read_bytes()


@pytest.fixture
def trained(tmp_path: Path, trained_bytes: bytes) -> Path:
    """A file of that project, both lanes trained for some steps."""
    path = tmp_path / "trained.flow"
    path.write_bytes(trained_bytes)
    return path
