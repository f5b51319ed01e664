"""What the menu bar holds beside the actions: recent projects, lessons, docks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from explorer.lessons.catalogue import LessonMenu
from explorer.window.actions import FILE, HELP, PICTURE, VIEW
from explorer.window.recent_menu import RecentMenu

if TYPE_CHECKING:
    from PySide6.QtWidgets import QMenu

    from explorer.window.main_window import MainWindow


class Menus:
    """Fills a window's menu bar.

    Attributes:
        recent: The projects that were opened last.
        lessons: The lessons.
    """

    def __init__(self, window: MainWindow) -> None:
        menus = window.actions_.fill(window.menuBar())
        self.recent = RecentMenu(window)
        self.recent.chosen.connect(window.documents.open)
        self.lessons = LessonMenu(window)
        for menu in (self.recent, self.lessons):
            menus[FILE].insertMenu(window.actions_["save"], menu)
        menus[HELP].insertMenu(window.actions_["palette"], self.lessons)
        menus[PICTURE].aboutToShow.connect(window.picture.tell)
        _offer_docks(window, menus[VIEW])


def _offer_docks(window: MainWindow, menu: QMenu) -> None:
    first = window.actions_["theme_dark"]
    for place, dock in enumerate(window.docks.values(), start=1):
        switch = dock.toggleViewAction()
        switch.setShortcut(f"Ctrl+{place}")
        switch.setAutoRepeat(False)
        window.addAction(switch)  # the key works even where no menu bar shows the action
        menu.insertAction(first, switch)
    menu.insertSeparator(first)
