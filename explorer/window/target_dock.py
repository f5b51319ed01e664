"""A target that was dragged wider becomes as much higher."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QSize, Qt, QTimer
from PySide6.QtWidgets import QDockWidget

if TYPE_CHECKING:
    from PySide6.QtWidgets import QMainWindow


class TargetDockHeight(QObject):
    """Lets a dock grow downwards once its side was dragged wider, as far as those below allow.

    Without it the content, which is square, would gain nothing until a second separator is moved.
    While a separator is being dragged, Qt keeps every other where it is.

    Args:
        window: Holds the dock; what is dragged in it are the separators of the docks.
        dock: As high as it is wide, or as there is room for.
    """

    def __init__(self, window: QMainWindow, dock: QDockWidget) -> None:
        super().__init__(window)
        self._window = window
        self._dock = dock
        self._before: QSize | None = None
        window.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """See where the mouse takes a separator, and where it lets go of it."""
        if event.type() == QEvent.Type.MouseButtonPress:
            self._before = self._dock.size()
        elif event.type() == QEvent.Type.MouseButtonRelease:
            QTimer.singleShot(0, self, self._grow)  # the window takes note of the end before
        return super().eventFilter(watched, event)

    def _grow(self) -> None:
        before, self._before = self._before, None
        below = self._below()
        if before is None or below is None:
            return
        wider = self._dock.width() - before.width()
        if wider > 0 and self._dock.height() == before.height():
            heights = [before.height() + wider, max(1, below.height() - wider)]
            self._window.resizeDocks([self._dock, below], heights, Qt.Orientation.Vertical)

    def _below(self) -> QDockWidget | None:
        """The dock from which it can take height: the next one in its column."""
        if self._dock.isFloating():
            return None
        place = self._dock.geometry()
        others = [
            dock
            for dock in self._window.findChildren(QDockWidget)
            if dock.isVisible() and not dock.isFloating()
        ]
        column = [dock for dock in others if dock.x() == place.x() and dock.y() > place.y()]
        return min(column, key=lambda dock: dock.y(), default=None)
