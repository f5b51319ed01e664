"""The menu of projects opened or saved last."""

from __future__ import annotations

import base64
import html
from functools import lru_cache
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal

from explorer.session.store import MAX_RECENT, recent_files
from explorer.widgets.tip_menu import TipMenu
from explorer.words.languages import tr, translator
from flowengine.errors import ProjectError
from flowengine.projectfile import read_thumbnail

if TYPE_CHECKING:
    from pathlib import Path

    from PySide6.QtWidgets import QWidget


class RecentMenu(TipMenu):
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
        action.setToolTip(_picture_and_place(path))
        action.triggered.connect(lambda: self.chosen.emit(path))


def _picture_and_place(path: Path) -> str:
    """What a project looked like when it was saved, over where it lies."""
    picture = _picture(path, path.stat().st_mtime_ns)
    shown = f'<img src="data:image/png;base64,{picture}" width="320"><br>' if picture else ""
    return shown + html.escape(str(path))


@lru_cache(MAX_RECENT)
def _picture(path: Path, _changed_ns: int) -> str:
    try:
        return base64.b64encode(read_thumbnail(path)).decode()
    except ProjectError:
        return ""  # opening it will say what is wrong with it
