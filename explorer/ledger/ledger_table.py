"""The lines of a ledger, which scroll, over its sums, which never do."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QEvent, QSignalBlocker, Qt
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QTableWidget

from explorer.ledger.ellipse import ELLIPSE_WIDTH, EllipseDelegate
from explorer.ledger.titles import TitleDelegate

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from PySide6.QtGui import QKeyEvent
    from PySide6.QtWidgets import QWidget

STEP, POSITION, JACOBIAN, LOG_DET, LOG_PROB = range(5)
_AIR: Final = 4  # of a line, in logical pixels


class LedgerLines(QTableWidget):
    """Holds every line and shows those above the sums.

    Attributes:
        sums: A view of the lines that are sums, to stand below this one.
    """

    def __init__(self, columns: int, parent: QWidget | None = None) -> None:
        super().__init__(0, columns, parent)
        self.sums = SumsView(self)
        _set_up(self)
        header = self.horizontalHeader()
        header.sectionResized.connect(self.sums.follow_column)
        header.setMinimumSectionSize(ELLIPSE_WIDTH)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(STEP, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(JACOBIAN, QHeaderView.ResizeMode.Fixed)
        header.resizeSection(JACOBIAN, ELLIPSE_WIDTH)
        header.setHighlightSections(False)
        header.setSectionsClickable(False)
        self.fit_lines()

    @contextmanager
    def written_silently(self) -> Iterator[None]:
        """Tell no view of what is written meanwhile: each cell would have columns measured."""
        with QSignalBlocker(self.model()):
            yield

    def tell_written(self, rows: Iterable[int]) -> None:
        """Tell the views, all at once, of rows that were written."""
        rows, model = sorted(rows), self.model()
        if rows:
            last = model.index(rows[-1], self.columnCount() - 1)
            model.dataChanged.emit(model.index(rows[0], 0), last)

    def show_sums_from(self, first: int) -> None:
        """Say which line is the first of the sums; those above it stay here."""
        for row in range(self.rowCount()):
            self.setRowHidden(row, row >= first)
        self.sums.show_from(first)

    def show_at_most(self, lines: int) -> None:
        """Be no higher than so many lines: a line that is cut reads as another."""
        heads = self.horizontalHeader().sizeHint().height() + 2 * self.frameWidth()
        self.setMaximumHeight(heads + max(lines, 1) * self.line_height)

    def set_column_hidden(self, column: int, hidden: bool) -> None:
        """Show or hide a column of the lines and of the sums."""
        self.setColumnHidden(column, hidden)
        self.sums.setColumnHidden(column, hidden)

    def set_span(self, row: int, columns: int) -> None:
        """Let the title of a line reach over so many columns."""
        for view in (self, self.sums):
            if view.columnSpan(row, STEP) != columns:
                view.setSpan(row, STEP, 1, columns)

    def fit_lines(self) -> None:
        """Make the lines as high as the letters ask for."""
        for view in (self, self.sums):
            height = view.fontMetrics().height() + _AIR
            view.verticalHeader().setMinimumSectionSize(height)
            view.verticalHeader().setDefaultSectionSize(height)
        self.sums.fit()

    @property
    def line_height(self) -> int:
        """The height of a line."""
        return self.verticalHeader().defaultSectionSize()

    def sizeHintForColumn(self, column: int) -> int:
        """Wide enough for the sums as well."""
        return max(super().sizeHintForColumn(column), self.sums.sizeHintForColumn(column))

    def updateGeometries(self) -> None:
        """Keep the sums' columns below these, beside a scroll bar or not."""
        super().updateGeometries()
        self.sums.leave_room(self.verticalScrollBar())

    def changeEvent(self, event: QEvent) -> None:
        """Fit the lines to other letters."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self.fit_lines()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Go from the last line on to the sums."""
        before = self.currentIndex()
        super().keyPressEvent(event)
        if event.key() == Qt.Key.Key_Down and self.currentIndex() == before:
            self.sums.enter()


class SumsView(QTableView):
    """The last lines of a ledger: log p(x) and the error of the round trip.

    It shares the model and the choice with the lines above it.
    """

    def __init__(self, lines: LedgerLines) -> None:
        super().__init__()
        self._lines = lines
        self._first = 0
        self.setModel(lines.model())
        self.setSelectionModel(lines.selectionModel())
        _set_up(self)
        self.horizontalHeader().hide()
        self.horizontalHeader().setMinimumSectionSize(0)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)

    def show_from(self, first: int) -> None:
        """Show the lines from this one on."""
        self._first = first
        for row in range(self.model().rowCount()):
            self.setRowHidden(row, row < first)
        self.fit()

    def fit(self) -> None:
        """Be as high as the sums are."""
        count = self.model().rowCount() - self._first
        lines = count * self.verticalHeader().defaultSectionSize()
        self.setFixedHeight(lines + 2 * self.frameWidth())
        self.setVisible(count > 0)

    def follow_column(self, column: int, _before: int, width: int) -> None:
        """Make a column as wide as the lines' own."""
        self.setColumnWidth(column, width)

    def leave_room(self, bar: QWidget) -> None:
        """Leave free what a scroll bar beside the lines takes."""
        room = bar.width() if bar.isVisibleTo(self._lines) else 0
        if self.viewportMargins().right() != room:
            self.setViewportMargins(0, 0, room, 0)

    def enter(self) -> None:
        """Take the keyboard, at the first of the sums."""
        if self._first < self.model().rowCount():
            self.setCurrentIndex(self.model().index(self._first, STEP))
            self.setFocus(Qt.FocusReason.OtherFocusReason)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Go from the first of the sums back to the lines."""
        up = event.key() == Qt.Key.Key_Up and self.currentIndex().row() == self._first
        if up and self._first > 0:
            self._lines.setCurrentCell(self._first - 1, STEP)
            self._lines.setFocus(Qt.FocusReason.OtherFocusReason)
        else:
            super().keyPressEvent(event)


def _set_up(view: QTableView) -> None:
    view.setProperty("role", "dense")
    view.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    view.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    view.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
    view.setItemDelegateForColumn(STEP, TitleDelegate(view))
    view.setItemDelegateForColumn(JACOBIAN, EllipseDelegate(view))
    view.setShowGrid(False)
    view.setTabKeyNavigation(False)
    view.verticalHeader().hide()
    view.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    view.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
