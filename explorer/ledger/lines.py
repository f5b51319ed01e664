"""The lines of a ledger, as the table shows them and as they are copied."""

from __future__ import annotations

import math
from functools import reduce
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from explorer.words.languages import coordinate, mark, number, signed, tr

if TYPE_CHECKING:
    from flowengine.protocol import Ledger, LedgerRow

_FAR: Final = 10_000.0  # nats
UNITS: Final = "units"
"""The row that leads from normalized coordinates to data units."""
_NAMED_BY_ENGINES: Final = (mark("Units"),)
ASTRAY: Final = 0.05
"""By which a point may miss itself on the way to the base and back, to be believed: in the
normalized coordinates of its model."""


class Line(NamedTuple):
    """One line.

    Attributes:
        title: The layer, the moment, or what the figure is.
        position: Where the point is after this line, or "".
        log_det: log|det J| of this line alone, or "".
        log_prob: The density after this line, or the figure.
        row: What it was made from, where it stands for a moment of the clock.
        total: Whether it is the sum of a lane, which is log p(x).
    """

    title: str
    position: str
    log_det: str
    log_prob: str
    row: LedgerRow | None = None
    total: bool = False

    @property
    def warps(self) -> bool:
        """Whether a map with a Jacobian of its own belongs to this line."""
        return self.row is not None and self.row.layer != "base" and not self.total


def point_text(point: tuple[float, float], scale: tuple[float, float] = (1.0, 1.0)) -> str:
    """A point of the plane: (0.41, −1.87).

    Args:
        point: In data units.
        scale: Of how many of them a hundredth is still told.
    """
    steps = (10.0 ** (math.floor(math.log10(s) + 1e-9) - 2) for s in scale)
    x, y = (coordinate(value, step) for value, step in zip(point, steps, strict=True))
    return f"({x}, {y})"


def asked_point(ledger: Ledger) -> str:
    """The point that a ledger is of, in data units."""
    return point_text(ledger.point, _scale(ledger.rows[-1]))


def _scale(row: LedgerRow) -> tuple[float, float]:
    """Data units per unit of the coordinates that the point came from."""
    return (row.jacobian[0], row.jacobian[3]) if row.layer == UNITS else (1.0, 1.0)


def every_line(ledger: Ledger) -> list[Line]:
    """The base, every layer or moment, and the sums."""
    return step_lines(ledger) + sum_lines(ledger)


def step_lines(ledger: Ledger) -> list[Line]:
    """The base, and every layer or moment."""
    base, *rest = ledger.rows
    head = Line("z", point_text(base.position), "", density_text(base.log_prob), base)
    return [head, *(_step(index, row) for index, row in enumerate(rest, start=1))]


def sum_lines(ledger: Ledger) -> list[Line]:
    """The end alone: log p(x), what the target has there, and the error of the round trip.

    The log|det J| beside log p(x) is that of the whole way, with the sign of the lines above it:
    log p(x) = log p(z) − log|det J|.
    """
    title = tr("CNF ∫div v dt") if ledger.lane == "continuous" else tr("log p(x)")
    change = signed(_whole_change(ledger))
    lines = [Line(title, "", change, density_text(ledger.log_prob), ledger.rows[-1], total=True)]
    if ledger.target_log_prob is not None:
        lines.append(Line(tr("target's log p"), "", "", density_text(ledger.target_log_prob)))
    error = float(ledger.round_trip_error)
    believed = error < ASTRAY * max(_scale(ledger.rows[-1]))
    title = tr("round trip") if believed else tr("round trip fails")
    return [*lines, Line(title, "", "", number(error, 2))]


def step_in_words(line: Line) -> str:
    """A step by its whole name, where the point is then, and the Jacobian there."""
    assert line.row is not None
    a, b, c, d = (number(value) for value in line.row.jacobian)
    text = tr("{step}: here the point lies at {point}; the Jacobian is [[{a}, {b}], [{c}, {d}]]")
    point = point_text(line.row.position, _scale(line.row))
    return text.format(step=line.title, point=point, a=a, b=b, c=c, d=d)


def sum_in_words(ledger: Ledger) -> str:
    """How log p(x) comes about, with its numbers."""
    return tr("log p(x) = log p(z) − log|det J| = {base} − ({change}) = {total}").format(
        base=density_text(ledger.rows[0].log_prob),
        change=signed(_whole_change(ledger), 3),
        total=density_text(ledger.log_prob),
    )


def _whole_change(ledger: Ledger) -> float:
    return sum(row.log_det for row in ledger.rows)


def density_text(log_prob: float) -> str:
    """A log-density in nats, three decimals; far from the target these would say nothing."""
    if abs(log_prob) >= _FAR:
        return number(log_prob)
    return signed(log_prob, 3).removeprefix("+")


def _step(index: int, row: LedgerRow) -> Line:
    title = tr(row.title) if row.layer == "t" else f"{index} {tr(row.title)}"
    position = point_text(row.position, _scale(row))
    return Line(title, position, signed(row.log_det), density_text(row.log_prob), row)


def whole_jacobian(ledger: Ledger) -> tuple[float, float, float, float]:
    """The Jacobian of the whole way from the base to the point, as panels show it, row by row."""
    steps = [np.reshape(row.jacobian, (2, 2)) for row in ledger.rows if row.layer != UNITS]
    whole = reduce(lambda way, step: step @ way, steps, np.eye(2))
    a, b, c, d = (float(value) for value in whole.ravel())
    return a, b, c, d
