"""Brings a run of the shelf back, as an edit that undo takes back with the models and all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace
from PySide6.QtCore import QObject, Signal

from explorer.session.run_keeper import PATIENCE_MS
from explorer.session.store import ReplaceProject
from explorer.words.languages import tr

if TYPE_CHECKING:
    from collections.abc import Callable

    from explorer.metrics.runs import Run
    from explorer.session.store import Store
    from explorer.training.controller import Controller
    from flowengine.project import Lane, LaneState, Project

    States = dict[Lane, LaneState]


class RunRestorer(QObject):
    """Swaps document and models together, both ways, and loses neither.

    Args:
        store: Holds the document.
        controller: Its engines hold the models.
        parent: The window.
    """

    swapped = Signal(object)
    """The models that belong to the present document now, by lane."""

    def __init__(self, store: Store, controller: Controller, parent: QObject) -> None:
        super().__init__(parent)
        self._store = store
        self._controller = controller

    def restore(self, run: Run) -> None:
        """Go on from a run of the shelf, in the lesson that holds now.

        Raises:
            FlowError: the document can't be admitted; nothing has changed.
        """
        project = replace(run.project, lesson=self._store.project.lesson)
        text = tr("Restore run {n}").format(n=run.number)
        weights = _Weights()
        weights.arrive(dict(run.lanes))
        self._store.undo_stack.push(
            _RestoreRun(self._store, self._store.admit(project), text, weights, self)
        )

    def hold(self) -> _Weights:
        """Ask for the models as they are before whatever the engines are told next."""
        weights = _Weights()
        if self._controller.running:
            self._controller.request_checkpoints(weights.arrive, PATIENCE_MS)
        else:
            weights.arrive(dict(self._store.lanes))
        return weights

    def give(self, weights: _Weights) -> None:
        """Give the engines models of the present document, unless another comes before them."""
        document = self._store.project

        def swap(states: States) -> None:
            if self._store.project is document:
                self.swapped.emit(states)

        weights.then(swap)


class _Weights:
    """What training had made of every lane at a moment; the engines tell it a little later."""

    def __init__(self) -> None:
        self._states: States | None = None
        self._wanted: Callable[[States], None] | None = None

    def arrive(self, states: States) -> None:
        self._states = states
        if self._wanted is not None:
            self._wanted(states)

    def then(self, act: Callable[[States], None]) -> None:
        """Act on them now, or as soon as they are there."""
        if self._states is not None:
            act(self._states)
        else:
            self._wanted = act


class _RestoreRun(ReplaceProject):
    """The one edit that brings its models along.

    Each way keeps what it leaves: models trained on after a restore come back with redo.
    """

    def __init__(
        self, store: Store, after: Project, text: str, weights: _Weights, restorer: RunRestorer
    ) -> None:
        super().__init__(store, store.project, after, text)
        self._restorer = restorer
        self._weights = weights  # those to be given next

    def redo(self) -> None:
        """Show the document after the edit, and its models."""
        self._swap(super().redo)

    def undo(self) -> None:
        """Show the document before the edit, and its models."""
        self._swap(super().undo)

    def _swap(self, show: Callable[[], None]) -> None:
        weights, self._weights = self._weights, self._restorer.hold()
        show()
        self._restorer.give(weights)
