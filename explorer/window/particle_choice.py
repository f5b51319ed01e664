"""How many particles the panels show: chosen in the View menu, remembered, restored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject

from explorer.settings import settings

if TYPE_CHECKING:
    from explorer.training.controller import Controller
    from explorer.window.actions import Actions

_KEY: Final = "view/particles"
CHOICES: Final = {"usual": 10_000, "many": 30_000, "most": 100_000}


class ParticleChoice(QObject):
    """Follows the View menu, tells the engines, and keeps the menu's mark right."""

    def __init__(self, actions: Actions, controller: Controller, parent: QObject) -> None:
        super().__init__(parent)
        self._actions = actions
        self._controller = controller
        choice = settings().value(_KEY, "usual")
        self._take(choice if choice in CHOICES else "usual")

    def usual(self) -> None:
        """As many as any machine can show."""
        self._choose("usual")

    def many(self) -> None:
        """A finer picture."""
        self._choose("many")

    def most(self) -> None:
        """The finest picture."""
        self._choose("most")

    def _choose(self, choice: str) -> None:
        settings().setValue(_KEY, choice)
        self._take(choice)

    def _take(self, choice: str) -> None:
        self._actions[f"particles_{choice}"].setChecked(True)
        self._controller.set_view(particles=CHOICES[choice])
