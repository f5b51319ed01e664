"""The brush's softness and strength."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtWidgets import QGridLayout, QLabel, QSlider, QWidget

from explorer.target.popup import Popup
from explorer.words.languages import tr, translator

if TYPE_CHECKING:
    from explorer.target.brush import Brush


class TipPopup(Popup):
    """Sliders for what is changed more rarely than the size.

    Attributes:
        changed: Softness and strength, each from 0 to 1.
    """

    changed = Signal(float, float)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.softness, self.strength = slider(0, 100, 50), slider(5, 100, 100)
        self._labels = (QLabel(), QLabel())
        self._figures = (QLabel(), QLabel())
        grid = QGridLayout(self)
        grid.setContentsMargins(12, 10, 12, 10)
        for row, control in enumerate((self.softness, self.strength)):
            control.setMinimumWidth(120)
            figure = self._figures[row]
            figure.setProperty("role", "muted")
            figure.setMinimumWidth(self.fontMetrics().horizontalAdvance("100 %"))
            figure.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            grid.addWidget(self._labels[row], row, 0)
            grid.addWidget(control, row, 1)
            grid.addWidget(figure, row, 2)
            control.valueChanged.connect(self._tell)
        self.retranslate()
        self._show_figures()
        translator.changed.connect(self.retranslate)

    def retranslate(self) -> None:
        """Say everything anew in the language of the window."""
        for label, control, text, tip in zip(
            self._labels,
            (self.softness, self.strength),
            (tr("Softness"), tr("Strength")),
            (tr("How far the rim fades out"), tr("How much density one stroke adds or takes")),
            strict=True,
        ):
            label.setText(text)
            control.setAccessibleName(text)
            control.setToolTip(tip)

    def open_with(self, corner: QPoint, brush: Brush) -> None:
        """Show a brush's softness and strength at a place on the screen."""
        self.softness.setValue(round(100 * brush.softness))
        self.strength.setValue(round(100 * brush.strength))
        self.open_at(corner)
        self.softness.setFocus(Qt.FocusReason.PopupFocusReason)

    def _tell(self) -> None:
        self._show_figures()
        self.changed.emit(self.softness.value() / 100, self.strength.value() / 100)

    def _show_figures(self) -> None:
        for figure, control in zip(self._figures, (self.softness, self.strength), strict=True):
            figure.setText(f"{control.value()} %")


def slider(low: int, high: int, value: int) -> QSlider:
    """A level slider over whole numbers."""
    level = QSlider(Qt.Orientation.Horizontal)
    level.setRange(low, high)
    level.setValue(value)
    return level
