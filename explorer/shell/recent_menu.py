"""The menu of projects opened or saved last."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QMenu, QWidget

from explorer.i18n import tr, translator
from explorer.store import recent_files

if TYPE_CHECKING:
    from pathlib import Path


class RecentMenu(QMenu):
    """Filled anew whenever it is about to be shown."""

    chosen = Signal(object)
    """The path of a project."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.aboutToShow.connect(self.fill)
        translator.changed.connect(self.retranslate)
        self.retranslate()

    def fill(self) -> None:
        """List the files that are still there."""
        self.clear()
        recent = recent_files()
        for number, path in enumerate(recent, start=1):
            self._add(f"&{number}  {path.name}" if number < 10 else path.name, path)
        if not recent:
            self.addAction(tr("No project yet")).setEnabled(False)

    def retranslate(self) -> None:
        """Say the title again."""
        self.setTitle(tr("Open recent"))

    def _add(self, text: str, path: Path) -> None:
        action = self.addAction(text)
        action.setStatusTip(str(path))
        action.triggered.connect(lambda: self.chosen.emit(path))
