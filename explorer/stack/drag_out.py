"""How a drag ended: Qt says only that nobody took it, not whether it was let go or given up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtGui import QCursor, QDrag, QKeyEvent

from explorer.widgets.application import running_application

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget


class _EscapeWatch(QObject):
    """Notes whether Escape is pressed, from the first turn of the drag's own event loop on."""

    def __init__(self) -> None:
        super().__init__()
        self.pressed = False
        # Qt's drag eats the key in a filter of its own. The filter installed last is asked first,
        # so this one has to wait until the drag is under way.
        QTimer.singleShot(0, self, self._install)

    def _install(self) -> None:
        running_application().installEventFilter(self)

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        if (
            isinstance(event, QKeyEvent)
            and event.type() == QEvent.Type.KeyPress
            and event.key() == Qt.Key.Key_Escape
        ):
            self.pressed = True
        return False

    def end(self) -> None:
        running_application().removeEventFilter(self)
        self.deleteLater()


def drag_out_of(home: QWidget, drag: QDrag, actions: Qt.DropAction) -> bool:
    """Carry out a drag, and say whether it was let go where nobody took it, outside `home`."""
    watch = _EscapeWatch()
    result = drag.exec(actions, Qt.DropAction.MoveAction)
    watch.end()
    inside = home.rect().contains(home.mapFromGlobal(QCursor.pos()))
    return result == Qt.DropAction.IgnoreAction and not watch.pressed and not inside
