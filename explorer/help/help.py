"""What helps a person along: every action by name, the glossary, the keys, what this is.

Each is imported when it is opened: the window is up sooner without them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt

if TYPE_CHECKING:
    from explorer.window.main_window import MainWindow


class HelpDesk(QObject):
    """Opens helpers over a window."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window

    def show_palette(self) -> None:
        """Offer everything that can be done, by name."""
        from explorer.help.command_palette import CommandPalette
        from explorer.help.palette_entries import palette_entries

        holder = QObject(self)
        palette = CommandPalette(palette_entries(self._window, holder), self._window)
        holder.setParent(palette)
        palette.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        palette.show()

    def show_glossary(self, term: str = "") -> None:
        """Say what the words of the window mean, one of them first."""
        from explorer.help.glossary import GlossaryDialog

        GlossaryDialog.open_over(self._window, term)

    def show_shortcuts(self) -> None:
        """Show every key."""
        from explorer.help.shortcuts import ShortcutSheet

        ShortcutSheet(self._window).open()

    def show_about(self) -> None:
        """Say what this program is."""
        from explorer.help.about import AboutBox

        AboutBox(self._window).open()
