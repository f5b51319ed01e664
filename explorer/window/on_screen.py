"""Brings windows back that stood on a screen which is no longer there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, QPoint, QRect, QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDockWidget

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtGui import QScreen
    from PySide6.QtWidgets import QMainWindow, QWidget

_WAIT_MS: Final = 400  # for the desktop, which may bring them back itself
_SEEN: Final = 0.5  # share of a window that has to be in sight


class OnScreen(QObject):
    """Moves a window and its floating docks onto a screen when theirs is taken away.

    Not every desktop does so, and a window that is out of sight cannot be fetched by its title bar.
    """

    def __init__(self, window: QMainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._waiting = QTimer(self)
        self._waiting.setSingleShot(True)
        self._waiting.setInterval(_WAIT_MS)
        self._waiting.timeout.connect(self.bring_back)
        app = QGuiApplication.instance()
        assert isinstance(app, QGuiApplication)
        app.screenRemoved.connect(self._wait)

    def _wait(self, _screen: QScreen) -> None:
        self._waiting.start()

    def bring_back(self) -> None:
        """Bring back what is out of sight now."""
        areas = [screen.availableGeometry() for screen in QGuiApplication.screens()]
        floating = [dock for dock in self._window.findChildren(QDockWidget) if dock.isFloating()]
        for widget in (self._window, *floating):
            if widget.isVisible():
                _move(widget, on_screen(widget.frameGeometry(), areas))


def on_screen(frame: QRect, areas: Sequence[QRect]) -> QRect:
    """Where a window belongs: where it is if most of it can be seen, or wholly onto a screen.

    Args:
        frame: Where it is, its frame included.
        areas: What windows may cover of each screen, the primary one first.
    """
    seen = [_size(frame & area) for area in areas]
    if not areas or sum(seen) >= _SEEN * _size(frame):
        return frame
    area = areas[seen.index(max(seen))]
    size = frame.size().boundedTo(area.size())
    place = QRect(frame.topLeft(), size)
    place.moveLeft(min(max(place.left(), area.left()), area.right() + 1 - size.width()))
    place.moveTop(min(max(place.top(), area.top()), area.bottom() + 1 - size.height()))
    return place


def _size(area: QRect) -> int:
    return max(area.width(), 0) * max(area.height(), 0)


def _move(widget: QWidget, place: QRect) -> None:
    frame = widget.frameGeometry()
    if place == frame:
        return
    state = widget.windowState()
    widget.showNormal()  # a full or maximized window follows where its usual one goes
    widget.resize(widget.size() - (frame.size() - place.size()))
    widget.move(QPoint(place.topLeft()))
    widget.setWindowState(state)
