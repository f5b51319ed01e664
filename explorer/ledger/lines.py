"""The lines of a ledger, as the table shows them and as they are copied."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from explorer.i18n import number, signed, tr
from explorer.lanes import LANE_TITLES

if TYPE_CHECKING:
    from flowengine.protocol import Ledger, LedgerRow


class Line(NamedTuple):
    """One line.

    Attributes:
        row: What it was made from, where it stands for a moment of the clock.
        total: Whether it is the sum of a lane, which is log p(x).
    """

    title: str
    log_det: str
    log_prob: str
    row: LedgerRow | None = None
    total: bool = False


def point_text(point: tuple[float, float]) -> str:
    """A point of the plane: (0.41, −1.87)."""
    x, y = (signed(value).removeprefix("+") for value in point)
    return f"({x}, {y})"


def every_line(ledger: Ledger) -> list[Line]:
    """The base, every layer or moment, and the sum."""
    base, *rest = ledger.rows
    head = Line(f"z = {point_text(base.position)}", "", _density(base.log_prob), base)
    body = [
        Line(f"{index} {tr(row.title)}", signed(row.log_det), _density(row.log_prob), row)
        for index, row in enumerate(rest, start=1)
    ]
    return [head, *body, *sum_lines(ledger)]


def sum_lines(ledger: Ledger) -> list[Line]:
    """The end alone: log p(x), what the target has there, and the error of the round trip.

    A continuous flow has no layers to list, so its whole change of volume stands beside the sum.
    """
    last = ledger.rows[-1]
    if ledger.lane == "continuous":
        change = signed(-sum(row.log_det for row in ledger.rows))
        total = Line(tr("CNF −∫div v dt"), change, _density(ledger.log_prob), last, total=True)
    else:
        total = Line(tr("log p(x)"), "", _density(ledger.log_prob), last, total=True)
    lines = [total, Line(tr("round trip"), "", number(float(ledger.round_trip_error), 2))]
    if ledger.target_log_prob is not None:
        lines.insert(1, Line(tr("target's log p"), "", _density(ledger.target_log_prob)))
    return lines


def as_text(ledger: Ledger) -> str:
    """The whole ledger in columns, for a lab book or a message."""
    lines = [Line(tr("step"), "log|det J|", "log p"), *every_line(ledger)]
    width = max(len(line.title) for line in lines)
    rows = [f"{line.title:<{width}}  {line.log_det:>10}  {line.log_prob:>10}" for line in lines]
    title = tr("{lane} ledger of x = {point}, in nats").format(
        lane=tr(LANE_TITLES[ledger.lane]), point=point_text(ledger.point)
    )
    return "\n".join([title, *rows])


def _density(log_prob: float) -> str:
    return signed(log_prob, 3).removeprefix("+")
