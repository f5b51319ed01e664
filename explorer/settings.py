"""What the program remembers between two runs: arrangement, theme, language, recent files."""

from __future__ import annotations

from PySide6.QtCore import QSettings


def settings() -> QSettings:
    """The program's own settings file, in the place that the system has for them."""
    return QSettings(
        QSettings.Format.IniFormat, QSettings.Scope.UserScope, "Flow Explorer", "flow-explorer"
    )
