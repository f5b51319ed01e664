"""Every error that Flow Explorer raises on purpose, and the sentences that a person reads.

Each sentence names the thing, what was expected and what came. It is kept as a template and the
values that fill it, so that the command line can print it in English and the window can say it in
the language of its reader, wherever it was made.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_BLANK: Final = re.compile(r"\{(\w+)\}")
Value: TypeAlias = "str | int | float | Sentence"


class Sentence(str):
    """A sentence for a person, or a part of one: an English text that knows what it is made of.

    Attributes:
        template: With blanks such as `{path}`; this is what is translated.
        values: What fills them. A number or a text stands as it is in every language, a sentence
            is said in the reader's.
    """

    template: str
    values: dict[str, Value]

    def __new__(cls, template: str, values: Mapping[str, Value] | None = None) -> Sentence:
        """Fill the blanks in."""
        sentence = super().__new__(cls, _filled(template, values or {}, lambda part: part))
        sentence.template, sentence.values = template, dict(values or {})
        return sentence

    def __reduce__(self) -> tuple[Any, ...]:
        return Sentence, (self.template, self.values)

    def say(self, translate: Callable[[str], str]) -> str:
        """The sentence in the language that `translate` gives the words of a template in."""
        return _filled(translate(self.template), self.values, lambda part: part.say(translate))

    def record(self) -> dict[str, Any]:
        """What travels: `from_record` makes the same sentence of it."""
        return {"template": self.template, "values": self.values}

    @classmethod
    def from_record(cls, record: str | Mapping[str, Any]) -> Sentence:
        """The sentence of a record, or one without blanks of a plain text.

        Raises:
            TypeError, KeyError, ValueError: it is neither.
        """
        if isinstance(record, str):
            return cls(record)
        values = {
            name: cls.from_record(value) if isinstance(value, dict) else value
            for name, value in dict(record["values"]).items()
        }
        return cls(record["template"], values)


def _filled(template: str, values: Mapping[str, Value], said: Callable[[Sentence], str]) -> str:
    """A template with its blanks filled; what stands in braces and is no blank of it stays."""

    def word(blank: re.Match[str]) -> str:
        value = values.get(blank[1], blank[0])
        return said(value) if isinstance(value, Sentence) else str(value)

    return _BLANK.sub(word, template)


def phrase(template: str, /, **values: object) -> Sentence:
    """A sentence that no error is made with, or a part of one; also one with more blanks filled.

    Args:
        template: A literal text, which the translations' command finds in the sources.
        values: What fills the blanks. An error counts as its sentence.
    """
    known = template if isinstance(template, Sentence) else Sentence(template)
    told = {name: _value(value) for name, value in values.items()}
    return Sentence(known.template, {**known.values, **told})


def _value(value: object) -> Value:
    if isinstance(value, FlowError):
        return value.sentence
    if isinstance(value, Sentence) or type(value) in (int, float):
        return value  # type: ignore[return-value]
    return str(value)


class FlowError(Exception):
    """Anything a person can put right: bad input, a missing device, a damaged file.

    Every kind can be pickled and copied with all its attributes, whatever it is made with, so that
    it comes back from another process as it was raised there.

    Args:
        template: The sentence, with blanks: "A stack has at most {most} layers, got {count}".
        values: What fills them; see `phrase`.
    """

    def __init__(self, template: str = "", /, **values: object) -> None:
        self.sentence = phrase(template, **values)
        super().__init__(str(self.sentence))

    @property
    def template(self) -> str:
        """The sentence with its blanks."""
        return self.sentence.template

    @property
    def values(self) -> dict[str, Value]:
        """What fills the blanks."""
        return self.sentence.values

    def __reduce__(self) -> tuple[Any, ...]:
        return _again, (type(self), self.args, dict(self.__dict__))


class SpecError(FlowError, ValueError):
    """A layer, a stack or a setting lies outside what the catalogue allows."""


class ShapeError(FlowError, ValueError):
    """An array has the wrong number of axes, the wrong size or the wrong type."""


class TargetError(FlowError, ValueError):
    """A density, a picture or a set of points cannot serve as a target."""


class FormulaError(TargetError):
    """A formula cannot be read; `at` counts the characters before the place, from 0."""

    def __init__(self, template: str, at: int, **values: object) -> None:
        super().__init__(template, **values)
        self.at = at


class ProjectError(FlowError):
    """A project file is damaged, foreign or hostile."""


class DeviceError(FlowError):
    """A device was asked for that this machine does not have, or it ran out of memory."""


class NumericsError(FlowError, ArithmeticError):
    """A computation left the range in which its result means something."""


class ModeError(FlowError, RuntimeError):
    """Torch is in a mode in which this cannot be computed, such as inside `torch.func`."""


class AbsentError(FlowError):
    """A model was asked for something that its kind does not have, such as a GAN's density."""


class ExportError(FlowError):
    """A model could not be written, or what was written does not compute the same numbers."""


class ProtocolError(FlowError):
    """A message between the window and an engine is malformed or does not fit the moment."""


def _again(kind: type[FlowError], arguments: tuple[Any, ...], attributes: dict[str, Any]) -> Any:  # noqa: ANN401
    """An error as it was, without asking its own `__init__` for what is no longer known apart."""
    error = kind.__new__(kind, *arguments)
    error.args = arguments
    error.__dict__.update(attributes)
    return error
