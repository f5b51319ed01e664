"""Decides when a run has ended, and puts it on the shelf as it was then."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec.structs import replace
from PySide6.QtCore import QObject, Signal

from explorer.lanes import shown_lanes
from explorer.metrics.history import History
from explorer.metrics.kept_lanes import kept
from explorer.metrics.run_shelf import PICTURE_WIDTH
from explorer.metrics.runs import Run, differences
from explorer.session.background import BackgroundJobs
from explorer.training.commands import changes_structure

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from explorer.panels.view_state import ViewState
    from explorer.session.store import Store
    from explorer.training.controller import Controller
    from flowengine.project import Lane, LaneState, Project, TargetSpec
    from flowengine.protocol import Metrics

LEAST_STEPS: Final = 100  # a run shorter than this has shown nothing yet
PATIENCE_MS: Final = 30_000  # nobody waits for it


class RunKeeper(QObject):
    """Watches training and edits; engines answer in order, so a run is kept as it ended.

    Strokes on one drawing belong to one run: who draws does not compare. What a project was opened
    with is a run of its own, however little it has been trained since.

    Args:
        store: Whose edits end a run.
        controller: Whose engines hold what training has made of it.
        view_state: What the panels show now.
    """

    kept = Signal(object)
    """A `Run`."""

    def __init__(
        self,
        store: Store,
        controller: Controller,
        view_state: Callable[[], ViewState],
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._store = store
        self._controller = controller
        self._view_state = view_state
        self._jobs = BackgroundJobs(self)
        self._number = 0
        self._last: Project | None = None
        self._steps = 0.0
        self._opened: dict[Lane, LaneState] = {}
        self._take_up_file()
        store.changed.connect(self._follow_edit)
        store.loaded.connect(self._take_up_file)

    def watch(self, metrics: Metrics) -> None:
        """Count how far the present run has come."""
        self._latest[metrics.lane] = metrics.step
        self._steps = max(self._steps, metrics.step - self._first.get(metrics.lane, 0))

    def follow_preview(self, target: TargetSpec) -> None:
        """A target is about to be fitted while it is still being drawn: the run ends here."""
        before = self._store.project
        if target == before.target:  # the stroke was taken back
            self._previewed = False
        elif not self._previewed:
            self._end_run(before, replace(before, target=target))
            self._previewed = True

    def keep(self, project: Project | None = None) -> None:
        """Put the present run on the shelf; a run that has hardly begun is not worth a place."""
        opened, name = self._opened, self._name
        if not opened and (self._steps < LEAST_STEPS or not self._controller.running):
            return
        document = project or self._store.project
        seen = self._view_state()
        changes = differences(self._last, document) if self._last is not None else ()
        self._last = document
        self._begin(self._latest)

        def pack(lanes: dict[Lane, LaneState]) -> None:
            whole = {**opened, **lanes}  # an engine that is still starting has changed nothing
            self._jobs.run(
                lambda: Run(
                    0,
                    document,
                    kept(seen.with_films(whole)),
                    seen.small(PICTURE_WIDTH),
                    changes,
                    name,
                ),
                self._put,
            )

        # A model in training was measured just now, and whoever draws waits for pictures.
        measured = not self._controller.training
        self._controller.request_checkpoints(pack, PATIENCE_MS, measured=measured)

    def begin(self, lanes: Mapping[Lane, LaneState]) -> None:
        """Count another run, which goes on from these states; a lane without one starts anew."""
        self._begin({lane: _steps_of(state) for lane, state in lanes.items()})

    def _put(self, run: Run) -> None:
        self._number += 1
        self.kept.emit(run._replace(number=self._number))

    def _follow_edit(self, before: Project, after: Project) -> None:
        previewed, self._previewed = self._previewed, False
        if not previewed:
            self._end_run(before, after)

    def _end_run(self, before: Project, after: Project) -> None:
        if not self._opened and _is_a_stroke(before, after):
            return
        if any(changes_structure(lane, before, after) for lane in shown_lanes(after)):
            self.keep(before)

    def _take_up_file(self) -> None:
        """Begin with what a project was opened with: a run that nobody has seen on the shelf."""
        self._previewed = False
        self.begin(self._store.lanes)
        self._opened = {k: state for k, state in self._store.lanes.items() if state.weights}
        path = self._store.path
        self._name = path.name if path else self._store.project.name

    def _begin(self, steps: dict[Lane, float]) -> None:
        self._first, self._latest = dict(steps), dict(steps)
        self._steps = 0.0
        self._opened = {}
        self._name = ""


def _steps_of(state: LaneState) -> float:
    history = History()
    history.load(state.history)
    return history.steps


def _is_a_stroke(before: Project, after: Project) -> bool:
    """Whether an edit goes on with one drawing."""
    if not before.target.source == after.target.source == "drawing":
        return False
    return before.stack == after.stack and before.continuous == after.continuous
