"""The editor of one setting, chosen by what the catalogue says of its field.

Every editor has `value_edited` (a person has changed the value), `problem` (what is typed cannot
stand; "" when it can), `show_value(value)`, which sends nothing, and `retranslate()`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QLineEdit

from explorer.stack.names import choice_name
from explorer.stack.number_boxes import AutoNumberBox, RealNumberBox, WholeNumberBox
from flowengine.errors import SpecError

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtGui import QWheelEvent

    from flowengine.catalogue import Field

_LEAST_LETTERS: Final = 8

FieldEditor: TypeAlias = "WholeNumberBox | RealNumberBox | ChoiceBox | Switch | TextBox"


def may_be_narrow(box: QComboBox) -> None:
    """Let a box be narrower than its longest choice, so that a form is never cut."""
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    box.setMinimumContentsLength(_LEAST_LETTERS)


class ChoiceBox(QComboBox):
    """One of the choices of a field."""

    value_edited = Signal(object)
    problem = Signal(str)

    def __init__(self, field: Field) -> None:
        super().__init__()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        may_be_narrow(self)
        for choice in field.choices:
            self.addItem("", choice)
        self.activated.connect(lambda row: self.value_edited.emit(self.itemData(row)))
        self.retranslate()

    def retranslate(self) -> None:
        """Say the choices in the language of the window."""
        for row in range(self.count()):
            self.setItemText(row, choice_name(self.itemData(row)))

    def show_value(self, value: str) -> None:
        """Show a choice without sending it."""
        self.setCurrentIndex(self.findData(value))

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Leave the wheel to the list: scrolling past must change nothing."""
        event.ignore()


class Switch(QCheckBox):
    """Yes or no."""

    value_edited = Signal(object)
    problem = Signal(str)

    def __init__(self, _field: Field) -> None:
        super().__init__()
        self.clicked.connect(lambda on: self.value_edited.emit(on))

    def retranslate(self) -> None:
        """Nothing to say: the row's label names the switch."""

    def show_value(self, value: bool) -> None:
        """Show a state without sending it."""
        self.setChecked(value)


class TextBox(QLineEdit):
    """Free text, given out when Enter is pressed or the box is left."""

    value_edited = Signal(object)
    problem = Signal(str)

    def __init__(self, _field: Field) -> None:
        super().__init__()
        self.editingFinished.connect(self._give_out)

    def retranslate(self) -> None:
        """Nothing to say: the text is the person's own."""

    def show_value(self, value: str) -> None:
        """Show a text without sending it."""
        if value != self.text():
            self.setText(value)

    def _give_out(self) -> None:
        if self.isModified():
            self.setModified(False)
            self.value_edited.emit(self.text())


_EDITORS: dict[type, Callable[[Field], FieldEditor]] = {
    int: WholeNumberBox,
    float: RealNumberBox,
    bool: Switch,
    str: TextBox,
}


def editor_for(field: Field) -> FieldEditor:
    """A new editor for a field.

    Raises:
        SpecError: the field is neither a number nor a choice, a text or a yes-or-no.
    """
    if field.word:
        return AutoNumberBox(field)
    if field.choices:
        return ChoiceBox(field)
    make = _EDITORS.get(field.type)
    if make is None:
        raise SpecError(
            "There is no editor for {name}, which is a {type}",
            name=repr(field.name),
            type=field.type,
        )
    return make(field)
