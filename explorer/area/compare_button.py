"""Sets a baseline beside the flows: a menu of what a project can be compared with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QToolButton, QWidget

from explorer.icons import icon
from explorer.lanes import lane_title
from explorer.theme import theme
from explorer.words.languages import tr, translator
from flowengine.project import BASELINE_LANES

if TYPE_CHECKING:
    from collections.abc import Collection

    from flowengine.project import Lane


class CompareButton(QToolButton):
    """A switch for each baseline.

    Signals:
        chosen: The baselines that should stand beside the flows, a tuple of lanes.
    """

    chosen = Signal(tuple)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._menu = QMenu(self)
        self._entries: dict[Lane, QAction] = {lane: QAction(self._menu) for lane in BASELINE_LANES}
        for entry in self._entries.values():
            entry.setCheckable(True)
            entry.triggered.connect(self._tell)
            self._menu.addAction(entry)
        self.setMenu(self._menu)
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        theme.changed.connect(self._retint)
        translator.changed.connect(self.retranslate)
        self._retint()
        self.retranslate()

    def set_lanes(self, lanes: Collection[str]) -> None:
        """Tick the baselines among the lanes that are shown."""
        for lane, entry in self._entries.items():
            entry.setChecked(lane in lanes)

    def toggle_lane(self, lane: Lane) -> None:
        """Set a baseline beside the flows, or take it away."""
        self._entries[lane].trigger()

    def retranslate(self) -> None:
        """Say everything in the language of the window."""
        text = tr("Compare the flows with a VAE or a GAN")
        self.setToolTip(text)
        self.setAccessibleName(text)
        for lane, entry in self._entries.items():
            entry.setText(tr(lane_title(lane)))

    def _tell(self) -> None:
        self.chosen.emit(tuple(lane for lane, entry in self._entries.items() if entry.isChecked()))

    def _retint(self) -> None:
        self.setIcon(icon("plus"))
