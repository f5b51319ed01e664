"""A combo box whose name is heard on every system."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QComboBox, QLabel

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget


class NamedBox(QComboBox):
    """Has a hidden label beside it that says its name.

    On Linux Qt tells a screen reader what is chosen in the place of a combo box's name, and leaves
    the name to a label whose buddy it is. Boxes that have such a label in sight need no other.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._label = QLabel(parent)
        self._label.setBuddy(self)
        self._label.hide()

    def setAccessibleName(self, name: str) -> None:
        """Say what the box is for."""
        super().setAccessibleName(name)
        self._label.setText(name)

    def changeEvent(self, event: QEvent) -> None:
        """Have the label stay beside the box."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.ParentChange:
            self._label.setParent(self.parentWidget())
