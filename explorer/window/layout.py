"""Where the parts of the window stand: remembered, restored, and put back."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QByteArray, QObject, Qt, Signal

from explorer.motion import motion
from explorer.settings import settings
from explorer.window.on_screen import OnScreen
from explorer.window.target_dock import TargetDockHeight

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtWidgets import QDockWidget, QMainWindow

VERSION: Final = 1  # another number makes Qt drop an arrangement of other docks
_GEOMETRY_KEY: Final = "window/geometry"
_STATE_KEY: Final = "window/state"
LEFT: Final = Qt.DockWidgetArea.LeftDockWidgetArea
RIGHT: Final = Qt.DockWidgetArea.RightDockWidgetArea
SIDE_WIDTH: Final = 304
_TOP_SHARE: Final = {LEFT: (48, 52), RIGHT: (46, 54)}


class WindowLayout(QObject):
    """Two docks on the left, two on the right, the panels between them; all where it can be seen.

    Args:
        window: The window.
        left: The docks of the left side, from top to bottom.
        right: The docks of the right side, from top to bottom.
    """

    was_reset = Signal()
    """Every dock is shown, and in its place."""

    def __init__(
        self, window: QMainWindow, left: Sequence[QDockWidget], right: Sequence[QDockWidget]
    ) -> None:
        super().__init__(window)
        self._window = window
        self._sides = {LEFT: left, RIGHT: right}
        OnScreen(window)
        TargetDockHeight(window, left[0])
        for corner, area in (
            (Qt.Corner.TopLeftCorner, LEFT),
            (Qt.Corner.BottomLeftCorner, LEFT),
            (Qt.Corner.TopRightCorner, RIGHT),
            (Qt.Corner.BottomRightCorner, RIGHT),
        ):
            window.setCorner(corner, area)
        motion.changed.connect(self._follow_motion)
        self._follow_motion()

    def reset(self) -> None:
        """Put every dock back in its place."""
        for area, docks in self._sides.items():
            for dock in docks:
                dock.setFloating(False)
                self._window.removeDockWidget(dock)
            for dock in docks:
                self._window.addDockWidget(area, dock)
                dock.show()
            for above, below in itertools.pairwise(docks):
                self._window.splitDockWidget(above, below, Qt.Orientation.Vertical)
        self._resize()
        self.was_reset.emit()

    def restore(self) -> None:
        """Take up the arrangement of the last run, or the usual one."""
        self.reset()
        geometry, state = settings().value(_GEOMETRY_KEY), settings().value(_STATE_KEY)
        if isinstance(geometry, QByteArray):
            self._window.restoreGeometry(geometry)
        if isinstance(state, QByteArray):
            self._window.restoreState(state, VERSION)

    def remember(self) -> None:
        """Keep the arrangement for the next run."""
        settings().setValue(_GEOMETRY_KEY, self._window.saveGeometry())
        settings().setValue(_STATE_KEY, self._window.saveState(VERSION))

    def _follow_motion(self) -> None:
        self._window.setAnimated(not motion.reduced)

    def _resize(self) -> None:
        for area, docks in self._sides.items():
            self._window.resizeDocks(docks, [SIDE_WIDTH] * len(docks), Qt.Orientation.Horizontal)
            shares = [10 * share for share in _TOP_SHARE[area]]
            self._window.resizeDocks(docks, shares, Qt.Orientation.Vertical)
