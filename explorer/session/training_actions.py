"""Train, Pause, Step, Reset, New start: what a person means, said to store and controller."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from msgspec.structs import replace
from PySide6.QtCore import QObject, Signal

from explorer.words.languages import tr

if TYPE_CHECKING:
    from explorer.session.store import Store
    from explorer.training.controller import Controller
    from flowengine.project import Lane

_LARGEST_SEED = 2**31


class TrainingActions(QObject):
    """Begins to train by itself when a target is drawn, unless the person has paused it.

    Args:
        store: Holds the document.
        controller: Trains it.
        parent: The window.
    """

    restarted = Signal()
    """The lanes begin again from their first step: what was shown of them is past."""

    restarting = Signal()
    """The lanes are about to begin again: what they are now is the end of a run."""

    def __init__(self, store: Store, controller: Controller, parent: QObject) -> None:
        super().__init__(parent)
        self._store = store
        self._controller = controller
        self._held = False

    def toggle(self) -> None:
        """Train, or pause."""
        self._held = self._controller.training
        if self._held:
            self._controller.pause()
        else:
            self._controller.train()

    def step(self) -> None:
        """Make one training step in each lane."""
        self._held = True
        self._controller.step()

    def reset(self) -> None:
        """Begin the same run again."""
        self.restarting.emit()
        self._controller.reset()
        self.restarted.emit()

    def new_start(self) -> None:
        """Begin another run, with another seed."""
        seed = random.SystemRandom().randrange(_LARGEST_SEED)
        if self._store.edit(replace(self._store.project, seed=seed), tr("New start"), ""):
            self.restarted.emit()

    def halve_rate(self, lane: Lane) -> None:
        """Train a lane with half its learning rate from now on, also in later runs."""
        training = self._store.project.training
        recipe = getattr(training, lane)
        slower = replace(recipe, learning_rate=recipe.learning_rate / 2)
        changed = replace(self._store.project, training=replace(training, **{lane: slower}))
        self._store.edit(changed, tr("Halve the learning rate"), "")

    def follow_drawing(self) -> None:
        """Fit what is being drawn, unless training was paused by hand or a lesson locks it."""
        locked = not self._store.teaching and "training" in self._store.project.lesson.rules
        if not (self._held or locked or self._controller.training):
            self._controller.train()

    def rest(self) -> None:
        """Another document: it rests until it is trained or drawn in."""
        self._held = False
        if self._controller.training:
            self._controller.pause()
