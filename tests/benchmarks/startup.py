"""From `python main.py` to the first painted frame that moves, in seconds.

    STARTED=$(date +%s.%N) python -m tests.benchmarks.startup

Whoever starts this process says when, so that the interpreter's own start is part of the figure.
"""

from __future__ import annotations

import os
import tempfile
import time

from explorer import start

start.load()

from PySide6.QtCore import QEvent, QObject, QSettings  # noqa: E402  # as the program, not before it


class FirstMove(QObject):
    """Ends the program when a panel has been painted at two moments of the clock."""

    def __init__(self, window, app) -> None:
        super().__init__(window)
        self._window, self._app = window, app
        self._first: float | None = None
        self.moved_at = 0.0
        window.area.panels["discrete"].view.installEventFilter(self)

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Paint and not self.moved_at:
            tau = self._window.area.clock.tau
            if self._first is not None and tau != self._first:
                self.moved_at = time.time()
                self._app.exit()
            self._first = tau if self._first is None else self._first
        return False


def main() -> None:
    """Start as the program does, and print the seconds."""
    from explorer import app as program
    from explorer.window.appearance import restore_appearance

    settings = tempfile.TemporaryDirectory()
    QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, settings.name)
    app = program.application()
    restore_appearance(None)
    window = program.open_window(None)
    watch = FirstMove(window, app)
    app.exec()
    print(watch.moved_at - float(os.environ["STARTED"]))
    window.controller.stop()
    settings.cleanup()


if __name__ == "__main__":
    main()
