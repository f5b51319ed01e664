"""A virtual screen, and Flow Explorer started on it as a person would."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.end_to_end.program import Program
from tests.x11 import VirtualScreen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture
def screen(tmp_path: Path) -> Iterator[VirtualScreen]:
    home = tmp_path / "home"
    home.mkdir()
    screen = VirtualScreen("1600x1000", home)
    yield screen
    screen.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The working folder of the program."""
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


@pytest.fixture
def start(screen: VirtualScreen, folder: Path) -> Callable[..., Program]:
    """Start the program with some arguments; its window is there when this comes back."""
    return lambda *arguments: Program(screen, folder, arguments)
