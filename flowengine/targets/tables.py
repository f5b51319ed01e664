"""Numbers written as text, a row on each line. Loads no torch."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

import numpy as np

from flowengine.errors import TargetError, phrase

if TYPE_CHECKING:
    from numpy.typing import NDArray

_ROW_ENDS = re.compile(r"\][,;\s]*")
_BRACKETS = re.compile(r"[\[\]]|\b(?:np\.)?(?:array|tensor)\(|\)")


def parse_points(text: str, what: str) -> NDArray[np.float64]:
    """Read two numbers a line, parted by commas, semicolons, tabs or spaces.

    Empty lines and lines that begin with `#` are passed over; so is a first line of titles. With
    semicolons a comma is a decimal point.

    Args:
        text: The table.
        what: What to call it in an error.

    Returns:
        Points, shape (n, 2).

    Raises:
        TargetError: a line holds no two finite numbers; the message names the line and the word.
    """
    lines = _lines(text)
    if not lines:
        raise TargetError(f"{what} holds no points: expected two numbers on each line")
    return np.array([_row(words, 2, _line(what, number)) for number, words in lines])


def parse_table(text: str, what: str) -> NDArray[np.float64]:
    """Read rows of as many numbers each, written as for `parse_points` or in square brackets.

    Args:
        text: The table; rows in brackets need no lines of their own: [[1, 2], [3, 4]].
        what: What to call it in an error.

    Returns:
        Shape (rows, columns), the first line first, with at least two columns.

    Raises:
        TargetError: a line holds anything but finite numbers, or another count than the first.
    """
    lines = _lines(_BRACKETS.sub("", _ROW_ENDS.sub("\n", text)) if "[" in text else text)
    if not lines:
        raise TargetError(f"{what} holds no numbers: expected a row of them on each line")
    count = max(2, len(lines[0][1]))
    return np.array([_row(words, count, _line(what, number)) for number, words in lines])


def _line(what: str, number: int) -> str:
    return phrase(f"{what}, line {number}")


def _lines(text: str) -> list[tuple[int, list[str]]]:
    """The words of each line that says something, with its number; without a line of titles."""
    lines = [
        (number, words)
        for number, line in enumerate(text.splitlines(), start=1)
        if (words := _words(line)) and not words[0].startswith("#")
    ]
    if lines and not any(_is_number(word) for word in lines[0][1]):
        del lines[0]
    return lines


def _words(line: str) -> list[str]:
    for separator in (";", ",", "\t"):
        if separator in line:
            words = [word.strip().strip("\"'") for word in line.split(separator)]
            return [word.replace(",", ".") for word in words] if separator == ";" else words
    return line.split()


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True


def _row(words: list[str], count: int, where: str) -> list[float]:
    if len(words) != count:
        expected = phrase("two") if count == 2 else f"{count:,}"
        raise TargetError(f"{where}: expected {expected} numbers, got {len(words):,}")
    return [_number(word, where) for word in words]


def _number(word: str, where: str) -> float:
    if not _is_number(word):
        raise TargetError(f"{where}: expected a number, got {word[:40]!r}")
    value = float(word)
    if not math.isfinite(value):
        raise TargetError(f"{where}: expected a finite number, got {word[:40]!r}")
    return value
