"""What only one of the tools needs: the words of the text tool, the bandwidth of the points."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QWidget

from explorer.target.chips import SPACING, chip, say
from explorer.target.lettering import LONGEST
from explorer.target.tip_popup import slider
from explorer.words.languages import number, tr, translator

if TYPE_CHECKING:
    from explorer.target.point_cloud import PointCloud

_STEPS: Final = 140
_OCTAVES: Final = 7
_NARROWEST: Final = 1 / 512  # of the side of the square
_FIRST_WORDS: Final = "p(x)"


class TextOptions(QWidget):
    """The words that the text tool writes.

    Attributes:
        changed: Other words.
        done: The words are written, and the canvas is wanted.
    """

    changed = Signal(str)
    done = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.field = QLineEdit(_FIRST_WORDS)
        self.field.setMaxLength(LONGEST)
        self.field.textChanged.connect(self.changed)
        self.field.returnPressed.connect(self.done)
        _in_a_row(self, self.field)
        translator.changed.connect(self.retranslate)
        self.retranslate()

    def retranslate(self) -> None:
        """Say everything anew in the language of the window."""
        self.field.setPlaceholderText(tr("Words"))
        self.field.setAccessibleName(tr("Words to write"))
        self.field.setToolTip(tr("Write here, then press on the canvas where the words belong"))

    def begin(self) -> None:
        """Be ready for other words."""
        self.field.setFocus(Qt.FocusReason.OtherFocusReason)
        self.field.selectAll()


class PointOptions(QWidget):
    """The width of the bell about each point.

    Attributes:
        changed: The bandwidth in data units, or None to have it chosen, and whether the slider
            is still on the move.
    """

    changed = Signal(object, bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._side = 8.0
        self._label, self._figure = QLabel(), QLabel()
        for label in (self._label, self._figure):
            label.setProperty("role", "muted")
        self._figure.setMinimumWidth(self.fontMetrics().horizontalAdvance("0.000"))
        self._figure.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.slider = slider(0, _STEPS, _STEPS // 2)
        self.auto = chip(checkable=True)
        self.slider.valueChanged.connect(self._tell)
        self.slider.sliderReleased.connect(self._tell)
        self.auto.clicked.connect(self._tell_auto)
        _in_a_row(self, self._label, self.slider, self._figure, self.auto)
        translator.changed.connect(self.retranslate)
        self.retranslate()
        self.show_cloud(None)

    def retranslate(self) -> None:
        """Say everything anew in the language of the window."""
        self._label.setText(tr("Width"))
        self.slider.setAccessibleName(tr("Bandwidth of the points"))
        self.slider.setToolTip(
            tr("Bandwidth: standard deviation of the bell about each point, in data units")
        )
        tip = tr("Choose the bandwidth under which each point is most likely given all others")
        say(self.auto, tr("Auto"), tip)

    def show_cloud(self, cloud: PointCloud | None, unit: float = 1.0) -> None:
        """Show the bandwidth of some points; `unit` is one of the canvas, in data units."""
        width = cloud.width if cloud is not None else None
        self.setEnabled(width is not None)
        self._figure.setText("–" if width is None else number(width * unit))
        self.auto.setChecked(cloud is None or cloud.bandwidth is None)
        if cloud is None or width is None or self.slider.isSliderDown():
            return
        self._side = cloud.extent[1] - cloud.extent[0]
        octaves = math.log2(width / self._side / _NARROWEST)
        self.slider.blockSignals(True)
        self.slider.setValue(round(octaves * _STEPS / _OCTAVES))
        self.slider.blockSignals(False)

    def _tell(self) -> None:
        octaves = self.slider.value() * _OCTAVES / _STEPS
        self.changed.emit(self._side * _NARROWEST * 2**octaves, self.slider.isSliderDown())

    def _tell_auto(self) -> None:
        if self.auto.isChecked():
            self.changed.emit(None, False)
        else:
            self._tell()


def _in_a_row(holder: QWidget, *widgets: QWidget) -> None:
    layout = QHBoxLayout(holder)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(SPACING)
    for widget in widgets:
        layout.addWidget(widget)
