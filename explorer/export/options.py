"""What each way of taking something away needs to know: forms that show nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QComboBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QRadioButton,
    QSpinBox,
    QWidget,
)

from explorer.export import figure, film
from explorer.export.figure import FigureWish
from explorer.export.film import FilmWish
from explorer.lanes import lane_title
from explorer.theme import theme
from explorer.words.languages import integer, mark, tr
from flowengine.export import MAX_SAMPLES, USUAL_SAMPLES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from flowengine.project import Lane

COLOURS: Final = {"dark": mark("Dark"), "light": mark("Light")}
_LARGEST_SEED: Final = 2**31 - 1


class Wish(NamedTuple):
    """Which model, and for samples how many points of which seed."""

    lane: Lane
    points: int = USUAL_SAMPLES
    seed: int = 0


class PageWish(NamedTuple):
    """Whether the page should play in both directions."""

    both: bool


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


class PageOptions(Options):
    """In which directions the page plays."""

    def __init__(self) -> None:
        super().__init__(suffix=".html", part="page")
        self.both = QCheckBox(tr("Both directions"))
        self.both.setToolTip(tr("Ask the engines for the direction that is not shown as well"))
        self.both.setChecked(True)
        self.rows.addRow(self.both)
        self.say(
            tr(
                "Figures, layers and a few words on what one sees stand below the panels. The page "
                "asks no server for anything."
            )
        )

    def wish(self) -> PageWish:
        """What is wished."""
        return PageWish(self.both.isChecked())


class ModelOptions(Options):
    """Which model.

    Args:
        lanes: Those that there are.
    """

    def __init__(self, lanes: Sequence[Lane]) -> None:
        super().__init__()
        self.lanes = Choices({lane: tr(lane_title(lane)) for lane in lanes})
        self.lanes.changed.connect(self.changed)
        self.rows.addRow(tr("Model"), self.lanes)
        self._add_more()

    @property
    def lane(self) -> Lane:
        """The lane that is chosen."""
        return self.lanes.value

    @property
    def part(self) -> str:
        """The lane's name."""
        return self.lane

    def wish(self) -> Wish:
        """The lane."""
        return Wish(self.lane)

    def choose_lane(self, lane: Lane) -> None:
        """Choose a lane."""
        self.lanes.choose(lane)

    def _add_more(self) -> None:
        self.say(
            tr(
                "One readable model.py with sample(n) and a flow's log_prob(x), the weights as "
                "safetensors and a README. It needs torch and safetensors only; afterwards it is "
                "loaded in a fresh process and compared with the model here."
            )
        )


class SamplesOptions(ModelOptions):
    """Which model, how many points, how written."""

    @property
    def suffix(self) -> str:
        """As it is written."""
        return f".{self.kind.value}"

    @property
    def part(self) -> str:
        """The lane's name, and what it is."""
        return f"{self.lane}-samples"

    def wish(self) -> Wish:
        """The lane, the number and the seed."""
        return Wish(self.lane, self.count.value(), self.seed.value())

    def _add_more(self) -> None:
        self.count = _number(tr("Points"), 1, MAX_SAMPLES, USUAL_SAMPLES)
        self.count.setGroupSeparatorShown(True)
        self.seed = _number(tr("Seed"), 0, _LARGEST_SEED, 0)
        self.seed.setToolTip(tr("The same seed gives the same points"))
        self.kind = Choices({"csv": "CSV", "npy": "NPY"})
        self.kind.changed.connect(self.changed)
        self.rows.addRow(tr("As"), self.kind)
        self.rows.addRow(tr("Points"), self.count)
        self.rows.addRow(tr("Seed"), self.seed)
        self.say(
            tr(
                "CSV has a line for each point: x, y and, for a flow, log_prob in nats. NPY is a "
                "NumPy array of shape (n, 2)."
            )
        )


class FilmOptions(Options):
    """How large, how long, how fast, and in which colours."""

    def __init__(self) -> None:
        super().__init__(part="film")
        self.kind = Choices({"mp4": "MP4", "gif": "GIF"})
        self.measure = QComboBox()
        self.measure.setAccessibleName(tr("Size"))
        self.seconds = _number(tr("Length"), 1, film.LONGEST_S["mp4"], film.USUAL_S["mp4"])
        self.seconds.setSuffix(" s")
        self.rate = QComboBox()
        self.rate.setAccessibleName(tr("Frames a second"))
        self.back = QCheckBox(tr("and back again"))
        self.colours = Choices({name: tr(text) for name, text in COLOURS.items()})
        self.colours.choose(theme.name)
        self.rows.addRow(tr("As"), self.kind)
        self.rows.addRow(tr("Size"), self.measure)
        self.rows.addRow(tr("Length"), _row(self.seconds, self.back))
        self.rows.addRow(tr("Frames a second"), self.rate)
        self.rows.addRow(tr("Colours"), self.colours)
        self._note = self.say("")
        self.kind.changed.connect(self._follow_kind)
        for signal in (self.seconds.valueChanged, self.rate.currentIndexChanged):
            signal.connect(self._tell)
        self._follow_kind()

    @property
    def suffix(self) -> str:
        """As it is written."""
        return f".{self.kind.value}"

    def wish(self) -> FilmWish:
        """What the film should be like."""
        size = film.SIZES[self.kind.value][self.measure.currentIndex()]
        return FilmWish(
            kind=self.kind.value,
            width=size.width,
            height=size.height,
            seconds=self.seconds.value(),
            rate=film.RATES[self.kind.value][self.rate.currentIndex()],
            back=self.back.isChecked(),
            colours=self.colours.value,
        )

    def _follow_kind(self) -> None:
        kind = self.kind.value
        self.measure.clear()
        self.measure.addItems([size.text for size in film.SIZES[kind]])
        self.rate.clear()
        self.rate.addItems([str(rate) for rate in film.RATES[kind]])
        self.rate.setCurrentIndex(film.RATES[kind].index(film.USUAL_RATE[kind]))
        self.seconds.setMaximum(film.LONGEST_S[kind])
        self.seconds.setValue(film.USUAL_S[kind])
        self._tell()
        self.changed.emit()

    def _tell(self) -> None:
        if self.rate.currentIndex() >= 0:
            self._note.setText(
                tr(
                    "{frames} frames of what the panels show, as it is switched on and zoomed now, "
                    "in the direction that is chosen there."
                ).format(frames=integer(self.wish().frames))
            )


class FigureOptions(Options):
    """How it is written, how fine, in which colours."""

    def __init__(self) -> None:
        super().__init__(part="figure")
        self.kind = Choices({kind: kind.upper() for kind in figure.KINDS})
        self.scale = Choices({scale: f"{scale}×" for scale in figure.SCALES})
        self.scale.choose(2)
        self.colours = Choices({name: tr(text) for name, text in figure.COLOURS.items()})
        self.curves = QCheckBox(tr("with the curves"))
        self.rows.addRow(tr("As"), self.kind)
        self.rows.addRow(tr("Scale"), self.scale)
        self.rows.addRow(tr("Colours"), self.colours)
        self.rows.addRow("", self.curves)
        self.say(
            tr(
                "The moment that the clock shows, with axes and scales. In SVG and PDF the "
                "particles, lines and words stay sharp at any size; the density is a picture."
            )
        )
        self.kind.changed.connect(self._follow_kind)

    @property
    def suffix(self) -> str:
        """As it is written."""
        return f".{self.kind.value}"

    def wish(self) -> FigureWish:
        """What the figure should be like."""
        return FigureWish(
            kind=self.kind.value,
            scale=self.scale.value,
            colours=self.colours.value,
            curves=self.curves.isChecked(),
        )

    def _follow_kind(self) -> None:
        self.rows.setRowVisible(self.scale, self.kind.value == "png")
        self.changed.emit()


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


def _number(name: str, low: int, high: int, value: int) -> QSpinBox:
    box = QSpinBox()
    box.setRange(low, high)
    box.setValue(value)
    box.setAccessibleName(name)
    return box


def _row(*widgets: QWidget) -> QWidget:
    holder = QWidget()
    layout = QHBoxLayout(holder)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(16)
    for widget in widgets:
        layout.addWidget(widget)
    layout.addStretch(1)
    return holder
