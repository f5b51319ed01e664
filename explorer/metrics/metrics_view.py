"""Curves over figures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QVBoxLayout, QWidget

from explorer.lanes import LANE_TITLES
from explorer.metrics.curves import CurvesView
from explorer.metrics.figures import FiguresView

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flowengine.project import Lane, LaneState
    from flowengine.protocol import Metrics


class MetricsView(QWidget):
    """How both lanes have done so far, and how they do now."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.curves = CurvesView()
        self.figures = FiguresView()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(self.curves, 1)
        layout.addWidget(self.figures)

    def load(self, lanes: Mapping[Lane, LaneState]) -> None:
        """Show the curves that a project was saved with, in the place of all others."""
        self.clear()
        for lane, state in lanes.items():
            if lane in LANE_TITLES:
                self.curves.load(lane, state.history)
                self.figures.load(lane, state.history)

    def last_kl(self, lane: Lane) -> float | None:
        """The KL that was measured last, in nats; None while there is none."""
        last = self.curves.last(lane)
        return None if last is None else last.kl

    def add(self, metrics: Metrics) -> None:
        """Take a measurement up."""
        self.curves.add(metrics)
        self.figures.add(metrics)

    def clear(self) -> None:
        """Show nothing."""
        self.curves.clear()
        self.figures.clear()
