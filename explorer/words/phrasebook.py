"""Sentences whose blanks are filled in already, found in a table and said in its language."""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

_BLANK: Final = re.compile(r"\{(\w+)\}")
_LONGEST: Final = 4000  # characters; a person would not read more
_DEEPEST: Final = 6  # sentences within sentences


class _Pattern(NamedTuple):
    """A sentence with blanks: the text around them, their names, and its words in the language."""

    pieces: tuple[str, ...]
    blanks: tuple[str, ...]
    words: str

    def read(self, text: str) -> dict[str, str] | None:
        """What the blanks are filled with in `text`; None where it is another sentence.

        Each blank ends where the text after it stands first, so no text takes long.
        """
        first, *middle, last = self.pieces
        if not (text.startswith(first) and text.endswith(last)):
            return None
        values, at, end = [], len(first), len(text) - len(last)
        for piece in middle:
            place = text.find(piece, at, end)
            if place < 0:
                return None
            values.append(text[at:place])
            at = place + len(piece)
        return dict(zip(self.blanks, [*values, text[at:end]], strict=True)) if at <= end else None

    def say(self, values: Mapping[str, str]) -> str:
        """Its words, with the blanks filled in."""
        return _BLANK.sub(lambda blank: values[blank[1]], self.words)


class Phrasebook:
    """Says in another language what an engine says, which knows no language but its own.

    A sentence is found by its literal text, and what fills its blanks is said by the same book: a
    sentence in a sentence, a word such as a lane's name; a path or a number stands as it is.

    Args:
        words: Texts, and what each is in the other language.
        sentences: Sentences with named blanks, such as "{path} does not exist", and theirs.
    """

    def __init__(self, words: Mapping[str, str], sentences: Mapping[str, str]) -> None:
        self._known = {**words, **sentences}
        self._sentences = sentences

    def say(self, text: str) -> str:
        """The sentence in the other language; as it came where the book does not know it."""
        return self._say(text, _DEEPEST)

    def _say(self, text: str, deepest: int) -> str:
        if text in self._known or len(text) > _LONGEST or not deepest:
            return self._known.get(text, text)
        for pattern in self._patterns:
            found = pattern.read(text)
            if found is not None:
                said = {name: self._say(value, deepest - 1) for name, value in found.items()}
                return pattern.say(said)
        return text

    @cached_property
    def _patterns(self) -> list[_Pattern]:
        """The sentences with blanks; one with more text of its own is tried before the others."""
        with_blanks = [english for english in self._sentences if _BLANK.search(english)]
        with_blanks.sort(key=lambda english: len(_BLANK.sub("", english)), reverse=True)
        return [_pattern(english, self._sentences[english]) for english in with_blanks]


def _pattern(english: str, words: str) -> _Pattern:
    parts = _BLANK.split(english)  # text and names in turn
    return _Pattern(tuple(parts[::2]), tuple(parts[1::2]), words)
