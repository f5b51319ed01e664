"""The window draws every target in one square, and tells all numbers in the target's units."""

from __future__ import annotations

import math
from dataclasses import replace

import msgspec
import numpy as np
import pytest

from explorer.area.panel_area import PanelArea
from explorer.ledger.lines import asked_point, point_text, step_lines, sum_lines, whole_jacobian
from explorer.panels.backdrop import axis_lines
from explorer.panels.camera import Camera
from explorer.panels.flow_panel import FlowPanel
from explorer.panels.readings import readings
from explorer.target.brush import Tool
from explorer.training.controller import Controller
from explorer.words.languages import coordinate
from flowengine.frame import Frame
from flowengine.project import Project, default_stack
from flowengine.protocol import Ledger, LedgerRow
from flowengine.targets.presets import preset_density
from flowengine.targets.sources import spec_from_array, spec_from_formula, spec_from_points
from tests.explorer.film_messages import field, heat
from tests.explorer.target_probe import stroke

UNITS = Frame.of((0.0, 1000.0, 0.0, 1.0))
DEGREES = Frame.of((45.06, 45.08, 7.67, 7.69))


@pytest.mark.parametrize(
    ("value", "step", "text"),
    [
        (0.5, 1, "0"),
        (-2.0, 1, "−2"),
        (1.5, 0.5, "1.5"),
        (45.065, 0.005, "45.065"),
        (99_999.995, 0.005, "99,999.995"),
        (3e7, 1e7, "3·10⁷"),
        (-2.5e-7, 5e-8, "−2.5·10⁻⁷"),
        (0.0, 5e-8, "0"),
        (3.0000002, 1e-7, "3.0000002"),
    ],
)
def test_a_place_on_an_axis_is_as_exact_as_its_step(value, step, text):
    assert coordinate(value, step) == text


@pytest.mark.parametrize(
    ("frame", "across", "up"),
    [
        (Frame(), [-4, -2, 0, 2, 4], [-4, -2, 0, 2, 4]),
        (UNITS, [0, 200, 400, 600, 800, 1000], [0, 0.2, 0.4, 0.6, 0.8, 1]),
        (DEGREES, [45.06, 45.065, 45.07, 45.075, 45.08], [7.67, 7.675, 7.68, 7.685, 7.69]),
        (Frame.of((-4e-7, 4e-7, -4e7, 4e7)), None, None),
    ],
)
def test_axes_have_round_numbers_of_the_data(qapp, frame, across, up):
    camera = Camera()
    camera.set_frame(frame)
    view = camera.view(400, 400)
    for axis, expected in enumerate((across, up)):
        lines = list(axis_lines(view, axis))
        assert 4 <= len(lines) <= 8
        if expected is not None:
            assert [value for value, _ in lines] == pytest.approx(expected)
        for value, place in lines:  # in the coordinates of the picture
            assert frame.scale[axis] * place + frame.center[axis] == pytest.approx(value, abs=1e-12)


@pytest.fixture
def stage(qtbot, qapp):
    stage = PanelArea(Controller())
    qtbot.addWidget(stage)
    stage.resize(900, 800)
    return stage


def project_on(extent) -> Project:
    target = spec_from_array(preset_density("moons"), extent=extent)
    return Project(target=target, stack=default_stack())


def test_a_point_is_picked_and_pointed_out_in_data_units(stage, qtbot):
    stage.set_project(project_on((0.0, 1000.0, 0.0, 1.0)))
    view = stage.panels["discrete"].view
    with qtbot.waitSignal(stage.point_picked) as picked:
        view.point_picked.emit(-4.0, 2.0)
    assert picked.args == pytest.approx([0.0, 0.75])
    stage.set_marker((500.0, 1.0))
    assert view._marker.point == pytest.approx((0.0, 4.0))


def test_every_target_fills_the_same_square(stage):
    places = []
    for extent in ((-4.0, 4.0, -4.0, 4.0), (0.0, 1000.0, 0.0, 1.0), (1e5, 1e5 + 1e-3, 0, 1e-7)):
        stage.set_project(project_on(extent))
        panel = stage.panels["discrete"]
        panel.set_shown(replace(panel.shown, outline=True))
        stage.set_project(project_on(extent))
        places.append(panel.view.outline)
    assert len(places[0])
    for place in places[1:]:
        np.testing.assert_array_equal(place, places[0])


def ledger_of(rows) -> Ledger:
    return Ledger(
        lane="discrete", generation=0, request=1, point=rows[-1].position, rows=tuple(rows),
        log_prob=rows[-1].log_prob, target_log_prob=None, round_trip_error=1.0,
    )  # fmt: skip


BASE = LedgerRow("base", "Base", 0.0, (0.1, 0.2), 0.0, -1.9, (1.0, 0.0, 0.0, 1.0))
LAYER = LedgerRow("a", "Swap", 1.0, (1.0, 2.0), 0.5, -2.4, (2.0, 0.0, 0.0, 1.0))
TO_UNITS = LedgerRow(
    "units", "Units", 1.0, UNITS.data((1.0, 2.0)), UNITS.log_area, -2.4 - UNITS.log_area,
    (UNITS.scale[0], 0.0, 0.0, UNITS.scale[1]),
)  # fmt: skip


def test_a_ledger_tells_its_point_in_data_units_and_the_way_to_them(stage):
    ledger = ledger_of([BASE, LAYER, TO_UNITS])
    assert asked_point(ledger) == "(625, 0.750)"
    assert [line.position for line in step_lines(ledger)] == [
        "(0.10, 0.20)",
        "(1.00, 2.00)",
        "(625, 0.750)",
    ]
    assert whole_jacobian(ledger) == (2.0, 0.0, 0.0, 1.0)
    astray = msgspec.structs.replace(ledger, round_trip_error=UNITS.scale[0])
    assert [sum_lines(each)[-1].title for each in (ledger, astray)] == [
        "round trip",
        "round trip fails",
    ]
    stage.set_project(project_on((0.0, 1000.0, 0.0, 1.0)))
    for row, place in ((LAYER, (1.0, 2.0)), (TO_UNITS, (1.0, 2.0))):
        stage.point_out(ledger, row)
        assert stage.panels["discrete"].view._marker.point == pytest.approx(place)


def test_a_step_of_a_model_without_a_frame_is_pointed_out_where_the_panel_shows_it(stage):
    formula = spec_from_formula("exp(-r^2)", (-7.0, 9.0, -7.0, 9.0))
    stage.set_project(Project(target=formula, stack=default_stack()))
    stage.point_out(ledger_of([BASE, LAYER]), LAYER)
    assert stage.panels["discrete"].view._marker.point == pytest.approx((0.0, 0.5))


def test_readings_are_per_data_unit(qtbot):
    camera = Camera()
    camera.set_frame(UNITS)
    panel = FlowPanel("continuous", camera)
    qtbot.addWidget(panel)
    panel.take(heat(np.full((8, 8), 1 / 64), lane="continuous"), 0.0)
    panel.take(field(np.broadcast_to([0.6, 0.8], (2, 25, 25, 2))), 0.0)
    panel.show_moment(1.0, 100.0)
    density, speed = readings(panel.view, (1, 1))
    assert density == "density 0.00100, log p = −6.91 nats"  # uniform over 1000 × 1
    assert speed == "speed 75.0"
    assert point_text(UNITS.data((1.0, 1.0)), UNITS.scale) == "(625, 0.625)"
    assert point_text(DEGREES.data((1.0, 1.0)), DEGREES.scale) == "(45.07250, 7.68250)"


# --- the canvas -----------------------------------------------------------------------------------


@pytest.mark.parametrize("frame", [UNITS, DEGREES, Frame.of((1e5, 1e5 + 0.02, -1e-7, 1e-7))])
def test_points_are_drawn_in_data_units(editor, edits, frame):
    normal = np.random.default_rng(0).uniform(-3, 3, (20, 2))
    spec = spec_from_points(normal * frame.scale + frame.center)
    own = Frame.of(spec.extent)
    editor.set_target(spec)
    editor.tools.set_tool(Tool.POINTS)
    stroke(editor, (3.9, -3.9))
    (edited, _, _) = edits[-1]
    assert edited.extent == spec.extent
    kept, new = edited.points.values[:-1].astype(float), edited.points.values[-1].astype(float)
    np.testing.assert_allclose(
        (kept - own.center) / own.scale,
        (spec.points.values.astype(float) - own.center) / own.scale,
        atol=1e-4,
    )
    np.testing.assert_allclose((new - own.center) / own.scale, [3.9, -3.9], atol=0.05)


def test_strokes_keep_the_extent_and_the_entropy_is_that_of_the_data(editor, edits):
    extent = (0.0, 1000.0, 0.0, 1.0)
    editor.set_target(spec_from_array(np.ones((256, 256)), extent=extent))
    assert editor.figure == f"H = {math.log(1000):.2f} nats"
    stroke(editor, (-1.0, 0.0), (1.0, 0.0))
    assert edits[-1][0].extent == extent


def test_a_bandwidth_is_kept_in_data_units(editor, edits):
    r = np.random.default_rng(0)
    spec = spec_from_points(r.normal(size=(50, 2)) * 100, bandwidth=20.0)
    editor.set_target(spec)
    editor.tools.set_tool(Tool.POINTS)
    stroke(editor, (0.0, 3.9))
    assert edits[-1][0].bandwidth == pytest.approx(20.0)
