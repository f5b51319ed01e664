"""What is said of the point under the mouse."""

from __future__ import annotations

import numpy as np
import pytest

from explorer.panels.camera import Camera
from explorer.panels.flow_panel import FlowPanel
from explorer.panels.readings import readings
from explorer.panels.shot import Shown
from tests.explorer.film_messages import EXTENT, field, grid, heat

pytestmark = pytest.mark.usefixtures("qapp")


def test_readings_say_what_is_switched_on_under_the_mouse(qtbot):
    panel = FlowPanel("continuous", Camera())
    qtbot.addWidget(panel)
    panel.take(heat(np.full((8, 8), 1 / 64), lane="continuous"), 0.0)
    panel.take(field(np.broadcast_to([0.6, 0.8], (2, 25, 25, 2))), 0.0)
    panel.show_moment(1.0, 100.0)
    assert readings(panel.view, (1, 1)) == [
        "density 0.0156, log p = −4.16 nats",
        "speed 1.00",
    ]
    outside = ["outside the dotted square, in which the density is computed"]
    assert readings(panel.view, (9, 9)) == outside
    panel.set_shown(Shown(density=False))
    assert readings(panel.view, (9, 9)) == []
    panel.set_shown(Shown(field=False, density=False, difference=True))
    panel.set_reference(np.ones((2, 2)), EXTENT)
    assert readings(panel.view, (1, 1))[1:] == ["model − target = 0.000"]


def test_where_a_model_has_nothing_it_is_said_by_how_much_that_is_too_little():
    panel = FlowPanel("continuous", Camera())
    empty_on_the_right = np.repeat([[1.0, 0.0]], 2, axis=0) / 32
    panel.take(heat(empty_on_the_right, lane="continuous"), 0.0)
    panel.set_reference(np.ones((2, 2)), EXTENT)
    panel.set_shown(Shown(field=False, density=False, difference=True))
    panel.show_moment(1.0, 100.0)
    assert readings(panel.view, (1, 1)) == ["density ≈ 0", "model − target = −0.016"]


def test_the_grid_can_be_read_near_its_nodes():
    side = np.linspace(-3, 3, 7)
    mesh = np.stack(np.meshgrid(side, side), axis=-1)[None]
    panel = FlowPanel("discrete", Camera())
    panel.take(grid(mesh, log_det=np.full((1, 7, 7), -0.5, np.float32)), 0.0)
    panel.show_moment(1.0, 100.0)
    assert readings(panel.view, (0.2, 0.1)) == ["log|det| −0.50 nats"]
    assert readings(panel.view, (8, 8)) == []
