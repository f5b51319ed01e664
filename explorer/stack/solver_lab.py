"""The solver lab: what each solver costs and how far it errs, on the flow as it is now."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, NamedTuple

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QFont
from PySide6.QtWidgets import (
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from explorer.stack.error_plot import ErrorPlot, Point, error_text
from explorer.stack.layer_card import small
from explorer.stack.names import choice_name
from explorer.stack.solver_marks import icon_of
from explorer.theme import theme
from explorer.widgets.named_box import NamedBox
from explorer.widgets.tables import head_at, item_at
from explorer.words.languages import integer, mark, number, tr, tr_sentence, translator

if TYPE_CHECKING:
    from collections.abc import Iterable

    from PySide6.QtGui import QResizeEvent

    from flowengine.catalogue import ContinuousSpec

_HEAD: Final = (mark("solver"), mark("evals"), "|Δx|", "|Δ log p|")
_TALLEST: Final = 10  # rows; the others are scrolled to
_ARROWS: Final = (" ↑", " ↓")  # beside the title of the column that the rows are sorted by
_AIR: Final = 4  # of a row, in logical pixels
_ROOM_FOR_BOTH: Final = 330  # of width, for both errors; else there is that which is drawn


class LabRow(NamedTuple):
    """What one solver did, measured against a fine reference.

    Attributes:
        steps: Between base and target; 0 for a solver that chooses them itself.
        tolerance: Of such a solver; 0 for the others.
        evaluations: Of the velocity field, to carry points from base to target.
        log_prob_evaluations: Of the field and its divergence, for their log_prob.
        position_error: In data units.
        log_prob_error: In nats.
    """

    solver: str
    steps: int
    tolerance: float
    evaluations: int
    log_prob_evaluations: int
    position_error: float
    log_prob_error: float

    @property
    def name(self) -> str:
        """The solver with its steps, or with its tolerance: RK4 × 8, dopri5 to 10⁻⁵."""
        if self.steps:
            return self.short_name
        solver = choice_name(self.solver)
        return tr("{solver} to {tolerance}").format(solver=solver, tolerance=self._tolerance_text)

    @property
    def short_name(self) -> str:
        """The same where there is little room: RK4 × 8, dopri5 10⁻⁵."""
        how = f"× {integer(self.steps)}" if self.steps else self._tolerance_text
        return f"{choice_name(self.solver)} {how}"

    @property
    def _tolerance_text(self) -> str:
        return number(self.tolerance, 1).removeprefix("1·")


class _Measure(NamedTuple):
    """One of the two errors.

    Attributes:
        error: The field of a row that holds it.
        cost: That which holds what it cost.
        column: That of the table which shows it.
        title: What it is called.
        words: What the plot shows.
    """

    error: str
    cost: str
    column: int
    title: str
    words: str


_MEASURES: Final = (
    _Measure(
        "log_prob_error",
        "log_prob_evaluations",
        3,
        mark("Error of log p"),
        mark("error of log p, in nats, against evaluations"),
    ),
    _Measure(
        "position_error",
        "evaluations",
        2,
        mark("Error of positions"),
        mark("error of positions, in data units, against evaluations"),
    ),
)


class SolverLab(QWidget):
    """A button to measure, a plot and a table; a row that is entered puts its solver to use.

    The rows are sorted by the error that is drawn, the best first, or by a column that is clicked.
    """

    requested = Signal()
    """A measurement is wanted; `set_rows` or `set_problem` answers it."""
    chosen = Signal(object)
    """The flow should be followed by the solver of this `LabRow`."""
    measured = Signal()
    """A measurement has come, and what shows it is there."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows: tuple[LabRow, ...] = ()
        self._sorted: tuple[LabRow, ...] = ()  # as the table shows them
        self._order = (_MEASURES[0].column, False)  # the column, and whether the largest is first
        self._present: tuple[str, int, float] = ("", 0, 0.0)
        self._waiting = False
        self._problem = ""  # in English
        self._title, self._words = QLabel(), QLabel()
        self._title.setProperty("role", "title")
        self._words.setProperty("role", "muted")
        self._words.setWordWrap(True)
        self.button = QPushButton()
        self.button.setProperty("role", "chip")
        self.button.clicked.connect(self._request)
        self._measure = NamedBox()
        for _ in _MEASURES:
            self._measure.addItem("")
        self._measure.currentIndexChanged.connect(self._show_measure)
        self.plot = ErrorPlot()
        self.table = QTableWidget(0, len(_HEAD))
        self._set_up_table()
        self._lay_out()
        theme.changed.connect(self._show_table)
        translator.changed.connect(self.retranslate)
        self.retranslate()

    @property
    def rows(self) -> tuple[LabRow, ...]:
        """The measurements that are shown."""
        return self._rows

    def set_rows(self, rows: Iterable[object]) -> None:
        """Show a measurement: rows with the attributes of a `LabRow`, as an engine sends them."""
        names = LabRow._fields
        self._rows = tuple(LabRow(*(getattr(row, name) for name in names)) for row in rows)
        self._end_waiting()
        self.measured.emit()

    def set_present(self, spec: ContinuousSpec) -> None:
        """Say how the flow is followed now: its row stands out."""
        adaptive = spec.solver == "dopri5"
        steps = spec.solver_steps if not adaptive and spec.solver_steps != "auto" else 0
        self._present = (spec.solver, steps, spec.tolerance if adaptive else 0.0)
        self._show_table()

    def set_problem(self, text: str) -> None:
        """Say why there is no measurement, in English; the one before stays."""
        self._end_waiting()
        self._problem = text
        self._show()

    def clear(self) -> None:
        """Forget the measurement: it was of another flow."""
        self._rows = ()
        self._end_waiting()

    def retranslate(self) -> None:
        """Say every word in the language of the window."""
        self._title.setText(tr("Solver lab"))
        self._measure.setAccessibleName(tr("Which error to draw"))
        for index, measure in enumerate(_MEASURES):
            self._measure.setItemText(index, tr(measure.title))
        self.plot.setAccessibleName(tr("Error of each solver against its evaluations"))
        self.table.setAccessibleName(tr("Solvers, their evaluations and their errors"))
        self._show()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Show both errors where there is room for them."""
        super().resizeEvent(event)
        self._hide_columns()

    # --- making ---------------------------------------------------------------------------------

    def _set_up_table(self) -> None:
        table = self.table
        table.setProperty("role", "dense")
        table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        table.setSelectionBehavior(QTableWidget.SelectionBehavior.SelectRows)
        table.setSelectionMode(QTableWidget.SelectionMode.SingleSelection)
        table.setShowGrid(False)
        table.setWordWrap(False)
        table.setTabKeyNavigation(False)
        table.verticalHeader().hide()
        table.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        header = table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.setHighlightSections(False)
        header.sectionClicked.connect(self._sort_by)
        table.setIconSize(QSize(12, 12))
        height = table.fontMetrics().height() + _AIR
        table.verticalHeader().setMinimumSectionSize(height)
        table.verticalHeader().setDefaultSectionSize(height)
        table.cellActivated.connect(self._choose)

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.addWidget(self._title)
        head.addStretch(1)
        head.addWidget(self.button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 8, 0, 0)
        layout.setSpacing(6)
        layout.addLayout(head)
        for widget in (self._measure, self.plot, self._words, self.table):
            layout.addWidget(widget)

    # --- showing --------------------------------------------------------------------------------

    def _show(self) -> None:
        measured = bool(self._rows)
        for widget in (self._measure, self.plot, self.table):
            widget.setVisible(measured)
        self.button.setText(
            tr("Measuring …")
            if self._waiting
            else tr("Measure again")
            if measured
            else tr("Measure")
        )
        self._words.setText(
            tr_sentence(self._problem)
            if self._problem
            else tr("Double-click a row, or press Enter on it, to use its solver.")
            if measured
            else tr("Follow points of the target with every solver, and compare with a fine one.")
        )
        self._show_table()
        self._show_plot()

    def _show_table(self) -> None:
        self._show_head()
        self._hide_columns()
        cost = self._shown_measure.cost
        self._sorted = tuple(sorted(self._rows, key=self._rank, reverse=self._order[1]))
        self.table.setRowCount(len(self._rows))
        for index, row in enumerate(self._sorted):
            font = small(self.table.font())
            if row[:3] == self._present:
                font.setWeight(QFont.Weight.DemiBold)
            errors = error_text(row.position_error), error_text(row.log_prob_error)
            for column, text in enumerate((row.short_name, integer(getattr(row, cost)), *errors)):
                item = QTableWidgetItem(text)
                item.setFont(font)
                item.setTextAlignment(_alignment(column))
                item.setToolTip(_words_of(row))
                self.table.setItem(index, column, item)
            item_at(self.table, index, 0).setIcon(icon_of(row.solver))
        seen = min(len(self._rows), _TALLEST) * self.table.verticalHeader().defaultSectionSize()
        self.table.setFixedHeight(seen + self.table.horizontalHeader().sizeHint().height() + 4)

    def _show_head(self) -> None:
        column, falling = self._order
        titles = [tr(word) for word in _HEAD]
        titles[column] += _ARROWS[falling]
        self.table.setHorizontalHeaderLabels(titles)
        for index, tip in enumerate(_head_tips()):
            head = head_at(self.table, index)
            head.setTextAlignment(_alignment(index))
            head.setToolTip(tip)

    def _hide_columns(self) -> None:
        for measure in _MEASURES:
            spare = measure is not self._shown_measure and self.width() < _ROOM_FOR_BOTH
            self.table.setColumnHidden(measure.column, spare)

    def _rank(self, row: LabRow) -> tuple[bool, float]:
        """Where a row stands in the present order; what is no number counts as the largest."""
        values = (
            self._rows.index(row),
            getattr(row, self._shown_measure.cost),
            row.position_error,
            row.log_prob_error,
        )
        value = float(values[self._order[0]])
        return math.isnan(value), value

    @property
    def _shown_measure(self) -> _Measure:
        return _MEASURES[self._measure.currentIndex()]

    def _show_measure(self) -> None:
        self._order = (self._shown_measure.column, False)
        self._show_table()
        self._show_plot()

    def _sort_by(self, column: int) -> None:
        before, falling = self._order
        self._order = (column, column == before and not falling)
        self._show_table()

    def _show_plot(self) -> None:
        measure = self._shown_measure
        lines: dict[str, list[Point]] = {}
        for row in self._rows:
            cost, error = getattr(row, measure.cost), getattr(row, measure.error)
            point = Point(cost, error, _words_of(row))
            lines.setdefault(row.solver, []).append(point)
        self.plot.show_lines(lines, tr("evaluations"))
        self.plot.setAccessibleDescription(tr(measure.words))

    # --- asking ---------------------------------------------------------------------------------

    def _request(self) -> None:
        """Ask once; a button that goes dead meanwhile would send the keyboard away."""
        if not self._waiting:
            self._waiting = True
            self._problem = ""
            self._show()
            self.requested.emit()

    def _end_waiting(self) -> None:
        self._waiting = False
        self._problem = ""
        self._show()

    def _choose(self, index: int, _column: int) -> None:
        self.chosen.emit(self._sorted[index])


def _alignment(column: int) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignRight if column else Qt.AlignmentFlag.AlignLeft
    return side | Qt.AlignmentFlag.AlignVCenter


def _head_tips() -> tuple[str, ...]:
    return (
        tr("How the velocity is followed: in how many steps, or to which tolerance a step"),
        tr("Evaluations of the velocity field for each point: what it costs"),
        tr("Error of the positions against a fine reference, in data units"),
        tr("Error of log p against a fine reference, in nats"),
    )


def _words_of(row: LabRow) -> str:
    pattern = tr("{solver}, {count} evaluations: positions err by {x}, log p by {p} nats")
    return pattern.format(
        solver=row.name,
        count=integer(row.evaluations),
        x=error_text(row.position_error),
        p=error_text(row.log_prob_error),
    )
