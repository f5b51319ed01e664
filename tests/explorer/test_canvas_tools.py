"""Line, fill, text and points on a grid, without a window."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QPointF, QRectF

from explorer.target.brush import Brush, Line, Stroke, Tool
from explorer.target.fill import Fill, flooded
from explorer.target.footprint import Footprint
from explorer.target.lettering import Lettering, text_outline
from explorer.target.outline import circle
from explorer.target.picture import SquareView
from explorer.target.point_cloud import NO_POINTS, PointCloud, PointDrag, PointEraser
from explorer.target.raster import NOTHING, Raster
from explorer.target.symmetry import symmetry_images

pytestmark = pytest.mark.usefixtures("qapp")  # which letters need

SQUARE = (-4.0, 4.0, -4.0, 4.0)
HARD = {"softness": 0.0, "strength": 1.0}


@pytest.fixture
def raster():
    return Raster.blank(SQUARE)


def ring(raster, radius=2.0, size=10, softness=0.5):
    stroke = Stroke(raster, Brush(size, softness), Tool.BRUSH)
    for angle in np.linspace(0, 2 * np.pi, 90):
        stroke.move_to(radius * math.cos(angle), radius * math.sin(angle))


# --- line -----------------------------------------------------------------------------------------


def test_a_line_is_the_stroke_between_its_ends_wherever_it_has_been(raster):
    line = Line(raster, Brush(12, symmetry=3), erases=False)
    for point in ((-2.0, -2.0), (3.0, 3.0), (-2.0, -2.0), (0.0, -3.0), (2.0, 1.0)):
        line.move_to(*point)
    straight = Raster.blank(SQUARE)
    stroke = Stroke(straight, Brush(12, symmetry=3), Tool.BRUSH)
    stroke.move_to(-2.0, -2.0)
    stroke.move_to(2.0, 1.0)
    np.testing.assert_allclose(raster.values, straight.values, atol=1e-6)


def test_every_cell_that_a_line_changes_is_told(raster):
    line = Line(raster, Brush(20, symmetry=2), erases=False)
    line.move_to(-2.0, 0.0)
    for point in ((2.0, 3.0), (1.0, -3.0), (-2.0, 0.0)):
        before = raster.values.copy()
        told = line.move_to(*point)
        whole = NOTHING
        for region in told:
            before[region.slices] = raster.values[region.slices]
            whole = whole.united(region)
        np.testing.assert_array_equal(before, raster.values)


def test_a_line_can_erase():
    raster = Raster(np.ones((256, 256)), SQUARE)
    line = Line(raster, Brush(12, **HARD), erases=True)
    line.move_to(-2.0, 0.0)
    line.move_to(2.0, 0.0)
    assert raster.value_at(0.0, 0.0) == 0.0
    assert raster.value_at(0.0, 1.0) == 1.0


@given(st.floats(-3, 3), st.floats(-3, 3))
def test_a_straightened_line_keeps_its_length_and_a_step_of_15_degrees(x, y):
    line = Line(Raster.blank(SQUARE), Brush(), erases=False)
    line.move_to(0.5, -0.5)
    end = line.straightened(x, y)
    assert math.dist(end, (0.5, -0.5)) == pytest.approx(math.dist((x, y), (0.5, -0.5)))
    turn = math.degrees(math.atan2(end[1] + 0.5, end[0] - 0.5)) / 15
    assert turn == pytest.approx(round(turn), abs=1e-6)


# --- fill -----------------------------------------------------------------------------------------


def flooded_slowly(free, seed):
    """The plain way: one cell after the other."""
    filled = np.zeros_like(free)
    waiting = [seed] if free[seed] else []
    while waiting:
        row, column = waiting.pop()
        if filled[row, column]:
            continue
        filled[row, column] = True
        for r, c in ((row + 1, column), (row - 1, column), (row, column + 1), (row, column - 1)):
            if 0 <= r < free.shape[0] and 0 <= c < free.shape[1] and free[r, c]:
                waiting.append((r, c))
    return filled


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0.3, 0.9), st.integers(1, 18), st.integers(1, 18))
def test_flooding_reaches_what_a_walk_reaches(seed, share, rows, columns):
    rng = np.random.default_rng(seed)
    free = rng.random((rows, columns)) < share
    start = int(rng.integers(rows)), int(rng.integers(columns))
    np.testing.assert_array_equal(flooded(free, start), flooded_slowly(free, start))


def test_filling_a_ring_stops_at_it_and_leaves_no_seam(raster):
    ring(raster)
    assert Fill(raster, Brush(), erases=False).move_to(0.0, 0.0)
    along = raster.values[128, 128:]
    assert along[: round(2.0 * 32)].min() > 0.99
    assert raster.value_at(3.0, 0.0) == 0.0


def test_filling_takes_the_strength_and_the_images(raster):
    raster.values[:] = np.where(np.arange(256) % 64 == 0, 1.0, 0.0)[:, None]  # four floors
    Fill(raster, Brush(strength=0.5, symmetry=2), erases=False).move_to(1.0, 1.0)
    assert raster.value_at(-3.0, 1.0) == 0.5
    assert raster.value_at(0.0, -1.0) == 0.0
    Fill(raster, Brush(symmetry=4), erases=False).move_to(1.0, 3.0)
    assert raster.value_at(0.0, 3.0) == 1.0
    assert raster.value_at(0.0, -3.0) == 1.0


def test_filling_with_the_other_button_empties(raster):
    ring(raster)
    Fill(raster, Brush(), erases=True).move_to(2.0, 0.0)
    assert raster.values.max() < 0.01


def test_filling_beside_the_grid_does_nothing(raster):
    fill = Fill(raster, Brush(), erases=False)
    assert fill.move_to(9.0, 0.0) == []
    assert fill.stamps == 0
    assert fill.move_to(0.0, 0.0) == []  # nor does a drag into it
    assert not raster.values.any()


# --- text -----------------------------------------------------------------------------------------


def test_words_are_as_high_as_the_brush_is_wide(raster):
    Lettering(raster, Brush(64, **HARD), "HI", erases=False).move_to(0.5, 1.0)
    rows = np.flatnonzero((raster.values > 0.5).any(axis=1))
    columns = np.flatnonzero((raster.values > 0.5).any(axis=0))
    assert len(rows) == pytest.approx(64, abs=3)
    assert (rows[0] + rows[-1] + 1) / 2 == pytest.approx(128 + 32, abs=2)
    assert (columns[0] + columns[-1] + 1) / 2 == pytest.approx(128 + 16, abs=2)


def test_words_stand_upright(raster):
    Lettering(raster, Brush(96, **HARD), "L", erases=False).move_to(0.0, 0.0)
    rows, columns = np.nonzero(raster.values > 0.5)
    assert np.median(rows) < (rows.min() + rows.max()) / 2  # the foot is below
    assert np.median(columns) < (columns.min() + columns.max()) / 2  # the stem is left


def test_words_follow_a_drag_and_leave_nothing_behind(raster):
    words = Lettering(raster, Brush(40), "flow", erases=False)
    for place in ((-2.0, 2.0), (0.0, 0.0), (1.0, -1.0)):
        before = raster.values.copy()
        for region in words.move_to(*place):
            before[region.slices] = raster.values[region.slices]
        np.testing.assert_array_equal(before, raster.values)
    once = Raster.blank(SQUARE)
    Lettering(once, Brush(40), "flow", erases=False).move_to(1.0, -1.0)
    np.testing.assert_array_equal(raster.values, once.values)


def test_words_are_mirrored_and_softened_and_erased(raster):
    raster.values[:] = 1.0
    Lettering(raster, Brush(60, softness=1.0, symmetry=2), "R", erases=True).move_to(2.0, 0.0)
    np.testing.assert_allclose(raster.values, raster.values[:, ::-1], atol=0.02)
    assert len(np.unique(raster.values)) > 100
    assert raster.values.min() < 0.3


# --- the footprint --------------------------------------------------------------------------------


def test_footprints_lie_where_the_stroke_will():
    view = SquareView(SQUARE, QRectF(0, 0, 400, 400))
    outlines = Footprint(circle(0.5), fold=3).around((1.0, 2.0), view, SQUARE)
    for outline, image in zip(outlines, symmetry_images(SQUARE, 3), strict=True):
        box = outline.boundingRect()
        middle = box.center() - view.to_widget(*image(1.0, 2.0))
        assert QPointF(middle).manhattanLength() < 1.0
        assert box.width() == pytest.approx(50, abs=1)


def test_the_outline_of_words_is_what_they_cover(raster):
    Lettering(raster, Brush(60, **HARD), "Ag", erases=False).move_to(0.0, 0.0)
    box = text_outline("Ag", 60 / 32).boundingRect()
    rows = np.flatnonzero((raster.values > 0.5).any(axis=1))
    assert (rows[0] - 128) / 32 == pytest.approx(box.top(), abs=0.1)
    assert (rows[-1] - 127) / 32 == pytest.approx(box.bottom(), abs=0.1)


# --- points ---------------------------------------------------------------------------------------


def cloud_of(*points, **fields):
    return replace(NO_POINTS, points=np.array(points, dtype=float).reshape(-1, 2), **fields)


def test_a_density_has_its_peak_at_its_only_point():
    density = cloud_of((1.0, 2.0)).density()
    row, column = np.unravel_index(density.argmax(), density.shape)
    assert density.max() == 1.0
    assert (row, column) == (192, 160)


def test_a_wider_bell_is_wider():
    narrow, wide = (cloud_of((0.0, 0.0), bandwidth=b).density().sum() for b in (0.2, 0.4))
    assert wide == pytest.approx(4 * narrow, rel=0.02)


def test_while_a_point_moves_the_bandwidth_stands_still(raster):
    cloud = cloud_of((0.0, 0.0), (1.0, 0.0), (0.0, 1.0))
    drag = PointDrag(raster, cloud, 1, 0.2)
    drag.move_to(1.0, 0.0)
    drag.move_to(4.0, 4.0)
    assert drag.cloud.width == cloud.width
    assert replace(drag.cloud, steady=None).width != cloud.width


def test_a_fast_eraser_misses_no_point_on_its_way(raster):
    row = np.column_stack([np.linspace(-3, 3, 40), np.zeros(40)])
    eraser = PointEraser(raster, cloud_of(*row, (0.0, 1.0)), 1, 0.1)
    eraser.move_to(-3.5, 0.05)
    eraser.move_to(3.5, -0.05)
    assert eraser.cloud.points.tolist() == [[0.0, 1.0]]


def test_points_outside_the_square_stay_out():
    cloud = cloud_of((0.0, 0.0)).added(np.array([[5.0, 0.0], [1.0, 1.0]]))
    assert cloud.points.tolist() == [[0.0, 0.0], [1.0, 1.0]]
    assert PointCloud(cloud.points).nearest(9.0, 9.0, 0.5) is None


def test_a_turned_point_beside_the_square_is_left_out(raster):
    drag = PointDrag(raster, NO_POINTS, 3, 0.1)
    drag.move_to(3.9, 3.9)
    assert len(drag.cloud.points) == 1
    drag.move_to(1.0, 1.0)
    assert drag.cloud.points.tolist() == [[1.0, 1.0]]
