"""The editors of the models that the flows are compared with."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from explorer.stack.spec_form import SpecForm
from explorer.words.languages import tr, translator
from flowengine.catalogue import fields_of
from flowengine.project import BASELINE_LANES

if TYPE_CHECKING:
    from flowengine.catalogue import BaselineSpec
    from flowengine.project import BaselineLane, Project


class BaselineForms(QWidget):
    """A form for each baseline of a project: its sizes and settings, and what it cannot give."""

    edited = Signal(str, object, str, str)
    """The baseline, its new spec, what the edit is called, and the key by which edits are one."""

    def __init__(self, project: Project, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._parts: dict[BaselineLane, _Part] = {}
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 4, 0, 0)
        layout.setSpacing(12)
        for lane in BASELINE_LANES:
            part = self._parts[lane] = _Part(getattr(project, lane))
            part.form.edited.connect(lambda spec, name, lane=lane: self._edit(lane, spec, name))
            layout.addWidget(part)
        layout.addStretch(1)
        self.set_project(project)

    def set_project(self, project: Project) -> None:
        """Show the baselines that a project is compared with; sends nothing."""
        for lane, part in self._parts.items():
            part.setVisible(lane in project.compare)
            part.form.set_spec(getattr(project, lane))

    def form(self, lane: BaselineLane) -> SpecForm[Any]:
        """The form of a baseline."""
        return self._parts[lane].form

    def _edit(self, lane: BaselineLane, spec: BaselineSpec, name: str) -> None:
        field = next(field for field in fields_of(type(spec)) if field.name == name)
        text = tr("Change {setting}").format(setting=tr(field.title))
        self.edited.emit(lane, spec, text, f"{lane}.{name}")


class _Part(QWidget):
    """One baseline: its title, what it does, its settings, and what its picture is not."""

    def __init__(self, spec: BaselineSpec) -> None:
        super().__init__()
        self.form = SpecForm(spec)
        self._kind = type(spec)
        self._title, self._about, self._limits = QLabel(), QLabel(), QLabel()
        self._title.setProperty("role", "title")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        for label in (self._about, self._limits):
            label.setProperty("role", "muted")
            label.setWordWrap(True)
        for widget in (self._title, self._about, self.form, self._limits):
            layout.addWidget(widget)
        translator.changed.connect(self.retranslate)
        self.retranslate()

    def retranslate(self) -> None:
        """Say every sentence again."""
        kind = self._kind
        self._title.setText(tr(kind.title))
        self._title.setWordWrap(True)
        self._about.setText(tr(inspect.getdoc(kind) or ""))
        self._limits.setText(f"{tr(kind.why_no_ledger)}. {tr(kind.path_note)}.")
