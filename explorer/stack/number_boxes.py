"""Boxes for one number that let a person type anything, and say what is wrong with it.

Qt's own spin boxes swallow a key that would leave the range, without a word. These take the text as
it is typed, send `problem` while it cannot stand, and give a value out only when Enter is pressed
or the box is left, so that typing "128" is one edit and not three. A text that could not stand is
put back then, and it is said for a while what the number stays.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any, ClassVar, Final

import numpy as np
from PySide6.QtCore import QLocale, QSignalBlocker, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QValidator
from PySide6.QtWidgets import QDoubleSpinBox, QSpinBox

from explorer.stack.names import choice_name
from explorer.words.languages import MINUS, number, tr

if TYPE_CHECKING:
    from PySide6.QtGui import QWheelEvent
    from PySide6.QtWidgets import QAbstractSpinBox

    from flowengine.catalogue import Field

_DOUBLING_RATIO: Final = 64  # whole numbers with a wider range than this step by powers of two
_DIGITS: Final = 6
_DECIMALS: Final = 12  # QDoubleSpinBox rounds to these; beyond what a person types
_OPEN_END: Final = 1e-9  # stands for a limit that may be approached but not reached
_WIDE: Final = 1e6  # real numbers from 0 to here or beyond step 1, 2, 5, 10 as well
_SMALLEST_STEP: Final = 1e-6
_UNBOUNDED: Final = 10**9
_ARROWS_WIDTH: Final = 36
PUT_BACK_MS: Final = 6000  # how long it is said that a number stays as it was
_TEXT_INSET: Final = 3  # so that numbers stand under the words of the boxes with choices


if TYPE_CHECKING:

    class _Box(QAbstractSpinBox):
        """What Qt's two spin boxes have in common, which Qt itself does not say."""

        valueChanged: ClassVar[Signal]  # noqa: N815  Qt's own name
        value_edited: ClassVar[Signal]
        problem: ClassVar[Signal]

        def value(self) -> Any: ...  # noqa: ANN401  a whole number, or a real one
        def setValue(self, value: Any, /) -> None: ...  # noqa: ANN401
        def suffix(self) -> str: ...
        def setSuffix(self, suffix: str, /) -> None: ...

else:
    _Box = object


class _Typed(_Box):
    """What the boxes for whole and for real numbers have in common; mixed into a Qt spin box."""

    field: Field

    def _read(self, text: str) -> float | None:
        """The number that a text stands for, if it stands for one."""
        raise NotImplementedError

    def _nonsense(self) -> str:
        """Why a text stands for none, with blanks."""
        raise NotImplementedError

    def _set_up(self) -> None:
        self.setLocale(QLocale.c())
        self.setKeyboardTracking(False)
        self.setAccelerated(True)
        self.lineEdit().setTextMargins(_TEXT_INSET, 0, 0, 0)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._refused = ""  # why the text that is being typed cannot stand
        self._said_enough = QTimer(self, singleShot=True)
        self._said_enough.timeout.connect(lambda: self._judge(""))
        self.valueChanged.connect(self._give_out)
        self.lineEdit().textEdited.connect(lambda text: self._judge(self.problem_with(text)))
        self.editingFinished.connect(self._tell_put_back)
        self.retranslate()

    def retranslate(self) -> None:
        """Say the unit in the language of the window."""
        self.setSuffix(f" {tr(self.field.unit)}" if self.field.unit else "")

    def show_value(self, value: float | str) -> None:
        """Show a value without sending it; a text that is just being typed stays."""
        if value != self.value():
            with QSignalBlocker(self):
                self.setValue(value)

    def problem_with(self, text: str) -> str:
        """What keeps this text from being the value, in a sentence; "" where nothing does."""
        value = self._read(text)
        title, bare = tr(self.field.title), self._bare(text)
        if value is None:
            return self._nonsense().format(title=title, text=bare, word=self._word())
        if not self._allowed(value):
            limits = limits_of(self.field)
            return tr("{title} must {limits}, not {text}").format(
                title=title, limits=limits, text=bare
            )
        return ""

    def validate(self, text: str, position: int) -> tuple[QValidator.State, str, int]:
        """Let every text be typed; one that cannot stand is not taken up."""
        good = not self.problem_with(text)
        state = QValidator.State.Acceptable if good else QValidator.State.Intermediate
        return state, text, position

    def sizeHint(self) -> QSize:
        """Room for a number as it is usually written, not for the longest that fits the limits."""
        text = self.fontMetrics().horizontalAdvance(f"{MINUS}0.0000{self.suffix()}")
        return QSize(text + _ARROWS_WIDTH, super().sizeHint().height())

    def minimumSizeHint(self) -> QSize:
        """The same: a number is never cut."""
        return self.sizeHint()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Turn the number only where it has been chosen: scrolling past must change nothing."""
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()

    def _give_out(self, value: float) -> None:
        self._judge("")
        self.value_edited.emit(value)

    def _judge(self, problem: str) -> None:
        self._refused = problem
        self._said_enough.stop()
        self.problem.emit(problem)

    def _tell_put_back(self) -> None:
        """Qt has put the former number back where a text could not stand: say so, for a while."""
        if self._refused:
            text = tr("{problem}. It stays {value}.")
            self._judge(text.format(problem=self._refused, value=self.text()))
            self._refused = ""
            self._said_enough.start(PUT_BACK_MS)

    def _allowed(self, value: float) -> bool:
        low, high = self.field.minimum, self.field.maximum
        above = low is None or (value > low if self.field.exclusive_minimum else value >= low)
        return above and (high is None or value <= high)

    def _word(self) -> str:
        """What may stand instead of a number, in the language of the window."""
        return choice_name(self.field.word) if self.field.word else ""

    def _bare(self, text: str) -> str:
        unit = self.suffix().strip()
        bare = text.strip()
        return bare.removesuffix(unit).strip() if unit else bare


class WholeNumberBox(_Typed, QSpinBox):
    """A whole number within the limits of a field; wide ranges step by powers of two."""

    value_edited = Signal(object)
    problem = Signal(str)

    def __init__(self, field: Field) -> None:
        super().__init__()
        self.field = field
        low = -_UNBOUNDED if field.minimum is None else int(field.minimum) + field.exclusive_minimum
        high = _UNBOUNDED if field.maximum is None else int(field.maximum)
        self.setRange(low, high)
        self._doubles = low > 0 and high >= _DOUBLING_RATIO * low
        self._set_up()

    def stepBy(self, steps: int) -> None:
        """Go to the next power of two, or to the next number."""
        if not self._doubles:
            super().stepBy(steps)
            return
        exponent = math.log2(self.value())
        whole = math.floor(exponent) if steps > 0 else math.ceil(exponent)
        self.setValue(2 ** min(30, max(0, whole + steps)))

    def valueFromText(self, text: str) -> int:
        """The number that a text stands for; the present one where it stands for none."""
        value = self._read(text)
        return self.value() if value is None else value

    def textFromValue(self, value: int) -> str:
        """A number as it stands in the box."""
        return str(value).replace("-", MINUS)

    def _read(self, text: str) -> int | None:
        bare = self._bare(text).replace(MINUS, "-")
        return int(bare) if re.fullmatch(r"[+-]?[0-9]{1,18}", bare) else None

    def _nonsense(self) -> str:
        return tr('{title} must be a whole number, not "{text}"')


class AutoNumberBox(WholeNumberBox):
    """A whole number, or below the smallest one a word such as "auto" in its place."""

    def __init__(self, field: Field) -> None:
        super().__init__(field)
        self.setMinimum(self.minimum() - 1)
        self.retranslate()

    def retranslate(self) -> None:
        """Say the word and the unit in the language of the window."""
        self.setSpecialValueText(self._word())
        super().retranslate()

    def show_value(self, value: float | str) -> None:
        """Show a number or the word without sending it."""
        super().show_value(self.minimum() if isinstance(value, str) else value)

    def stepBy(self, steps: int) -> None:
        """Go to the next power of two; below the smallest number to the word, and back."""
        if self.value() > self.minimum() + 1 or (steps > 0 and self.value() > self.minimum()):
            super().stepBy(steps)
        else:
            QSpinBox.stepBy(self, max(-1, min(1, steps)))

    def _read(self, text: str) -> int | None:
        if self._bare(text).casefold() in (self.field.word, self._word().casefold()):
            return self.minimum()
        value = super()._read(text)
        return self.minimum() - 1 if value == self.minimum() else value  # the word's, and refused

    def _allowed(self, value: float) -> bool:
        return value == self.minimum() or super()._allowed(value)

    def _give_out(self, value: float) -> None:
        self._judge("")
        self.value_edited.emit(self.field.word if value == self.minimum() else value)

    def _nonsense(self) -> str:
        return tr('{title} must be a whole number or "{word}", not "{text}"')


class RealNumberBox(_Typed, QDoubleSpinBox):
    """A real number within the limits of a field; a wide positive range steps 1, 2, 5, 10."""

    value_edited = Signal(object)
    problem = Signal(str)

    def __init__(self, field: Field) -> None:
        super().__init__()
        self.field = field
        low = -_UNBOUNDED if field.minimum is None else field.minimum
        high = _UNBOUNDED if field.maximum is None else field.maximum
        self.setDecimals(_DECIMALS)
        self.setRange(low + _OPEN_END * field.exclusive_minimum, high)
        self.setSingleStep(10.0 ** math.floor(math.log10((high - low) / 100)))
        self._scales = low == 0 and (field.exclusive_minimum or high >= _WIDE)
        self._set_up()

    def stepBy(self, steps: int) -> None:
        """Go to the next of 1, 2, 5, 10, …, or by an even step."""
        if not self._scales:
            super().stepBy(steps)
            return
        value = self.value()
        for _ in range(abs(steps)):
            value = self._next(value, up=steps > 0)
        self.setValue(value)

    def _next(self, value: float, *, up: bool) -> float:
        """The next round number; one that may be 0 is so below the smallest step."""
        if value == 0:
            return _SMALLEST_STEP if up else 0.0
        if not up and value <= _SMALLEST_STEP and not self.field.exclusive_minimum:
            return 0.0
        return next_round(value, up=up)

    def valueFromText(self, text: str) -> float:
        """The number that a text stands for; the present one where it stands for none."""
        value = self._read(text)
        return self.value() if value is None else value

    def textFromValue(self, value: float) -> str:
        """A number as it stands in the box, with no more digits than it has."""
        shown = np.format_float_positional(
            value, precision=_DIGITS, unique=False, fractional=False, trim="-"
        )
        return shown.replace("-", MINUS)

    def _read(self, text: str) -> float | None:
        bare = self._bare(text).replace(MINUS, "-").replace(",", ".")
        try:
            value = float(bare)
        except ValueError:
            return None
        return value if math.isfinite(value) else None

    def _nonsense(self) -> str:
        return tr('{title} must be a number, not "{text}"')


def limits_of(field: Field) -> str:
    """The limits of a numeric field, as they follow the word "must"; "" where it has none."""
    low, high = field.minimum, field.maximum
    if low is None and high is None:
        return ""
    if low is None:
        pattern = tr("be at most {high}")
    elif high is None:
        pattern = tr("be above {low}") if field.exclusive_minimum else tr("be at least {low}")
    elif field.exclusive_minimum:
        pattern = tr("be above {low} and at most {high}")
    else:
        pattern = tr("lie between {low} and {high}")
    limits = pattern.format(low=number(low or 0, _DIGITS), high=number(high or 0, _DIGITS))
    if not field.word:
        return limits
    return tr('{limits} or be "{word}"').format(limits=limits, word=choice_name(field.word))


def next_round(value: float, *, up: bool) -> float:
    """The next of … 0.1, 0.2, 0.5, 1, 2, 5, 10 … above or below a positive number."""
    decade = 10.0 ** math.floor(math.log10(value))
    ladder = [decade * rung for rung in (0.1, 0.2, 0.5, 1, 2, 5, 10, 20)]
    slack = 1e-9 * value  # a rung that the value already stands on, but for its last bit
    if up:
        return next(rung for rung in ladder if rung > value + slack)
    return next(rung for rung in reversed(ladder) if rung < value - slack)
