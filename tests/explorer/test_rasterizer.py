from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtGui import QColor, QImage

from explorer.panels import colormap
from explorer.panels.backdrop import tick_step
from explorer.panels.camera import Camera
from explorer.panels.colormap import HEAT_TOP
from explorer.panels.film import Film
from explorer.panels.outline import contour, level_holding
from explorer.panels.rasterizer import Rasterizer
from explorer.panels.shot import Marker, Shot, Shown
from explorer.panels.splat import DotPainter, Lines, shades, splat_lines
from explorer.theme import theme
from tests.explorer.film_messages import EXTENT, field, grid, heat, particles, still

NOW = 1000.0
NOTHING = Shown(density=False, points=False, grid=False, trails=False, field=False, outline=False)
pytestmark = pytest.mark.usefixtures("qapp")


def film_of(*messages, lane="discrete"):
    film = Film(lane)
    for message in messages:
        assert film.take(message, 0.0)
    return film


def only(name):
    return Shown(**{**vars(NOTHING), name: True})


def pixels(image: QImage) -> np.ndarray:
    """Shape (height, width, 3), blue, green, red."""
    image = image.convertToFormat(QImage.Format.Format_RGB32)
    words = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), -1, 4)
    return words[:, : image.width(), :3].astype(int)


def drawn(film, shown, *, size=(200, 300), ratio=1.0, tau=0.0, trail=(0.0,), **rest):
    """The picture, and how much each pixel differs from the empty plane, shape (height, width)."""
    view = rest.pop("camera", Camera()).view(*size, ratio)
    rasterizer = rest.pop("rasterizer", None) or Rasterizer(film.lane)
    picture = pixels(rasterizer.render(view, Shot(film, tau, trail, NOW, shown, **rest)))
    empty = pixels(Rasterizer(film.lane).render(view, Shot(Film(film.lane), tau, trail, NOW)))
    return view, picture, np.abs(picture - empty).max(axis=2)


def centre_of(light):
    rows, columns = np.nonzero(light > 20)
    weight = light[rows, columns]
    return (
        np.average(columns + 0.5, weights=weight),
        np.average(rows + 0.5, weights=weight),
    )


# --- particles ------------------------------------------------------------------------------------


@pytest.mark.parametrize("ratio", [1.0, 1.5, 2.0])
@pytest.mark.parametrize("point", [(0, 0), (1.23, -0.77), (-3.9, 3.9)])
def test_a_particle_lies_where_the_data_say(ratio, point):
    view, _, light = drawn(film_of(still([point])), only("points"), ratio=ratio)
    assert (light.shape[1], light.shape[0]) == (200 * ratio, 300 * ratio)
    assert centre_of(light) == pytest.approx(view.pixels(np.array(point)).tolist(), abs=0.4)
    assert np.count_nonzero(light > 20) <= (4 * ratio) ** 2


def test_a_particle_has_the_colour_of_its_angle():
    angles = 2 * np.pi * np.arange(8) / 8
    circle = 2 * np.stack([np.cos(angles), np.sin(angles)], axis=-1)
    view, picture, _ = drawn(film_of(still(circle)), only("points"))
    for angle, point in zip(angles, circle, strict=True):
        x, y = view.pixels(point).astype(int)
        expected = 255 * colormap.wheel()[round(256 * angle / (2 * np.pi)) % 256]
        found = picture[y - 1 : y + 2, x - 1 : x + 2, ::-1].reshape(-1, 3)
        assert np.abs(found - expected).max(axis=1).min() < 25


def test_ten_thousand_particles_are_all_drawn():
    rng = np.random.default_rng(0)
    apart = np.stack(np.meshgrid(np.arange(100), np.arange(100)), axis=-1).reshape(-1, 2)
    points = (apart - 49.5) * 0.08
    points = rng.permutation(points)
    view, _, light = drawn(film_of(still(points)), only("points"), size=(800, 800))
    columns, rows = view.pixels(points).astype(int).T
    around = [light[rows + i, columns + j] for i in (-1, 0, 1) for j in (-1, 0, 1)]
    assert np.max(around, axis=0).min() > 15


def test_without_a_gpu_very_many_particles_are_drawn_as_well():
    angle = np.linspace(0, 2 * np.pi, 40_000)
    ring = 2 * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    view, _, light = drawn(film_of(still(ring)), only("points"))
    rows, columns = np.nonzero(light > 20)
    x, y = zip(
        *(view.data(c + 0.5, r + 0.5) for r, c in zip(rows, columns, strict=True)), strict=True
    )
    assert rows.size > 300
    assert np.hypot(x, y) == pytest.approx(2, abs=4 / view.scale)


def test_what_is_no_number_or_out_of_sight_is_not_drawn():
    film = film_of(still([[np.nan, 0], [0, np.inf], [900, 0], [0, -1e5], [np.nan, np.nan]]))
    _, _, light = drawn(film, Shown(), trail=(0.0, 0.5, 1.0), tau=1.0)
    assert not light.any()


def test_particles_over_the_border_are_left_out_without_wrapping_round():
    camera = Camera()
    view = camera.view(200, 300)
    left, _ = view.data(0.2, 0)
    right, bottom = view.data(199.9, 299.9)
    film = film_of(still([[left, 0], [right, 0], [0, bottom]]))
    _, _, light = drawn(film, only("points"))
    assert not light.any()


@pytest.mark.parametrize("size", [(1, 1), (2, 5), (9, 3), (40, 1)])
def test_the_smallest_surfaces_are_drawn_without_harm(size):
    rng = np.random.default_rng(0)
    film = film_of(
        particles(rng.normal(size=(5, 200, 2))),
        heat(np.ones((8, 8))),
        grid(rng.normal(size=(2, 9, 9, 2))),
    )
    marker = Marker((0, 0), (1, 0, 0, 1))
    view, picture, _ = drawn(film, Shown(), size=size, trail=(0, 0.1, 0.3), tau=0.3, marker=marker)
    assert picture.shape[:2] == (view.height, view.width)


# --- trails, grid, field, outline -----------------------------------------------------------------


def test_a_trail_follows_the_path_and_fades_towards_its_beginning():
    film = film_of(particles([[[-3, 1.0]], [[3, 1.0]]]))
    trail = np.linspace(0, 1, 13)
    view, _, light = drawn(film, only("trails"), tau=1.0, trail=trail)
    row = light[int(view.pixels(np.array([0, 1.0]))[1])]
    start, middle, end = (int(view.pixels(np.array([x, 1.0]))[0]) for x in (-2.5, 0.0, 2.7))
    assert row[start] < row[middle] < row[end]
    assert row[end] > 100
    rows = np.nonzero(light.max(axis=1))[0]
    assert len(rows) <= 2


def test_trails_are_hidden_with_a_single_moment():
    film = film_of(particles([[[-3, 1.0]], [[3, 1.0]]]))
    _, _, light = drawn(film, only("trails"), tau=1.0, trail=(1.0,))
    assert not light.any()


@pytest.mark.parametrize("ratio", [1.0, 2.0])
def test_the_grid_lies_where_the_mesh_is(ratio):
    side = np.linspace(-3, 3, 33)
    mesh = np.stack(np.meshgrid(side, side), axis=-1)
    view, _, light = drawn(film_of(grid(mesh[None])), only("grid"), ratio=ratio)
    for x, y in ((-3, 0.4), (3, -1.1), (0.4, -3), (0.2, 3)):
        column, row = view.pixels(np.array([x, y])).astype(int)
        assert light[row - 1 : row + 2, column - 1 : column + 2].max() > 30
    column, row = view.pixels(np.array([3.4, 0.0])).astype(int)
    assert not light[:, column:].any()


def test_the_grid_is_tinted_by_what_it_does_to_the_volume():
    side = np.linspace(-2, 2, 5)
    mesh = np.stack(np.meshgrid(side, side), axis=-1)[None]
    colours = []
    for log_det in (-2.0, 0.0, 2.0):
        film = film_of(grid(mesh, log_det=np.full((1, 5, 5), log_det, np.float32)))
        _, picture, light = drawn(film, only("grid"))
        blue, _, red = picture[light > 60].mean(axis=0)
        colours.append(red - blue)
    assert colours[0] < colours[1] < colours[2]
    assert colours[0] < 0 < colours[2]


def test_a_mesh_that_is_no_number_is_left_out():
    mesh = np.full((1, 5, 5, 2), np.nan)
    log_det = np.full((1, 5, 5), np.nan, np.float32)
    _, _, light = drawn(film_of(grid(mesh, log_det=log_det)), only("grid"))
    assert not light.any()


def test_the_field_shows_strokes_along_the_velocity():
    still_air = field(np.zeros((2, 25, 25, 2)))
    wind = field(np.broadcast_to([1.0, 0.0], (2, 25, 25, 2)))
    _, _, light = drawn(film_of(still_air, lane="continuous"), only("field"))
    assert not light.any()
    _, _, light = drawn(film_of(wind, lane="continuous"), only("field"), size=(400, 400))
    rows, columns = np.count_nonzero(light.max(axis=1) > 25), np.count_nonzero(light.max(axis=0))
    assert columns > 5 * rows


def test_one_storm_does_not_still_the_rest_of_the_field():
    calm = np.broadcast_to([1.0, 0.0], (1, 25, 25, 2)).copy()
    storm = calm.copy()
    storm[0, 0, 0] = 1e5
    lit = [
        np.count_nonzero(drawn(film_of(field(v), lane="continuous"), only("field"))[2] > 20)
        for v in (calm, storm)
    ]
    assert lit[1] > 0.9 * lit[0] > 0


def test_the_outline_goes_where_the_density_crosses_its_level():
    side = (np.arange(64) + 0.5) / 8 - 4
    x, y = np.meshgrid(side, side)
    density = np.exp(-(x**2 + y**2) / 2)
    lines = contour(density, EXTENT, np.exp(-0.5))
    radius = np.hypot(lines[:, [0, 2]], lines[:, [1, 3]])
    assert np.allclose(radius, 1, atol=0.01)
    rasterizer = Rasterizer()
    rasterizer.ground.set_outline(lines)
    view, _, light = drawn(Film("discrete"), only("outline"), rasterizer=rasterizer)
    for angle in np.linspace(0, 6, 13):
        column, row = view.pixels(np.array([np.cos(angle), np.sin(angle)])).astype(int)
        assert light[row - 1 : row + 2, column - 1 : column + 2].max() > 60


def test_outlines_of_every_kind_of_cell_are_closed():
    rng = np.random.default_rng(0)
    lines = contour(rng.random((24, 24)), EXTENT, 0.5)
    ends = np.round(lines.reshape(-1, 2), 9)
    _, times = np.unique(ends, axis=0, return_counts=True)
    assert (times % 2 == 0).all()


def test_the_level_that_holds_a_share_of_the_mass():
    density = np.array([[4.0, 3.0], [2.0, 1.0]])
    assert level_holding(density, 0.4) == 4
    assert level_holding(density, 0.5) == 3
    assert level_holding(density, 1.0) == 1
    assert level_holding(np.zeros((3, 3)), 0.5) == 0
    assert len(contour(np.zeros((3, 3)), EXTENT, 0.0)) == 0


# --- density, marker, backdrop --------------------------------------------------------------------


@pytest.mark.parametrize("name", colormap.SEQUENTIAL)
def test_a_dense_cell_is_bright_where_it_lies(name):
    density = np.zeros((8, 8))
    density[6, 1] = 1.0  # x in [-3, -2], y in [2, 3]
    density[0, 7] = 0.25
    rasterizer = Rasterizer()
    rasterizer.ground.colours = name
    view, picture, light = drawn(film_of(heat(density)), only("density"), rasterizer=rasterizer)
    column, row = view.pixels(np.array([-2.5, 2.5])).astype(int)
    brightest = np.array(colormap.lut(name)[HEAT_TOP, :3], int)
    assert np.abs(picture[row, column, ::-1] - brightest).max() < 12
    column, row = view.pixels(np.array([3.5, -3.5])).astype(int)
    half = np.array(colormap.lut(name)[HEAT_TOP // 2, :3], int)
    assert np.abs(picture[row, column, ::-1] - half).max() < 16
    column, row = view.pixels(np.array([1.0, 1.0])).astype(int)
    assert not light[row - 9 : row + 9, column - 9 : column + 9].any()


def test_the_marker_is_a_ring_and_the_ellipse_of_its_jacobian():
    stretched = Marker((1, 1), (2, 0, 0, 0.5))
    view, _, light = drawn(Film("discrete"), NOTHING, size=(400, 400), marker=stretched)
    x, y = view.pixels(np.array([1.0, 1.0]))
    rows, columns = np.nonzero(light > 30)
    assert np.mean(columns + 0.5) == pytest.approx(x, abs=1)
    assert np.mean(rows + 0.5) == pytest.approx(y, abs=1)
    assert np.ptp(columns) > 2 * np.ptp(rows)
    turned = Marker((0, 0), (1, 1, 0, 0.1))  # leans to the upper right
    _, _, light = drawn(Film("discrete"), NOTHING, size=(400, 400), marker=turned)
    leaning = Marker((0, 0), (1, 0, 1, 0.1))
    _, _, light = drawn(Film("discrete"), NOTHING, size=(400, 400), marker=leaning)
    upper_right, upper_left = light[:200, 200:], light[:200, :200]
    assert upper_right.sum() > 1.5 * upper_left.sum()


@pytest.mark.parametrize("point", [(np.nan, 0), (np.inf, 0)])
def test_a_marker_that_is_no_number_is_left_out(point):
    _, _, light = drawn(Film("discrete"), NOTHING, marker=Marker(point))
    assert not light.any()


def test_the_backdrop_has_the_themes_colour_and_lines_at_whole_numbers():
    view, picture, _ = drawn(Film("discrete"), NOTHING)
    panel, line = QColor(theme.color("panel")), QColor(theme.color("grid_line"))
    x, y = view.pixels(np.array([0.0, 0.9])).round().astype(int)
    assert picture[y, x, ::-1].tolist() == [line.red(), line.green(), line.blue()]
    assert picture[y, x + 5, ::-1].tolist() == [panel.red(), panel.green(), panel.blue()]


@pytest.mark.parametrize(
    ("scale", "step"), [(56, 1), (40, 2), (12, 5), (6, 10), (560, 0.1), (1000, 0.1)]
)
def test_the_lines_are_at_round_distances(scale, step):
    assert tick_step(scale) == pytest.approx(step)


# --- splats ---------------------------------------------------------------------------------------


def test_dots_keep_their_light_wherever_they_fall_within_a_pixel():
    for radius in (0.55, 1.05, 2.1):
        painter = DotPainter(np.ones((1, 3)), 1.0, radius)
        sums = []
        for shift in np.linspace(0, 1, 9)[:-1]:
            picture = np.zeros((20, 20), np.uint32)
            at = np.array([[10 + shift, 10 + shift]], np.float32)
            painter.draw(picture, at, np.zeros(1, np.uint8))
            sums.append((picture >> 24).sum())
        assert np.ptp(sums) < 0.2 * np.mean(sums)


def test_overlapping_dots_do_not_depend_on_their_order():
    rng = np.random.default_rng(0)
    points = rng.uniform(5, 25, (400, 2)).astype(np.float32)
    colour = rng.integers(0, 256, 400).astype(np.uint8)
    painter = DotPainter(colormap.wheel(), 0.9, 1.05)
    pictures = []
    for order in (np.arange(400), np.arange(400)[::-1]):
        picture = np.zeros((30, 30), np.uint32)
        for one in order:
            painter.draw(picture, points[one : one + 1], colour[one : one + 1])
        pictures.append(picture)
    np.testing.assert_array_equal(*pictures)


@pytest.mark.parametrize("thickness", [1, 2, 3])
@pytest.mark.parametrize("turn", np.linspace(0, 2 * np.pi, 13)[:-1])
def test_a_line_has_no_gaps_and_its_thickness(thickness, turn):
    picture = np.zeros((101, 101), np.uint32)
    middle, reach = 50.5, 40 * np.array([np.cos(turn), np.sin(turn)])
    ends = np.array([[*(middle - reach), *(middle + reach)]], np.float32)
    lines = Lines(ends, np.zeros(1, np.intp), np.ones((1, 2), np.float32))
    splat_lines(picture, lines, shades(np.ones((1, 4))), thickness)
    light = (picture >> 24) / 255
    along = max(abs(reach)) * 2
    assert light.sum() == pytest.approx(along * thickness, rel=0.06)
    for share in np.linspace(0.02, 0.98, 60):
        x, y = (middle - reach + 2 * reach * share).astype(int)
        assert light[y - 1 : y + 2, x - 1 : x + 2].sum() > 0.9


def test_lines_are_cut_at_the_border():
    picture = np.zeros((50, 80), np.uint32)
    ends = np.array(
        [
            [-1e5, 25, 1e5, 25],
            [40, -3e4, 40, 3e4],
            [-50, -50, -10, -10],
            [np.nan, 3, 20, 20],
            [10, 10, np.inf, 20],
        ],
        np.float32,
    )
    lines = Lines(ends, np.zeros(5, np.intp), np.ones((5, 2), np.float32))
    splat_lines(picture, lines, shades(np.ones((1, 4))))
    lit = np.argwhere(picture >> 24 > 100)
    assert len(lit) > 100
    assert all(abs(y - 25) <= 1 or abs(x - 40) <= 1 for y, x in lit)


def test_premultiplied_words_are_valid_for_qt():
    table = shades(np.concatenate([colormap.wheel(), np.full((256, 1), 0.7)], axis=1))
    channels = table.view(np.uint8).reshape(-1, 4)
    assert (channels[:, :3].max(axis=1) <= channels[:, 3]).all()
    assert table[0] == 0


# --- colour tables --------------------------------------------------------------------------------


def test_sequential_maps_are_those_of_pyqtgraph():
    import pyqtgraph

    for name in colormap.SEQUENTIAL:
        expected = pyqtgraph.colormap.get(name).getLookupTable(nPts=256)
        table = colormap.lut(name)
        assert table.shape == (256, 4)
        assert np.abs(table[:, :3].astype(int) - expected.astype(int)).max() <= 1
        assert not table.flags.writeable


def test_an_unknown_map_is_refused():
    with pytest.raises(ValueError, match="'jet'"):
        colormap.lut("jet")


def test_the_wheel_closes_and_opposite_angles_differ_in_lightness():
    wheel = colormap.wheel()
    steps = np.abs(np.diff(wheel, axis=0, append=wheel[:1])).max(axis=1)
    assert steps.max() < 0.03
    grey = wheel @ [0.2126, 0.7152, 0.0722]
    assert np.ptp(grey) > 0.1


def test_the_diverging_map_is_pale_in_the_middle():
    low, middle, high = colormap.diverging(33)[[0, 16, 32]]
    assert np.ptp(middle) < 0.1
    assert low[2] > low[0]
    assert high[0] > high[2]
