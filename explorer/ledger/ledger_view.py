"""The change of variables of a clicked point, term by term."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QModelIndex, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QFont, QGuiApplication
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QHBoxLayout,
    QLabel,
    QLayout,
    QStackedLayout,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from explorer.lanes import lane_title
from explorer.ledger.change_curve import ChangeCurve
from explorer.ledger.copies import FORMATS
from explorer.ledger.copy_button import CopyButton
from explorer.ledger.ellipse import COLOUR_ROLE, JACOBIAN_ROLE
from explorer.ledger.ledger_table import JACOBIAN, LOG_DET, LOG_PROB, POSITION, STEP, LedgerLines
from explorer.ledger.lines import (
    asked_point,
    point_text,
    step_in_words,
    step_lines,
    sum_in_words,
    sum_lines,
)
from explorer.theme import theme
from explorer.widgets.named_box import NamedBox
from explorer.widgets.tables import head_at, item_at
from explorer.words.languages import mark, tr, translator

if TYPE_CHECKING:
    from PySide6.QtGui import QResizeEvent

    from explorer.ledger.lines import Line
    from flowengine.protocol import Ledger, LedgerRow

_TAU_ROLE: Final = Qt.ItemDataRole.UserRole
_HEAD: Final = (mark("step"), mark("position"), "J", "log|J|", "log p")
_LANES: Final = ("discrete", "continuous")
_ROOM_FOR: Final = {POSITION: 350, JACOBIAN: 225}  # of width, in logical pixels
_ROOM_FOR_CURVE: Final = 210  # of height
_FEWEST_LINES: Final = 2  # above sums that stand still
_ENOUGH_LINES: Final = 4  # above them and a curve
_LOWEST: Final = 96
_SPACING: Final = 4
_AT_BOTTOM: Final = QAbstractItemView.ScrollHint.PositionAtBottom


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
        self._asked: tuple[float, float] | None = None
        self._shown: list[tuple[str, Line]] = []
        self._written: list[tuple[object, ...]] = []  # what stands in each row of the table
        self._count_of_sums = 0
        self._pointed = ""
        self._table = LedgerLines(len(_HEAD))
        self._set_up_table()
        self._hint, self._detail = QLabel(), QLabel()
        for label in (self._hint, self._detail):
            label.setProperty("role", "muted")
            label.setWordWrap(True)
        self._hint.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._curve = ChangeCurve()
        self._curve.tau_picked.connect(self.tau_picked)
        self._lanes = NamedBox()
        self._lanes.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        for lane in ("", *_LANES):
            self._lanes.addItem("", lane)
        self._lanes.currentIndexChanged.connect(self._fill)
        self._copy = CopyButton(self)
        self._copy.picked.connect(self.copy)
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
        asked = any(shown.point == ledger.point for shown in self._ledgers.values())
        self._ledgers = {**others, ledger.lane: ledger}
        self._fill()
        if not asked:
            QTimer.singleShot(0, self, self._scroll_to_total)  # the lines know their height then

    def set_asked(self, point: tuple[float, float] | None) -> None:
        """Say that an answer is on its way; engines that are still starting take a while."""
        self._asked = point
        self._show_hint()

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
            (self._text(row, STEP), self._text(row, LOG_DET), self._text(row, LOG_PROB))
            for row in range(self._table.rowCount())
        ]

    def retranslate(self) -> None:
        """Say every word again."""
        self._show_hint()
        self._copy.retranslate()
        for index, text in enumerate((tr("Both models"), *(tr(lane_title(k)) for k in _LANES))):
            self._lanes.setItemText(index, text)
        self._lanes.setToolTip(tr("Whose ledger to show"))
        self._lanes.setAccessibleName(tr("Whose ledger to show"))
        self._table.setAccessibleName(tr("Ledger: step, log|det J| and log p"))
        self._table.sums.setAccessibleName(tr("Sums of the ledger: log p(x) and the round trip"))
        self._table.setHorizontalHeaderLabels([tr(word) for word in _HEAD])
        for column, tip in enumerate(_head_tips()):
            head = head_at(self._table, column)
            head.setTextAlignment(_alignment(column))
            head.setToolTip(tip)
        self._fill()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Show the positions, the ellipses and the curve where there is room for them."""
        super().resizeEvent(event)
        if any(self._table.isColumnHidden(c) == self._has_room_for(c) for c in _ROOM_FOR):
            self._fill()
        self._hold_sums()
        self._fill_curve()

    def minimumSizeHint(self) -> QSize:
        """Room for a few lines; with more, the sums stand below them."""
        return QSize(super().minimumSizeHint().width(), _LOWEST)

    # --- making ---------------------------------------------------------------------------------

    def _set_up_table(self) -> None:
        for view in (self._table, self._table.sums):
            viewport = view.viewport()
            view.customContextMenuRequested.connect(
                lambda point, viewport=viewport: self._copy.menu().popup(
                    viewport.mapToGlobal(point)
                )
            )
            view.clicked.connect(self._pick)
            view.activated.connect(self._pick)
        self._table.itemSelectionChanged.connect(self._tell_chosen)

    def _lay_out(self) -> None:
        foot = QHBoxLayout()
        foot.addWidget(self._lanes)
        foot.addStretch(1)
        foot.addWidget(self._copy)
        lines = QVBoxLayout()
        lines.setSpacing(0)
        lines.addWidget(self._table, 1)
        lines.addWidget(self._table.sums)
        lines.addStretch(0)  # takes what is left where no further line fits
        filled = QWidget()
        column = QVBoxLayout(filled)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(_SPACING)
        column.addLayout(lines, 1)
        column.addWidget(self._detail)
        column.addWidget(self._curve)
        column.addLayout(foot)
        self._pages = QStackedLayout(self)
        self._pages.setSizeConstraint(QLayout.SizeConstraint.SetNoConstraint)
        self._pages.addWidget(self._hint)
        self._pages.addWidget(filled)

    def _show_hint(self) -> None:
        self._hint.setText(
            tr("Click a point in a panel to read its change of variables, term by term.")
            if self._asked is None
            else tr("Asking the models about x = {point} …").format(point=point_text(self._asked))
        )

    # --- filling --------------------------------------------------------------------------------

    def _has_room_for(self, column: int) -> bool:
        return self.width() >= _ROOM_FOR[column]

    def _shows(self, lane: str) -> bool:
        return lane in self._ledgers and self._lanes.currentData() in ("", lane)

    def _fill(self) -> None:
        self._pages.setCurrentIndex(1 if self._ledgers else 0)
        for column in _ROOM_FOR:
            self._table.set_column_hidden(column, not self._has_room_for(column))
        self._write(*self._split())
        self._tell_chosen()
        shown = next(iter(self._ledgers.values()), None)
        self.point_changed.emit("" if shown is None else f"x = {asked_point(shown)}")

    def _split(self) -> tuple[list[tuple[str, Line]], list[tuple[str, Line]]]:
        """The lines that scroll, and those that stand still below: in little room the totals."""
        steps, sums = self._steps(), self._sums()
        room, least = int(self._room_for_lines()), min(len(steps), _FEWEST_LINES)
        if room >= len(sums) + least:
            return steps, sums
        totals = [(lane, line) for lane, line in sums if line.total]
        if room >= len(totals) + least:
            return steps + [(lane, line) for lane, line in sums if not line.total], totals
        return steps + sums, []

    def _write(self, scrolled: list[tuple[str, Line]], still: list[tuple[str, Line]]) -> None:
        self._shown, self._count_of_sums = scrolled + still, len(still)
        self._table.setRowCount(len(self._shown))
        del self._written[len(self._shown) :]
        self._written += [()] * (len(self._shown) - len(self._written))
        with self._table.written_silently():
            rows = [k for k, (lane, line) in enumerate(self._shown) if self._put(k, lane, line)]
        self._table.tell_written(rows)

    def _fill_curve(self) -> None:
        shown = self._shows("continuous")
        if shown:
            self._curve.set_rows(self._ledgers["continuous"].rows)
        self._curve.setVisible(shown and self._spares_room_for_curve())
        room = self._room_for_lines() - (0 if self._curve.isHidden() else self._lines_for_curve())
        most = int(room) - self._count_of_sums
        steps = len(self._shown) - self._count_of_sums
        self._table.show_at_most(min(most, steps) if self._shown else most)

    def _lines_for_curve(self) -> float:
        """How many lines there would be room for in the place of the curve."""
        return (self._curve.sizeHint().height() + _SPACING) / self._table.line_height

    def _scroll_to_total(self) -> None:
        """Let a new point be read from log p(x) upwards where that scrolls with the lines."""
        if not self._count_of_sums:
            first_sum = self._table.model().index(len(self._steps()), STEP)
            self._table.scrollTo(first_sum, _AT_BOTTOM)

    def _hold_sums(self) -> None:
        """Let the sums stand still below the lines, where that leaves some lines to be seen."""
        scrolled, still = self._split()
        if len(still) != self._count_of_sums:
            self._write(scrolled, still)
        self._table.show_sums_from(len(scrolled))

    def _spares_room_for_curve(self) -> bool:
        """Whether no line is scrolled out of sight for the curve's sake, or many stay in sight."""
        if self.height() < _ROOM_FOR_CURVE:
            return False
        room = self._room_for_lines()
        left = room - self._lines_for_curve()
        if room >= len(self._shown):
            return left >= len(self._shown)
        return left >= self._count_of_sums + _ENOUGH_LINES

    def _room_for_lines(self) -> float:
        """How many lines there is room for, the curve left away."""
        heads = self._table.horizontalHeader().height() + 4 * self._table.frameWidth()
        feet = [self._copy.sizeHint().height()]
        feet += [self._detail.heightForWidth(self.width())] if self._detail.text() else []
        spare = self.height() - heads - sum(feet) - _SPACING * (1 + len(feet))
        return spare / self._table.line_height

    def _steps(self) -> list[tuple[str, Line]]:
        """The lines of the stack; those of the flow where it is shown alone."""
        alone = self._lanes.currentData() == "continuous"
        lane = "continuous" if alone else "discrete"
        ledger = self._ledgers[lane] if self._shows(lane) else None
        return [(lane, line) for line in step_lines(ledger)] if ledger else []

    def _sums(self) -> list[tuple[str, Line]]:
        """The sums of the lanes that are shown; the target is the same, so it is said once."""
        shown = [lane for lane in _LANES if self._shows(lane)]
        return [
            (lane, line)
            for lane in shown
            for line in sum_lines(self._ledgers[lane])
            if lane == shown[0] or line.title != tr("target's log p")
        ]

    def _put(self, index: int, lane: str, line: Line) -> bool:
        """Write a line into the table, into the cells that are there, so that choices stay.

        Returns:
            Whether something else stood there.
        """
        font = self._table.font()
        if line.total:
            font.setWeight(QFont.Weight.DemiBold)
        title = line.title
        if line.row is not None and line.row.layer == "base" and not line.total:
            title = f"{title} = {line.position}" if self._table.isColumnHidden(POSITION) else title
        free = LOG_DET if line.log_det else LOG_PROB
        self._span(index, 1 if line.warps else free, line)
        texts = (title, line.position, "", line.log_det, line.log_prob)
        tip = step_in_words(line) if line.row is not None else ""
        tip = sum_in_words(self._ledgers[lane]) if line.total else tip
        wanted = (lane, line, texts, tip, font.key(), theme.name)
        if wanted == self._written[index]:
            return False
        self._written[index] = wanted
        colour = theme.color(lane if line.total else "text")
        for column, text in enumerate(texts):
            item = self._item(index, column)
            item.setText(text)
            item.setFont(font)
            item.setForeground(colour)
            item.setData(_TAU_ROLE, None if line.row is None else line.row.tau)
            item.setToolTip(tip)
        ellipse = self._item(index, JACOBIAN)
        ellipse.setData(
            JACOBIAN_ROLE, line.row.jacobian if line.warps and line.row is not None else None
        )
        ellipse.setData(COLOUR_ROLE, lane)
        return True

    def _span(self, index: int, columns: int, line: Line) -> None:
        """Let a title without figures beside it have their room, but not that of its position."""
        if line.position and not self._table.isColumnHidden(POSITION):
            columns = 1
        self._table.set_span(index, columns)

    def _item(self, row: int, column: int) -> QTableWidgetItem:
        item = self._table.item(row, column)
        if item is None:
            item = QTableWidgetItem()
            item.setTextAlignment(_alignment(column))
            self._table.setItem(row, column, item)
        return item

    def _text(self, row: int, column: int) -> str:
        return item_at(self._table, row, column).text()

    # --- asking ---------------------------------------------------------------------------------

    def _tell_chosen(self) -> None:
        """Say what the chosen line's tip says, for those who have no mouse over it, and where."""
        rows = {index.row() for index in self._table.selectedIndexes()}
        lane, line = next((self._shown[row] for row in rows if row < len(self._shown)), ("", None))
        text = item_at(self._table, min(rows), STEP).toolTip() if line is not None else ""
        self._detail.setText(text)
        self._detail.setVisible(bool(text))
        self._hold_sums()
        self._fill_curve()
        self._point_to(lane, line.row if line is not None and line.warps else None)

    def _point_to(self, lane: str, row: LedgerRow | None) -> None:
        before, self._pointed = self._pointed, lane if row is not None else ""
        if before and before != self._pointed and before in self._ledgers:
            self.step_chosen.emit(self._ledgers[before], None)
        if row is not None:
            self.step_chosen.emit(self._ledgers[lane], row)

    def _pick(self, index: QModelIndex) -> None:
        tau = item_at(self._table, index.row(), STEP).data(_TAU_ROLE)
        if tau is not None:
            self.tau_picked.emit(float(tau))


def _alignment(column: int) -> Qt.AlignmentFlag:
    sides = {STEP: Qt.AlignmentFlag.AlignLeft, JACOBIAN: Qt.AlignmentFlag.AlignHCenter}
    return sides.get(column, Qt.AlignmentFlag.AlignRight) | Qt.AlignmentFlag.AlignVCenter


def _head_tips() -> tuple[str, ...]:
    return (
        tr("The layer that acts, from the base to the target"),
        tr("Where the point is after this step, in data units"),
        tr("What the step's Jacobian makes of the unit circle, drawn faintly beneath"),
        tr("log|det J| of this step alone, in nats: what it takes from log p"),
        tr("The density after this step, in nats"),
    )
