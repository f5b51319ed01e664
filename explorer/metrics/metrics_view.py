"""Curves over figures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QTabWidget, QVBoxLayout, QWidget

from explorer.metrics.curves import CurvesView
from explorer.metrics.figures import FiguresView
from explorer.metrics.run_shelf import RunShelf
from explorer.words.languages import tr, translator

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from explorer.metrics.runs import Run
    from flowengine.project import Lane, LaneState
    from flowengine.protocol import Metrics


class MetricsView(QWidget):
    """How the lanes have done so far, and how they do now."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.curves = CurvesView()
        self.figures = FiguresView()
        self.shelf = RunShelf()
        self.shelf.overlaid.connect(self.curves.lay_under)
        self._tabs = QTabWidget()
        self._tabs.setDocumentMode(True)
        self._tabs.tabBar().setDrawBase(False)
        self._tabs.addTab(self.figures, "")
        self._tabs.addTab(self.shelf, "")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(self.curves, 1)
        layout.addWidget(self._tabs)
        translator.changed.connect(self._show_tabs)
        self._show_tabs()

    def keep(self, run: Run) -> None:
        """Put a run on the shelf."""
        self.shelf.add(run)
        self._show_tabs()

    def load(self, lanes: Mapping[Lane, LaneState]) -> None:
        """Show the curves that a project was saved with, in the place of all others."""
        self.clear()
        for lane, state in lanes.items():
            self.curves.load(lane, state.history)
            self.figures.load(lane, state.history)

    def set_lanes(self, lanes: Sequence[Lane]) -> None:
        """Show these lanes, and no other."""
        self.curves.set_lanes(lanes)
        self.figures.set_lanes(lanes)

    def latest(self, lane: Lane, name: str) -> float | None:
        """The "kl", "nll" or "w2" of a lane that was measured last; None while there is none."""
        return self.curves.latest(lane, name)

    def add(self, metrics: Metrics) -> None:
        """Take a measurement up."""
        self.curves.add(metrics)
        self.figures.add(metrics)

    def mark_change(self, lane: Lane) -> None:
        """Part what was measured from what is to come: a lane's target or model is another."""
        self.curves.mark_change(lane)
        self.figures.restart_race(lane)

    def clear(self) -> None:
        """Show nothing."""
        self.curves.clear()
        self.figures.clear()

    def _show_tabs(self) -> None:
        self._tabs.setAccessibleName(tr("Figures and runs"))
        count = len(self.shelf.runs())
        self._tabs.setTabText(0, tr("Now"))
        self._tabs.setTabText(1, tr("Runs ({count})").format(count=count) if count else tr("Runs"))
