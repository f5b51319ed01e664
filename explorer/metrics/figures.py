"""The figures of both lanes as they are now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHeaderView, QTableWidget, QTableWidgetItem, QVBoxLayout, QWidget

from explorer.i18n import integer, mark, number, tr, translator
from explorer.lanes import LANE_TITLES
from explorer.metrics.curves import GOOD_KL
from explorer.metrics.history import History
from explorer.theme import theme

if TYPE_CHECKING:
    from explorer.metrics.history import Row
    from flowengine.project import Lane
    from flowengine.protocol import Metrics

_ROWS: Final = {
    "kl": (mark("KL"), mark("KL(target ‖ model) on held-out points, in nats")),
    "nll": (mark("NLL"), mark("Negative log-likelihood on held-out points, in nats")),
    "entropy": (mark("entropy"), mark("The target's own entropy in nats: the floor of NLL")),
    "rate": (mark("steps/s"), mark("Training steps in each second of training")),
    "reached": (mark("to KL 0.05"), mark("Training time until KL first came to 0.05")),
    "step": (mark("step"), mark("Training steps made so far")),
    "seconds": (mark("trained"), mark("Time spent on training alone")),
}


class _Race:
    """How long a lane took to come to a good KL on the present target with the present model."""

    def __init__(self) -> None:
        self._start = 0.0
        self._last = 0.0
        self.seconds: float | None = None

    def take_up(self, seconds: float | None, last: float) -> None:
        """Go on from a history: when it came to a good KL, if it did, and when it ended."""
        self.seconds, self._last = seconds, last

    def restart(self) -> None:
        """Count from now on: the target or the model is another."""
        self._start, self.seconds = self._last, None

    def watch(self, metrics: Metrics) -> None:
        """Take a measurement up; an earlier time than the last means a fresh start."""
        if metrics.seconds < self._last:
            self._start, self.seconds = 0.0, None
        if self.seconds is None and metrics.kl is not None and metrics.kl <= GOOD_KL:
            self.seconds = metrics.seconds - self._start
        self._last = metrics.seconds


class FiguresView(QWidget):
    """A table with a column for each lane."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._races = {lane: _Race() for lane in LANE_TITLES}
        self._table = QTableWidget(len(_ROWS), 1 + len(LANE_TITLES))
        self._set_up_table()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._table)
        theme.changed.connect(self._restyle)
        translator.changed.connect(self.retranslate)
        self.retranslate()
        self._restyle()
        self.clear()

    def add(self, metrics: Metrics) -> None:
        """Show a measurement of a lane."""
        self._races[metrics.lane].watch(metrics)
        self._show(metrics.lane, metrics, metrics.entropy, metrics.steps_per_second)

    def restart_race(self, lane: Lane) -> None:
        """Count the time to a good KL from now on: the lane's target or model is another."""
        self._races[lane].restart()

    def load(self, lane: Lane, history: bytes) -> None:
        """Show the end of what `LaneState.history` of a lane holds; b"" is nothing."""
        past = History()
        past.load(history)
        last = past.last
        if last is None:
            return
        self._races[lane].take_up(past.seconds_to(GOOD_KL), last.seconds)
        rate = last.step / last.seconds if last.seconds > 0 else 0.0
        self._show(lane, last, last.nll - last.kl, rate)

    def clear(self) -> None:
        """Show a dash for every figure."""
        self._races = {lane: _Race() for lane in LANE_TITLES}
        for row in range(len(_ROWS)):
            for column in range(1, self._table.columnCount()):
                self._cell(row, column).setText("–")

    def text(self, lane: str, row: str) -> str:
        """What stands in a cell: `text("discrete", "kl")`."""
        return self._cell(list(_ROWS).index(row), 1 + list(LANE_TITLES).index(lane)).text()

    def retranslate(self) -> None:
        """Say every word again."""
        self._table.setAccessibleName(tr("Figures of both lanes"))
        for row, (title, tip) in enumerate(_ROWS.values()):
            for column in range(self._table.columnCount()):
                self._cell(row, column).setToolTip(tr(tip))
            self._cell(row, 0).setText(tr(title))
        for column, title in enumerate(LANE_TITLES.values(), start=1):
            self._table.horizontalHeaderItem(column).setText(tr(title))

    def _show(self, lane: Lane, now: Metrics | Row, entropy: float, rate: float) -> None:
        reached = self._races[lane].seconds
        shown = {
            "kl": _nats(now.kl),
            "nll": _nats(now.nll),
            "entropy": _nats(entropy),
            "rate": number(float(rate)),
            "reached": "–" if reached is None else f"{number(reached)} s",
            "step": integer(int(now.step)),
            "seconds": f"{number(float(now.seconds))} s",
        }
        column = 1 + list(LANE_TITLES).index(lane)
        for row, name in enumerate(_ROWS):
            self._cell(row, column).setText(shown[name])

    def _set_up_table(self) -> None:
        table = self._table
        table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        table.setSelectionMode(QTableWidget.SelectionMode.NoSelection)
        table.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        table.setShowGrid(False)
        table.verticalHeader().hide()
        table.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        table.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        header = table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.setSectionsClickable(False)
        header.setHighlightSections(False)
        height = table.fontMetrics().height() + 6
        table.verticalHeader().setMinimumSectionSize(height)
        table.verticalHeader().setDefaultSectionSize(height)
        for column in range(table.columnCount()):
            table.setHorizontalHeaderItem(column, QTableWidgetItem())
        table.setFixedHeight(height * len(_ROWS) + header.sizeHint().height() + 8)

    def _cell(self, row: int, column: int) -> QTableWidgetItem:
        item = self._table.item(row, column)
        if item is None:
            item = QTableWidgetItem()
            if column:
                item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            self._table.setItem(row, column, item)
        return item

    def _restyle(self) -> None:
        for column, lane in enumerate(LANE_TITLES, start=1):
            header = self._table.horizontalHeaderItem(column)
            header.setForeground(theme.color(lane))
            header.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        for row in range(len(_ROWS)):
            self._cell(row, 0).setForeground(theme.color("text_muted"))


def _nats(value: float | None) -> str:
    return "–" if value is None else number(value, 4 if abs(value) >= 1 else 3)
