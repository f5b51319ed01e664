"""A form for the settings of any spec, made from what the catalogue says of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

import msgspec
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFormLayout, QLabel, QSizePolicy, QWidget

from explorer.stack.field_editors import editor_for
from explorer.stack.number_boxes import RealNumberBox, WholeNumberBox, limits_of
from explorer.theme import theme
from explorer.words.languages import tr, tr_sentence, translator
from flowengine.catalogue import fields_of
from flowengine.project import broken_limit

if TYPE_CHECKING:
    from explorer.stack.field_editors import FieldEditor
    from flowengine.catalogue import Field


class _Row(NamedTuple):
    field: Field
    label: QLabel
    editor: FieldEditor
    message: QLabel


Spec = TypeVar("Spec", bound=msgspec.Struct)


class SpecForm(QWidget, Generic[Spec]):
    """One row for each setting of a spec, with its limits, its unit and its words.

    The form never changes the spec that it shows: it sends a new one, checked against the limits
    of the catalogue. A text that cannot stand is answered under its row and goes no further.
    """

    edited = Signal(object, str)
    """A setting was changed: the new spec, the name of the field."""
    resized = Signal()
    """A message has come or gone: the form needs another height."""

    def __init__(self, spec: Spec, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._spec = spec
        self._rows: dict[str, _Row] = {}
        self._layout = QFormLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setHorizontalSpacing(8)
        self._layout.setVerticalSpacing(5)
        self._layout.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
        self._layout.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self._layout.setLabelAlignment(Qt.AlignmentFlag.AlignLeft)
        self._build()
        translator.changed.connect(self.retranslate)
        theme.changed.connect(self._tint)

    @property
    def spec(self) -> Spec:
        """The spec as the form shows it."""
        return self._spec

    def set_spec(self, spec: Spec) -> None:
        """Show another spec, or the same one with other values; sends nothing."""
        same_fields = type(spec) is type(self._spec)
        self._spec = spec
        if same_fields:
            self._show_values()
        else:
            self._build()

    def editor(self, name: str) -> FieldEditor:
        """The box in which a setting is edited.

        Raises:
            KeyError: the spec has no such setting.
        """
        return self._rows[name].editor

    def first_editor(self) -> FieldEditor | None:
        """The box of the first setting, or None where the spec has none."""
        return next((row.editor for row in self._rows.values()), None)

    def message(self, name: str) -> str:
        """What the form says is wrong with a setting; "" where nothing is."""
        return self._rows[name].message.text()

    def word(self, name: str, **words: str) -> None:
        """Give a setting another `title`, `unit` or `description` than its spec declares."""
        row = self._rows[name]
        field = row.field
        field = field._replace(
            title=words.get("title", field.title),
            unit=words.get("unit", field.unit),
            description=words.get("description", field.description),
        )
        if field != row.field:
            if isinstance(row.editor, WholeNumberBox | RealNumberBox):
                row.editor.field = field
            self._rows[name] = row._replace(field=field)
            self.retranslate()

    def label_width(self) -> int:
        """How wide the widest title of a setting is that is not left out."""
        shown = [row.label for row in self._rows.values() if not row.label.isHidden()]
        return max((label.sizeHint().width() for label in shown), default=0)

    def set_label_width(self, width: int) -> None:
        """Give the titles at least this room, so that the boxes of several forms line up."""
        for row in self._rows.values():
            row.label.setMinimumWidth(width)

    def set_shown(self, name: str, shown: bool) -> None:
        """Show a setting, or leave it out where it means nothing."""
        self._layout.setRowVisible(self._rows[name].editor, shown)

    def retranslate(self) -> None:
        """Say every row in the language of the window."""
        for row in self._rows.values():
            row.label.setText(tr(row.field.title))
            row.editor.retranslate()
            row.editor.setAccessibleName(tr(row.field.title))
            row.editor.setAccessibleDescription(tr(row.field.description))
            for widget in (row.label, row.editor):
                widget.setToolTip(_tooltip(row.field))
            self._say(row, "")

    def _build(self) -> None:
        while self._layout.rowCount():
            self._layout.removeRow(0)
        self._rows = {field.name: self._add_row(field) for field in fields_of(type(self._spec))}
        self._tint()
        self.retranslate()
        self._show_values()

    def _add_row(self, field: Field) -> _Row:
        row = _Row(field, QLabel(), editor_for(field), QLabel())
        row.label.setBuddy(row.editor)
        row.editor.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        row.message.setWordWrap(True)
        row.message.setObjectName(f"{field.name}_message")
        self._layout.addRow(row.label, row.editor)
        for widget in (row.label, row.editor):  # else a form in view has the height of before
            widget.show()
        self._layout.addRow(row.message)
        row.editor.value_edited.connect(lambda value: self._propose(row, value))
        row.editor.problem.connect(lambda text: self._say(row, text))
        return row

    def _show_values(self) -> None:
        for name, row in self._rows.items():
            row.editor.show_value(getattr(self._spec, name))

    def _propose(self, row: _Row, value: Any) -> None:  # noqa: ANN401
        if value == getattr(self._spec, row.field.name):
            return
        try:
            changed = _with(self._spec, row.field.name, value)
        except msgspec.ValidationError as error:
            self._say(row, f"{tr(row.field.title)}: {tr_sentence(broken_limit(error))}")
            row.editor.show_value(getattr(self._spec, row.field.name))
            return
        self._spec = changed
        self.edited.emit(changed, row.field.name)

    def _say(self, row: _Row, text: str) -> None:
        if text == row.message.text() and self._layout.isRowVisible(row.message) == bool(text):
            return
        row.message.setText(text)
        self._layout.setRowVisible(row.message, bool(text))
        row.editor.setAccessibleDescription(text or tr(row.field.description))
        self.resized.emit()

    def _tint(self) -> None:
        colour = theme.color("error").name()
        for row in self._rows.values():
            row.message.setStyleSheet(f"color: {colour};")


def _with(spec: Spec, name: str, value: Any) -> Spec:  # noqa: ANN401
    """The spec with another value in one field, checked.

    Raises:
        msgspec.ValidationError: the value breaks a limit.
    """
    changed = msgspec.structs.replace(spec, **{name: value})
    return msgspec.convert(msgspec.to_builtins(changed), type(spec))


def _tooltip(field: Field) -> str:
    limits = limits_of(field)
    sentences = [tr(field.description)] if field.description else []
    if limits:
        sentence = tr("Must {limits} {unit}").format(limits=limits, unit=tr(field.unit)).strip()
        sentences.append(sentence)
    return ". ".join(sentences)
