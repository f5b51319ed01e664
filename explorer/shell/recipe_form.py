"""How both lanes are trained, and when training ends by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec.structs import replace
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from explorer.i18n import mark, tr, translator
from explorer.lanes import LANE_TITLES
from explorer.stack.spec_form import SpecForm
from flowengine.catalogue import fields_of

if TYPE_CHECKING:
    from flowengine.project import Recipe, StopRule, Training

_PARTS: Final = {**LANE_TITLES, "stop": mark("Stop rule")}
_MEANINGS: Final = {
    "never": mark("Training goes on until you pause it."),
    "plateau": mark(
        "Training ends when the later half of the run has not bettered KL by this much, in nats."
    ),
    "kl": mark("Training ends when KL comes to this value, in nats."),
    "time": mark("Training ends after this many seconds of training."),
    "steps": mark("Training ends after this many steps."),
}


class RecipeForm(QWidget):
    """A form for each lane's recipe, and one for the stop rule that they share."""

    training_edited = Signal(object, str, str)
    """The new `Training`, what the edit is called, and the key by which edits are one."""

    def __init__(self, training: Training, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._training = training
        self._titles: dict[str, QLabel] = {}
        self._forms: dict[str, SpecForm] = {}
        self._meaning = QLabel()
        self._meaning.setProperty("role", "muted")
        self._meaning.setWordWrap(True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 4, 0, 0)
        layout.setSpacing(6)
        for part in _PARTS:
            self._add_part(part, layout)
        layout.addWidget(self._meaning)
        layout.addStretch(1)
        translator.changed.connect(self.retranslate)
        self.retranslate()

    def set_training(self, training: Training) -> None:
        """Show how a document is trained; sends nothing."""
        self._training = training
        for part, form in self._forms.items():
            form.set_spec(getattr(training, part))
        self._show_meaning()

    def form(self, part: str) -> SpecForm:
        """The form of "discrete", "continuous" or "stop"."""
        return self._forms[part]

    def retranslate(self) -> None:
        """Say every title again."""
        for part, label in self._titles.items():
            label.setText(tr(_PARTS[part]))
        self._show_meaning()

    def _add_part(self, part: str, layout: QVBoxLayout) -> None:
        title = QLabel()
        title.setProperty("role", "title")
        form = SpecForm(getattr(self._training, part))
        form.edited.connect(lambda spec, name, part=part: self._edit(part, spec, name))
        self._titles[part], self._forms[part] = title, form
        layout.addWidget(title)
        layout.addWidget(form)
        layout.addSpacing(8)

    def _edit(self, part: str, spec: Recipe | StopRule, name: str) -> None:
        changed = replace(self._training, **{part: spec})
        field = next(field for field in fields_of(type(spec)) if field.name == name)
        text = tr("Change {setting}").format(setting=tr(field.title))
        self.training_edited.emit(changed, text, f"training.{part}.{name}")

    def _show_meaning(self) -> None:
        self._meaning.setText(tr(_MEANINGS[self._training.stop.kind]))
