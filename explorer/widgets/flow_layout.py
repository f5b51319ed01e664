"""A layout that sets widgets in rows like words in a paragraph."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QMargins, QPoint, QRect, QSize, Qt
from PySide6.QtWidgets import QLayout, QLayoutItem

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget


class FlowLayout(QLayout):
    """Left to right at each item's own size, on to the next row where the width ends.

    Its height follows from its width, so a parent's layout gives it as many rows as it needs.

    Args:
        parent: The widget to lay out.
        spacing: Between neighbours and between rows, in pixels.
    """

    def __init__(self, parent: QWidget | None = None, spacing: int = 6) -> None:
        super().__init__(parent)
        self._items: list[QLayoutItem] = []
        self._attached: QWidget | None = None
        self._heights: dict[int, int] = {}  # by width: a window asks for the same ones many times
        self.setContentsMargins(QMargins())
        self.setSpacing(spacing)

    def attach(self, widget: QWidget) -> None:
        """Let a widget never begin a row: where it would, the one before it comes along."""
        self._attached = widget
        self.invalidate()

    def addItem(self, item: QLayoutItem) -> None:
        """Take an item up at the end."""
        self._items.append(item)

    def count(self) -> int:
        """How many items it holds."""
        return len(self._items)

    def itemAt(self, index: int) -> QLayoutItem | None:
        """The item at an index; None outside the range, as Qt asks until it gets that."""
        return self._items[index] if 0 <= index < len(self._items) else None

    def takeAt(self, index: int) -> QLayoutItem | None:
        """Give an item away."""
        return self._items.pop(index) if 0 <= index < len(self._items) else None

    def expandingDirections(self) -> Qt.Orientation:
        """It asks for no more room than it needs."""
        return Qt.Orientation(0)

    def hasHeightForWidth(self) -> bool:
        """The narrower, the higher."""
        return True

    def heightForWidth(self, width: int) -> int:
        """The height of all rows at some width, with the margins."""
        if width not in self._heights:
            self._heights[width] = self._height_at(width)
        return self._heights[width]

    def invalidate(self) -> None:
        """Measure the items anew: one has come, gone or changed."""
        self._heights.clear()
        super().invalidate()

    def setGeometry(self, rect: QRect) -> None:
        """Set the items in rows, each centred on its row's middle line."""
        super().setGeometry(rect)
        inner = rect.marginsRemoved(self.contentsMargins())
        y = inner.top()
        for row in self._rows(inner.width()):
            x, height = inner.left(), _height(row)
            for item in row:
                size = item.sizeHint()
                size.setWidth(min(size.width(), inner.width()))
                item.setGeometry(QRect(QPoint(x, y + (height - size.height()) // 2), size))
                x += size.width() + self.spacing()
            y += height + self.spacing()

    def sizeHint(self) -> QSize:
        """All in one row."""
        row = self._shown()
        return self._with_margins(QSize(self._width(row), _height(row)))

    def minimumSize(self) -> QSize:
        """Room for the widest and for the highest item."""
        size = QSize()
        for item in self._shown():
            size = size.expandedTo(item.minimumSize())
        return self._with_margins(size)

    def _shown(self) -> list[QLayoutItem]:
        return [item for item in self._items if not item.isEmpty()]

    def _rows(self, width: int) -> list[list[QLayoutItem]]:
        rows: list[list[QLayoutItem]] = [[]]
        for item in self._shown():
            row = rows[-1]
            attached = item.widget() is self._attached and self._attached is not None
            if not row or self._width([*row, item]) <= width:
                row.append(item)
            elif attached and len(row) > 1:
                rows.append([row.pop(), item])
            else:
                rows.append([item])
        return rows if rows[0] else []

    def _width(self, row: list[QLayoutItem]) -> int:
        widths = [item.sizeHint().width() for item in row]
        return sum(widths) + self.spacing() * max(0, len(row) - 1)

    def _height_at(self, width: int) -> int:
        margins = self.contentsMargins()
        inner = width - margins.left() - margins.right()
        rows = self._rows(inner)
        spaces = self.spacing() * max(0, len(rows) - 1)
        return sum(map(_height, rows)) + spaces + margins.top() + margins.bottom()

    def _with_margins(self, size: QSize) -> QSize:
        return size.grownBy(self.contentsMargins())


def _height(row: list[QLayoutItem]) -> int:
    return max((item.sizeHint().height() for item in row), default=0)
