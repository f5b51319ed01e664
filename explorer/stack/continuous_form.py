"""The editor of the continuous flow: which kind it is, and its settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from explorer.stack.field_editors import may_be_narrow
from explorer.stack.names import about, formula_html
from explorer.stack.solver_steps import steps_text
from explorer.stack.spec_form import SpecForm
from explorer.widgets.named_box import NamedBox
from explorer.words.languages import tr, translator
from flowengine.catalogue import (
    CONTINUOUS_SPECS,
    ContinuousSpec,
    continuous_class,
    fields_of,
    kind_of,
)

if TYPE_CHECKING:
    from explorer.stack.solver_lab import LabRow


class ContinuousForm(QWidget):
    """Shows a continuous flow and asks for edits of it."""

    continuous_edited = Signal(object, str, str)
    """The new spec, what the edit is called for undo, and the key by which edits are one."""

    def __init__(self, spec: ContinuousSpec, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.kind_box = NamedBox()
        may_be_narrow(self.kind_box)
        for cls in CONTINUOUS_SPECS:
            self.kind_box.addItem("", kind_of(cls))
        self._steps: int | None = None
        self._steps_error: float | None = None
        self._about, self._formula, self.accuracy = QLabel(), QLabel(), QLabel()
        self.accuracy.setWordWrap(True)
        self.accuracy.setProperty("role", "muted")
        for label in (self._about, self._formula):
            label.setWordWrap(True)
            label.setProperty("role", "muted")
        self._formula.setTextFormat(Qt.TextFormat.RichText)
        self.form = SpecForm[ContinuousSpec](spec)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        for widget in (self.kind_box, self._about, self._formula, self.form, self.accuracy):
            layout.addWidget(widget)
        layout.addStretch(1)
        self.kind_box.activated.connect(self._change_kind)
        self.form.edited.connect(self._change_setting)
        translator.changed.connect(self.retranslate)
        self.set_continuous(spec)
        self.retranslate()

    def set_continuous(self, spec: ContinuousSpec) -> None:
        """Show a continuous flow; sends nothing."""
        self.form.set_spec(spec)
        self.kind_box.setCurrentIndex(self.kind_box.findData(spec.kind))
        self._formula.setText(formula_html(spec.formula))
        self._about.setText(tr(about(type(spec))))
        self.kind_box.setToolTip(spec.reference)
        self._show_what_the_solver_asks()
        self.set_accuracy(None, None)  # until it has been measured

    def set_accuracy(self, steps: int | None, error: float | None) -> None:
        """Say in how many steps the flow is followed now, and what error they leave, in nats."""
        self._steps, self._steps_error = steps, error
        self._show_accuracy()

    def use_solver(self, row: LabRow) -> None:
        """Ask for the flow to be followed as in a row of the solver lab.

        A solver that the catalogue does not have changes nothing.
        """
        spec = self.form.spec
        fields = {field.name: field for field in fields_of(type(spec))}
        if row.solver not in fields["solver"].choices:
            return
        wanted = {"solver_steps": row.steps, "tolerance": row.tolerance}
        said = {name: value for name, value in wanted.items() if value and name in fields}
        changed = msgspec.structs.replace(spec, solver=row.solver, **said)
        self.set_continuous(changed)
        self.continuous_edited.emit(changed, tr("Use {flow}").format(flow=row.name), "")

    def retranslate(self) -> None:
        """Say every word in the language of the window."""
        self.kind_box.setAccessibleName(tr("Kind of continuous flow"))
        for row, cls in enumerate(CONTINUOUS_SPECS):
            self.kind_box.setItemText(row, tr(cls.title))
        self._about.setText(tr(about(type(self.form.spec))))
        self._show_accuracy()

    def _show_accuracy(self) -> None:
        chosen = self.form.spec.solver_steps != "auto"
        text = steps_text(self._steps, self._steps_error, chosen=chosen)
        self.accuracy.setText(text)
        self.accuracy.setVisible(bool(text))

    def _change_kind(self, row: int) -> None:
        cls = continuous_class(self.kind_box.itemData(row))
        old = self.form.spec
        if cls is type(old):
            return
        shared = {f.name for f in fields_of(cls)} & {f.name for f in fields_of(type(old))}
        spec = cls(**{name: getattr(old, name) for name in shared})
        self.set_continuous(spec)
        self.continuous_edited.emit(spec, tr("Use {flow}").format(flow=tr(cls.title)), "")

    def _show_what_the_solver_asks(self) -> None:
        """Only dopri5 keeps to a tolerance; densities take equal steps with any solver."""
        self.form.set_shown("tolerance", self.form.spec.solver == "dopri5")

    def _change_setting(self, spec: msgspec.Struct, name: str) -> None:
        self._show_what_the_solver_asks()
        title = next(f.title for f in fields_of(type(spec)) if f.name == name)
        text = tr("Change {setting} of the continuous flow").format(
            setting=tr(title)[:1].lower() + tr(title)[1:]
        )
        self.continuous_edited.emit(spec, text, f"continuous.{name}")
