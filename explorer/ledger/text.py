"""A ledger as plain text, and the numbers in it as they are read everywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from explorer.i18n import number, signed, tr
from explorer.lanes import LANE_TITLES

if TYPE_CHECKING:
    from flowengine.protocol import Ledger


def point_text(point: tuple[float, float]) -> str:
    """A point of the plane: (0.41, −1.87)."""
    x, y = (signed(value).removeprefix("+") for value in point)
    return f"({x}, {y})"


def density_text(log_prob: float) -> str:
    """A log-density in nats, to three decimals."""
    return signed(log_prob, 3).removeprefix("+")


def as_text(ledger: Ledger) -> str:
    """The whole ledger in columns, for a lab book or a message."""
    rows = [(tr("step"), "log|det J|", "log p")]
    for index, row in enumerate(ledger.rows):
        title = tr(row.title) if index else f"z = {point_text(row.position)}"
        log_det = signed(row.log_det, 3) if index else ""
        rows.append((f"{index} {title}" if index else title, log_det, density_text(row.log_prob)))
    rows.append((f"log p(x), x = {point_text(ledger.point)}", "", density_text(ledger.log_prob)))
    if ledger.target_log_prob is not None:
        rows.append((tr("target's log p"), "", density_text(ledger.target_log_prob)))
    rows.append((tr("round trip"), "", number(ledger.round_trip_error, 2)))
    width = max(len(row[0]) for row in rows)
    lines = [f"{first:<{width}}  {second:>10}  {third:>10}" for first, second, third in rows]
    title = tr("{lane} ledger, in nats").format(lane=tr(LANE_TITLES[ledger.lane]))
    return "\n".join([title, *lines])
