"""Who goes through the window with the Tab key sees where the keyboard is, in both themes."""

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QTabBar, QToolButton

from explorer.panels.scrub_bar import ScrubBar
from explorer.theme import theme
from flowengine.project import Project, default_stack
from tests.explorer.contrast import light
from tests.explorer.windows import shown_window

CONTRAST = 3.0  # of a pixel with the focus to the same without it: WCAG 2.2, 2.4.13
ON_AMBER = 1.5  # what a ring in the colour of words has to a filled button in the dark theme
SMALL = (QTabBar, ScrubBar)  # one tab, or the handle, has the ring


def changed(control, least) -> int:
    """How many pixels of a control tell by so much contrast that it has the keyboard."""
    window = control.window()
    size = control.sizeHint()
    place = QRect(control.mapTo(window, QPoint()), control.size())
    with_focus = light(window.grab(place).toImage())
    control.clearFocus()
    without = light(window.grab(place).toImage())
    assert control.sizeHint() == size, "a ring must not push its neighbours"
    control.setFocus(Qt.FocusReason.TabFocusReason)
    assert window.focusWidget() is control
    high, low = np.maximum(with_focus, without), np.minimum(with_focus, without)
    return int(np.count_nonzero((high + 0.05) / (low + 0.05) >= least))


def stops(window):
    """Every control that the Tab key comes to, once around."""
    first = control = window.focusWidget()
    while True:
        yield control
        QTest.keyClick(control, Qt.Key.Key_Tab)
        control = window.focusWidget()
        if control is first:
            return


@pytest.mark.parametrize("tab", range(3))
@pytest.mark.parametrize("name", ["dark", "light"])
def test_every_stop_of_the_tab_key_has_a_ring(qtbot, qapp, monkeypatch, name, tab):
    project = Project(stack=default_stack())
    with shown_window(project, qtbot, qapp, monkeypatch, particles=50) as window:
        theme.set_theme(name)
        window.resize(1440, 900)
        window.area.clock.pause()
        window.models.tabs.setCurrentIndex(tab)
        with qtbot.waitActive(window):
            window.activateWindow()
        window.models.tabs.tabBar().setFocus(Qt.FocusReason.TabFocusReason)
        seen, dim = set(), {}
        for control in stops(window):
            seen.add(control)
            least = ON_AMBER if control.property("role") == "do" else CONTRAST
            around = 2 * (control.width() + control.height())
            wanted = 60 if isinstance(control, SMALL) else 0.8 * around
            if (found := changed(control, least)) < wanted:
                dim[control.accessibleName() or type(control).__name__] = (found, wanted)
        assert len(seen) > 40
        buttons = window.area.findChildren(QToolButton)
        assert seen.issuperset(button for button in buttons if button.isVisible())
        assert not dim
