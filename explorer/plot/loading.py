"""pyqtgraph is loaded once the window has come up: it takes as long as much of the start."""

from __future__ import annotations

from importlib import import_module
from threading import Thread
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, QTimer, Signal

if TYPE_CHECKING:
    from explorer.plot.canvas import Canvas

_AFTER_THE_FIRST_FRAME_MS: Final = 150


class Loading(QObject):
    """Loads pyqtgraph beside the window.

    Attributes:
        canvas: What draws a plot; None until it is loaded.

    Signals:
        done: Plots can be drawn.
    """

    done = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.canvas: type[Canvas] | None = None
        self._begun = False

    def begin(self) -> None:
        """Load it a moment after this, which is a plot's first frame, if nobody has yet."""
        if not self._begun:
            self._begun = True
            QTimer.singleShot(_AFTER_THE_FIRST_FRAME_MS, self, self._start)

    def load(self) -> type[Canvas]:
        """Load it now, if nobody has yet."""
        if self.canvas is None:
            self.canvas = import_module("explorer.plot.canvas").Canvas
            self.done.emit()
        return self.canvas

    def _start(self) -> None:
        Thread(target=self.load, name="loading of pyqtgraph", daemon=True).start()


loading: Final = Loading()
