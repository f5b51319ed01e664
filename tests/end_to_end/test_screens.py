from __future__ import annotations

import pytest

from tests.end_to_end.program import Program
from tests.end_to_end.two_screens import NEEDS_TWO_SCREENS, WIDTH, TwoScreens

pytestmark = NEEDS_TWO_SCREENS


@pytest.fixture
def screens(tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    screens = TwoScreens(home)
    yield screens
    screens.close()


def test_the_window_comes_back_from_a_screen_that_is_taken_away(screens, folder):
    """The window manager of the tests leaves it where no screen is any more."""
    program = Program(screens, folder, [])
    screens.move_window(WIDTH + 10, 30)
    program.until(lambda seen: seen["canvas"]["centre"][0] > WIDTH, "the window on the right")
    screens.unplug_second()
    program.until(lambda seen: 0 < seen["canvas"]["centre"][0] < WIDTH, "the window on the left")
    program.press("ctrl+r")
    program.until(lambda seen: seen["training"], "training")
    program.draw((-0.3, 0.1), (0.4, 0.2))
    program.until(lambda seen: seen["unsaved"], "a stroke")
    assert "Traceback" not in program.complaints()
