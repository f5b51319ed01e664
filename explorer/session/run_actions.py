"""What the buttons of the run shelf do: keep a run, bring it back, show it beside the models."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from explorer.words.languages import tr
from flowengine.errors import FlowError

if TYPE_CHECKING:
    from explorer.metrics.runs import Run
    from explorer.window.main_window import MainWindow
    from flowengine.project import Lane, LaneState


class RunDesk(QObject):
    """Joins the shelf to the keeper and the restorer of a window's runs.

    Args:
        window: The window, all its parts made.
    """

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        window.runs.kept.connect(window.metrics.keep)
        window.restorer.swapped.connect(self._swap_models)
        shelf = window.metrics.shelf
        shelf.keep_requested.connect(window.runs.keep)
        shelf.restore_requested.connect(self.restore)
        shelf.beside_requested.connect(self._show_beside)

    def restore(self, run: Run) -> None:
        """Go on from a run of the shelf; undo brings back what was there, models and all."""
        window = self._window
        window.runs.keep()
        try:
            window.restorer.restore(run)
        except FlowError as error:
            window.banner.show_error(str(error))
            return
        window.stage.setFocus()  # on the button Space would restore once more
        window.status_line.say(tr("Run {n} is back").format(n=run.number))

    def _swap_models(self, lanes: dict[Lane, LaneState]) -> None:
        window = self._window
        window.metrics.load(lanes)
        window.show_last_figures()
        window.controller.start(window.store.project, lanes)
        window.inquiry.ask_again()
        window.runs.begin(lanes)

    def _show_beside(self, run: Run | None) -> None:
        self._window.stage.set_guest(run)
        self._window.metrics.shelf.set_guest(run)
