"""Whether the window should move less than it can: chosen in the View menu, or by the system."""

from __future__ import annotations

from typing import Any, Final, Literal

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QApplication, QStyle

Choice = Literal["system", "full", "less"]
CHOICES: Final[tuple[Choice, ...]] = ("system", "full", "less")


class Motion(QObject):
    """With less motion, transitions jump; what a person plays still plays.

    Attributes:
        choice: What was chosen: "system", "full" or "less".
    """

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.choice: Choice = "system"

    @property
    def reduced(self) -> bool:
        """Whether transitions should jump."""
        return _system_reduces() if self.choice == "system" else self.choice == "less"

    def choose(self, choice: Choice) -> None:
        """Move as chosen from now on.

        Raises:
            ValueError: `choice` is none of `CHOICES`.
        """
        if choice not in CHOICES:
            raise ValueError(f"Motion is one of {', '.join(CHOICES)}; got {choice!r}")
        if choice != self.choice:
            self.choice = choice
            self.changed.emit()


def _system_reduces() -> bool:
    """What Qt knows of the system's wish: a hint of its own, else animations of 0 ms."""
    app = QApplication.instance()
    if not isinstance(app, QApplication):
        return False
    hints: Any = app.styleHints()
    accessibility = getattr(hints, "accessibility", None)
    preference = getattr(accessibility() if accessibility else None, "motionPreference", None)
    if preference is not None:
        return "Reduce" in preference().name
    return app.style().styleHint(QStyle.StyleHint.SH_Widget_Animation_Duration) == 0


motion: Final = Motion()
