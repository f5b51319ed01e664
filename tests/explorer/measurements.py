"""Measurements as engines send them, and curves as files keep them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtGui import QImage

from explorer.metrics.metrics_view import MetricsView
from explorer.metrics.runs import Run
from flowengine.archive import dump_npz
from flowengine.project import LaneState, Project
from flowengine.protocol import Metrics

if TYPE_CHECKING:
    from numpy.typing import ArrayLike
    from pytestqt.qtbot import QtBot

    from flowengine.project import Lane


def measured(
    step: int,
    kl: float | None,
    lane: Lane = "discrete",
    generation: int = 1,
    entropy: float = 2.0,
    **changes: Any,
) -> Metrics:
    nll = None if kl is None else entropy + kl
    fields: dict[str, Any] = {
        "lane": lane, "generation": generation, "step": step, "seconds": step / 100, "kl": kl,
        "steps_per_second": 100.0, "loss": 2.0, "nll": nll, "entropy": entropy,
    }  # fmt: skip
    return Metrics(**(fields | changes))


def saved(**columns: ArrayLike) -> LaneState:
    return LaneState(history=dump_npz({name: np.asarray(c) for name, c in columns.items()}))


def run(number: int, **columns: ArrayLike) -> Run:
    return Run(
        number,
        Project(),
        {"discrete": saved(**columns)},
        QImage(1, 1, QImage.Format.Format_RGB32),
        (),
    )


def shown_view(qtbot: QtBot) -> MetricsView:
    """The metrics, as narrow as their dock."""
    view = MetricsView()
    qtbot.addWidget(view)
    view.resize(320, 460)
    view.show()
    return view
