"""Every action of the window by typing a part of its name."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QEvent, QObject, QSize, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QDialog,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from explorer.theme import theme
from explorer.words.languages import tr

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtCore import QModelIndex, QPersistentModelIndex
    from PySide6.QtGui import QAction, QPainter

_WIDTH: Final = 520
_ROWS: Final = 12
_DETAIL: Final = Qt.ItemDataRole.UserRole + 1
_ACTION: Final = Qt.ItemDataRole.UserRole + 2
_MOVES: Final = {Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown}


class CommandPalette(QDialog):
    """A search box over a list of actions; Enter runs the chosen one.

    Args:
        actions: What can be run, with the words that say where else it is found: ("File", action).
        parent: The window over which it opens.
    """

    def __init__(self, actions: Sequence[tuple[str, QAction]], parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Dialog | Qt.WindowType.FramelessWindowHint)
        self.setWindowTitle(tr("Find an action"))
        self.setProperty("role", "popup")
        self.setFixedWidth(_WIDTH)
        self._actions = [(place, action) for place, action in actions if action.text()]
        self.search = QLineEdit()
        self.search.setPlaceholderText(tr("Type what you want to do"))
        self.search.setAccessibleName(self.windowTitle())
        self.search.textChanged.connect(self._fill)
        self.search.installEventFilter(self)
        self.list = QListWidget()
        self.list.setItemDelegate(_RowPainter(self.list))
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setAccessibleName(tr("Actions"))
        self.list.itemClicked.connect(self._run)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 10, 10, 10)
        layout.addWidget(self.search)
        layout.addWidget(self.list)
        self._fill("")
        self.list.setFixedHeight(_ROWS * self.list.sizeHintForRow(0))
        self._place(parent)

    def event(self, event: QEvent) -> bool:
        """A click elsewhere closes it."""
        if event.type() == QEvent.Type.WindowDeactivate:
            self.reject()
        return super().event(event)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The search box keeps the keyboard: arrows move in the list, Enter runs."""
        pressed = event.type() == QEvent.Type.KeyPress
        if watched is self.search and pressed and isinstance(event, QKeyEvent):
            return self._take_key(event)
        return super().eventFilter(watched, event)

    def _take_key(self, event: QKeyEvent) -> bool:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._run(self.list.currentItem())
            return True
        if event.key() in _MOVES:
            self.list.keyPressEvent(event)
            return True
        return False

    def _fill(self, text: str) -> None:
        """Those whose name holds every word, then those that are explained by such words."""
        words = folded(text).split()
        named = [row for row in self._actions if _holds(row[1].text(), words)]
        others = [row for row in self._actions if row not in named]
        found = named + [row for row in others if _explains(*row, words)]
        self.list.clear()
        for place, action in found:
            self.list.addItem(_item(place, action))
        if not found:
            self.list.addItem(_nothing())
        self.list.setCurrentRow(0)

    def _run(self, item: QListWidgetItem | None) -> None:
        action = item.data(_ACTION) if item is not None else None
        if action is None or not action.isEnabled():
            return
        self.accept()
        action.trigger()

    def _place(self, parent: QWidget) -> None:
        top = parent.mapToGlobal(parent.rect().topLeft())
        self.adjustSize()
        self.move(top.x() + (parent.width() - self.width()) // 2, top.y() + parent.height() // 8)


def folded(text: str) -> str:
    """Letters as they are compared: in lower case, and without the marks that are often left out.

    A Vietnamese name is found by the bare letters too.
    """
    bare = unicodedata.normalize("NFD", text.casefold().replace("đ", "d"))
    return "".join(letter for letter in bare if not unicodedata.combining(letter))


def _holds(text: str, words: list[str]) -> bool:
    return all(word in folded(text).replace("&", "") for word in words)


def _explains(place: str, action: QAction, words: list[str]) -> bool:
    """Whether each word begins one of those that the action is explained or found by."""
    explanation = f"{action.text()} {place} {action.statusTip()} {action.data() or ''}"
    known = re.findall(r"\w+", folded(explanation))
    return all(any(other.startswith(word) for other in known) for word in words)


def _item(place: str, action: QAction) -> QListWidgetItem:
    item = QListWidgetItem(action.icon(), action.text().replace("&", ""))
    key = action.shortcut().toString()
    item.setData(_DETAIL, " · ".join(filter(None, (place, key))))
    item.setData(_ACTION, action)
    item.setToolTip(action.statusTip())
    if not action.isEnabled():
        item.setFlags(Qt.ItemFlag.NoItemFlags)
    return item


def _nothing() -> QListWidgetItem:
    item = QListWidgetItem(tr("Nothing here is called that, or explained by it"))
    item.setData(_DETAIL, "")
    item.setFlags(Qt.ItemFlag.NoItemFlags)
    return item


class _RowPainter(QStyledItemDelegate):
    """The action on the left; on the right, muted, where else it is found and its key."""

    def sizeHint(
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> QSize:
        return QSize(0, super().sizeHint(option, index).height() + 8)

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        super().paint(painter, option, index)
        enabled = bool(option.state & QStyle.StateFlag.State_Enabled)
        painter.save()
        painter.setPen(theme.color("text_muted" if enabled else "control"))
        room = option.rect.adjusted(0, 0, -8, 0)
        flags = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight
        painter.drawText(room, flags, index.data(_DETAIL))
        painter.restore()
