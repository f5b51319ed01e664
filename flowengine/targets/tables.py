"""Numbers written as text, a row on each line. Loads no torch."""

from __future__ import annotations

import csv
import math
import re
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from flowengine.errors import Sentence, TargetError, phrase
from flowengine.targets.columns import Chosen, Reading, choose

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_ROW_ENDS = re.compile(r"\][,;\s]*")
_BRACKETS = re.compile(r"[\[\]]|\b(?:np\.)?(?:array|tensor)\(|\)")
_REMARK = re.compile(r"\s#")
_SAMPLE = 20  # lines by which a separator is told
_COMMA_NUMBER = r"[-+]?\d+(?:,\d+)?(?:[eE][-+]?\d+)?"
_COMMA_NUMBERS = re.compile(rf"\s*{_COMMA_NUMBER}(?:\s+{_COMMA_NUMBER})+\s*")
_THOUSANDS = re.compile(r"[-+]?\d{1,3}(?:,\d{3})+(?:\.\d*)?")  # in quotes, between commas
_MISSING = {"", "na", "n/a", "nan", "null", "none", "-", "?"}


class PointTable(NamedTuple):
    """What was found in a table of points.

    Attributes:
        points: Shape (n, 2).
        weights: Shape (n,), or None where no column was named for them.
        notices: What a person should know of how it was read, a sentence each.
    """

    points: NDArray[np.float64]
    weights: NDArray[np.float64] | None
    notices: tuple[Sentence, ...]


class _Row(NamedTuple):
    """The words of a line, and its number in the text."""

    number: int
    words: list[str]


class _Table(NamedTuple):
    """The rows of a table below its line of titles.

    Attributes:
        titles: None where it has no such line.
        rows: In their order.
        comma: Whether a comma is a decimal point.
        ended: Whether the last line has an end.
    """

    titles: list[str] | None
    rows: list[_Row]
    comma: bool
    ended: bool

    @property
    def width(self) -> int:
        """How many columns there are."""
        return len(self.rows[0].words if self.titles is None else self.titles)


def read_points(text: str, what: str, reading: Reading | None = None) -> PointTable:
    """Read a table of points: columns parted by semicolons, tabs, commas or blanks.

    Empty lines, lines that begin with `#` and what stands behind ` #` are passed over. A first line
    without any number holds titles. Where commas part no columns they are decimal points. Of more
    than two columns, one that counts the rows, one of words and `log_prob` are left out, and `x`
    and `y` are taken if they are there.

    Args:
        text: The table.
        what: What to call it in an error.
        reading: Which columns are meant, and whether rows without a number may be left out.

    Raises:
        TargetError: a line has another count of columns than the first, or holds no finite number
            where one belongs; or more than two columns could be meant.
    """
    reading = reading or Reading()
    table = _parsed(text)
    if not table.rows:
        raise TargetError("{what} holds no points: expected two numbers on each line", what=what)
    table = _even(table, what)
    chosen = _choose(table, what, reading)
    values = np.array([_values(row, chosen, table) for row in table.rows])
    missing = np.isnan(values).any(axis=1)
    _refuse_unread(table, chosen, missing, what, drop=reading.drop_missing)
    values = values[~missing]
    if not len(values):
        raise TargetError("{what} holds no points: expected two numbers on each line", what=what)
    weights = values[:, 2] if chosen.weights is not None else None
    return PointTable(values[:, :2], weights, tuple(_notices(table, chosen, values, what)))


def parse_table(text: str, what: str) -> NDArray[np.float64]:
    """Read rows of as many numbers each, written as for `read_points` or in square brackets.

    Args:
        text: The table; rows in brackets need no lines of their own: [[1, 2], [3, 4]].
        what: What to call it in an error.

    Returns:
        Shape (rows, columns), the first line first, with at least two columns.

    Raises:
        TargetError: a line holds anything but finite numbers, or another count than the first.
    """
    table = _parsed(_BRACKETS.sub("", _ROW_ENDS.sub("\n", text)) if "[" in text else text)
    if not table.rows:
        raise TargetError("{what} holds no numbers: expected a row of them on each line", what=what)
    count = max(2, len(table.rows[0].words))
    return np.array([_numbers(row, count, table, what) for row in table.rows])


# --- lines and words ------------------------------------------------------------------------------


def _parsed(text: str) -> _Table:
    lines = [
        (number, _REMARK.split(line, maxsplit=1)[0])
        for number, line in enumerate(text.splitlines(), start=1)
        if line.strip() and not line.lstrip().startswith("#")
    ]
    separator = _separator([line for _, line in lines[:_SAMPLE]])
    comma = separator != ","
    rows = [_Row(number, _words(line, separator)) for number, line in lines]
    rows = [row for row in rows if any(row.words)]
    titles = None
    if rows and all(_number(word, comma=comma) is None for word in rows[0].words):
        titles = rows.pop(0).words
    return _Table(titles, rows, comma, text.endswith(("\n", "\r")))


def _separator(lines: Sequence[str]) -> str:
    """What parts the columns: one of ";", tab and ",", or "" for blanks."""
    for separator in (";", "\t", ","):
        if 2 * sum(separator in line for line in lines) >= max(len(lines), 1):
            decimal = [line for line in lines if "," in line]
            if separator == "," and all(map(_COMMA_NUMBERS.fullmatch, decimal)):
                return ""
            return separator
    return ""


def _words(line: str, separator: str) -> list[str]:
    if not separator:
        return line.split()
    try:
        (words,) = csv.reader([line], delimiter=separator, skipinitialspace=True)
    except (csv.Error, ValueError):  # an unpaired quote, or a zero byte
        words = line.split(separator)
    return [word.strip().strip("\"'") for word in words]


def _number(word: str, *, comma: bool) -> float | None:
    """What a word says, NaN for one that says that a number is missing; None for any other."""
    if word.lower() in _MISSING:
        return math.nan if word else None
    if "," in word and (comma or not _THOUSANDS.fullmatch(word)):
        thousands, point = (",", ".") if word.rfind(",") < word.rfind(".") else (".", ",")
        word = word.replace(thousands, "").replace(point, ".")
    try:
        return float(word.replace(",", ""))
    except ValueError:
        return None


def _even(table: _Table, what: str) -> _Table:
    """The same table, every row as wide as the others; a last empty column is dropped."""
    widths = {len(row.words) for row in table.rows}
    titles = table.titles
    if titles is not None and widths == {len(titles) + 1}:  # R leaves the row names untitled
        titles = ["", *titles]
    table = table._replace(titles=titles)
    for row in table.rows:
        _check_width(row, table.width, table, what)
    last = [row.words[-1] for row in table.rows] + ([titles[-1]] if titles else [])
    if table.width > 2 and not any(last):
        rows = [row._replace(words=row.words[:-1]) for row in table.rows]
        return table._replace(titles=titles and titles[:-1], rows=rows)
    return table


def _check_width(row: _Row, count: int, table: _Table, what: str) -> None:
    found = len(row.words)
    if found == count:
        return
    where, expected = _line(what, row), phrase("two") if count == 2 else f"{count:,}"
    if found < count and row is table.rows[-1] and not table.ended:
        raise TargetError(
            "{where}: expected {expected} numbers, got {found}; the line has no "
            "end, so the table may have been cut off",
            where=where,
            expected=expected,
            found=f"{found:,}",
        )
    raise TargetError(
        "{where}: expected {expected} numbers, got {found}",
        where=where,
        expected=expected,
        found=f"{found:,}",
    )


def _line(what: str, row: _Row) -> Sentence:
    return phrase("{what}, line {number}", what=what, number=row.number)


# --- numbers --------------------------------------------------------------------------------------


def _choose(table: _Table, what: str, reading: Reading) -> Chosen:
    columns = list(zip(*(row.words for row in table.rows), strict=True))
    numbers = [[_number(word, comma=table.comma) for word in column] for column in columns]
    if table.width != 2 and table.titles is None and not reading.columns:
        chosen = choose(numbers, None, what, reading)
        if chosen is None:
            where, expected, found = _line(what, table.rows[0]), phrase("two"), table.width
            raise TargetError(
                "{where}: expected {expected} numbers, got {found}",
                where=where,
                expected=expected,
                found=f"{found:,}",
            )
        return chosen
    chosen = choose(numbers, table.titles, what, reading)
    if chosen is None:
        names = ", ".join(table.titles or ())
        raise TargetError(
            "{what} has {width} columns, {names}: say which two hold the points, "
            "with --columns NAME,NAME",
            what=what,
            width=table.width,
            names=names[:200],
        )
    return chosen


def _values(row: _Row, chosen: Chosen, table: _Table) -> list[float]:
    """The numbers of a row, NaN for what is none; what is not finite is told later."""
    found = (_number(row.words[k], comma=table.comma) for k in chosen.columns)
    return [value if value is not None and math.isfinite(value) else math.nan for value in found]


def _refuse_unread(
    table: _Table, chosen: Chosen, missing: NDArray[np.bool_], what: str, *, drop: bool
) -> None:
    """Refuse words, and rows that lack a number unless these are to be dropped."""
    unread = [table.rows[k] for k in np.flatnonzero(missing)]
    for row in unread:
        if any(row.words[k].lower() not in _MISSING for k in _bad(row, chosen, table)):
            raise _unread_word(row, chosen, table, what)
    if unread and not drop:
        told, lacking, rows = (
            _unread_word(unread[0], chosen, table, what),
            len(unread),
            len(missing),
        )
        raise TargetError(
            "{told}; {lacking} of {rows} rows lack a number, and --drop-missing leaves them out",
            told=told,
            lacking=f"{lacking:,}",
            rows=f"{rows:,}",
        )


def _bad(row: _Row, chosen: Chosen, table: _Table) -> list[int]:
    """The columns in which a row has no finite number."""
    found = zip(chosen.columns, _values(row, chosen, table), strict=True)
    return [k for k, value in found if math.isnan(value)]


def _unread_word(row: _Row, chosen: Chosen, table: _Table, what: str) -> TargetError:
    """What is said of the first word of a row that is no finite number."""
    where = _line(what, row)
    bad = _bad(row, chosen, table)
    first = min(bad, key=lambda k: row.words[k].lower() in _MISSING)
    word = row.words[first]
    if _number(word, comma=table.comma) is None:
        return TargetError(
            "{where}: expected a number, got {word}", where=where, word=repr(word[:40])
        )
    return TargetError(
        "{where}: expected a finite number, got {word}", where=where, word=repr(word[:40])
    )


def _numbers(row: _Row, count: int, table: _Table, what: str) -> list[float]:
    _check_width(row, count, table, what)
    found = _values(row, Chosen(0, 1, others=tuple(range(2, count))), table)
    if any(map(math.isnan, found)):
        chosen = Chosen(0, 1, others=tuple(range(2, count)))
        raise _unread_word(row, chosen, table, what)
    return found


def _notices(
    table: _Table, chosen: Chosen, values: NDArray[np.float64], what: str
) -> list[Sentence]:
    told, rows, kept = [], len(table.rows), len(values)
    if kept < rows:
        told.append(
            phrase(
                "{what}: {rows} of {rows_} rows lack a number and were left out",
                what=what,
                rows=f"{rows - kept:,}",
                rows_=f"{rows:,}",
            )
        )
    again = kept - len(np.unique(values[:, :2], axis=0))
    if again:
        told.append(
            phrase(
                "{what}: {again} of {kept} points lie exactly on another; each counts",
                what=what,
                again=f"{again:,}",
                kept=f"{kept:,}",
            )
        )
    if table.width > len(chosen.columns):
        names = [table.titles[k] if table.titles else str(k + 1) for k in chosen.columns]
        told.append(
            phrase(
                "{what}: of its {width} columns {names} were read",
                what=what,
                width=table.width,
                names=", ".join(names)[:200],
            )
        )
    return told
