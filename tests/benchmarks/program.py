"""The real program: frames while both lanes train, and what the window costs the training.

    python -m tests.benchmarks.program

Opens the real window at 1440x900 on a copy of the example with a real engine for each lane, and
compares the steps per second that the engines report with those of the same lane trained alone,
without a window, right before.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QObject, QSettings, QTimer

from explorer import app as program
from explorer.theme import theme
from flowengine import protocol
from flowengine.project import FLOW_LANES as LANES
from tests.benchmarks.paint_times import PaintTimes

if TYPE_CHECKING:
    from explorer.window.main_window import MainWindow

HEADLESS_S = 8.0
SETTLE_S = 10.0  # a lane that has just come to rest draws its film once more, in full quality
MEASURE_S = 15.0
START_MS = 12_000
PARTICLES = 10_000
# Each says at which step it was taken.
PICTURES = (protocol.Metrics, protocol.ParticleFrames, protocol.HeatFrame, protocol.GridFrames)

HEADLESS = """
import sys, time, torch
from flowengine.project import Project
from flowengine.trainer import Trainer
torch.set_num_threads(1)
trainer = Trainer(Project.open(sys.argv[1]), sys.argv[2], device="cpu")
for _ in range(30):
    trainer.step()
start, first = time.perf_counter(), trainer.step_count
while time.perf_counter() - start < float(sys.argv[3]):
    trainer.step()
print((trainer.step_count - first) / (time.perf_counter() - start))
"""


class Run(QObject):
    """Lets the window train some lanes for a while and notes frames and steps."""

    def __init__(self, window: MainWindow, lanes: tuple[str, ...], then) -> None:
        super().__init__(window)
        self._window, self._lanes, self._then = window, lanes, then
        self._steps: dict[str, list[tuple[float, int]]] = {lane: [] for lane in LANES}
        views = [panel.view for panel in window.area.panels.values()]
        self._paints = [PaintTimes(view) for view in views]
        self._since = float("inf")
        window.controller.message.connect(self._note)
        window.controller.train(lanes)
        QTimer.singleShot(round(1000 * SETTLE_S), self, self._begin)

    def _begin(self) -> None:
        self._since = time.perf_counter()
        QTimer.singleShot(round(1000 * MEASURE_S), self, self._end)

    def _note(self, lane: str, message: object) -> None:
        if isinstance(message, PICTURES):
            self._steps[lane].append((time.perf_counter(), message.step))

    def _end(self) -> None:
        self._window.controller.message.disconnect(self._note)
        self._window.controller.pause()
        intervals = np.concatenate(
            [1000 * np.diff([t for t in p.times if t > self._since]) for p in self._paints]
        )
        rates = {}
        for lane in self._lanes:
            counted = [(t, n) for t, n in self._steps[lane] if t > self._since]
            (t0, n0), (t1, n1) = counted[0], counted[-1]
            rates[lane] = (n1 - n0) / (t1 - t0)
        self._then(
            {
                "rates": rates,
                "fps": 1000 / float(np.median(intervals)),
                "p95_ms": float(np.percentile(intervals, 95)),
                "longest_ms": float(intervals.max()),
                "frames": len(intervals),
            }
        )


def headless(project: Path, lane: str) -> float:
    """Steps per second of a lane trained alone, without a window."""
    command = [sys.executable, "-c", HEADLESS, str(project), lane, str(HEADLESS_S)]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    return float(subprocess.check_output(command, env=environment, text=True))


def measure() -> dict:
    """Measure everything, one thing after the other."""
    example = program.resources.path("examples", program.EXAMPLE)
    result: dict = {"headless": {lane: headless(example, lane) for lane in LANES}}
    settings = tempfile.TemporaryDirectory()
    QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, settings.name)
    app = program.application()
    theme.apply(app)
    window = program.open_window(None)
    window.controller.set_view(particles=PARTICLES)
    waiting = [("discrete",), ("continuous",), ("discrete", "continuous")]

    def next_run(measured: dict | None = None) -> None:
        if measured is not None:
            result["+".join(done.pop())] = measured
        if not waiting:
            window.controller.stop()
            app.exit()
            return
        lanes = waiting.pop(0)
        done.append(lanes)
        Run(window, lanes, next_run)

    done: list[tuple[str, ...]] = []
    QTimer.singleShot(START_MS, next_run)
    app.exec()
    settings.cleanup()
    return result


def main() -> None:
    """Print the measurements as JSON."""
    print(json.dumps(measure()))


if __name__ == "__main__":
    main()
