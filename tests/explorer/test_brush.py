"""Strokes on a grid, without a window."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explorer.target.brush import Brush, Stroke, Tool
from explorer.target.raster import NOTHING, Raster, Region
from explorer.target.symmetry import symmetry_images

SQUARE = (-4.0, 4.0, -4.0, 4.0)
CELL = 8 / 256
QUICK = settings(max_examples=25, deadline=None)
HARD = {"softness": 0.0, "strength": 1.0}


def filled(value=1.0, extent=SQUARE):
    return Raster(np.full((256, 256), value), extent)


def touched(raster, before):
    """The smallest region around all cells that differ from `before`."""
    rows, columns = np.nonzero(raster.values != before)
    return Region(rows.min(), rows.max() + 1, columns.min(), columns.max() + 1)


def contains(outer, inner):
    return outer.united(inner) == outer


# --- one stamp ------------------------------------------------------------------------------------


def test_a_stamp_lands_where_it_is_put():
    raster = Raster.blank(SQUARE)
    Stroke(raster, Brush(16, **HARD), Tool.BRUSH).move_to(1.0, 2.0)
    assert raster.value_at(1.0, 2.0) == 1.0
    assert raster.value_at(1.2, 2.0) == 1.0  # radius: 8 cells, 0.25 units
    assert raster.value_at(1.3, 2.0) == 0.0
    assert raster.value_at(2.0, 1.0) == 0.0


def test_row_zero_is_the_lowest_y():
    raster = Raster.blank(SQUARE)
    Stroke(raster, Brush(4, **HARD), Tool.BRUSH).move_to(0.0, -3.99)
    assert raster.values[0].any()
    assert not raster.values[-1].any()


@QUICK
@given(st.floats(-3, 3), st.floats(-3, 3), st.floats(6, 60))
def test_a_stamp_is_placed_finer_than_a_cell(x, y, size):
    raster = Raster.blank(SQUARE)
    Stroke(raster, Brush(size, softness=1.0), Tool.BRUSH).move_to(x, y)
    axis = (np.arange(256) + 0.5) * CELL - 4
    mass = raster.values.sum(dtype=np.float64)
    assert (raster.values.sum(0) @ axis) / mass == pytest.approx(x, abs=0.05 * CELL)
    assert (raster.values.sum(1) @ axis) / mass == pytest.approx(y, abs=0.05 * CELL)


@QUICK
@given(st.floats(4, 100))
def test_a_hard_stamp_covers_the_area_of_its_circle(size):
    raster = Raster.blank(SQUARE)
    Stroke(raster, Brush(size, **HARD), Tool.BRUSH).move_to(0.013, -0.007)
    covered = raster.values.sum(dtype=np.float64)
    assert covered == pytest.approx(math.pi * size**2 / 4, rel=0.03)


def test_softness_fades_out_towards_the_rim():
    raster = Raster.blank(SQUARE)
    Stroke(raster, Brush(64, softness=1.0), Tool.BRUSH).move_to(CELL / 2, CELL / 2)
    along = raster.values[128, 128:162]
    assert along[0] == 1.0
    assert np.all(np.diff(along[:33]) < 0)
    assert along[16] == pytest.approx(0.5, abs=0.01)
    assert along[33] == 0.0


def test_a_brush_is_round_in_data_units_on_oblong_cells():
    raster = Raster(np.zeros((100, 50)), (0.0, 10.0, 0.0, 5.0))  # cells of 0.2 by 0.05
    Stroke(raster, Brush(102.4, **HARD), Tool.BRUSH).move_to(5.0, 2.5)  # radius 2
    assert raster.value_at(6.7, 2.5) == 1.0
    assert raster.value_at(5.0, 4.2) == 1.0
    assert raster.value_at(7.5, 2.5) == 0.0
    assert raster.value_at(5.0, 4.7) == 0.0


@pytest.mark.parametrize("size", [0.2, 1, 2])
def test_a_brush_smaller_than_a_cell_still_paints(size):
    raster = Raster.blank(SQUARE)
    Stroke(raster, Brush(size), Tool.BRUSH).move_to(0.4, 0.4)
    assert raster.values.max() > 0.2


# --- a stroke -------------------------------------------------------------------------------------


def test_a_stroke_leaves_no_gaps_between_distant_positions():
    raster = Raster.blank(SQUARE)
    stroke = Stroke(raster, Brush(6, softness=0.5), Tool.BRUSH)
    stroke.move_to(-3.0, -2.0)
    stroke.move_to(3.0, 2.5)
    for t in np.linspace(0, 1, 200):
        assert raster.value_at(-3 + 6 * t, -2 + 4.5 * t) > 0.9


@pytest.mark.parametrize("length", [5e-324, 5e-148, 1e-40, 1e-9])
def test_a_move_too_short_to_see_is_a_point(length):
    still, moved = Raster.blank(SQUARE), Raster.blank(SQUARE)
    Stroke(still, Brush(4, **HARD), Tool.BRUSH).move_to(0.0, 0.0)
    stroke = Stroke(moved, Brush(4, **HARD), Tool.BRUSH)
    stroke.move_to(0.0, 0.0)
    stroke.move_to(0.0, length)
    np.testing.assert_array_equal(moved.values, still.values)


def test_a_stroke_looks_the_same_in_few_and_in_many_moves():
    few, many = Raster.blank(SQUARE), Raster.blank(SQUARE)
    fast = Stroke(few, Brush(40), Tool.BRUSH)
    slow = Stroke(many, Brush(40), Tool.BRUSH)
    fast.move_to(-2.0, 0.3)
    fast.move_to(2.0, 0.3)
    for x in np.linspace(-2, 2, 300):
        slow.move_to(x, 0.3)
    assert np.abs(few.values - many.values).max() < 0.03


def test_crossing_itself_adds_nothing_but_a_second_stroke_does():
    raster = Raster.blank(SQUARE)
    brush = Brush(40, softness=0.0, strength=0.4)
    stroke = Stroke(raster, brush, Tool.BRUSH)
    for x in (-1.0, 1.0, -1.0, 1.0):
        stroke.move_to(x, 0.0)
    assert raster.value_at(0.0, 0.0) == pytest.approx(0.4)
    again = Stroke(raster, brush, Tool.BRUSH)
    again.move_to(0.0, 0.0)
    assert raster.value_at(0.0, 0.0) == pytest.approx(0.4 + 0.4 * 0.6)


def test_pressure_scales_the_strength_along_the_stroke():
    raster = Raster.blank(SQUARE)
    stroke = Stroke(raster, Brush(20, **HARD), Tool.BRUSH)
    stroke.move_to(-3.0, 0.0, 0.2)
    stroke.move_to(3.0, 0.0, 1.0)
    left, middle, right = (raster.value_at(x, 0.0) for x in (-3.2, 0.0, 3.0))
    assert left == pytest.approx(0.2, abs=0.03)
    assert middle == pytest.approx(0.63, abs=0.06)
    assert right == pytest.approx(1.0)


def test_the_eraser_takes_away_what_the_brush_gave():
    raster = filled()
    Stroke(raster, Brush(16, **HARD), Tool.ERASER).move_to(1.0, 2.0)
    assert raster.value_at(1.0, 2.0) == 0.0
    assert raster.value_at(1.5, 2.0) == 1.0


@QUICK
@given(
    st.lists(st.tuples(st.floats(-6, 6), st.floats(-6, 6)), min_size=1, max_size=6),
    st.floats(1, 250),
    st.floats(0, 1),
    st.sampled_from((Tool.BRUSH, Tool.ERASER, Tool.SMOOTH)),
    st.integers(1, 8),
)
def test_values_stay_densities_whatever_is_drawn(path, size, softness, tool, symmetry):
    raster = Raster(np.random.default_rng(0).random((32, 32)), SQUARE)
    stroke = Stroke(raster, Brush(size, softness, 1.0, symmetry), tool)
    for point in path:
        stroke.move_to(*point)
    assert np.isfinite(raster.values).all()
    assert raster.values.min() >= 0
    assert raster.values.max() <= 1 + 1e-6


# --- what it costs --------------------------------------------------------------------------------


def test_only_the_cells_that_are_told_of_are_written():
    rng = np.random.default_rng(3)
    raster = Raster(rng.random((256, 256)), SQUARE)
    before = raster.values.copy()
    stroke = Stroke(raster, Brush(30), Tool.BRUSH)
    told = [*stroke.move_to(-1.0, 0.5), *stroke.move_to(0.4, 1.2)]
    outside = np.ones_like(before, dtype=bool)
    for region in told:
        outside[region.slices] = False
    np.testing.assert_array_equal(raster.values[outside], before[outside])


@pytest.mark.parametrize("tool", [Tool.BRUSH, Tool.ERASER])
@pytest.mark.parametrize("size", [3, 18, 120])
def test_the_told_rectangle_is_tight(size, tool):
    raster = filled(0.5)
    before = raster.values.copy()
    stroke = Stroke(raster, Brush(size, **HARD), tool)
    told = stroke.move_to(-0.51, 0.52)[0].united(stroke.move_to(0.53, 1.24)[0])
    changed = touched(raster, before)
    assert contains(told, changed)
    slack = [abs(a - b) for a, b in zip(told, changed, strict=True)]
    assert max(slack) <= 2  # cells


def test_a_stroke_costs_its_stamps_and_not_the_grid():
    def cost(length, cells):
        stroke = Stroke(Raster.blank(SQUARE, cells), Brush(256 / cells * 12), Tool.BRUSH)
        stroke.move_to(-2.0, 0.0)
        start = stroke.cells
        stroke.move_to(-2.0 + length * 256 / cells, 0.0)
        return stroke.cells - start, stroke.stamps

    once, stamps = cost(2.0, 256)
    twice, _ = cost(4.0, 256)
    assert twice == pytest.approx(2 * once, rel=0.1)
    assert once <= stamps * 27 * 15  # a diameter of path under a tip of 12 cells
    on_a_finer_grid, _ = cost(2.0, 1024)  # the same stroke in cells, on sixteen times the grid
    assert on_a_finer_grid == pytest.approx(once, rel=0.05)


def test_stamps_off_the_grid_cost_nothing():
    raster = Raster.blank(SQUARE)
    stroke = Stroke(raster, Brush(10), Tool.BRUSH)
    assert stroke.move_to(-7.0, 0.0) == []
    assert (stroke.stamps, stroke.cells) == (0, 0)


# --- smoothing ------------------------------------------------------------------------------------


def test_smoothing_evens_out_what_is_under_it_and_nothing_else():
    raster = Raster(np.indices((256, 256)).sum(0) % 2, SQUARE)  # the finest checkerboard
    stroke = Stroke(raster, Brush(64, **HARD), Tool.SMOOTH)
    for _ in range(3):
        stroke.move_to(-0.5, 0.0)
        stroke.move_to(0.5, 0.0)
    inside = raster.values[120:136, 120:136]
    assert inside.std() < 0.05
    assert inside.mean() == pytest.approx(0.5, abs=0.01)
    assert raster.values[10, 10:12].tolist() == [0.0, 1.0]


def test_smoothing_keeps_an_even_density_as_it_is():
    raster = filled(0.7)
    stroke = Stroke(raster, Brush(200), Tool.SMOOTH)
    stroke.move_to(-4.0, -4.0)
    stroke.move_to(4.0, 4.0)
    np.testing.assert_allclose(raster.values, 0.7, atol=1e-6)


def test_smoothing_does_not_depend_on_how_often_the_pointer_reports():
    def smoothed(moves):
        raster = Raster(np.random.default_rng(1).random((256, 256)), SQUARE)
        stroke = Stroke(raster, Brush(60), Tool.SMOOTH)
        for x in np.linspace(-1, 1, moves):
            stroke.move_to(x, 0.0)
        return raster.values[118:138, 118:138].std()

    assert smoothed(400) == pytest.approx(smoothed(3), rel=0.25)


# --- symmetry -------------------------------------------------------------------------------------


@pytest.mark.parametrize("fold", range(1, 9))
def test_symmetry_multiplies_a_point_by_its_fold(fold):
    points = {
        tuple(round(part, 9) + 0.0 for part in image(1.0, 0.3))
        for image in symmetry_images(SQUARE, fold)
    }
    assert len(points) == fold
    assert (1.0, 0.3) in points
    assert all(math.hypot(*point) == pytest.approx(math.hypot(1.0, 0.3)) for point in points)


@pytest.mark.parametrize("fold", [0, 9])
def test_symmetry_beyond_eight_is_refused(fold):
    with pytest.raises(ValueError, match=f"1 to 8, got {fold}"):
        symmetry_images(SQUARE, fold)


def test_two_fold_symmetry_mirrors_left_and_right():
    raster = Raster.blank(SQUARE)
    regions = Stroke(raster, Brush(20, symmetry=2), Tool.BRUSH).move_to(1.5, 0.7)
    np.testing.assert_allclose(raster.values, raster.values[:, ::-1], atol=1e-5)
    assert raster.value_at(-1.5, 0.7) == 1.0
    assert len(regions) == 2  # two small rectangles, not one across the grid


def test_an_odd_fold_turns():
    raster = Raster.blank(SQUARE)
    Stroke(raster, Brush(20, symmetry=5), Tool.BRUSH).move_to(0.0, 2.0)
    for turn in range(5):
        angle = math.pi / 2 + turn * 2 * math.pi / 5
        assert raster.value_at(2 * math.cos(angle), 2 * math.sin(angle)) > 0.9


# --- the grid -------------------------------------------------------------------------------------


def test_the_entropy_of_an_even_square_is_the_log_of_its_area():
    raster = Raster.blank(SQUARE)
    raster.values[64:128, 32:160] = 0.3  # 2 by 4 units
    assert raster.entropy == pytest.approx(math.log(8), abs=1e-6)
    assert raster.mass == pytest.approx(8 * 0.3, rel=1e-6)
    assert raster.value_at(-2.0, -1.0) == pytest.approx(0.3)
    assert raster.value_at(2.0, 2.0) == 0.0
    assert raster.value_at(9.0, 0.0) is None


def test_the_entropy_of_a_bell_is_that_of_the_normal_distribution():
    axis = (np.arange(256) + 0.5) * CELL - 4
    bell = np.exp(-0.5 * (axis[:, None] ** 2 + axis[None, :] ** 2) / 0.7**2)
    expected = 1 + math.log(2 * math.pi * 0.7**2)
    assert Raster(bell, SQUARE).entropy == pytest.approx(expected, abs=1e-3)


def test_an_empty_grid_has_no_entropy_and_no_density():
    raster = Raster.blank(SQUARE)
    assert raster.entropy is None
    assert raster.mass == 0.0


def test_regions_unite_and_an_empty_one_adds_nothing():
    assert Region(0, 2, 5, 6).united(Region(4, 5, 1, 2)) == Region(0, 5, 1, 6)
    assert NOTHING.united(Region(4, 5, 1, 2)) == Region(4, 5, 1, 2)
    assert Region(4, 5, 1, 2).united(NOTHING) == Region(4, 5, 1, 2)
