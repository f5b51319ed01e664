"""How the lanes are trained, and when training ends by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from msgspec.structs import replace
from PySide6.QtCore import QEvent, Signal
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from explorer.lanes import LANE_ORDER, LANES
from explorer.stack.spec_form import SpecForm
from explorer.words.languages import mark, tr, translator
from flowengine.catalogue import fields_of
from flowengine.project import FLOW_LANES, StopRule

if TYPE_CHECKING:
    from collections.abc import Collection

    from flowengine.project import Lane, Recipe, Training


class _Rule(NamedTuple):
    """How one kind of stop rule is worded, and the value that it begins with."""

    meaning: str
    title: str = ""
    unit: str = ""
    usual: float = 0.0


_STOP: Final = "stop"
_TITLES: Final[dict[str, str]] = {
    **{str(lane): words.title for lane, words in LANES.items()},
    _STOP: mark("Stop rule"),
}
_RULES: Final = {
    "never": _Rule(mark("Training goes on until you pause it.")),
    "plateau": _Rule(
        mark("Training ends when the later half of the run has not bettered KL by this much."),
        mark("Least gain"),
        mark("nats"),
        0.002,
    ),
    "kl": _Rule(
        mark("Training ends when KL comes to this value."), mark("KL to reach"), mark("nats"), 0.05
    ),
    "time": _Rule(
        mark("Training ends after so much time spent on training alone."),
        mark("Training time"),
        "s",
        60.0,
    ),
    "steps": _Rule(
        mark("Training ends after so many steps, counted from the start of the run."),
        mark("Steps to make"),
        mark("steps"),
        5000.0,
    ),
}


class RecipeForm(QWidget):
    """A form for each lane's recipe, and one for the stop rule that they share."""

    training_edited = Signal(object, str, str)
    """The new `Training`, what the edit is called, and the key by which edits are one."""

    def __init__(self, training: Training, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._training = training
        self._titles: dict[str, QLabel] = {}
        self._forms: dict[str, SpecForm[Any]] = {}
        self._parts: dict[str, QWidget] = {}
        self._meaning = QLabel()
        self._meaning.setProperty("role", "muted")
        self._meaning.setWordWrap(True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 4, 0, 0)
        layout.setSpacing(6)
        for part in (*LANE_ORDER, _STOP):
            self._add_part(part, layout)
        self.set_lanes(FLOW_LANES)
        layout.addWidget(self._meaning)
        layout.addStretch(1)
        translator.changed.connect(self.retranslate)
        self.retranslate()

    def set_training(self, training: Training) -> None:
        """Show how a document is trained; sends nothing."""
        self._training = training
        for part, form in self._forms.items():
            form.set_spec(getattr(training, part))
        self._show_what_counts()

    def set_lanes(self, lanes: Collection[Lane]) -> None:
        """Show the recipes of these lanes, and no other."""
        for lane in LANE_ORDER:
            self._parts[lane].setVisible(lane in lanes)

    def form(self, part: str) -> SpecForm[Any]:
        """The form of a lane or of "stop"."""
        return self._forms[part]

    def retranslate(self) -> None:
        """Say every title again."""
        for part, label in self._titles.items():
            label.setText(tr(_TITLES[part]))
            self._parts[part].setAccessibleName(tr(_TITLES[part]))  # what each setting belongs to
        self._show_what_counts()

    def changeEvent(self, event: QEvent) -> None:
        """Line the boxes up anew for other letters."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self._line_up()

    def _line_up(self) -> None:
        width = max((form.label_width() for form in self._forms.values()), default=0)
        for form in self._forms.values():
            form.set_label_width(width)

    def _add_part(self, part: str, layout: QVBoxLayout) -> None:
        title = QLabel()
        title.setProperty("role", "title")
        form: SpecForm[Any] = SpecForm(getattr(self._training, part))
        form.edited.connect(lambda spec, name, part=part: self._edit(part, spec, name))
        self._titles[part], self._forms[part] = title, form
        self._parts[part] = box = QWidget()
        column = QVBoxLayout(box)
        column.setContentsMargins(0, 0, 0, 8)
        column.setSpacing(layout.spacing())
        column.addWidget(title)
        column.addWidget(form)
        layout.addWidget(box)

    def _edit(self, part: str, spec: Recipe | StopRule, name: str) -> None:
        if isinstance(spec, StopRule) and name == "kind":  # 60 seconds are no 60 steps
            spec = replace(spec, value=_RULES[spec.kind].usual)
            self._forms[part].set_spec(spec)
        self._training = changed = replace(self._training, **{part: spec})
        self._show_what_counts()
        field = next(field for field in fields_of(type(spec)) if field.name == name)
        text = tr("Change {setting}").format(setting=tr(field.title))
        self.training_edited.emit(changed, text, f"training.{part}.{name}")

    def _show_what_counts(self) -> None:
        """Leave out what means nothing: a weight where no objectives are mixed, a rule's value."""
        mixed = self._training.discrete.objective == "mix"
        self._forms["discrete"].set_shown("reverse_weight", mixed)
        self._word_rule()
        self._line_up()

    def _word_rule(self) -> None:
        """Say what the value of the stop rule is, in which unit; "never" has none."""
        rule = _RULES[self._training.stop.kind]
        form = self._forms[_STOP]
        if rule.title:
            form.word("value", title=rule.title, unit=rule.unit, description=rule.meaning)
        form.set_shown("value", bool(rule.title))
        self._meaning.setText(tr(rule.meaning))
