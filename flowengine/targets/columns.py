"""Which columns of a table hold the points. Loads no torch."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from flowengine.errors import TargetError

if TYPE_CHECKING:
    from collections.abc import Sequence

    Column = Sequence[float | None]

_LEAST_COUNTED = 3  # rows from which on numbers 0, 1, 2 … are taken to count them
_COUNTS = {"", "#", "id", "index", "row", "unnamed: 0"}  # titles of what counts the rows
_OWN = "log_prob"  # what the program writes beside its own points


class Reading(NamedTuple):
    """How a table is to be read.

    Attributes:
        columns: The titles of the two columns that hold the points, or their numbers from 1 on;
            empty to have them found.
        weights: The title or number of the column that says how much each point counts; "" for
            none.
        drop_missing: Whether rows that lack a number are left out, and not refused.
    """

    columns: tuple[str, ...] = ()
    weights: str = ""
    drop_missing: bool = False


class Chosen(NamedTuple):
    """The places of columns, from 0 on."""

    x: int
    y: int
    weights: int | None = None
    others: tuple[int, ...] = ()

    @property
    def columns(self) -> tuple[int, ...]:
        """All of them: x, y and the weights, if any."""
        weights = () if self.weights is None else (self.weights,)
        return (self.x, self.y, *weights, *self.others)


def choose(
    numbers: Sequence[Column], titles: Sequence[str] | None, what: str, reading: Reading
) -> Chosen | None:
    """Find the columns that are meant; None where they cannot be told.

    Args:
        numbers: Each column's numbers, None for what is none.
        titles: Of the columns, if they have any.
        what: What to call the table in an error.
        reading: What is known of them.

    Raises:
        TargetError: there is no such column as was named, or not two were named.
    """
    weights = _place(reading.weights, len(numbers), titles, what) if reading.weights else None
    if reading.columns:
        if len(reading.columns) != 2:
            raise TargetError(
                "Expected the names of two columns, as in lon,lat, got {columns}",
                columns=",".join(reading.columns),
            )
        x, y = (_place(name, len(numbers), titles, what) for name in reading.columns)
        return Chosen(x, y, weights)
    left = [k for k in range(len(numbers)) if k != weights]
    names = [title.strip().lower() for title in titles or ()]
    if len(left) > 2 and names.count("x") == names.count("y") == 1:
        return Chosen(names.index("x"), names.index("y"), weights)
    if len(left) > 2:
        left = [k for k in left if _may_be_meant(k, numbers[k], names)]
    return Chosen(left[0], left[1], weights) if len(left) == 2 else None


def _place(name: str, count: int, titles: Sequence[str] | None, what: str) -> int:
    """Where the column of that title, or of that number from 1 on, stands."""
    known = list(titles or ())
    for names, wanted in ((known, name), ([title.lower() for title in known], name.lower())):
        if wanted in names:
            return names.index(wanted)
    if name.isdecimal() and 1 <= int(name) <= count:
        return int(name) - 1
    told = ", ".join(known)[:200] if known else f"1 … {count}"
    raise TargetError(
        "{what} has no column {name}; it has {told}", what=what, name=repr(name), told=told
    )


def _may_be_meant(place: int, column: Column, names: Sequence[str]) -> bool:
    """Whether a column is neither words nor what programs add: a count of rows, log_prob."""
    if all(value is None for value in column) or (names and names[place] == _OWN):
        return False
    untitled = not names or names[place] in _COUNTS
    return not (place == 0 and untitled and _counts_rows(column, titled=bool(names)))


def _counts_rows(column: Column, *, titled: bool) -> bool:
    if not titled and len(column) < _LEAST_COUNTED:
        return False
    start = column[0]
    return start in (0, 1) and all(value == start + k for k, value in enumerate(column))
