"""The figures of the lanes as they are now."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtWidgets import (
    QHeaderView,
    QSizePolicy,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from explorer.lanes import LANE_ORDER, LANES, titles_beside
from explorer.metrics.curves import GOOD_KL
from explorer.metrics.history import History
from explorer.metrics.standing import sign_of, why
from explorer.theme import theme
from explorer.widgets.tables import head_at
from explorer.words.languages import integer, mark, number, tr, translator
from flowengine.project import FLOW_LANES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtGui import QResizeEvent

    from explorer.metrics.history import Row
    from flowengine.project import Lane
    from flowengine.protocol import Metrics

_ROWS: Final = {
    "kl": (
        mark("KL, nats"),
        mark(
            "How far the model is from the target: KL(target ‖ model) on held-out points, in nats. "
            "0 is a perfect fit"
        ),
    ),
    "nll": (
        mark("NLL, nats"),
        mark(
            "How surprising held-out points are to the model: negative log-likelihood, the mean of "
            "−log p(x), in nats"
        ),
    ),
    "w2": (
        mark("W₂, units"),
        mark(
            "How far samples of the model lie from the target, in data units: sliced Wasserstein "
            "distance; all models have it"
        ),
    ),
    "entropy": (mark("entropy, nats"), mark("The target's own entropy in nats: the floor of NLL")),
    "rate": (mark("steps/s"), mark("Training steps in each second of training")),
    "solver": (
        mark("solver steps"),
        mark(
            "Solver steps of the continuous flow, and the error that they leave in log p(x), in "
            "nats"
        ),
    ),
    "reached": (mark("to KL 0.05"), mark("Training time until KL first came to 0.05")),
    "step": (mark("step"), mark("Training steps made so far")),
    "seconds": (mark("trained"), mark("Time spent on training alone")),
}


_OF_A_FIT: Final = ("kl", "nll", "w2", "entropy", "reached", "solver")
_AIR: Final = 4  # of a row, in logical pixels
_NARROWEST: Final = 28  # pixels of a column
_CROWDED: Final = (0.8, 0.75, 0.7, 0.65, 0.6)  # of the usual size, so that four columns fit
_BOUNDED: Final = ("kl", "nll")


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


class _Table(QTableWidget):
    """A table that is always whole, as high as its letters ask for.

    Signals:
        widened: It is as wide as it was not before.
    """

    widened = Signal()

    def __init__(self, rows: int, columns: int) -> None:
        super().__init__(rows, columns)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._fit()

    def sizeHint(self) -> QSize:
        """As high as all the rows."""
        rows = self.rowCount() * self.verticalHeader().defaultSectionSize()
        height = self.horizontalHeader().sizeHint().height() + rows + 2 * self.frameWidth()
        return QSize(super().sizeHint().width(), height)

    def minimumSizeHint(self) -> QSize:
        """No lower."""
        return QSize(super().minimumSizeHint().width(), self.sizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Tell of another width; another height may come of what follows."""
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self.widened.emit()

    def changeEvent(self, event: QEvent) -> None:
        """Fit the rows to other letters."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self._fit()

    def _fit(self) -> None:
        height = self.fontMetrics().height() + _AIR
        self.verticalHeader().setMinimumSectionSize(height)
        self.verticalHeader().setDefaultSectionSize(height)
        self.updateGeometry()


class FiguresView(QWidget):
    """A table with a column for each lane that is shown.

    What is an upper bound is written with a ≤, and what a model does not have is a dash.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._races = {lane: _Race() for lane in LANE_ORDER}
        self._said: dict[Lane, str] = {}  # what is wrong with a lane's density
        self._table = _Table(len(_ROWS), 1 + len(LANE_ORDER))
        self._set_up_table()
        self._lanes: tuple[Lane, ...] = ()
        self.set_lanes(FLOW_LANES)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._table)
        self._table.widened.connect(self._fit_letters)
        theme.changed.connect(self._restyle)
        translator.changed.connect(self.retranslate)
        self.retranslate()
        self._restyle()
        self.clear()

    def set_lanes(self, lanes: Sequence[Lane]) -> None:
        """Show the columns of these lanes, and no other."""
        if tuple(lanes) == self._lanes:
            return
        for column, lane in enumerate(LANE_ORDER, start=1):
            self._table.setColumnHidden(column, lane not in lanes)
        self._lanes = tuple(lanes)
        mode = QHeaderView.ResizeMode
        self._table.horizontalHeader().setSectionResizeMode(
            0, mode.ResizeToContents if self._crowded else mode.Stretch
        )
        self._fit_letters()
        self.retranslate()

    def add(self, metrics: Metrics) -> None:
        """Show a measurement of a lane; a W2 that was not measured stays as it was."""
        self._races[metrics.lane].watch(metrics)
        self._show(metrics.lane, metrics, metrics.entropy, metrics.steps_per_second)
        self._show_standing(metrics)
        if metrics.w2 is not None:
            self._put(metrics.lane, "w2", number(metrics.w2))

    def _show_standing(self, metrics: Metrics) -> None:
        """Mark figures of what is no density, and say in which steps it was followed."""
        lane, said = metrics.lane, why(metrics)
        self._said[lane] = said
        if not metrics.normalized:
            for name in _BOUNDED:
                value = getattr(metrics, name)
                self._put(lane, name, _nats(value, sign_of(metrics)))
        if metrics.steps is not None:
            error = metrics.steps_error
            text = integer(metrics.steps)
            self._put(lane, "solver", text if error is None else f"{text} ± {number(error, 1)}")
        self._say_why(lane)

    def _say_why(self, lane: Lane) -> None:
        for name in _BOUNDED:
            usual = LANES[lane].likelihood or _ROWS[name][1]
            self._of(lane, name).setToolTip(self._said.get(lane) or tr(usual))

    def restart_race(self, lane: Lane) -> None:
        """Forget what was measured: the lane's target or model is another."""
        self._races[lane].restart()
        for name in _OF_A_FIT:
            self._put(lane, name, "–")

    def load(self, lane: Lane, history: bytes) -> None:
        """Show the end of what `LaneState.history` of a lane holds; b"" is nothing."""
        past = History()
        past.load(history)
        last = past.last
        self._races[lane].take_up(past.seconds_to(GOOD_KL), past.seconds)
        if last is None:
            return
        rate = last.step / last.seconds if last.seconds > 0 else 0.0
        self._show(lane, last, last.nll - last.kl, rate)
        self._put(lane, "w2", _nats(past.latest("w2")))

    def clear(self) -> None:
        """Show a dash for every figure."""
        self._races = {lane: _Race() for lane in LANE_ORDER}
        for row in range(len(_ROWS)):
            for column in range(1, self._table.columnCount()):
                self._cell(row, column).setText("–")

    def text(self, lane: Lane, row: str) -> str:
        """What stands in a cell: `text("discrete", "kl")`."""
        return self._of(lane, row).text()

    def tip(self, lane: Lane, row: str) -> str:
        """What a cell says when the mouse rests on it."""
        return self._of(lane, row).toolTip()

    def retranslate(self) -> None:
        """Say every word again."""
        self._table.setAccessibleName(tr("Figures of the models"))
        for row, (title, tip) in enumerate(_ROWS.values()):
            for column in range(self._table.columnCount()):
                self._cell(row, column).setToolTip(tr(tip))
            self._cell(row, 0).setText(tr(title))
        self._said.clear()  # the next measurement says it again
        for lane in LANE_ORDER:
            self._say_why(lane)
        titles = titles_beside(self._lanes)
        for column, lane in enumerate(LANE_ORDER, start=1):
            head_at(self._table, column).setText(tr(titles[lane]))

    @property
    def _crowded(self) -> bool:
        return len(self._lanes) > len(FLOW_LANES)

    def _fit_letters(self) -> None:
        """Write smaller where there are many columns, until they fit."""
        if not self._crowded:
            self._write(1.0)
            return
        for share in _CROWDED:
            self._write(share)
            self._table.resizeColumnsToContents()
            if self._fits():
                break

    def _write(self, share: float) -> None:
        """Choose the size of letters; a style sheet takes such a choice away."""
        font = self.font()
        font.setPointSizeF(share * font.pointSizeF())
        self._table.setFont(font)
        for column in range(self._table.columnCount()):
            head_at(self._table, column).setFont(font)

    def _fits(self) -> bool:
        return self._table.horizontalHeader().length() <= self._table.viewport().width()

    def _show(self, lane: Lane, now: Metrics | Row, entropy: float, rate: float) -> None:
        reached = self._races[lane].seconds
        bound = "≤ " if lane == "vae" else ""
        shown = {
            "kl": _nats(now.kl, bound),
            "nll": _nats(now.nll, bound),
            "entropy": _nats(entropy),
            "rate": number(float(rate)) if rate > 0 else "–",  # at rest there is none
            "reached": "–" if reached is None else f"{number(reached)} s",
            "step": integer(int(now.step)),
            "seconds": f"{number(float(now.seconds))} s",
        }
        for name, text in shown.items():
            self._put(lane, name, text)
        if self._crowded and not self._fits():
            self._fit_letters()

    def _put(self, lane: Lane, row: str, text: str) -> None:
        self._of(lane, row).setText(text)

    def _of(self, lane: Lane, row: str) -> QTableWidgetItem:
        return self._cell(list(_ROWS).index(row), 1 + LANE_ORDER.index(lane))

    def _set_up_table(self) -> None:
        table = self._table
        table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        table.setSelectionMode(QTableWidget.SelectionMode.NoSelection)
        table.setProperty("role", "dense")
        table.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        table.setShowGrid(False)
        table.verticalHeader().hide()
        table.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        header = table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setMinimumSectionSize(_NARROWEST)  # Qt's own leaves no room for a long title
        header.setSectionsClickable(False)
        header.setHighlightSections(False)
        for column in range(table.columnCount()):
            table.setHorizontalHeaderItem(column, QTableWidgetItem())

    def _cell(self, row: int, column: int) -> QTableWidgetItem:
        item = self._table.item(row, column)
        if item is None:
            item = QTableWidgetItem()
            if column:
                item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            self._table.setItem(row, column, item)
        return item

    def _restyle(self) -> None:
        self._fit_letters()
        for column, lane in enumerate(LANE_ORDER, start=1):
            header = head_at(self._table, column)
            header.setForeground(theme.color(lane))
            header.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        for row in range(len(_ROWS)):
            self._cell(row, 0).setForeground(theme.color("text_muted"))


def _nats(value: float | None, bound: str = "") -> str:
    if value is None or math.isnan(value):
        return "–"
    return bound + number(value, 4 if abs(value) >= 1 else 3)
