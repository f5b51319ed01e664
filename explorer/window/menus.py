"""What the menu bar holds beside the actions: recent projects, lessons, docks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from explorer.lessons.catalogue import LessonMenu
from explorer.window.actions import FILE, HELP, PICTURE, VIEW
from explorer.window.recent_menu import RecentMenu

if TYPE_CHECKING:
    from collections.abc import Mapping

    from PySide6.QtGui import QAction
    from PySide6.QtWidgets import QMainWindow, QMenu

    from explorer.session.documents import Documents
    from explorer.widgets.card import CardDock
    from explorer.window.actions import Actions
    from explorer.window.overlay_switches import OverlaySwitches


class Menus:
    """Fills a window's menu bar.

    Attributes:
        recent: The projects that were opened last.
        lessons: The lessons.
    """

    def __init__(
        self,
        window: QMainWindow,
        actions: Actions,
        documents: Documents,
        docks: Mapping[str, CardDock],
        overlays: OverlaySwitches,
    ) -> None:
        menus = actions.fill(window.menuBar())
        self.recent = RecentMenu(window)
        self.recent.chosen.connect(documents.open)
        self.lessons = LessonMenu(window)
        for menu in (self.recent, self.lessons):
            menus[FILE].insertMenu(actions["save"], menu)
        menus[HELP].insertMenu(actions["palette"], self.lessons)
        menus[PICTURE].aboutToShow.connect(overlays.tell)
        _offer_docks(window, docks, menus[VIEW], before=actions["theme_dark"])


def _offer_docks(
    window: QMainWindow, docks: Mapping[str, CardDock], menu: QMenu, *, before: QAction
) -> None:
    for place, dock in enumerate(docks.values(), start=1):
        switch = dock.toggleViewAction()
        switch.setShortcut(f"Ctrl+{place}")
        switch.setAutoRepeat(False)
        window.addAction(switch)  # the key works even where no menu bar shows the action
        menu.insertAction(before, switch)
    menu.insertSeparator(before)
