"""The application that runs, for whoever needs more of it than its class offers."""

from __future__ import annotations

from PySide6.QtWidgets import QApplication


def running_application() -> QApplication:
    """The application of this process.

    Raises:
        RuntimeError: there is none, or none with widgets.
    """
    app = QApplication.instance()
    if not isinstance(app, QApplication):
        raise RuntimeError("There is no application with widgets in this process")
    return app
