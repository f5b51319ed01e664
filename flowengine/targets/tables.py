"""Points written as text, one a line. Loads no torch."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from flowengine.errors import TargetError

if TYPE_CHECKING:
    from numpy.typing import NDArray


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
    lines = [
        (number, words)
        for number, line in enumerate(text.splitlines(), start=1)
        if (words := _words(line)) and not words[0].startswith("#")
    ]
    if lines and not any(_is_number(word) for word in lines[0][1]):
        del lines[0]
    if not lines:
        raise TargetError(f"{what} holds no points: expected two numbers on each line")
    return np.array([_pair(words, f"{what}, line {number}") for number, words in lines])


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


def _pair(words: list[str], where: str) -> tuple[float, float]:
    if len(words) != 2:
        raise TargetError(f"{where}: expected two numbers, got {len(words)}")
    x, y = (_number(word, where) for word in words)
    return x, y


def _number(word: str, where: str) -> float:
    if not _is_number(word):
        raise TargetError(f"{where}: expected a number, got {word[:40]!r}")
    value = float(word)
    if not math.isfinite(value):
        raise TargetError(f"{where}: expected a finite number, got {word[:40]!r}")
    return value
