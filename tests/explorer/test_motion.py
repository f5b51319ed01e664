"""Less motion: what the system wishes, and what the docks of the window do then."""

from __future__ import annotations

from explorer.motion import motion
from tests.explorer.screens import run_at_scale

_A_SYSTEM_THAT_WISHES_FOR_LESS = """
from PySide6.QtWidgets import QApplication, QProxyStyle, QStyle
from explorer.motion import motion

class Still(QProxyStyle):
    def styleHint(self, hint, option=None, widget=None, data=None):
        if hint == QStyle.StyleHint.SH_Widget_Animation_Duration:
            return 0
        return super().styleHint(hint, option, widget, data)

app = QApplication([])
assert not motion.reduced
app.setStyle(Still())
assert motion.reduced
motion.choose("full")
assert not motion.reduced
"""


def test_it_follows_the_system_until_something_else_is_chosen():
    run_at_scale(_A_SYSTEM_THAT_WISHES_FOR_LESS, "1")


def test_docks_jump_with_less_motion(window):
    motion.choose("full")
    assert window.isAnimated()
    motion.choose("less")
    assert not window.isAnimated()
