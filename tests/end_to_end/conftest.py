"""A virtual screen, and Flow Explorer started on it as a person would."""

from __future__ import annotations

import pytest

from tests.end_to_end.program import Program
from tests.x11 import VirtualScreen


@pytest.fixture
def screen(tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    screen = VirtualScreen("1600x1000", home)
    yield screen
    screen.close()


@pytest.fixture
def folder(tmp_path):
    """The working folder of the program."""
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


@pytest.fixture
def start(screen, folder):
    """Start the program with some arguments; its window is there when this comes back."""
    return lambda *arguments: Program(screen, folder, arguments)
