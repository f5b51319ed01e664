"""The switches of a panel's picture."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QPushButton, QWidget

from explorer.flow_layout import FlowLayout
from explorer.i18n import mark, tr, translator

if TYPE_CHECKING:
    from collections.abc import Sequence

    from explorer.panels.rasterizer import Shown

_WORDS: Final = {
    "density": (mark("density"), mark("Show the exact density")),
    "points": (mark("points"), mark("Show the particles; their colour is the angle of their z")),
    "grid": (mark("grid"), mark("Show the warped grid, tinted by log|det|")),
    "trails": (mark("trails"), mark("Show where the particles come from")),
    "field": (mark("field"), mark("Show the velocity field at this t")),
    "outline": (mark("target"), mark("Show the outline of the target")),
}


class ChipRow(QWidget):
    """A small toggle button for each part of a picture.

    Signals:
        toggled: The part's name, a field of `Shown`, and whether it is on.
    """

    toggled = Signal(str, bool)

    def __init__(self, names: Sequence[str], shown: Shown, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        layout = FlowLayout(self, spacing=5)
        self._chips = {name: QPushButton() for name in names}
        for name, chip in self._chips.items():
            chip.setCheckable(True)
            chip.setChecked(getattr(shown, name))
            chip.setProperty("role", "chip")
            chip.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            chip.toggled.connect(partial(self.toggled.emit, name))
            layout.addWidget(chip)
        translator.changed.connect(self.retranslate)
        self.retranslate()

    def set_shown(self, shown: Shown) -> None:
        """Press the buttons as a picture is."""
        for name, chip in self._chips.items():
            chip.setChecked(getattr(shown, name))

    def retranslate(self) -> None:
        """Say everything in the language of the window."""
        for name, chip in self._chips.items():
            words, meaning = _WORDS[name]
            chip.setText(tr(words))
            chip.setToolTip(tr(meaning))
            chip.setAccessibleName(tr(meaning))
