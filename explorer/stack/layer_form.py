"""What opens under a card: the layer or the base in words, and its settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from explorer.stack.names import about, formula_html
from explorer.stack.spec_form import SpecForm
from explorer.widgets.named_box import NamedBox
from explorer.words.languages import tr, translator
from flowengine.catalogue import BASE_SPECS, BaseSpec, LayerSpec, base_class, kind_of

if TYPE_CHECKING:
    from PySide6.QtGui import QKeyEvent


class LayerForm(QWidget):
    """The form of one layer, or of the base; Escape closes it."""

    edited = Signal(object, str)
    """A setting was changed: the new spec, the name of the field."""
    close_requested = Signal()
    resized = Signal()

    def __init__(self, layer: LayerSpec | BaseSpec, parent: QWidget) -> None:
        super().__init__(parent)
        self._about, self._source = QLabel(), QLabel()
        self._formula = QLabel()
        for label in (self._about, self._formula, self._source):
            label.setWordWrap(True)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        for label in (self._about, self._source):
            label.setProperty("role", "muted")
        self.form = SpecForm[LayerSpec | BaseSpec](layer)
        self.form.edited.connect(self.edited)
        self.form.resized.connect(self.resized)
        self._formula.setTextFormat(Qt.TextFormat.RichText)
        self._rows = layout = QVBoxLayout(self)
        layout.setContentsMargins(4, 4, 4, 6)
        layout.setSpacing(6)
        for widget in (self._about, self._formula, self.form, self._source):
            layout.addWidget(widget)
        translator.changed.connect(self.retranslate)
        self.retranslate()

    def show_layer(self, layer: LayerSpec | BaseSpec) -> None:
        """Show the same layer with other settings, or any base; sends nothing."""
        other = type(layer) is not type(self.form.spec)
        self.form.set_spec(layer)
        if other:
            self.retranslate()

    def height_at(self, width: int) -> int:
        """The height that all its words and rows need at some width."""
        self._rows.activate()
        return max(self._rows.totalHeightForWidth(width), self._rows.totalMinimumSize().height())

    def focus_first(self) -> None:
        """Put the keyboard into the first setting, or on the form where it has none."""
        first = self.form.first_editor()
        (first or self).setFocus(Qt.FocusReason.OtherFocusReason)

    def retranslate(self) -> None:
        """Say what the layer does in the language of the window."""
        layer = self.form.spec
        self._about.setText(tr(about(type(layer))))
        self._formula.setText(formula_html(layer.formula))
        self._source.setText(layer.reference)
        self.resized.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Close on Escape, and keep every other key from the list below."""
        if event.key() == Qt.Key.Key_Escape:
            self.close_requested.emit()
        event.accept()


class BaseForm(LayerForm):
    """The form of the base: which kind it is, and its settings.

    `edited` names the field "kind" where another kind was chosen.
    """

    def __init__(self, base: BaseSpec, parent: QWidget) -> None:
        self.kind_box = NamedBox()
        self.kind_box.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._shared = QLabel()
        for cls in BASE_SPECS:
            self.kind_box.addItem("", kind_of(cls))
        super().__init__(base, parent)
        self._shared.setWordWrap(True)
        self._shared.setProperty("role", "muted")
        self._rows.insertWidget(0, self.kind_box)
        self._rows.insertWidget(1, self._shared)
        self.kind_box.activated.connect(self._change_kind)

    def focus_first(self) -> None:
        """Put the keyboard on the kind, which every base has."""
        self.kind_box.setFocus(Qt.FocusReason.OtherFocusReason)

    def retranslate(self) -> None:
        """Say every kind, and what the present one does, in the language of the window."""
        self.kind_box.setAccessibleName(tr("Kind of base"))
        for row, cls in enumerate(BASE_SPECS):
            self.kind_box.setItemText(row, tr(cls.title))
        self.kind_box.setCurrentIndex(self.kind_box.findData(self.form.spec.kind))
        self._shared.setText(tr("Where generation starts, in both flows"))
        super().retranslate()

    def _change_kind(self, row: int) -> None:
        cls = base_class(self.kind_box.itemData(row))
        if cls is not type(self.form.spec):
            self.show_layer(cls())
            self.edited.emit(self.form.spec, "kind")
