"""Curves as lines in pixels: what is kept of them, and where they break off."""

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from PySide6.QtCore import QRectF

from explorer.plot.polylines import polylines

VALUES = st.floats(-50.0, 250.0) | st.just(np.nan)


@st.composite
def curves(draw):
    y = np.array(draw(st.lists(VALUES, max_size=400)), dtype=float)
    steps = draw(st.lists(st.floats(0.0, 3.0), min_size=len(y), max_size=len(y)))
    return np.cumsum(steps), y


def parts(x, y):
    """The unbroken parts of a curve, found one point after the other."""
    found, part = [], []
    for at in zip(x.tolist(), y.tolist(), strict=True):
        if np.isnan(at[1]):
            found.append(part)
            part = []
        else:
            part.append(at)
    return [*found, part]


@given(curves())
def test_parts_break_off_where_a_value_is_missing_and_keep_their_ends(curve):
    whole = parts(*curve)
    lines = polylines(*curve)
    drawn = list(lines.polygons())
    assert [past for _, past in drawn] == [
        index < len(whole) - 1 for index, part in enumerate(whole) if part
    ]
    for (polygon, _), part in zip(drawn, (part for part in whole if part), strict=True):
        ends = [polygon.first().toTuple(), polygon.last().toTuple()]
        assert ends == [part[0], part[-1]]
        assert {point.toTuple() for point in polygon} <= set(part)


@given(curves())
def test_the_lowest_and_highest_point_of_every_two_pixels_are_kept(curve):
    for part, (polygon, _) in zip(
        filter(None, parts(*curve)), polylines(*curve).polygons(), strict=True
    ):
        kept = np.array([point.toTuple() for point in polygon])
        points = np.array(part)
        for column in np.unique(points[:, 0] // 2):
            among, left = (p[p[:, 0] // 2 == column, 1] for p in (points, kept))
            assert (left.min(), left.max()) == (among.min(), among.max())


def test_a_long_noisy_curve_has_no_more_points_than_can_be_told_apart():
    x = np.linspace(0, 300, 20_000)
    lines = polylines(x, np.random.default_rng(1).normal(size=x.size))
    assert len(lines.x) <= 2 * 151 + 2
    assert (np.diff(lines.x) >= 0).all()


@pytest.mark.parametrize("breaks", [0, 3, 150])
def test_a_box_is_met_where_a_line_goes_through_it_and_not_across_a_break(breaks):
    x = np.linspace(0, 300, 601)
    y = 100 + 50 * np.sin(x / 20)
    y[np.linspace(0, 600, breaks + 2).astype(int)[1:-1]] = np.nan
    lines = polylines(x, y)
    boxes = [QRectF(left, top, 20, 10) for left in range(0, 300, 15) for top in range(20, 180, 8)]
    for box in boxes:
        inside = (x >= box.left()) & (x <= box.right()) & (y > box.top()) & (y < box.bottom())
        assert lines.cross(box) or not inside.any()
        far = (x > box.left() - 4) & (x < box.right() + 4)
        near = np.nanmin(y[far]) < box.bottom() and np.nanmax(y[far]) > box.top()
        assert near or not lines.cross(box)


def test_no_line_leads_across_a_break():
    lines = polylines(np.array([0.0, 50.0, 100.0]), np.array([10.0, np.nan, 10.0]))
    assert not lines.cross(QRectF(20, 0, 60, 20))
    assert lines.cross(QRectF(-5, 0, 10, 20))
