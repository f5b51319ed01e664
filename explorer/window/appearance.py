"""Theme, language and motion: chosen in the View menu, remembered, restored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject

from explorer.motion import CHOICES as MOTIONS
from explorer.motion import Choice as MotionChoice
from explorer.motion import motion
from explorer.settings import settings
from explorer.theme import CHOICES, Choice, theme
from explorer.words.languages import LANGUAGES, translator

if TYPE_CHECKING:
    from explorer.window.actions import Actions

_THEME_KEY: Final = "view/theme"
_LANGUAGE_KEY: Final = "view/language"
_MOTION_KEY: Final = "view/motion"


def restore_appearance(language: str | None = None) -> None:
    """Take up the theme, motion and language of the last run, or the language that is given."""
    choice = settings().value(_THEME_KEY, "dark")
    theme.set_theme(choice if choice in CHOICES else "dark")
    moves = settings().value(_MOTION_KEY, "system")
    motion.choose(moves if moves in MOTIONS else "system")
    code = language or settings().value(_LANGUAGE_KEY, "en")
    translator.set_language(code if code in LANGUAGES else "en")


class Appearance(QObject):
    """Follows the View menu and keeps its marks right."""

    def __init__(self, actions: Actions, parent: QObject) -> None:
        super().__init__(parent)
        self._actions = actions
        theme.changed.connect(self._mark)
        translator.changed.connect(self._mark)
        self._mark()

    def dark(self) -> None:
        """Light on dark."""
        self._choose_theme("dark")

    def light(self) -> None:
        """Dark on light."""
        self._choose_theme("light")

    def system(self) -> None:
        """As the desktop has it."""
        self._choose_theme("system")

    def switch(self) -> None:
        """Change between dark and light."""
        self._choose_theme("light" if theme.name == "dark" else "dark")

    def motion_system(self) -> None:
        """Move as the desktop asks for."""
        self._choose_motion("system")

    def motion_full(self) -> None:
        """Let pictures change gradually."""
        self._choose_motion("full")

    def motion_less(self) -> None:
        """Let pictures change at once."""
        self._choose_motion("less")

    def english(self) -> None:
        """Speak English."""
        self._choose_language("en")

    def vietnamese(self) -> None:
        """Speak Vietnamese."""
        self._choose_language("vi")

    def _choose_theme(self, choice: Choice) -> None:
        settings().setValue(_THEME_KEY, choice)
        theme.set_theme(choice)
        self._mark()

    def _choose_motion(self, choice: MotionChoice) -> None:
        settings().setValue(_MOTION_KEY, choice)
        motion.choose(choice)
        self._mark()

    def _choose_language(self, code: str) -> None:
        settings().setValue(_LANGUAGE_KEY, code)
        translator.set_language(code)
        self._mark()

    def _mark(self) -> None:
        self._actions[f"theme_{theme.choice}"].setChecked(True)
        self._actions[f"motion_{motion.choice}"].setChecked(True)
        self._actions[f"language_{translator.language}"].setChecked(True)
