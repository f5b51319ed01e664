"""The preset targets, to be chosen by their pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from PySide6.QtCore import QPoint, QSize, Qt, Signal
from PySide6.QtGui import QIcon, QPixmap
from PySide6.QtWidgets import QListView, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from explorer.target.picture import density_image
from explorer.target.popup import Popup
from explorer.words.languages import tr
from flowengine.targets.presets import PRESETS, preset_density

if TYPE_CHECKING:
    from flowengine.targets.presets import Preset

_COLUMNS: Final = 4
_THUMBNAIL: Final = 64
_AIR: Final = 8  # above the first pictures and below the last words
_CELL: Final = QSize(104, 102)  # the picture, and two lines of words
_PIXELS: Final = 128  # enough for a screen at twice the density


class PresetPopup(Popup):
    """A small window that lists the presets and closes when one is chosen.

    Attributes:
        chosen: The name of the preset.
    """

    chosen = Signal(str)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.list = QListWidget()
        self.list.setProperty("role", "choices")
        self.list.setViewMode(QListView.ViewMode.IconMode)
        self.list.setMovement(QListView.Movement.Static)
        self.list.setWordWrap(True)
        self.list.setIconSize(QSize(_THUMBNAIL, _THUMBNAIL))
        self.list.setGridSize(_CELL)
        self.list.setTextElideMode(Qt.TextElideMode.ElideNone)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.itemClicked.connect(self._choose)
        self.list.itemActivated.connect(self._choose)
        for preset in PRESETS.values():
            self.list.addItem(_item(preset))
        rows = -(-len(PRESETS) // _COLUMNS)
        self.list.setViewportMargins(0, _AIR, 0, _AIR)
        around = 2 * (_AIR + self.list.frameWidth())
        self.list.setFixedSize(_CELL.width() * _COLUMNS + 8, _CELL.height() * rows + around)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 6, 6, 6)
        layout.addWidget(self.list)
        self.retranslate()

    def retranslate(self) -> None:
        """Say the presets' names in the language of the window."""
        self.list.setAccessibleName(tr("Presets"))
        for item, preset in zip(self._items(), PRESETS.values(), strict=True):
            item.setText(tr(preset.title))
            item.setToolTip(tr(preset.description))

    def open_with(self, corner: QPoint, current: str | None) -> None:
        """Show it at a place on the screen, with the preset of that name chosen."""
        names = list(PRESETS)
        self.list.setCurrentRow(names.index(current) if current in names else 0)
        self.open_at(corner)
        self.list.setFocus(Qt.FocusReason.PopupFocusReason)

    def _items(self) -> list[QListWidgetItem]:
        return [self.list.item(row) for row in range(self.list.count())]

    def _choose(self, item: QListWidgetItem) -> None:
        if self.isVisible():  # a click may also activate: one choice is enough
            self.close()
            self.chosen.emit(item.data(Qt.ItemDataRole.UserRole))


def _item(preset: Preset) -> QListWidgetItem:
    item = QListWidgetItem()
    item.setData(Qt.ItemDataRole.UserRole, preset.name)
    item.setSizeHint(_CELL)
    density = preset_density(preset.name, _PIXELS)
    pixmap = QPixmap.fromImage(density_image(density / np.float32(density.max())))
    thumbnail = QIcon(pixmap)
    thumbnail.addPixmap(pixmap, QIcon.Mode.Selected)  # or Qt would tint the chosen one
    item.setIcon(thumbnail)
    return item
