"""The change of variables of a clicked point, term by term."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QAction, QFont, QGuiApplication, QKeySequence
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QMenu,
    QPushButton,
    QStackedLayout,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from explorer.i18n import mark, number, tr, translator
from explorer.lanes import LANE_TITLES
from explorer.ledger.change_curve import ChangeCurve
from explorer.ledger.copies import FORMATS
from explorer.ledger.ellipse import COLOUR_ROLE, ELLIPSE_WIDTH, JACOBIAN_ROLE, EllipseDelegate
from explorer.ledger.lines import every_line, point_text, sum_lines
from explorer.ledger.titles import TitleDelegate
from explorer.theme import theme

if TYPE_CHECKING:
    from PySide6.QtGui import QResizeEvent

    from explorer.ledger.lines import Line
    from flowengine.protocol import Ledger, LedgerRow

_TAU_ROLE: Final = Qt.ItemDataRole.UserRole
_STEP, _POSITION, _JACOBIAN, _LOG_DET, _LOG_PROB = range(5)
_HEAD: Final = (mark("step"), mark("position"), "J", "log|J|", "log p")
_LANES: Final = ("discrete", "continuous")
_COPIES: Final = {
    "text": (mark("Copy as text"), "Ctrl+C"),
    "markdown": (mark("Copy as Markdown"), "Ctrl+Shift+C"),
    "latex": (mark("Copy as LaTeX"), "Ctrl+Alt+C"),
}
_ROOM_FOR_POSITIONS: Final = 350  # of width, in logical pixels
_ROOM_FOR_CURVE: Final = 210  # of height
_SPACING: Final = 4


class LedgerView(QWidget):
    """The ledger of the discrete stack layer by layer, and of the continuous flow beside it.

    A row that is clicked or entered asks for the moment at which its layer has acted.
    """

    tau_picked = Signal(float)
    point_changed = Signal(str)
    step_chosen = Signal(object, object)
    """A line was chosen, or has moved on with the model: its `Ledger`, and its `LedgerRow`, whose
    Jacobian belongs where that row's position is; None where it is no step any more."""
    copied = Signal(str)
    """A sentence that says so."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._ledgers: dict[str, Ledger] = {}
        self._shown: list[tuple[str, Line]] = []
        self._pointed = ""
        self._table = QTableWidget(0, len(_HEAD))
        self._set_up_table()
        self._hint, self._detail = QLabel(), QLabel()
        for label in (self._hint, self._detail):
            label.setProperty("role", "muted")
            label.setWordWrap(True)
        self._hint.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._curve = ChangeCurve()
        self._curve.tau_picked.connect(self.tau_picked)
        self._lanes = QComboBox()
        for lane in ("", *_LANES):
            self._lanes.addItem("", lane)
        self._lanes.currentIndexChanged.connect(self._fill)
        self._copy = QPushButton()
        self._copy.setProperty("role", "chip")
        self._copies = {name: self._copy_action(name) for name in _COPIES}
        self._menu = QMenu(self)
        self._menu.addActions(list(self._copies.values()))
        self._copy.setMenu(self._menu)
        self._lay_out()
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

    def copy(self, name: str = "text") -> None:
        """Put the ledgers that are shown on the clipboard: as "text", "markdown" or "latex"."""
        if text := self.as_text(name):
            QGuiApplication.clipboard().setText(text)
            self.copied.emit(tr("The ledger is on the clipboard"))

    def as_text(self, name: str = "text") -> str:
        """The ledgers that are shown as "text", "markdown" or "latex"; "" while there is none."""
        shown = (self._ledgers[lane] for lane in _LANES if self._shows(lane))
        return "\n\n".join(FORMATS[name](ledger) for ledger in shown)

    def rows(self) -> list[tuple[str, str, str]]:
        """What stands in the table, without the positions and the ellipses."""
        return [
            (self._text(row, _STEP), self._text(row, _LOG_DET), self._text(row, _LOG_PROB))
            for row in range(self._table.rowCount())
        ]

    def retranslate(self) -> None:
        """Say every word again."""
        self._hint.setText(
            tr("Click a point in a panel to read its change of variables, term by term.")
        )
        self._copy.setText(tr("Copy ▾"))
        self._copy.setToolTip(tr("Put this ledger on the clipboard"))
        self._copy.setAccessibleName(tr("Put this ledger on the clipboard"))
        for name, action in self._copies.items():
            action.setText(tr(_COPIES[name][0]))
        for index, text in enumerate((tr("Both lanes"), *(tr(LANE_TITLES[k]) for k in _LANES))):
            self._lanes.setItemText(index, text)
        self._lanes.setToolTip(tr("Whose ledger to show"))
        self._lanes.setAccessibleName(tr("Whose ledger to show"))
        self._table.setAccessibleName(tr("Ledger: step, log|det J| and log p"))
        self._table.setHorizontalHeaderLabels([tr(word) for word in _HEAD])
        for column, tip in enumerate(_head_tips()):
            head = self._table.horizontalHeaderItem(column)
            head.setTextAlignment(_alignment(column))
            head.setToolTip(tip)
        self._fill()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Show the positions and the curve where there is room for them."""
        super().resizeEvent(event)
        if self._table.isColumnHidden(_POSITION) != (self.width() < _ROOM_FOR_POSITIONS):
            self._fill()
        self._fill_curve()

    # --- making ---------------------------------------------------------------------------------

    def _set_up_table(self) -> None:
        table = self._table
        table.setProperty("role", "dense")
        table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        table.setSelectionBehavior(QTableWidget.SelectionBehavior.SelectRows)
        table.setSelectionMode(QTableWidget.SelectionMode.SingleSelection)
        table.setItemDelegateForColumn(_STEP, TitleDelegate(table))
        table.setItemDelegateForColumn(_JACOBIAN, EllipseDelegate(table))
        table.setShowGrid(False)
        table.setTabKeyNavigation(False)
        table.verticalHeader().hide()
        table.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        table.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        table.customContextMenuRequested.connect(self._show_menu)
        header = table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(_STEP, QHeaderView.ResizeMode.Stretch)
        header.setMinimumSectionSize(ELLIPSE_WIDTH)
        header.setSectionResizeMode(_JACOBIAN, QHeaderView.ResizeMode.Fixed)
        header.resizeSection(_JACOBIAN, ELLIPSE_WIDTH)
        header.setHighlightSections(False)
        header.setSectionsClickable(False)
        height = table.fontMetrics().height() + 6
        table.verticalHeader().setMinimumSectionSize(height)
        table.verticalHeader().setDefaultSectionSize(height)
        table.cellClicked.connect(self._pick)
        table.cellActivated.connect(self._pick)
        table.itemSelectionChanged.connect(self._tell_chosen)

    def _copy_action(self, name: str) -> QAction:
        action = QAction(self)
        action.setObjectName(f"copy_{name}")
        action.setShortcut(QKeySequence(_COPIES[name][1]))
        action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        action.triggered.connect(lambda _checked=False: self.copy(name))
        self.addAction(action)
        return action

    def _lay_out(self) -> None:
        foot = QHBoxLayout()
        foot.addWidget(self._lanes)
        foot.addStretch(1)
        foot.addWidget(self._copy)
        filled = QWidget()
        column = QVBoxLayout(filled)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(_SPACING)
        column.addWidget(self._table, 1)
        column.addWidget(self._detail)
        column.addWidget(self._curve)
        column.addLayout(foot)
        self._pages = QStackedLayout(self)
        self._pages.addWidget(self._hint)
        self._pages.addWidget(filled)

    # --- filling --------------------------------------------------------------------------------

    def _shows(self, lane: str) -> bool:
        return lane in self._ledgers and self._lanes.currentData() in ("", lane)

    def _fill(self) -> None:
        self._pages.setCurrentIndex(1 if self._ledgers else 0)
        self._table.setColumnHidden(_POSITION, self.width() < _ROOM_FOR_POSITIONS)
        self._shown = self._lines()
        self._table.setRowCount(len(self._shown))
        for index, (lane, line) in enumerate(self._shown):
            self._put(index, lane, line)
        self._fill_curve()
        self._tell_chosen()
        shown = next(iter(self._ledgers.values()), None)
        self.point_changed.emit("" if shown is None else f"x = {point_text(shown.point)}")

    def _fill_curve(self) -> None:
        shown = self._shows("continuous")
        if shown:
            self._curve.set_rows(self._ledgers["continuous"].rows)
        self._curve.setVisible(shown and self._spares_room_for_curve())

    def _spares_room_for_curve(self) -> bool:
        """Whether no line is scrolled out of sight for the curve's sake."""
        if self.height() < _ROOM_FOR_CURVE:
            return False
        heads = self._table.horizontalHeader().height() + 2 * self._table.frameWidth()
        lines = len(self._shown) * self._table.verticalHeader().defaultSectionSize()
        feet = [self._copy.sizeHint().height()]
        feet += [self._detail.sizeHint().height()] if self._detail.text() else []
        spare = self.height() - heads - lines - sum(feet) - _SPACING * (1 + len(feet))
        return not 0 <= spare < self._curve.sizeHint().height()

    def _lines(self) -> list[tuple[str, Line]]:
        """Every line of the lanes that are shown; beside the stack, the flow's sum alone."""
        discrete, continuous = (
            self._ledgers[lane] if self._shows(lane) else None for lane in _LANES
        )
        lines = every_line(discrete) if discrete else []
        more: list[Line] = []
        if continuous is not None:
            alone = self._lanes.currentData() == "continuous"
            more = every_line(continuous) if alone else sum_lines(continuous)
        if discrete:  # the target is the same for both, so it is said once
            more = [line for line in more if line.title != tr("target's log p")]
        return [("discrete", line) for line in lines] + [("continuous", line) for line in more]

    def _put(self, index: int, lane: str, line: Line) -> None:
        """Write a line into the table, into the cells that are there, so that choices stay."""
        font = self._table.font()
        if line.total:
            font.setWeight(QFont.Weight.DemiBold)
        title = line.title
        if line.row is not None and line.row.layer == "base" and not line.total:
            title = f"{title} = {line.position}" if self._table.isColumnHidden(_POSITION) else title
        free = _LOG_DET if line.log_det else _LOG_PROB
        self._span(index, 1 if line.warps else free, line)
        colour = theme.color(lane if line.total else "text")
        texts = (title, line.position, "", line.log_det, line.log_prob)
        for column, text in enumerate(texts):
            item = self._item(index, column)
            item.setText(text)
            item.setFont(font)
            item.setForeground(colour)
            item.setData(_TAU_ROLE, None if line.row is None else line.row.tau)
            item.setToolTip("" if line.row is None or line.total else _tip(line.row))
        ellipse = self._item(index, _JACOBIAN)
        ellipse.setData(JACOBIAN_ROLE, line.row.jacobian if line.warps else None)
        ellipse.setData(COLOUR_ROLE, lane)

    def _span(self, index: int, columns: int, line: Line) -> None:
        """Let a title without figures beside it have their room, but not that of its position."""
        if line.position and not self._table.isColumnHidden(_POSITION):
            columns = 1
        if self._table.columnSpan(index, _STEP) != columns:
            self._table.setSpan(index, _STEP, 1, columns)

    def _item(self, row: int, column: int) -> QTableWidgetItem:
        item = self._table.item(row, column)
        if item is None:
            item = QTableWidgetItem()
            item.setTextAlignment(_alignment(column))
            self._table.setItem(row, column, item)
        return item

    def _text(self, row: int, column: int) -> str:
        return self._table.item(row, column).text()

    # --- asking ---------------------------------------------------------------------------------

    def _tell_chosen(self) -> None:
        """Say what the chosen line's tip says, for those who have no mouse over it, and where."""
        rows = {index.row() for index in self._table.selectedIndexes()}
        lane, line = next((self._shown[row] for row in rows if row < len(self._shown)), ("", None))
        text = self._table.item(min(rows), _STEP).toolTip() if line is not None else ""
        self._detail.setText(text)
        self._detail.setVisible(bool(text))
        self._point_to(lane, line.row if line is not None and line.warps else None)

    def _point_to(self, lane: str, row: LedgerRow | None) -> None:
        before, self._pointed = self._pointed, lane if row is not None else ""
        if before and before != self._pointed and before in self._ledgers:
            self.step_chosen.emit(self._ledgers[before], None)
        if row is not None:
            self.step_chosen.emit(self._ledgers[lane], row)

    def _pick(self, row: int, _column: int) -> None:
        tau = self._table.item(row, _STEP).data(_TAU_ROLE)
        if tau is not None:
            self.tau_picked.emit(float(tau))

    def _show_menu(self, point: QPoint) -> None:
        self._menu.popup(self._table.viewport().mapToGlobal(point))


def _alignment(column: int) -> Qt.AlignmentFlag:
    sides = {_STEP: Qt.AlignmentFlag.AlignLeft, _JACOBIAN: Qt.AlignmentFlag.AlignHCenter}
    return sides.get(column, Qt.AlignmentFlag.AlignRight) | Qt.AlignmentFlag.AlignVCenter


def _head_tips() -> tuple[str, ...]:
    return (
        tr("The layer that acts, from the base to the target"),
        tr("Where the point is after this step, in data units"),
        tr("What the step's Jacobian makes of the unit circle, drawn faintly beneath"),
        tr("log|det J| of this step alone, in nats: what it takes from log p"),
        tr("The density after this step, in nats"),
    )


def _tip(row: LedgerRow) -> str:
    a, b, c, d = (number(value) for value in row.jacobian)
    return tr("Here the point lies at {point}; the Jacobian is [[{a}, {b}], [{c}, {d}]]").format(
        point=point_text(row.position), a=a, b=b, c=c, d=d
    )
