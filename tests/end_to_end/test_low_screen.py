"""A screen on which the window's usual size has no room, such as a projector's."""

from __future__ import annotations

import pytest

from tests.end_to_end.program import Program
from tests.x11 import NEEDS_X11, VirtualScreen

pytestmark = NEEDS_X11

WIDTH, HEIGHT = 1280, 700  # of 720, the desktop keeps some for itself


@pytest.fixture
def low_screen(tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    screen = VirtualScreen(f"{WIDTH}x{HEIGHT}", home)
    yield screen
    screen.close()


def test_on_a_low_screen_the_window_is_seen_down_to_its_last_line(low_screen, folder):
    program = Program(low_screen, folder, [])
    right, bottom = program.seen["status"]
    assert right < WIDTH
    assert HEIGHT - 60 < bottom < HEIGHT
    assert "Traceback" not in program.complaints()
