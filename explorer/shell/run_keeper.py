"""Decides when a run has ended, and puts it on the shelf as it was then."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, Signal

from explorer.lanes import shown_lanes
from explorer.metrics.run_shelf import PICTURE_WIDTH
from explorer.metrics.runs import Run, differences
from explorer.shell.aside import Aside
from explorer.training.commands import changes_structure

if TYPE_CHECKING:
    from collections.abc import Callable

    from explorer.shell.look import Look
    from explorer.store import Store
    from explorer.training.controller import Controller
    from flowengine.project import Lane, LaneState, Project
    from flowengine.protocol import Metrics

LEAST_STEPS: Final = 100  # a run shorter than this has shown nothing yet
PATIENCE_MS: Final = 30_000  # nobody waits for it


class RunKeeper(QObject):
    """Watches training and edits; engines answer in order, so a run is kept as it ended.

    Strokes on one drawing belong to one run: who draws does not compare.

    Args:
        store: Whose edits end a run.
        controller: Whose engines hold what training has made of it.
        look: What the panels show now.
    """

    kept = Signal(object)
    """A `Run`."""

    def __init__(
        self, store: Store, controller: Controller, look: Callable[[], Look], parent: QObject
    ) -> None:
        super().__init__(parent)
        self._store = store
        self._controller = controller
        self._look = look
        self._aside = Aside(self)
        self._number = 0
        self._last: Project | None = None
        self._begin()
        store.changed.connect(self._follow_edit)
        store.loaded.connect(self._begin)

    def watch(self, metrics: Metrics) -> None:
        """Count how far the present run has come."""
        first = self._first.setdefault(metrics.lane, metrics.step)
        self._steps = max(self._steps, metrics.step - first)

    def keep(self, project: Project | None = None) -> None:
        """Put the present run on the shelf; a run that has hardly begun is not worth a place."""
        if self._steps < LEAST_STEPS or not self._controller.running:
            return
        document = project or self._store.project
        look = self._look()
        changes = differences(self._last, document) if self._last is not None else ()
        self._last = document
        self._begin()

        def pack(lanes: dict[Lane, LaneState]) -> None:
            self._aside.run(
                lambda: Run(
                    0, document, look.with_films(lanes), look.small(PICTURE_WIDTH), changes
                ),
                self._put,
            )

        self._controller.request_checkpoints(pack, PATIENCE_MS)

    def _put(self, run: Run) -> None:
        self._number += 1
        self.kept.emit(run._replace(number=self._number))

    def _follow_edit(self, before: Project, after: Project) -> None:
        strokes = before.target.source == after.target.source == "drawing"
        if strokes and before.stack == after.stack and before.continuous == after.continuous:
            return
        if any(changes_structure(lane, before, after) for lane in shown_lanes(after)):
            self.keep(before)

    def _begin(self) -> None:
        self._first: dict[str, int] = {}
        self._steps = 0
