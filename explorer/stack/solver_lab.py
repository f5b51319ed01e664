"""The solver lab: what each solver costs and how far it errs, on the flow as it is now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from explorer.i18n import integer, mark, tr, translator
from explorer.stack.error_plot import ErrorPlot, Point, error_text
from explorer.stack.names import choice_name

if TYPE_CHECKING:
    from collections.abc import Iterable

_HEAD: Final = (mark("solver"), mark("evals"), "|Δx|", "|Δ log p|")
_MEASURES: Final = {
    "log_prob_error": mark("error of log p, in nats, against evaluations"),
    "position_error": mark("error of positions, in data units, against evaluations"),
}


class LabRow(NamedTuple):
    """What one solver did with so many steps, measured against a fine reference.

    Attributes:
        steps: Between base and target; 0 for a solver that chooses them itself.
        evaluations: Of the velocity field, for each point.
        position_error: In data units.
        log_prob_error: In nats.
    """

    solver: str
    steps: int
    evaluations: int
    position_error: float
    log_prob_error: float

    @property
    def name(self) -> str:
        """The solver and its steps: RK4 × 8."""
        solver = choice_name(self.solver)
        return f"{solver} × {integer(self.steps)}" if self.steps else solver


class SolverLab(QWidget):
    """A button to measure, a plot and a table; a row that is entered puts its solver to use."""

    requested = Signal()
    """A measurement is wanted; `set_rows` or `set_problem` answers it."""
    chosen = Signal(str, int)
    """The flow should be followed by this solver, in so many steps."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows: tuple[LabRow, ...] = ()
        self._waiting = False
        self._title, self._words = QLabel(), QLabel()
        self._title.setProperty("role", "title")
        self._words.setProperty("role", "muted")
        self._words.setWordWrap(True)
        self.button = QPushButton()
        self.button.setProperty("role", "chip")
        self.button.clicked.connect(self._request)
        self._measure = QComboBox()
        for name in _MEASURES:
            self._measure.addItem("", name)
        self._measure.currentIndexChanged.connect(self._show_plot)
        self.plot = ErrorPlot()
        self.table = QTableWidget(0, len(_HEAD))
        self._set_up_table()
        self._lay_out()
        translator.changed.connect(self.retranslate)
        self.retranslate()

    @property
    def rows(self) -> tuple[LabRow, ...]:
        """The measurements that are shown."""
        return self._rows

    def set_rows(self, rows: Iterable[tuple[str, int, int, float, float]]) -> None:
        """Show a measurement: solver, steps, evaluations, position error, log_prob error."""
        self._rows = tuple(LabRow(*row) for row in rows)
        self._end_waiting()

    def set_problem(self, text: str) -> None:
        """Say why there is no measurement; the one before stays."""
        self._end_waiting()
        self._words.setText(text)

    def clear(self) -> None:
        """Forget the measurement: it was of another flow."""
        self._rows = ()
        self._end_waiting()

    def retranslate(self) -> None:
        """Say every word in the language of the window."""
        self._title.setText(tr("Solver lab"))
        self._measure.setAccessibleName(tr("Which error to draw"))
        for index, words in enumerate((tr("Error of log p"), tr("Error of positions"))):
            self._measure.setItemText(index, words)
        self.plot.setAccessibleName(tr("Error of each solver against its evaluations"))
        self.table.setAccessibleName(tr("Solvers, their evaluations and their errors"))
        self.table.setHorizontalHeaderLabels([tr(word) for word in _HEAD])
        for column, tip in enumerate(_head_tips()):
            head = self.table.horizontalHeaderItem(column)
            head.setTextAlignment(_alignment(column))
            head.setToolTip(tip)
        self._show()

    # --- making ---------------------------------------------------------------------------------

    def _set_up_table(self) -> None:
        table = self.table
        table.setProperty("role", "dense")
        table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        table.setSelectionBehavior(QTableWidget.SelectionBehavior.SelectRows)
        table.setSelectionMode(QTableWidget.SelectionMode.SingleSelection)
        table.setShowGrid(False)
        table.setTabKeyNavigation(False)
        table.verticalHeader().hide()
        table.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        table.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        header = table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.setHighlightSections(False)
        header.setSectionsClickable(False)
        height = table.fontMetrics().height() + 6
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
        for widget in (self._words, self._measure, self.plot, self.table):
            layout.addWidget(widget)

    # --- showing --------------------------------------------------------------------------------

    def _show(self) -> None:
        measured = bool(self._rows)
        for widget in (self._measure, self.plot, self.table):
            widget.setVisible(measured)
        self.button.setEnabled(not self._waiting)
        self.button.setText(
            tr("Measuring …")
            if self._waiting
            else tr("Measure again")
            if measured
            else tr("Measure")
        )
        self._words.setText(
            tr("Enter on a row puts its solver to use.")
            if measured
            else tr("Follow points of the target with every solver, and compare with a fine one.")
        )
        self._show_table()
        self._show_plot()

    def _show_table(self) -> None:
        self.table.setRowCount(len(self._rows))
        for index, row in enumerate(self._rows):
            errors = error_text(row.position_error), error_text(row.log_prob_error)
            texts = (row.name, integer(row.evaluations), *errors)
            for column, text in enumerate(texts):
                item = QTableWidgetItem(text)
                item.setTextAlignment(_alignment(column))
                item.setToolTip(_words_of(row))
                self.table.setItem(index, column, item)
        rows = self.table.verticalHeader().defaultSectionSize() * len(self._rows)
        self.table.setFixedHeight(rows + self.table.horizontalHeader().sizeHint().height() + 4)

    def _show_plot(self) -> None:
        measure = self._measure.currentData()
        lines: dict[str, list[Point]] = {}
        for row in self._rows:
            point = Point(row.evaluations, getattr(row, measure), _words_of(row))
            lines.setdefault(choice_name(row.solver), []).append(point)
        self.plot.show_lines(lines, tr("evaluations"))
        self.plot.setAccessibleDescription(tr(_MEASURES[measure]))

    # --- asking ---------------------------------------------------------------------------------

    def _request(self) -> None:
        self._waiting = True
        self._show()
        self.requested.emit()

    def _end_waiting(self) -> None:
        self._waiting = False
        self._show()

    def _choose(self, index: int, _column: int) -> None:
        row = self._rows[index]
        self.chosen.emit(row.solver, row.steps)


def _alignment(column: int) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignRight if column else Qt.AlignmentFlag.AlignLeft
    return side | Qt.AlignmentFlag.AlignVCenter


def _head_tips() -> tuple[str, ...]:
    return (
        tr("How the velocity is followed, and in how many steps from base to target"),
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
