"""The stage: one to four panels on one clock, one of them large, and what it says."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget

from explorer.area import panel_area as stage_module
from explorer.area.panel_area import PanelArea
from explorer.area.panel_grid import PanelGrid
from explorer.metrics.runs import Run
from explorer.motion import motion
from explorer.panels.film import Film
from explorer.panels.shot import Shown
from explorer.theme import theme
from explorer.training.controller import Controller
from flowengine.catalogue import GaussianMixture, Uniform
from flowengine.project import FLOW_LANES, LaneState, Project, default_stack
from tests.explorer.film_messages import heat, still

LANES = ("discrete", "continuous", "vae", "gan")
POINTS = np.zeros((60, 2))
HILL = np.outer(np.hanning(16), np.hanning(16)) + 0.001
EMPTY = Shown(density=False, points=False, grid=False, trails=False, field=False, outline=False)


@pytest.fixture
def stage(qtbot, qapp):
    theme.apply(qapp)
    stage = PanelArea(Controller())
    qtbot.addWidget(stage)
    stage.resize(900, 800)
    stage.set_project(Project(stack=default_stack()))
    stage.show()
    qtbot.waitExposed(stage)
    return stage


@pytest.fixture
def wants(monkeypatch, stage, qtbot):
    """Have the document ask for some lanes."""

    def want(*lanes):
        monkeypatch.setattr(stage_module, "shown_lanes", lambda _: lanes)
        stage.set_project(Project(stack=default_stack()))
        qtbot.waitUntil(lambda: all(p.isVisible() for p in stage.panels.values()))

    return want


def places(stage):
    """Row and column of every panel, by where their corners are."""
    corners = [panel.mapTo(stage, QPoint()) for panel in stage.panels.values()]
    rows = sorted({corner.y() for corner in corners})
    columns = sorted({corner.x() for corner in corners})
    return [(rows.index(c.y()), columns.index(c.x())) for c in corners]


def alike(panels):
    widths, heights = zip(*(panel.view.size().toTuple() for panel in panels), strict=True)
    return max(widths) - min(widths) <= 1 and max(heights) - min(heights) <= 2


# --- lanes ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (1, [(0, 0)]),
        (2, [(0, 0), (0, 1)]),
        (3, [(0, 0), (0, 1), (1, 0)]),
        (4, [(0, 0), (0, 1), (1, 0), (1, 1)]),
    ],
)
def test_panels_stand_in_rows_of_two(qtbot, count, expected):
    grid = PanelGrid()
    qtbot.addWidget(grid)
    grid.resize(600, 600)
    panels = [QWidget() for _ in range(count)]
    grid.set_panels(panels)
    grid.show()
    corners = [panel.mapTo(grid, QPoint()) for panel in panels]
    rows, columns = (sorted({getattr(c, axis)() for c in corners}) for axis in ("y", "x"))
    assert [(rows.index(c.y()), columns.index(c.x())) for c in corners] == expected
    assert len({panel.size().toTuple() for panel in panels}) == 1


def test_baselines_come_beside_the_flows_and_go(stage, wants, qtbot):
    flows = dict(stage.panels)
    wants(*LANES)
    assert tuple(stage.panels) == LANES
    assert {lane: stage.panels[lane] for lane in flows} == flows
    qtbot.waitUntil(lambda: places(stage) == [(0, 0), (0, 1), (1, 0), (1, 1)])
    qtbot.waitUntil(lambda: alike(stage.panels.values()))
    stage.receive("vae", still(np.zeros((4, 2)), lane="vae"))
    assert not stage.panels["vae"].film.empty
    wants("discrete", "continuous")
    assert dict(stage.panels) == flows
    stage.receive("vae", still(np.zeros((4, 2)), lane="vae"))  # a late message is no harm
    stage.clock.tick()


def test_a_panel_that_comes_is_sent_what_it_shows(stage, wants, monkeypatch):
    for lane in FLOW_LANES:
        stage.panels[lane].switch("density", False)
    asked = []
    monkeypatch.setattr(Controller, "set_view", lambda _, **view: asked.append(view))
    wants("discrete", "continuous", "vae")
    assert stage.panels["vae"].shown.density
    assert asked[-1]["heat"]
    wants("discrete", "continuous")
    assert not asked[-1]["heat"]


def test_titles_say_what_a_baseline_lacks(stage, wants):
    wants(*LANES)
    assert "bound" in stage.panels["vae"].title
    assert "no likelihood" in stage.panels["gan"].title


# --- one large ------------------------------------------------------------------------------------


def test_a_panel_is_enlarged_by_its_header_and_esc_shows_all_again(stage, qtbot):
    discrete, continuous = stage.panels.values()
    width = continuous.width()
    QTest.mouseDClick(continuous._head, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: continuous.width() > 1.8 * width)
    assert not discrete.isVisible()
    QTest.keyClick(continuous.view, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: continuous.width() == width)
    assert discrete.isVisible()


def test_the_action_enlarges_the_panel_with_the_keyboard(stage):
    discrete, continuous = stage.panels.values()
    continuous.view.setFocus()
    stage.enlarge()
    assert continuous.isVisible()
    assert not discrete.isVisible()
    stage.enlarge()
    assert discrete.isVisible()


def test_a_large_panel_that_goes_gives_its_room_back(stage, wants):
    wants("discrete", "continuous", "gan")
    stage.panels["gan"].enlarged.emit(True)
    assert not stage.panels["discrete"].isVisible()
    wants("discrete", "continuous")


# --- what it says and shows -----------------------------------------------------------------------


def test_what_is_under_the_mouse_is_said_with_live_numbers(stage, qtbot):
    panel = stage.panels["discrete"]
    panel.set_shown(replace_shown(EMPTY, density=True))
    panel.film.transitions = False
    stage.clock.pause()
    stage.receive("discrete", heat(np.full((8, 8), 1 / 64)))
    said = []
    stage.described.connect(said.append)
    panel.hovered.emit(1.0, 2.0)
    assert said == ["Discrete, (1.00, 2.00): density 0.0156, log p = −4.16 nats"]
    stage.receive("discrete", heat(np.full((8, 8), 1 / 32)))
    qtbot.waitUntil(lambda: "density 0.0312" in said[-1] or "density 0.0313" in said[-1])
    panel.left.emit()
    assert said[-1] == ""


def test_the_difference_is_taken_to_where_the_way_goes(stage):
    panel = stage.panels["discrete"]
    panel.set_shown(replace_shown(EMPTY, difference=True))
    to_target = panel.view.reference
    assert to_target.at((0, 0)) != pytest.approx(1 / (2 * np.pi), rel=0.02)
    stage.clock.set_direction("normalize")
    assert panel.view.reference is not to_target
    assert panel.view.reference.at((0, 0)) == pytest.approx(1 / (2 * np.pi), rel=0.02)


def test_the_way_back_is_compared_with_the_projects_own_base(stage):
    panel = stage.panels["discrete"]
    panel.set_shown(replace_shown(EMPTY, difference=True))
    stage.clock.set_direction("normalize")
    stage.set_project(Project(stack=default_stack(), base=Uniform(half_side=2.0, softness=0.01)))
    assert panel.view.reference.is_base
    assert panel.view.reference.at((0.5, -1.0)) == pytest.approx(1 / 16, rel=0.02)
    panel.film.transitions = False
    stage.clock.pause()
    said = []
    stage.described.connect(said.append)
    stage.receive("discrete", heat(np.full((8, 8), 1 / 64), direction="normalize"))
    panel.hovered.emit(0.5, -1.0)
    assert "model − base = −0.047" in said[-1]
    panel.left.emit()


def test_a_learned_base_takes_the_difference_away_and_says_why(stage):
    panel = stage.panels["discrete"]
    panel.set_shown(replace_shown(EMPTY, difference=True))
    stage.set_project(Project(stack=default_stack(), base=GaussianMixture(parameters="learned")))
    entry = panel._chips._entries["difference"]
    assert entry.isEnabled()
    stage.clock.set_direction("normalize")
    assert not entry.isEnabled()
    assert "learned" in entry.toolTip()
    assert panel.view.reference is None
    stage.clock.set_direction("generate")
    assert entry.isEnabled()
    assert "learned" not in entry.toolTip()


def test_with_less_motion_pictures_change_at_once(stage):
    panel = stage.panels["discrete"]
    try:
        motion.choose("less")
        stage.receive("discrete", still([[0.0, 0.0]]))
        stage.receive("discrete", still([[2.0, 1.0]]))
        now = stage.clock.now()
        np.testing.assert_allclose(panel.film.positions(0.5, now).positions, [[2, 1]])
        motion.choose("full")
        stage.receive("discrete", still([[0.0, 0.0]]))
        shown = panel.film.positions(0.5, stage.clock.now()).positions
        assert np.abs(shown).max() > 1
    finally:
        motion.choose("system")


def replace_shown(shown, **changes):
    return Shown(**{**vars(shown), **changes})


def run_of(lanes):
    """A run of the shelf, with a film for each of these lanes."""
    states = {}
    for lane in lanes:
        film = Film(lane)
        film.take(still(POINTS, lane=lane), 0.0)
        film.take(heat(HILL, lane=lane), 0.0)
        states[lane] = LaneState(trace=film.to_npz_bytes())
    picture = QImage(1, 1, QImage.Format.Format_RGB32)
    return Run(7, Project(stack=default_stack()), states, picture, ())


def test_tab_goes_through_all_panels_and_then_to_the_transport(stage, wants):
    wants("discrete", "continuous", "gan")
    stage.pin(run_of(FLOW_LANES))
    panels = [*stage.panels.values(), *stage.pinned.panels.values()]
    visited, control = [], panels[0].view
    for _ in range(300):
        control = control.nextInFocusChain()
        if not control.focusPolicy() & Qt.FocusPolicy.TabFocus:
            continue
        part = next((p for p in [*panels, stage.transport] if p.isAncestorOf(control)), None)
        if part not in visited:
            visited.append(part)
    assert visited[: len(panels) + 1] == [*panels, stage.transport]


def test_a_run_that_stands_beside_tells_what_is_under_the_mouse(stage, qtbot):
    stage.pin(run_of(FLOW_LANES))
    guest = stage.pinned.panels["discrete"]
    qtbot.waitUntil(guest.isVisible)
    with qtbot.waitSignal(stage.described) as said:
        QTest.mouseMove(guest.view, guest.view.rect().center() + QPoint(3, 3))
    assert said.args[0].startswith("Run 7 · Discrete, (")
    assert "density" in said.args[0]


def test_the_picture_that_is_kept_is_of_the_lanes_and_of_where_they_arrive(stage, qtbot):
    for lane, panel in stage.panels.items():
        panel.take(still(POINTS, lane=lane), 0.0)
        panel.take(heat(HILL, lane=lane), 0.0)
    stage.go_to(1.0)
    alone = stage.view_state().picture
    stage.go_to(0.0)
    stage.pin(run_of(FLOW_LANES))
    stage.enlarge()
    assert stage.view_state().picture == alone
    assert alone.width() > 2 * alone.height()
    seen = {alone.pixel(x, alone.height() // 2) for x in range(alone.width())}
    assert len(seen) > 2


def test_no_legend_or_number_stands_on_the_small_picture_that_is_kept(stage):
    for lane, panel in stage.panels.items():
        panel.take(heat(HILL, lane=lane), 0.0)
    stage.go_to(1.0)
    picture = stage.view_state().picture
    side = picture.height()
    corner = [picture.pixelColor(x, y) for x in range(side // 2, side) for y in range(40)]
    assert max(colour.lightness() for colour in corner) < 125
