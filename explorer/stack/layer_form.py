"""What opens under a card: the layer in words, and its settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from explorer.i18n import tr, translator
from explorer.stack.names import about, formula_html
from explorer.stack.spec_form import SpecForm

if TYPE_CHECKING:
    from PySide6.QtGui import QKeyEvent

    from flowengine.catalogue import LayerSpec


class LayerForm(QWidget):
    """The form of one layer; Escape closes it."""

    edited = Signal(object, str)
    """A setting was changed: the new spec, the name of the field."""
    close_requested = Signal()
    resized = Signal()

    def __init__(self, layer: LayerSpec, parent: QWidget) -> None:
        super().__init__(parent)
        self._about, self._source = QLabel(), QLabel()
        self._formula = QLabel(formula_html(layer.formula))
        for label in (self._about, self._formula, self._source):
            label.setWordWrap(True)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        for label in (self._about, self._source):
            label.setProperty("role", "muted")
        self.form = SpecForm(layer)
        self.form.edited.connect(self.edited)
        self.form.resized.connect(self.resized)
        self._formula.setTextFormat(Qt.TextFormat.RichText)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4, 4, 4, 6)
        layout.setSpacing(6)
        for widget in (self._about, self._formula, self.form, self._source):
            layout.addWidget(widget)
        translator.changed.connect(self.retranslate)
        self.retranslate()

    def show_layer(self, layer: LayerSpec) -> None:
        """Show the same layer with other settings; sends nothing."""
        self.form.set_spec(layer)

    def height_at(self, width: int) -> int:
        """The height that all its words and rows need at some width."""
        self.layout().activate()
        return max(
            self.layout().totalHeightForWidth(width), self.layout().totalMinimumSize().height()
        )

    def focus_first(self) -> None:
        """Put the keyboard into the first setting, or on the form where it has none."""
        first = self.form.first_editor()
        (first or self).setFocus(Qt.FocusReason.OtherFocusReason)

    def retranslate(self) -> None:
        """Say what the layer does in the language of the window."""
        layer = self.form.spec
        self._about.setText(tr(about(type(layer))))
        self._source.setText(layer.reference)
        self.resized.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Close on Escape, and keep every other key from the list below."""
        if event.key() == Qt.Key.Key_Escape:
            self.close_requested.emit()
        event.accept()
