"""What the buttons of the run shelf do: keep a run, bring it back, show it beside the models."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from explorer.words.languages import tr
from flowengine.errors import FlowError

if TYPE_CHECKING:
    from explorer.metrics.runs import Run
    from explorer.session.session import Session
    from explorer.window.parts import Parts
    from flowengine.project import Lane, LaneState


class RunActions(QObject):
    """Joins the shelf to the keeper and the restorer of a session's runs.

    Args:
        session: Holds the runs.
        parts: Of the window, which shows them.
        parent: The window.
    """

    def __init__(self, session: Session, parts: Parts, parent: QObject) -> None:
        super().__init__(parent)
        self._session = session
        self._parts = parts
        session.runs.kept.connect(parts.metrics.keep)
        session.restorer.swapped.connect(self._swap_models)
        shelf = parts.metrics.shelf
        shelf.keep_requested.connect(session.runs.keep)
        shelf.restore_requested.connect(self.restore)
        shelf.beside_requested.connect(self._pin)

    def restore(self, run: Run) -> None:
        """Go on from a run of the shelf; undo brings back what was there, models and all."""
        self._session.runs.keep()
        try:
            self._session.restorer.restore(run)
        except FlowError as error:
            self._parts.banner.show_error(error.sentence)
            return
        self._parts.area.setFocus()  # on the button Space would restore once more
        self._parts.status_line.say(tr("Run {n} is back").format(n=run.number))

    def _swap_models(self, lanes: dict[Lane, LaneState]) -> None:
        session = self._session
        self._parts.metrics.load(lanes)
        self._parts.show_last_figures()
        session.controller.start(session.store.project, lanes)
        session.points.ask_again()
        session.runs.begin(lanes)

    def _pin(self, run: Run | None) -> None:
        self._parts.area.pin(run)
        self._parts.metrics.shelf.pin(run)
