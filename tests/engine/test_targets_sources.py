"""Where targets come from: every good source, and a sentence for every bad one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from flowengine import targets
from flowengine.errors import TargetError
from flowengine.project import Project
from flowengine.targets import sources
from flowengine.targets.presets import PRESETS, preset_density
from tests.engine.pictures import GOOD, assert_read_or_refused, density_of_picture, drawn, encoded

DATA = Path(__file__).parent.parent / "data"


# --- presets and the document ---------------------------------------------------------------------


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_is_a_name_in_the_document(name):
    spec = sources.spec_from_preset(name)
    assert (spec.source, spec.name, spec.density) == ("preset", name, None)
    assert sources.density_of(spec) is preset_density(name)


def test_every_source_gives_a_document_that_is_admitted_again():
    specs = [
        sources.spec_from_preset("cat"),
        sources.spec_from_array(np.eye(8)),
        sources.spec_from_points([[0, 0], [9, 9]]),
        sources.spec_from_image(encoded(drawn())),
    ]
    for spec in specs:
        project = Project(target=spec)
        assert Project.from_dict(project.to_dict()).target == spec


# --- arrays ---------------------------------------------------------------------------------------


def test_an_array_is_taken_as_it_is():
    array = np.arange(12.0).reshape(3, 4)
    spec = sources.spec_from_array(array, "steps", (0, 4, 0, 3))
    assert (spec.source, spec.name, spec.extent) == ("array", "steps", (0, 4, 0, 3))
    np.testing.assert_array_equal(sources.density_of(spec), array)


@pytest.mark.parametrize("peak", [1e-300, 1e300])
def test_values_beyond_float32_keep_their_ratios(peak):
    density = sources.density_of(sources.spec_from_array(np.array([[1, 2], [3, 4]]) * (peak / 4)))
    np.testing.assert_allclose(density / density.max(), [[0.25, 0.5], [0.75, 1]])


def test_integers_and_booleans_are_numbers():
    assert sources.spec_from_array(np.eye(3, dtype=bool)).density is not None
    assert sources.spec_from_array(np.eye(3, dtype=np.uint8)).density is not None


def test_an_array_of_zeros_is_refused():
    with pytest.raises(TargetError, match="The array is empty"):
        sources.spec_from_array(np.zeros((3, 3)))


# --- points ---------------------------------------------------------------------------------------


def test_points_inside_the_square_keep_it():
    spec = sources.spec_from_points([[-4, -4], [4, 4], [0, 1]])
    assert spec.extent == (-4, 4, -4, 4)
    assert spec.points.values.shape == (3, 2)


@pytest.mark.parametrize("offset", [[0, 5], [1000, -300], [1e5, 1e5]])
@pytest.mark.parametrize("scale", [[1, 1], [1e-7, 1e-7], [3e-3, 4e-3], [1e7, 1e-2]])
def test_points_elsewhere_get_a_box_that_holds_them_all_with_a_tenth_to_spare(offset, scale):
    points = np.random.default_rng(0).normal(size=(50, 2)) * scale + offset
    spec = sources.spec_from_points(points)
    low, high = np.reshape(spec.extent, (2, 2)).T
    spare = 0.1 * np.ptp(points, axis=0)
    # of an offset of 1e5, float64 leaves 1e-4 of the spread 1e-7
    np.testing.assert_allclose(points.min(0) - low, spare, rtol=1e-3)
    np.testing.assert_allclose(high - points.max(0), spare, rtol=1e-3)
    assert targets.from_spec(spec).sample(10, seed=0).shape == (10, 2)


def test_a_single_point_becomes_a_bell():
    for point in ([1.0, 2.0], [50.0, -50.0]):
        target = targets.from_points([point])
        samples = target.sample(4096, seed=0)
        assert samples.mean(0).tolist() == pytest.approx(point, abs=0.05)
        assert samples.std(0).tolist() == pytest.approx([0.25, 0.25], rel=0.05)


def test_density_of_points_has_the_bandwidth_asked_for():
    target = targets.from_points([[0.0, 0.0]], bandwidth=0.5)
    spread = target.sample(16_384, seed=0).std(0)
    assert spread.tolist() == pytest.approx([0.5, 0.5], rel=0.01)


def test_the_chosen_bandwidth_comes_close_to_the_density_behind_the_points():
    truth = targets.preset("eight_gaussians")
    points = truth.sample(4000, seed=0, method="iid")
    guess = targets.from_points(points.numpy())
    fresh = truth.sample(8192, seed=1)
    kl = float((truth.log_prob(fresh) - guess.log_prob(fresh)).mean())
    assert 0 <= kl < 0.08
    for bandwidth in (0.02, 0.5):  # far too narrow, far too wide
        other = targets.from_points(points.numpy(), bandwidth=bandwidth)
        assert float((truth.log_prob(fresh) - other.log_prob(fresh)).mean()) > kl


def test_points_in_one_place_and_many_copies_of_it_work():
    assert targets.from_points([[1.0, 1.0]] * 500).entropy < 0
    assert targets.from_points([[30.0, 1.0]] * 500).extent == (26, 34, -3, 5)


@pytest.mark.parametrize(
    ("points", "message"),
    [
        (np.zeros((0, 2)), r"must have shape \(n, 2\) .* got \(0, 2\)"),
        (np.zeros((3, 3)), r"got \(3, 3\)"),
        ([1.0, 2.0], r"got \(2,\)"),
        ([[0, np.nan]], "1 of 2 values are NaN or infinite, the first at row 0, column 1"),
        ([[0, 2e9]], "must lie within ±1,000,000,000, got 2e"),
        ([["a", "b"]], "must be an array of real numbers"),
    ],
)
def test_what_is_no_points_is_refused(points, message):
    with pytest.raises(TargetError, match=message):
        sources.spec_from_points(points)


@pytest.mark.parametrize("bandwidth", [0, -1, float("nan"), float("inf")])
def test_an_impossible_bandwidth_is_refused(bandwidth):
    with pytest.raises(TargetError, match="The bandwidth must be a finite number above 0"):
        sources.spec_from_points([[0, 0]], bandwidth=bandwidth)


# --- files ----------------------------------------------------------------------------------------


def write(path, content):
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_files_that_ship_with_the_tests_are_read():
    assert sources.spec_from_file(DATA / "ring.csv").source == "points"
    assert sources.spec_from_file(DATA / "letter.png").source == "picture"
    assert sources.spec_from_file(DATA / "steps.npy").source == "array"


def test_a_picture_file_is_named_after_its_stem(tmp_path):
    for name, kind in (("a.png", "PNG"), ("b.JPG", "JPEG"), ("c.jpeg", "JPEG")):
        spec = sources.spec_from_file(write(tmp_path / name, GOOD[kind]))
        assert (spec.source, spec.name) == ("picture", name[0])


def test_npy_holds_a_density_or_points(tmp_path):
    np.save(tmp_path / "grid.npy", np.eye(5))
    np.save(tmp_path / "cloud.npy", np.random.default_rng(0).normal(size=(30, 2)))
    np.save(tmp_path / "fortran.npy", np.asfortranarray(np.arange(6.0).reshape(2, 3)))
    assert sources.spec_from_file(tmp_path / "grid.npy").source == "array"
    assert sources.spec_from_file(tmp_path / "cloud.npy").source == "points"
    turned = sources.density_of(sources.spec_from_file(tmp_path / "fortran.npy"))
    np.testing.assert_array_equal(turned, np.arange(6.0).reshape(2, 3))


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.full((4, 4), np.nan), "bad.npy must be finite, but 16 of 16"),
        (-np.eye(3), "bad.npy must not be negative, got -1 at row 0, column 0"),
        (np.zeros((4, 4)), "bad.npy is empty: at least one cell"),
        (np.ones(7), r"bad.npy must be a grid .* got shape \(7,\)"),
        (np.ones((2, 3, 4)), r"got shape \(2, 3, 4\)"),
        (np.ones((4097, 3)), r"got shape \(4097, 3\)"),
        (np.full((3, 2), np.inf), "bad.npy must be finite"),
        (np.array([["a", "b", "c"]] * 3), "bad.npy must be an array of real numbers"),
        (np.array([[{}, {}]]), "bad.npy is not a NumPy array"),
        (np.zeros((0, 2)), "bad.npy"),
    ],
)
def test_a_bad_array_file_is_refused_in_a_sentence_with_its_name(tmp_path, array, message):
    np.save(tmp_path / "bad.npy", array, allow_pickle=True)
    with pytest.raises(TargetError, match=message):
        sources.spec_from_file(tmp_path / "bad.npy")


@pytest.mark.parametrize(
    "content",
    [
        b"not numpy",
        b"\x93NUMPY",
        b"\x93NUMPY\x01\x00\x10\x00{'descr': '<f8',",
        b"\x93NUMPY\x01\x00\x46\x00"
        + b"{'descr': '<f8', 'fortran_order': False, 'shape': (90000, 90000)}   \n",
        b"PK\x03\x04" + bytes(40),
    ],
)
def test_what_is_no_array_file_is_refused(tmp_path, content):
    with pytest.raises(TargetError, match=r"a.npy is not a NumPy array \(.npy\)"):
        sources.spec_from_file(write(tmp_path / "a.npy", content))


@given(st.integers(0, 200), st.binary(min_size=1, max_size=12))
@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_a_damaged_array_file_is_read_or_refused_and_nothing_else(tmp_path, place, junk):
    path = tmp_path / "a.npy"
    np.save(path, np.eye(4, dtype=np.float32))
    data = bytearray(path.read_bytes())
    place %= len(data)
    data[place : place + len(junk)] = junk
    for damaged in (bytes(data), bytes(data[:place])):
        path.unlink()  # a map of the file as it was may still be open
        write(path, damaged)
        assert_read_or_refused(lambda: sources.spec_from_file(path))


@pytest.mark.parametrize(
    "text",
    [
        "1,2\n3,4\n",
        "x,y\n1,2\n3,4",
        "# x y\n1 2\n\n3 4\n",
        "1;2\n3;4",
        "1,0;2,0\n3,0;4,0",
        "\ufeffx\ty\r\n1\t2\r\n3\t4\r\n",
        '"1","2"\n"3","4"',
        " 1 ,  2e0 \n 3 , 4 ",
    ],
)
def test_points_are_read_from_any_usual_table(tmp_path, text):
    spec = sources.spec_from_file(write(tmp_path / "p.csv", text))
    np.testing.assert_array_equal(spec.points.values, [[1, 2], [3, 4]])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x,y\n1,2\n3,four\n", "p.csv, line 3: expected a number, got 'four'"),
        ("1,2\nx,y\n", "p.csv, line 2: expected a number, got 'x'"),
        ("1,b\n", "p.csv, line 1: expected a number, got 'b'"),
        ("1,2\n3\n", "p.csv, line 2: expected two numbers, got 1"),
        ("1,2,3\n", "p.csv, line 1: expected two numbers, got 3"),
        ("1,2\n3,nan\n", "p.csv, line 2: expected a finite number, got 'nan'"),
        ("1,2\n3,1e999\n", "p.csv, line 2: expected a finite number, got '1e999'"),
        ("1,\n", "p.csv, line 1: expected a number, got ''"),
        ("x,y\n", "p.csv holds no points"),
        ("\n\n", "p.csv holds no points"),
        ("1,3e9\n", "p.csv must lie within"),
        (b"\xff\xfe1\x00,\x002\x00", "p.csv is not a table in UTF-8 text: byte 0"),
        (b"\x00\x00\x00", "p.csv"),
    ],
)
def test_a_bad_table_is_refused_with_file_line_and_word(tmp_path, text, message):
    with pytest.raises(TargetError, match=message) as caught:
        sources.spec_from_file(write(tmp_path / "p.csv", text))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("suffix", [".png", ".npy", ".csv"])
def test_missing_empty_and_folder_are_refused(tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    with pytest.raises(TargetError, match=f"a{suffix} does not exist; it may have been moved"):
        sources.spec_from_file(path)
    write(path, b"")
    with pytest.raises(TargetError, match=f"a{suffix} is empty: expected a picture"):
        sources.spec_from_file(path)
    path.unlink()
    path.mkdir()
    with pytest.raises(TargetError, match=f"a{suffix} is not a file: expected a picture"):
        sources.spec_from_file(path)


def test_other_files_are_refused_with_the_list_of_kinds(tmp_path):
    with pytest.raises(
        TargetError, match=r"read from .png, .jpg, .jpeg, .npy, .csv, not from .txt"
    ):
        sources.spec_from_file(write(tmp_path / "a.txt", "1,2"))


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "P"])
def test_a_very_large_picture_gives_what_its_small_copy_gives(mode):
    size, box = (4096, 2048), (512, 256, 1535, 767)
    large = drawn("RGBA" if mode == "RGBA" else "RGB", size, "white", "black", box)
    orientation = Image.Exif()
    orientation[0x0112] = 6  # turned by a quarter
    from_large = density_of_picture(large.convert(mode), exif=orientation)
    small = large.resize((512, 256), Image.Resampling.BOX).convert(mode)
    from_small = density_of_picture(small, exif=orientation)
    np.testing.assert_allclose(from_large, from_small, atol=0.02)
    assert from_large[128, 128] == 0.0
    assert from_large[200, 128 + 40] == 1.0


# --- tables on the clipboard ----------------------------------------------------------------------


def test_two_columns_are_points():
    spec = sources.spec_from_table("x\ty\n0\t1\n2\t3")
    np.testing.assert_array_equal(spec.points.values, [[0, 1], [2, 3]])


@pytest.mark.parametrize(
    "text",
    [
        "0\t1\t2\n3\t4\t5\n",
        "0, 1, 2\n\n3, 4, 5",
        "[[0, 1, 2], [3, 4, 5]]",
        "array([[0., 1., 2.],\n       [3., 4., 5.]])",
        "[[0. 1. 2.]\n [3. 4. 5.]]",
    ],
)
def test_more_columns_are_a_density_whose_first_line_is_on_top(text):
    spec = sources.spec_from_table(text)
    assert spec.source == "array"
    np.testing.assert_array_equal(spec.density.values, [[3, 4, 5], [0, 1, 2]])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("some words\nand more", "line 2: expected a number|holds no numbers|expected two numbers"),
        ("", "The table holds no numbers"),
        ("7", "The table, line 1: expected two numbers, got 1"),
        ("1 2 3\n4 5", "The table, line 2: expected 3 numbers, got 2"),
        ("1 2 3\n4 -5 6", "must not be negative"),
        ("1 2 3", "grid of 2 to 4096 rows"),
        ('{"stack": []}', "The table"),
    ],
)
def test_what_is_no_table_is_told(text, message):
    with pytest.raises(TargetError, match=message):
        sources.spec_from_table(text)


def test_the_document_keeps_points_and_bandwidth():
    spec = sources.spec_from_points([[0, 0], [1, 2]], bandwidth=0.5)
    assert spec.bandwidth == 0.5
    assert Project.from_dict(Project(target=spec).to_dict()).target == spec
    assert sources.spec_from_points([[0, 0], [1, 2]]).bandwidth is None


# --- what a person types --------------------------------------------------------------------------


def test_text_names_a_preset_or_a_file(tmp_path):
    assert sources.spec_from_text("heart").name == "heart"
    path = write(tmp_path / "heart.csv", "1,2")
    assert sources.spec_from_text(str(path)).source == "points"


def test_text_that_names_nothing_gets_the_list():
    with pytest.raises(
        TargetError, match="No preset and no file is called 'hart'; the presets are"
    ):
        sources.spec_from_text("hart")
    with pytest.raises(TargetError, match=r"hart.csv does not exist"):
        sources.spec_from_text("hart.csv")
    with pytest.raises(TargetError, match="/ is not a file"):
        sources.spec_from_text("/")
    for impossible in ("n" * 5000, "n" * 5000 + ".csv", "a\0b.csv", ""):
        with pytest.raises(TargetError):
            sources.spec_from_text(impossible)


def test_a_very_long_name_is_cut():
    assert len(sources.spec_from_array(np.eye(2), "n" * 500).name) == 200
