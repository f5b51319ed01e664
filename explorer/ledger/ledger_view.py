"""The change of variables of a clicked point, term by term."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFont, QGuiApplication, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QHeaderView,
    QLabel,
    QPushButton,
    QStackedLayout,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from explorer.i18n import number, tr, translator
from explorer.ledger.lines import as_text, every_line, point_text, sum_lines
from explorer.theme import theme

if TYPE_CHECKING:
    from explorer.ledger.lines import Line
    from flowengine.protocol import Ledger, LedgerRow

_TAU_ROLE = Qt.ItemDataRole.UserRole


class LedgerView(QWidget):
    """The ledger of the discrete stack layer by layer, and the sum of the continuous flow below it.

    A row that is clicked or entered asks for the moment at which its layer has acted.
    """

    tau_picked = Signal(float)
    point_changed = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._ledgers: dict[str, Ledger] = {}
        self._table = QTableWidget(0, 3)
        self._set_up_table()
        self._hint = QLabel()
        self._hint.setProperty("role", "muted")
        self._hint.setWordWrap(True)
        self._hint.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._copy = QPushButton()
        self._copy.setProperty("role", "chip")
        self._copy.clicked.connect(self.copy)
        self._lay_out()
        QShortcut(
            QKeySequence.StandardKey.Copy,
            self,
            self.copy,
            context=Qt.ShortcutContext.WidgetWithChildrenShortcut,
        )
        theme.changed.connect(self._fill)
        translator.changed.connect(self.retranslate)
        self.retranslate()

    def set_ledger(self, ledger: Ledger) -> None:
        """Show the ledger of one lane; the other lane's stays if it is of the same point."""
        others = {
            lane: other
            for lane, other in self._ledgers.items()
            if lane != ledger.lane and other.point == ledger.point
        }
        self._ledgers = {**others, ledger.lane: ledger}
        self._fill()

    def clear(self) -> None:
        """Show no point."""
        self._ledgers = {}
        self._fill()

    def copy(self) -> None:
        """Put the ledgers on the clipboard as text."""
        if self._ledgers:
            QGuiApplication.clipboard().setText(self.as_text())

    def as_text(self) -> str:
        """The ledgers of both lanes as text; empty while no point is shown."""
        lanes = ("discrete", "continuous")
        return "\n\n".join(as_text(self._ledgers[lane]) for lane in lanes if lane in self._ledgers)

    def rows(self) -> list[tuple[str, str, str]]:
        """What stands in the table."""
        return [
            (self._text(row, 0), self._text(row, 1), self._text(row, 2))
            for row in range(self._table.rowCount())
        ]

    def retranslate(self) -> None:
        """Say every word again."""
        self._hint.setText(
            tr("Click a point in a panel to read its change of variables, term by term.")
        )
        self._copy.setText(tr("Copy as text"))
        self._copy.setToolTip(tr("Put this ledger on the clipboard"))
        self._table.setAccessibleName(tr("Ledger: step, log|det J| and log p"))
        self._table.setHorizontalHeaderLabels([tr("step"), "log|det J|", "log p"])
        for column in range(3):
            self._table.horizontalHeaderItem(column).setTextAlignment(_alignment(column))
        self._fill()

    def _set_up_table(self) -> None:
        table = self._table
        table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        table.setSelectionBehavior(QTableWidget.SelectionBehavior.SelectRows)
        table.setSelectionMode(QTableWidget.SelectionMode.SingleSelection)
        table.setShowGrid(False)
        table.setTabKeyNavigation(False)
        table.verticalHeader().hide()
        table.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        header = table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.setHighlightSections(False)
        header.setSectionsClickable(False)
        height = table.fontMetrics().height() + 6
        table.verticalHeader().setMinimumSectionSize(height)
        table.verticalHeader().setDefaultSectionSize(height)
        table.cellClicked.connect(self._pick)
        table.cellActivated.connect(self._pick)

    def _lay_out(self) -> None:
        filled = QWidget()
        column = QVBoxLayout(filled)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addWidget(self._table, 1)
        column.addWidget(self._copy, 0, Qt.AlignmentFlag.AlignRight)
        self._pages = QStackedLayout(self)
        self._pages.addWidget(self._hint)
        self._pages.addWidget(filled)

    def _fill(self) -> None:
        self._pages.setCurrentIndex(1 if self._ledgers else 0)
        lines = self._lines()
        self._table.setRowCount(len(lines))
        self._table.clearSpans()
        for index, (lane, line) in enumerate(lines):
            self._put(index, lane, line)
        shown = next(iter(self._ledgers.values()), None)
        self.point_changed.emit("" if shown is None else f"x = {point_text(shown.point)}")

    def _lines(self) -> list[tuple[str, Line]]:
        discrete, continuous = (self._ledgers.get(lane) for lane in ("discrete", "continuous"))
        lines = every_line(discrete) if discrete else []
        more = sum_lines(continuous) if continuous else []
        if discrete:  # the target is the same for both, so it is said once
            more = [line for line in more if line.title != tr("target's log p")]
        return [("discrete", line) for line in lines] + [("continuous", line) for line in more]

    def _put(self, index: int, lane: str, line: Line) -> None:
        """Write a line into the table, into the cells that are there, so that choices stay."""
        font = self._table.font()
        if line.total:
            font.setWeight(QFont.Weight.DemiBold)
        if not line.log_det:
            self._table.setSpan(index, 0, 1, 2)
        colour = theme.color(lane if line.total else "text")
        for column, text in enumerate((line.title, line.log_det, line.log_prob)):
            item = self._table.item(index, column)
            if item is None:
                item = QTableWidgetItem()
                item.setTextAlignment(_alignment(column))
                self._table.setItem(index, column, item)
            item.setText(text)
            item.setFont(font)
            item.setForeground(colour)
            item.setData(_TAU_ROLE, None if line.row is None else line.row.tau)
            item.setToolTip("" if line.row is None else _tip(line.row))

    def _text(self, row: int, column: int) -> str:
        return self._table.item(row, column).text()

    def _pick(self, row: int, _column: int) -> None:
        tau = self._table.item(row, 0).data(_TAU_ROLE)
        if tau is not None:
            self.tau_picked.emit(float(tau))


def _alignment(column: int) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignRight if column else Qt.AlignmentFlag.AlignLeft
    return side | Qt.AlignmentFlag.AlignVCenter


def _tip(row: LedgerRow) -> str:
    a, b, c, d = (number(value) for value in row.jacobian)
    return tr("Here the point lies at {point}; the Jacobian is [[{a}, {b}], [{c}, {d}]]").format(
        point=point_text(row.position), a=a, b=b, c=c, d=d
    )
