"""Words and numbers as a person reads them, in the language chosen at run time."""

from __future__ import annotations

import gettext
import math
from typing import Final

from PySide6.QtCore import QObject, Signal

from explorer import resources
from flowengine.errors import Sentence

LANGUAGES: Final = {"en": "English", "vi": "Tiếng Việt"}
MINUS: Final = "\N{MINUS SIGN}"
_MOST_ZEROS: Final = 4  # behind the point of what is nothing
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


class Translator(QObject):
    """The language of the window; widgets re-read their words when `changed` is sent."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.language = "en"
        self._words = gettext.NullTranslations()

    def set_language(self, code: str) -> None:
        """Speak another language from now on.

        Raises:
            ValueError: `code` is none of `LANGUAGES`.
        """
        if code not in LANGUAGES:
            raise ValueError(f"The languages are {', '.join(LANGUAGES)}; got {code!r}")
        if code == self.language:
            return
        self._words = gettext.translation(
            "flow-explorer", resources.path("translations"), [code], fallback=code == "en"
        )
        self.language = code
        self.changed.emit()

    def translate(self, text: str) -> str:
        """The words for an English source text, which stands for itself where none are known."""
        return self._words.gettext(text) if text else ""  # gettext's own notes stand at ""


translator: Final = Translator()


def tr(text: str) -> str:
    """The words for `text` in the language of the window."""
    return translator.translate(text)


def tr_sentence(said: str) -> str:
    """The words for a sentence of an engine, or of an error, in the language of the window.

    What stays on the screen is kept as it came and said again when the language changes.
    """
    return said.say(tr) if isinstance(said, Sentence) else tr(said)


def mark(text: str) -> str:
    """Say that `text` is shown through `tr` later, so that it needs a translation."""
    return text


def integer(n: int) -> str:
    """A whole number with thousands separators and a real minus sign: 35,344."""
    return f"{n:,}".replace("-", MINUS)


def number(value: float, digits: int = 3) -> str:
    """A measured number to `digits` significant digits, as it stands in tables and labels.

    Whole numbers keep all their digits. Very small and very large ones are written with a power of
    ten, 2.03·10⁻⁷. What is no number is a dash: the window never shows a NaN. The decimal point is
    the same in every language, so that figures can be copied into code.
    """
    if isinstance(value, int):
        return integer(value)
    if not math.isfinite(value):
        return "–" if math.isnan(value) else ("∞" if value > 0 else f"{MINUS}∞")
    if value == 0:
        return "0"
    exponent = math.floor(math.log10(abs(float(f"{value:.{digits - 1}e}"))))
    if not -3 <= exponent < 7:
        return _scientific(value, digits)
    decimals = max(0, digits - 1 - exponent)
    return f"{value:,.{decimals}f}".replace("-", MINUS)


def _scientific(value: float, digits: int) -> str:
    mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
    if "." in mantissa:
        mantissa = mantissa.rstrip("0").rstrip(".")
    return f"{mantissa}·10{str(int(exponent)).translate(_SUPERSCRIPTS)}".replace("-", MINUS)


def coordinate(value: float, step: float) -> str:
    """A place on an axis, as exact as `step` tells places apart: 45.065, −3·10⁷."""
    if not math.isfinite(value):
        return number(value)
    exponent = math.floor(math.log10(step) + 1e-9)
    decimals, nothing = max(0, -exponent), not round(value / step)
    if nothing and decimals > _MOST_ZEROS:
        return "0"
    whole = 0 if nothing else math.floor(math.log10(abs(value)))
    if -5 < whole < 6:
        return signed(value, decimals).removeprefix("+")
    return _scientific(value, max(1, whole - exponent + 1))


def signed(value: float, decimals: int = 2) -> str:
    """A change, with its sign and a fixed number of decimals: +0.27, −0.31; no change is 0.00."""
    if not math.isfinite(value):
        return number(value)
    rounded = round(value, decimals)
    return f"{rounded:+,.{decimals}f}".replace("-", MINUS) if rounded else f"{0:.{decimals}f}"
