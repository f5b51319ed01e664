"""Items of a table that are known to be there."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PySide6.QtWidgets import QTableWidget, QTableWidgetItem


def item_at(table: QTableWidget, row: int, column: int) -> QTableWidgetItem:
    """An item of a table.

    Raises:
        LookupError: there is none.
    """
    return _there(table.item(row, column))


def head_at(table: QTableWidget, column: int) -> QTableWidgetItem:
    """The head of a column.

    Raises:
        LookupError: it has none.
    """
    return _there(table.horizontalHeaderItem(column))


def _there(item: QTableWidgetItem | None) -> QTableWidgetItem:
    if item is None:
        raise LookupError("The table has no item there")
    return item
