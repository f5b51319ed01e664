"""Presentation mode: the panels alone, in large type and bold lines, steered by keys."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QCoreApplication, QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtWidgets import QDockWidget, QToolBar

from explorer.theme import theme
from explorer.window.layout import SIDE_WIDTH

if TYPE_CHECKING:
    from PySide6.QtCore import QByteArray
    from PySide6.QtWidgets import QMainWindow, QWidget

_LARGER: Final = 1.5
_SETTLES_MS: Final = 1000  # in which a desktop gives a window its own size back


class Presentation(QObject):
    """Hides everything of a window but its centre, and brings it back as it was.

    A dock that is called for meanwhile comes in a width for large type.

    Args:
        window: The window.
        centre: What of the centre a lecture does not need either.
    """

    entering = Signal()
    """What is hidden for another reason should come back: it is no part of the arrangement."""
    restored = Signal()
    """The arrangement is as it was, with nothing hidden for another reason."""
    changed = Signal(bool)
    """Whether the window is shown as to a lecture hall."""

    def __init__(self, window: QMainWindow, *centre: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self._centre = centre
        self._before: tuple[QByteArray, Qt.WindowState] | None = None
        self._state: QByteArray | None = None  # of the docks, while the window finds its size

    @property
    def active(self) -> bool:
        """Whether the window is shown as to a lecture hall."""
        return self._before is not None

    def toggle(self) -> None:
        """Enter presentation mode, or leave it."""
        (self.leave if self.active else self.enter)()

    def enter(self) -> None:
        """Fill the screen with the panels."""
        if self._before is not None:
            return
        self.entering.emit()
        window = self._window
        self._before = (window.saveState(), window.windowState())
        for part in self._parts():
            part.hide()
        for dock in window.findChildren(QDockWidget):
            dock.visibilityChanged.connect(self._widen)
        theme.set_scale(_LARGER)
        window.setWindowState(window.windowState() | Qt.WindowState.WindowFullScreen)
        self.changed.emit(True)

    def leave(self) -> None:
        """Show everything again, where it was."""
        if self._before is None:
            return
        (state, shown), self._before = self._before, None
        for dock in self._window.findChildren(QDockWidget):
            dock.visibilityChanged.disconnect(self._widen)
        theme.set_scale(1.0)
        self._window.setWindowState(shown)
        self._window.menuBar().show()
        self._window.statusBar().show()
        for part in self._centre:
            part.show()
        self._window.installEventFilter(self)
        self._state = state
        QTimer.singleShot(_SETTLES_MS, self, self._settle)
        self._restore(state)
        self.changed.emit(False)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Put the docks back once more when the window has its own size again."""
        if event.type() == QEvent.Type.Resize and self._state is not None:
            QTimer.singleShot(0, self, partial(self._restore, self._state))
        return super().eventFilter(watched, event)

    def _settle(self) -> None:
        """Put the docks back for the last time: all know by now how small they may be again."""
        self._window.removeEventFilter(self)
        if self._state is not None:
            self._restore(self._state)
        self._state = None

    def _restore(self, state: QByteArray) -> None:
        if not self.active:
            # A status bar measures its words when one of them changes, which may come too late.
            measure = QEvent(QEvent.Type.LayoutRequest)
            QCoreApplication.sendEvent(self._window.statusBar(), measure)
            self._window.restoreState(state)
            self.restored.emit()

    def _widen(self, shown: bool) -> None:
        dock = self.sender()
        if shown and isinstance(dock, QDockWidget):
            width = round(_LARGER * SIDE_WIDTH)
            self._window.resizeDocks([dock], [width], Qt.Orientation.Horizontal)

    def _parts(self) -> list[QWidget]:
        window = self._window
        around = (*window.findChildren(QDockWidget), *window.findChildren(QToolBar))
        return [window.menuBar(), window.statusBar(), *around, *self._centre]
