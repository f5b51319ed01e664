"""What other libraries and the system say, as sentences that can be translated.

They give finished English alone: this is the one place that looks for the values in it. A text
that is not known here stands as it is.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Final

from flowengine.errors import FlowError, Sentence, phrase

_SYSTEM: Final = (  # as `os.strerror` says it
    phrase("Cannot allocate memory"),
    phrase("Disk quota exceeded"),
    phrase("File exists"),
    phrase("File name too long"),
    phrase("Input/output error"),
    phrase("Is a directory"),
    phrase("No such file or directory"),
    phrase("No space left on device"),
    phrase("Not a directory"),
    phrase("Operation not permitted"),
    phrase("Permission denied"),
    phrase("Read-only file system"),
    phrase("Too many open files"),
)
_LIMITS: Final = (  # msgspec's, as `broken_limit` words them, and NumPy's
    phrase("expected `{kind}`, got `{other}`"),
    phrase("expected `{kind}`, got `{other}` at `{path}`"),
    phrase("expected `{kind}` >= {limit}"),
    phrase("expected `{kind}` >= {limit} at `{path}`"),
    phrase("expected `{kind}` <= {limit}"),
    phrase("expected `{kind}` <= {limit} at `{path}`"),
    phrase("expected `{kind}` > {limit}"),
    phrase("expected `{kind}` > {limit} at `{path}`"),
    phrase("expected `{kind}` < {limit}"),
    phrase("expected `{kind}` < {limit} at `{path}`"),
    phrase("expected `{kind}` of length >= {limit}"),
    phrase("expected `{kind}` of length >= {limit} at `{path}`"),
    phrase("expected `{kind}` of length <= {limit}"),
    phrase("expected `{kind}` of length <= {limit} at `{path}`"),
    phrase("expected `{kind}` of length {limit}, got {length}"),
    phrase("expected `{kind}` of length {limit}, got {length} at `{path}`"),
    phrase("object contains unknown field `{name}`"),
    phrase("object contains unknown field `{name}` at `{path}`"),
    phrase("object missing required field `{name}`"),
    phrase("object missing required field `{name}` at `{path}`"),
    phrase("invalid enum value {value}"),
    phrase("invalid enum value {value} at `{path}`"),
    phrase("invalid value {value}"),
    phrase("invalid value {value} at `{path}`"),
    phrase("expected an array that the project holds, got {value}"),  # our own, within its frame
    phrase("expected an array that the project holds, got {value} at `{path}`"),
    phrase("could not convert string to float: {text}"),
    phrase("could not convert string to float: {text} at `{path}`"),
)
_DAMAGE: Final = (  # msgspec's, then that of zipfile, zlib and Pillow
    phrase("Input data was truncated"),
    phrase("JSON is malformed: {reason} (byte {n})"),
    phrase("expected '{sign}'"),
    phrase("invalid character"),
    phrase("trailing characters"),
    phrase("Bad CRC-32 for file {name}"),
    phrase("Error {n} while decompressing data: {reason}"),
    phrase("Truncated File Read"),
    phrase("broken data stream when reading image file"),
    phrase("image file is truncated"),
    phrase("image file is truncated ({n} bytes not processed)"),
    phrase("unrecognized data stream contents when reading image file"),
)
_LONGEST: Final = 4000  # characters; a person would not read more


def words_of(said: BaseException | str) -> Sentence:
    """What an error of any kind says, or a text of another library."""
    if isinstance(said, FlowError):
        return said.sentence
    if isinstance(said, Sentence):
        return said
    text = str(said)
    if len(text) <= _LONGEST:
        for template, pattern in _patterns():
            if found := pattern.fullmatch(text):
                return Sentence(template, {n: _inner(n, v) for n, v in found.groupdict().items()})
    return Sentence(text)


def _inner(name: str, value: str) -> str | Sentence:
    return words_of(value) if name == "reason" else value


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """The templates and what they match; one with more text of its own comes before the others."""
    templates = [sentence.template for sentence in (*_SYSTEM, *_LIMITS, *_DAMAGE)]
    templates.sort(key=lambda template: len(re.sub(r"\{\w+\}", "", template)), reverse=True)
    return tuple((template, _pattern(template)) for template in templates)


def _pattern(template: str) -> re.Pattern[str]:
    escaped = re.escape(template)
    return re.compile(re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>.*?)", escaped), re.DOTALL)
