"""Measurements as engines send them, and curves as files keep them."""

import io

import numpy as np
from PySide6.QtGui import QImage

from explorer.metrics.metrics_view import MetricsView
from explorer.metrics.runs import Run
from flowengine.project import LaneState, Project
from flowengine.protocol import Metrics


def measured(step, kl, lane="discrete", generation=1, entropy=2.0, **changes):
    nll = None if kl is None else entropy + kl
    fields = {
        "lane": lane, "generation": generation, "step": step, "seconds": step / 100, "kl": kl,
        "steps_per_second": 100.0, "loss": 2.0, "nll": nll, "entropy": entropy,
    }  # fmt: skip
    return Metrics(**(fields | changes))


def saved(**columns):
    buffer = io.BytesIO()
    np.savez(buffer, **columns)
    return LaneState(history=buffer.getvalue())


def run(number, **columns):
    return Run(
        number,
        Project(),
        {"discrete": saved(**columns)},
        QImage(1, 1, QImage.Format.Format_RGB32),
        (),
    )


def shown_view(qtbot) -> MetricsView:
    """The metrics, as narrow as their dock."""
    view = MetricsView()
    qtbot.addWidget(view)
    view.resize(320, 460)
    view.show()
    return view
