"""Tables as people have them: read right, or refused in one sentence."""

from __future__ import annotations

import re

import numpy as np
import pytest

from flowengine.errors import TargetError
from flowengine.targets import sources
from flowengine.targets.columns import Reading
from flowengine.targets.oddities import oddity
from flowengine.targets.tables import read_points

LON_LAT = Reading(columns=("lon", "lat"))
DROP = Reading(drop_missing=True)


@pytest.mark.parametrize(
    ("text", "reading", "points"),
    [
        ("lon,lat,name\n1,2,a\n3,4,b\n", LON_LAT, [[1, 2], [3, 4]]),
        ("lat,lon\n1,2\n3,4\n", LON_LAT, [[2, 1], [4, 3]]),
        ("Lat\tLon\n1\t2\n3\t4\n", LON_LAT, [[2, 1], [4, 3]]),
        ("a;lat;lon\n;1,5;2,5\n;3,5;4\n", LON_LAT, [[2.5, 1.5], [4, 3.5]]),
        ("a,b,c\n1,2,3\n4,5,6\n", Reading(columns=("3", "a")), [[3, 1], [6, 4]]),
        ("1 2 3\n4 5 6\n", Reading(columns=("3", "1")), [[3, 1], [6, 4]]),
        ('"lon, deg","lat"\n1,2\n3,4\n', Reading(columns=("lat", "lon, deg")), [[2, 1], [4, 3]]),
        # what programs add: a count of the rows, labels, the program's own densities
        ("x,y,log_prob\n1,2,-3\n3,4,-inf\n", None, [[1, 2], [3, 4]]),
        ("a,b,log_prob\n1,2,-3\n3,4,-inf\n", None, [[1, 2], [3, 4]]),
        (",a,b\n0,1,2\n1,3,4\n", None, [[1, 2], [3, 4]]),
        ("Unnamed: 0,a,b\n0,1,2\n1,3,4\n", None, [[1, 2], [3, 4]]),
        ("id,a,b\n1,1,2\n2,3,4\n", None, [[1, 2], [3, 4]]),
        ("a b\n1 1 2\n2 3 4\n", None, [[1, 2], [3, 4]]),  # R's row names
        ("0,5,6\n1,7,8\n2,9,1\n", None, [[5, 6], [7, 8], [9, 1]]),
        ("name,a,b\nA,1,2\nB,3,4\n", None, [[1, 2], [3, 4]]),
        ("z,y,x\n9,2,1\n9,4,3\n", None, [[1, 2], [3, 4]]),
        # separators, decimal points, remarks
        ("1,5 2,5\n3,5 4\n", None, [[1.5, 2.5], [3.5, 4]]),
        ("1,5\t2,5\n3,5\t4\n", None, [[1.5, 2.5], [3.5, 4]]),
        ("1.234,5;2\n3;4\n", None, [[1234.5, 2], [3, 4]]),
        ("1,234.5;2\n3;4\n", None, [[1234.5, 2], [3, 4]]),
        ('"1,5","2,5"\n"3,5","4"\n', None, [[1.5, 2.5], [3.5, 4]]),
        ('"1,234","2,345.5"\n3,4\n', None, [[1234, 2345.5], [3, 4]]),
        ("# made on Monday\n1,2 # first\n\n3,4\n", None, [[1, 2], [3, 4]]),
        ("1,2,\n3,4,\n", None, [[1, 2], [3, 4]]),
        ("1,2\r3,4\r", None, [[1, 2], [3, 4]]),
        # what is missing
        ("1,2\n,3\n4,NA\nnan,5\n3,4\n", DROP, [[1, 2], [3, 4]]),
        ("lon,lat,w\n1,2,\n3,4,x\n", LON_LAT, [[1, 2], [3, 4]]),
    ],
)
def test_the_columns_that_are_meant_are_read(text, reading, points):
    np.testing.assert_array_equal(read_points(text, "t.csv", reading).points, points)


@pytest.mark.parametrize(
    ("text", "reading", "message"),
    [
        ("a,b,c\n1,2,3\n4,5,6\n", None, "t.csv has 3 columns, a, b, c: say which two"),
        ("1,2,3\n4,5,7\n", None, "t.csv, line 1: expected two numbers, got 3"),
        ("a,b,c\n1,2,3\n", LON_LAT, "t.csv has no column 'lon'; it has a, b, c"),
        ("1,2\n3,4\n", Reading(columns=("3", "1")), "t.csv has no column '3'; it has 1 … 2"),
        ("a,b\n1,2\n", Reading(columns=("a",)), "Expected the names of two columns.*got a"),
        ("a,b\n1,2\n", Reading(weights="w"), "t.csv has no column 'w'; it has a, b"),
        ("1,2\n,3\n4,5\nNA,6\n", None, "line 2: .* got ''; 2 of 4 rows lack a number, and --drop"),
        ("1,2\n3,nan\n", None, "line 2: expected a finite number, got 'nan'; 1 of 2 rows lack"),
        ("1,2\n3,four\n", DROP, "line 2: expected a number, got 'four'$"),
        ("1,2\n3,inf\n", DROP, "line 2: expected a finite number, got 'inf'$"),
        ("1,\n,2\n", DROP, "t.csv holds no points"),
        ("1,2\n3,4\n5", None, "line 3: expected two numbers, got 1; the line has no end, so"),
        ("x,y,log_prob\n1,2,-3\n3,4", None, "line 3: expected 3 numbers, got 2; the line has no"),
        ("1,2\n3\n4,5\n", None, "line 2: expected two numbers, got 1$"),
        ("1,2\n3,4,5\n", None, "line 2: expected two numbers, got 3$"),
    ],
)
def test_what_cannot_be_read_is_refused(text, reading, message):
    with pytest.raises(TargetError, match=message):
        read_points(text, "t.csv", reading)


def test_what_was_done_is_told_and_counted():
    text = "id,a,b\n1,1,2\n2,NA,4\n3,1,2\n4,,\n"
    left_out, again, read = read_points(text, "t.csv", DROP).notices
    assert left_out == "t.csv: 2 of 4 rows lack a number and were left out"
    assert again == "t.csv: 1 of 2 points lie exactly on another; each counts"
    assert read == "t.csv: of its 3 columns a, b were read"
    assert read_points("1,2\n3,4\n", "t.csv").notices == ()


def test_weights_say_how_much_a_point_counts(tmp_path):
    path = tmp_path / "w.csv"
    path.write_text("x,y,w\n-2,0,3\n2,0,1\n2,1,0\n")
    spec = sources.spec_from_file(path, Reading(weights="w"))
    density = spec.density.values
    left, right = density[:, :128].sum(), density[:, 128:].sum()
    assert left / right == pytest.approx(3, rel=1e-3)
    twice = sources.spec_from_points([[-2, 0]] * 3 + [[2, 0], [2, 1]], weights=[1, 1, 1, 1, 0])
    np.testing.assert_allclose(twice.extent, spec.extent)


@pytest.mark.parametrize("weights", [[1, -1], [1], [0, 0], [1, np.nan], ["a", "b"]])
def test_weights_that_are_none_are_refused(weights):
    with pytest.raises(TargetError, match="The weights"):
        sources.spec_from_points([[0, 1], [2, 3]], weights=weights)


def test_only_tables_are_read_in_one_way_or_another(tmp_path):
    np.save(tmp_path / "p.npy", np.zeros((3, 2)))
    for source in (str(tmp_path / "p.npy"), "moons", "formula:exp(-r^2)"):
        with pytest.raises(TargetError, match=r"is no table: only of a \.csv columns are named"):
            sources.spec_from_text(source, LON_LAT)


MANY = np.random.default_rng(0).normal(size=(200, 2))


@pytest.mark.parametrize(
    ("points", "message"),
    [
        ([[1.5, 2]] * 20, r"All 20 points lie at one place, \(1.5, 2\)"),
        (MANY * [1, 0] + [0, 7], "^y is 7 at every point"),
        (MANY * [0, 1] + [1e5, 0], "^x is 100000 at every point"),
        (MANY[:2], r"So few points \(2\)"),
        ([[0.0, 0.0]], r"So few points \(1\)"),
        (np.vstack([MANY, [[9e8, 0]]]), "Nine tenths of the points lie between x = .* one at 9e"),
        (np.vstack([MANY, [[0, -1e3]]]), "Nine tenths of the points lie between y = .* at -1000"),
        (MANY, "^$"),
        (MANY * [1e7, 1e-7] + [3, 5], "^$"),
    ],
)
def test_what_is_odd_gets_one_sentence(points, message):
    spec = sources.spec_from_points(points)
    assert np.all(np.isfinite(spec.density.values))
    assert re.search(message, oddity(spec)), oddity(spec)
