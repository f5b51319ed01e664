"""PySide6 6.12.0 loses references to True and None with every painted frame, then aborts."""

from __future__ import annotations

import sys

import numpy as np

from explorer.panels.camera import Camera
from explorer.panels.flow_panel import FlowPanel
from explorer.panels.shot import Shown
from tests.explorer.film_messages import heat, still

FRAMES = 300
# CPython 3.12 and later make True and None immortal: there is nothing left to lose.
SLACK = 60


def test_painting_loses_no_references(qtbot):
    panel = FlowPanel("discrete", Camera())
    qtbot.addWidget(panel)
    panel.take(still(np.random.default_rng(0).normal(size=(50, 2))), 0.0)
    panel.take(heat(np.ones((8, 8))), 0.0)
    panel.set_shown(Shown())
    panel.set_layers(3, ["Swap", "Linear", "Spline"])
    panel.resize(240, 260)
    panel.show()
    qtbot.waitExposed(panel)

    def paint(frames):
        for k in range(frames):
            panel.show_moment(k / frames, 100.0 + k)
            panel.view.repaint()

    paint(10)
    before = {name: sys.getrefcount(thing) for name, thing in (("True", True), ("None", None))}
    paint(FRAMES)
    after = {"True": sys.getrefcount(True), "None": sys.getrefcount(None)}
    assert all(after[name] > before[name] - SLACK for name in before), (before, after)
