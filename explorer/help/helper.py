"""What helps a person along: every action by name, the glossary, the keys, what this is.

Each is imported when it is opened: the window is up sooner without them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from PySide6.QtGui import QAction
    from PySide6.QtWidgets import QWidget

    Entries = Callable[[QObject], list[tuple[str, QAction]]]
    Keys = Callable[[], Sequence[tuple[str, Sequence[tuple[str, str]]]]]


class Helper(QObject):
    """Opens helpers over a window.

    Args:
        window: The window.
        entries: All that the command palette offers, made for a parent: where it stands, and the
            action.
        keys: The keys of the actions, with their words, under the titles of their menus.
    """

    def __init__(self, window: QWidget, entries: Entries, keys: Keys) -> None:
        super().__init__(window)
        self._window = window
        self._entries = entries
        self._keys = keys

    def show_palette(self) -> None:
        """Offer everything that can be done, by name."""
        from explorer.help.command_palette import CommandPalette

        holder = QObject(self)
        palette = CommandPalette(self._entries(holder), self._window)
        holder.setParent(palette)
        palette.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        palette.show()

    def show_glossary(self, term: str = "") -> None:
        """Say what the words of the window mean, one of them first."""
        from explorer.help.glossary import GlossaryDialog

        GlossaryDialog.open_over(self._window, term)

    def show_shortcuts(self) -> None:
        """Show every key."""
        from explorer.help.shortcuts import ShortcutsDialog

        ShortcutsDialog(self._keys(), self._window).open()

    def show_about(self) -> None:
        """Say what this program is."""
        from explorer.help.about import AboutBox

        AboutBox(self._window).open()
