from __future__ import annotations

import pytest
from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDockWidget, QMainWindow

from explorer.window.on_screen import OnScreen, on_screen

LEFT, RIGHT = QRect(0, 0, 1440, 900), QRect(1440, 0, 1920, 1080)


@pytest.mark.parametrize(
    ("frame", "areas", "place"),
    [
        (QRect(100, 50, 1200, 800), [LEFT], QRect(100, 50, 1200, 800)),
        (QRect(800, 50, 1200, 800), [LEFT, RIGHT], QRect(800, 50, 1200, 800)),
        (QRect(600, 50, 1200, 800), [LEFT], QRect(600, 50, 1200, 800)),  # most of it is seen
        (QRect(1500, 50, 1200, 800), [LEFT], QRect(240, 50, 1200, 800)),
        (QRect(1500, 50, 1800, 1000), [LEFT], QRect(0, 0, 1440, 900)),
        (QRect(-1900, -500, 1200, 800), [LEFT, RIGHT], QRect(0, 0, 1200, 800)),
        (QRect(3000, 100, 1200, 800), [LEFT, RIGHT], QRect(2160, 100, 1200, 800)),
        (QRect(3000, 100, 1200, 800), [], QRect(3000, 100, 1200, 800)),
    ],
)
def test_where_a_window_belongs(frame, areas, place):
    assert on_screen(frame, areas) == place


@pytest.mark.qt_log_ignore("This plugin does not support")  # offscreen
def test_a_window_and_its_floating_docks_come_back(qtbot):
    window = QMainWindow()
    qtbot.addWidget(window)
    dock = QDockWidget("dock", window)
    window.addDockWidget(Qt.DockWidgetArea.LeftDockWidgetArea, dock)
    window.resize(400, 300)
    window.show()
    dock.setFloating(True)
    dock.resize(150, 120)
    window.move(5000, 4000)
    dock.move(-3000, 100)
    OnScreen(window).bring_back()
    area = QGuiApplication.primaryScreen().availableGeometry()
    assert area.contains(window.frameGeometry())
    assert area.contains(dock.frameGeometry())
    assert window.size().width() == 400
