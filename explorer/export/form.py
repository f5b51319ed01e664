"""What a form of the export dialog is made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QRadioButton,
    QSpinBox,
    QWidget,
)

from explorer.lanes import lane_title
from explorer.words.languages import tr
from flowengine.export import USUAL_SAMPLES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from flowengine.project import Lane


class LaneWish(NamedTuple):
    """Which model, and for samples how many points of which seed."""

    lane: Lane
    points: int = USUAL_SAMPLES
    seed: int = 0


class Options(QWidget):
    """A form; on its own it asks for nothing.

    Signals:
        changed: Something else is wished, and the name to propose may be another.
    """

    changed = Signal()

    def __init__(self, suffix: str = "", part: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._suffix = suffix
        self._part = part
        self.rows = QFormLayout(self)
        self.rows.setContentsMargins(0, 0, 0, 0)
        self.rows.setVerticalSpacing(10)

    @property
    def suffix(self) -> str:
        """The ending of the file's name; "" for a folder."""
        return self._suffix

    @property
    def part(self) -> str:
        """What the proposed name has after the project's own."""
        return self._part

    def wish(self) -> object:
        """What is wished, for whoever makes it."""
        return None

    def choose_lane(self, lane: Lane) -> None:
        """Choose a lane, where one is asked for."""

    def say(self, text: str) -> QLabel:
        """Add a sentence below what is asked."""
        note = QLabel(text)
        note.setProperty("role", "muted")
        note.setWordWrap(True)
        self.rows.addRow(note)
        return note


class LaneOptions(Options):
    """Which model.

    Args:
        lanes: Those that there are.
    """

    def __init__(self, lanes: Sequence[Lane]) -> None:
        super().__init__()
        self.lanes = Choices({lane: tr(lane_title(lane)) for lane in lanes})
        self.lanes.changed.connect(self.changed)
        self.rows.addRow(tr("Model"), self.lanes)

    @property
    def lane(self) -> Lane:
        """The lane that is chosen."""
        lane: Lane = self.lanes.value
        return lane

    @property
    def part(self) -> str:
        """The lane's name."""
        return self.lane

    def wish(self) -> LaneWish:
        """The lane."""
        return LaneWish(self.lane)

    def choose_lane(self, lane: Lane) -> None:
        """Choose a lane."""
        self.lanes.choose(lane)


class Choices(QWidget):
    """Some radio buttons in a row.

    Signals:
        changed: Another one is chosen.

    Args:
        texts: What there is to choose, with words in the language of the window.
    """

    changed = Signal()

    def __init__(self, texts: Mapping[Any, str]) -> None:
        super().__init__()
        self.buttons = {value: QRadioButton(text) for value, text in texts.items()}
        self._group = QButtonGroup(self)
        for button in self.buttons.values():
            self._group.addButton(button)
        next(iter(self.buttons.values())).setChecked(True)
        self._group.buttonToggled.connect(self._tell)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(16)
        for button in self.buttons.values():
            layout.addWidget(button)
        layout.addStretch(1)

    @property
    def value(self) -> Any:  # noqa: ANN401  whatever there is to choose
        """What is chosen."""
        return next(value for value, button in self.buttons.items() if button.isChecked())

    def choose(self, value: object) -> None:
        """Choose one."""
        self.buttons[value].setChecked(True)

    def _tell(self, _button: QRadioButton, checked: bool) -> None:
        if checked:
            self.changed.emit()


def number_box(name: str, low: int, high: int, value: int) -> QSpinBox:
    """A box for a whole number."""
    box = QSpinBox()
    box.setRange(low, high)
    box.setValue(value)
    box.setAccessibleName(name)
    return box


def row_of(*widgets: QWidget) -> QWidget:
    """Some widgets beside each other."""
    holder = QWidget()
    layout = QHBoxLayout(holder)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(16)
    for widget in widgets:
        layout.addWidget(widget)
    layout.addStretch(1)
    return holder
