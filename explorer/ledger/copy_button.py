"""The button that puts a ledger on the clipboard, in one format or another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenu, QPushButton

from explorer.words.languages import mark, tr

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

_COPIES: Final = {
    "text": (mark("Copy as text"), "Ctrl+C"),
    "markdown": (mark("Copy as Markdown"), "Ctrl+Shift+C"),
    "latex": (mark("Copy as LaTeX"), "Ctrl+Alt+C"),
}


class CopyButton(QPushButton):
    """Opens a menu of the formats, each of which has a key.

    Args:
        view: Where the keys work.
    """

    picked = Signal(str)
    """The format: "text", "markdown" or "latex"."""

    def __init__(self, view: QWidget) -> None:
        super().__init__()
        self.setProperty("role", "chip")
        self._formats = {name: self._action(name, view) for name in _COPIES}
        menu = QMenu(view)
        menu.addActions(list(self._formats.values()))
        self.setMenu(menu)

    def retranslate(self) -> None:
        """Say every word again."""
        self.setText(tr("Copy ▾"))
        self.setToolTip(tr("Put this ledger on the clipboard"))
        self.setAccessibleName(tr("Put this ledger on the clipboard"))
        for name, action in self._formats.items():
            action.setText(tr(_COPIES[name][0]))

    def _action(self, name: str, view: QWidget) -> QAction:
        action = QAction(view)
        action.setObjectName(f"copy_{name}")
        action.setShortcut(QKeySequence(_COPIES[name][1]))
        action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        action.triggered.connect(lambda _checked=False: self.picked.emit(name))
        view.addAction(action)
        return action
