"""Ledgers of one point, as the tests of the ledger use them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from explorer.ledger.ledger_view import LedgerView
from flowengine.protocol import Ledger, LedgerRow

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    Point = tuple[float, float]

EYE = (1.0, 0.0, 0.0, 1.0)


def row(
    title: str,
    tau: float,
    position: Point,
    log_det: float,
    log_prob: float,
    layer: str = "l",
    jacobian: tuple[float, float, float, float] = EYE,
) -> LedgerRow:
    return LedgerRow(
        layer=layer, title=title, tau=tau, position=position, log_det=log_det,
        log_prob=log_prob, jacobian=jacobian,
    )  # fmt: skip


def discrete(point: Point = (0.41, -1.87)) -> Ledger:
    rows = (
        row("Base", 0.0, (0.3, 1.2), 0.0, -2.603, "base"),
        row("ActNorm", 0.5, (0.35, 1.3), 0.02, -2.623),
        row("Spline coupling", 1.0, point, -0.31, -2.313, jacobian=(1.0, -0.5, 0.0, 0.733)),
    )
    return Ledger(
        lane="discrete", generation=1, request=1, point=point, rows=rows, log_prob=-2.313,
        target_log_prob=-2.25, round_trip_error=2e-7,
    )  # fmt: skip


def continuous(point: Point = (0.41, -1.87)) -> Ledger:
    rows = (
        row("Base", 0.0, (0.3, 1.2), 0.0, -2.603, "base"),
        row("t = 0.5", 0.5, (0.3, 1.2), -0.4, -2.203, "t"),
        row("t = 1", 1.0, point, -0.26, -1.943, "t"),
    )
    return Ledger(
        lane="continuous", generation=1, request=1, point=point, rows=rows, log_prob=-1.943,
        target_log_prob=None, round_trip_error=0.0,
    )  # fmt: skip


def shown_view(qtbot: QtBot) -> LedgerView:
    view = LedgerView()
    qtbot.addWidget(view)
    view.resize(320, 360)
    view.show()
    return view


def show_lane(view: LedgerView, lane: str) -> None:
    """Let the ledger show one lane, or with "" both."""
    view._lanes.setCurrentIndex(view._lanes.findData(lane))
