"""The sheet of all keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import (
    QDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from explorer.target.keys import SHEET
from explorer.words.languages import mark, tr

if TYPE_CHECKING:
    from collections.abc import Sequence

    Sections = Sequence[tuple[str, Sequence[tuple[str, str]]]]

# Keys that work inside one part of the window and are handled there.
STACK: Final = mark("In the stack")
PANELS: Final = mark("In the panels")
LEDGER: Final = mark("In the ledger")
FIT: Final = mark("In the fit")
CANVAS: Final = mark("On the target")
WINDOW: Final = mark("In the window")
_LOCAL_KEYS: Final = {
    STACK: (
        ("↑ ↓", mark("Select a layer")),
        ("Shift+↑ ↓", mark("Select several")),
        ("Alt+↑ ↓", mark("Move them")),
        ("Enter", mark("Open the settings")),
        ("B", mark("Bypass, or let act")),
        ("L", mark("Freeze, or let train")),
        ("G", mark("Go there on the clock")),
        ("Ctrl+D", mark("Duplicate")),
        ("Ctrl+X  C  V", mark("Cut, copy, paste")),
        ("Del", mark("Remove")),
    ),
    PANELS: (
        ("← →", mark("Step from layer to layer")),
        ("PgUp PgDn", mark("Step from layer to layer")),
        ("Home End", mark("Go to the base, to the target")),
        ("+ −  0", mark("Zoom, show everything")),
        ("Shift+← ↑ → ↓", mark("Move the picture")),
        ("Enter", mark("Read the ledger of the cross")),
    ),
    LEDGER: (
        ("Enter", mark("Go there on the clock")),
        ("Ctrl+C", mark("Copy as text")),
        ("Ctrl+Shift+C", mark("Copy as Markdown")),
        ("Ctrl+Alt+C", mark("Copy as LaTeX")),
    ),
    FIT: (
        ("← →", mark("Read the curves")),
        ("Space", mark("Lay a run's curves under")),
        ("Enter", mark("Restore a run")),
        ("Del", mark("Remove a run")),
    ),
    CANVAS: SHEET,
    WINDOW: (
        ("Ctrl+1", mark("Target")),
        ("Ctrl+2", mark("Models")),
        ("Ctrl+3", mark("Ledger")),
        ("Ctrl+4", mark("Fit")),
        ("Tab", mark("Next control")),
        ("Esc", mark("Dismiss a message")),
    ),
}
_MOST_COLUMNS: Final = 4
_SCROLL_BAR: Final = 12  # logical pixels, with the frame around
_FRAME: Final = (12, 44)  # logical pixels that a desktop's frame and title bar may take


class ShortcutsDialog(QDialog):
    """Every action that has a key, by menu, and the keys of the stack and of the canvas.

    Args:
        actions: The keys of the actions, with their words, under the titles of their menus.
        parent: The window.
    """

    def __init__(self, actions: Sections, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._actions = actions
        self.setWindowTitle(tr("Keyboard shortcuts"))
        room = self.screen().availableSize() - QSize(*_FRAME)
        sheet = self._fitting(room.width() - _SCROLL_BAR)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setWidget(sheet)
        scroll.setAccessibleName(self.windowTitle())
        around = QVBoxLayout(self)
        around.setContentsMargins(0, 0, 0, 0)
        around.addWidget(scroll)
        wanted = sheet.sizeHint() + QSize(_SCROLL_BAR, 2)
        self.resize(wanted.boundedTo(room))  # scrolls in a small hall

    def _fitting(self, width: int) -> QWidget:
        """The sections in as many columns as a width has room for."""
        for count in range(_MOST_COLUMNS, 1, -1):
            sheet = _sheet(self.sections(), count)
            if sheet.sizeHint().width() <= width:
                return sheet
        return _sheet(self.sections(), 1)

    def sections(self) -> Sections:
        """Titles with their (key, words) pairs."""
        local = [
            (tr(title), [(key, tr(words)) for key, words in keys])
            for title, keys in _LOCAL_KEYS.items()
        ]
        return [*self._actions, *local]


def _sheet(sections: Sections, count: int) -> QWidget:
    columns = [QVBoxLayout() for _ in range(count)]
    heights = [0] * count
    for title, keys in sections:
        shortest = heights.index(min(heights))
        columns[shortest].addLayout(_section(title, keys))
        heights[shortest] += len(keys) + 2
    sheet = QWidget()
    layout = QHBoxLayout(sheet)
    layout.setContentsMargins(22, 20, 22, 22)
    layout.setSpacing(36)
    for column in columns:
        column.setSpacing(20)
        column.addStretch(1)
        layout.addLayout(column)
    return sheet


def _section(title: str, keys: Sequence[tuple[str, str]]) -> QGridLayout:
    grid = QGridLayout()
    grid.setHorizontalSpacing(16)
    grid.setVerticalSpacing(6)
    head = QLabel(title)
    head.setProperty("role", "title")
    grid.addWidget(head, 0, 0, 1, 2)
    for row, (key, words) in enumerate(keys, start=1):
        cap = QLabel(key)
        cap.setProperty("role", "key")
        cap.setAlignment(Qt.AlignmentFlag.AlignCenter)
        grid.addWidget(cap, row, 0)
        grid.addWidget(QLabel(words), row, 1)
    grid.setColumnStretch(1, 1)
    return grid
