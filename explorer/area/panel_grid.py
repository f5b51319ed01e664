"""Some panels beside each other, all of one size; or one of them with all the room."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QWidget

from explorer.widgets.card import GAP, card

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtWidgets import QFrame

_MOST_IN_A_ROW: Final = 2
_MOST_ROWS: Final = 3  # four lanes, and the two flows of a run


class PanelGrid(QWidget):
    """Lays panels out in cards: up to two in a row."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._cards: dict[QWidget, QFrame] = {}
        self._large: QWidget | None = None
        self._layout = QGridLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(2 * GAP)

    @property
    def large(self) -> QWidget | None:
        """The panel that has all the room; None while they share it."""
        return self._large

    @property
    def shown(self) -> list[QWidget]:
        """The panels that are seen."""
        return [panel for panel in self._cards if self._large in (None, panel)]

    def set_panels(self, panels: Sequence[QWidget]) -> None:
        """Show these panels, in this order; those left out are not the grid's any more."""
        for panel in [panel for panel in self._cards if panel not in panels]:
            frame = self._cards.pop(panel)
            panel.setParent(None)
            self._layout.removeWidget(frame)
            frame.deleteLater()
        for panel in panels:
            if panel not in self._cards:
                self._cards[panel] = card(panel)
        self._cards = {panel: self._cards[panel] for panel in panels}
        if self._large not in self._cards:
            self._large = None
        self._arrange()
        stops = [control for panel in panels for control in _tab_stops(panel)]
        for before, after in itertools.pairwise(stops):
            QWidget.setTabOrder(before, after)

    def enlarge(self, panel: QWidget | None) -> None:
        """Give one panel all the room, or let all share it again."""
        if panel is not self._large:
            self._large = panel
            self._arrange()

    def _arrange(self) -> None:
        for frame in self._cards.values():
            self._layout.removeWidget(frame)
        for line in range(_MOST_ROWS):
            self._layout.setRowStretch(line, 0)
            self._layout.setColumnStretch(line, 0)
        shown = self.shown
        for place, panel in enumerate(shown):
            row, column = divmod(place, _MOST_IN_A_ROW)
            self._layout.addWidget(self._cards[panel], row, column)
            self._layout.setRowStretch(row, 1)
            self._layout.setColumnStretch(column, 1)
        for panel, frame in self._cards.items():
            frame.setVisible(panel in shown)


def _tab_stops(panel: QWidget) -> list[QWidget]:
    """The controls of a panel, in the order in which they were put into it.

    Not by `nextInFocusChain`: PySide takes what that gives for a child of the widget that was
    asked, and when a panel goes, forgets every widget of the window that followed it.
    """
    controls = panel.findChildren(QWidget)
    return [c for c in controls if c.focusPolicy() & Qt.FocusPolicy.TabFocus]
