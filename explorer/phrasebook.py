"""Sentences whose blanks are filled in already, found in a table and said in its language."""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

BLANK: Final = re.compile(r"\{(\w+)\}")
_LONGEST: Final = 4000  # a person would not read more, and each blank is searched for its end


class _Pattern(NamedTuple):
    """A sentence with blanks: what its fillings look like, and its words in another language."""

    shape: re.Pattern[str]
    words: str


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
        if text in self._known or len(text) > _LONGEST:
            return self._known.get(text, text)
        for pattern in self._patterns:
            if found := pattern.shape.fullmatch(text):
                return BLANK.sub(lambda blank: self.say(found[blank[1]]), pattern.words)
        return text

    @cached_property
    def _patterns(self) -> list[_Pattern]:
        """The sentences with blanks; one with more text of its own is tried before the others."""
        with_blanks = [english for english in self._sentences if BLANK.search(english)]
        with_blanks.sort(key=lambda english: len(BLANK.sub("", english)), reverse=True)
        return [_Pattern(_shape(english), self._sentences[english]) for english in with_blanks]


def _shape(english: str) -> re.Pattern[str]:
    """What a sentence looks like once its blanks are filled in."""
    pieces = BLANK.split(english)  # text and names in turn
    return re.compile(
        "".join(
            f"(?P<{piece}>.*?)" if index % 2 else re.escape(piece)
            for index, piece in enumerate(pieces)
        ),
        re.DOTALL,
    )
