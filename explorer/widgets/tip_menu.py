"""A menu that explains an entry beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent
from PySide6.QtGui import QHelpEvent
from PySide6.QtWidgets import QMenu, QToolTip

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget


class TipMenu(QMenu):
    """Shows the tip of an entry to the right of the menu: at the mouse it would hide the others."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setToolTipsVisible(True)

    def event(self, event: QEvent) -> bool:
        """Place the tip of the entry under the mouse."""
        if event.type() != QEvent.Type.ToolTip or not isinstance(event, QHelpEvent):
            return super().event(event)
        action = self.actionAt(event.pos())
        if action is not None:
            edge = self.actionGeometry(action).topRight()
            edge.setX(self.width())
            QToolTip.showText(self.mapToGlobal(edge), action.toolTip(), self)
        return True
