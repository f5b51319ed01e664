"""Parts of the panels' pictures that explain: difference, exact field, paths, legend."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QPushButton, QToolButton

from explorer.motion import motion
from explorer.panels import colormap
from explorer.panels.camera import Camera
from explorer.panels.difference import Reference
from explorer.panels.film import Film, Heat
from explorer.panels.flow_panel import FlowPanel
from explorer.panels.ground import Ground
from explorer.panels.kinds import KINDS
from explorer.panels.rasterizer import Rasterizer
from explorer.panels.shot import Shot, Shown
from explorer.panels.strokes import field_lines
from explorer.words.languages import translator
from tests.explorer.film_messages import EXTENT, field, heat, particles, still
from tests.explorer.test_rasterizer import NOTHING, drawn, film_of, only, pixels

pytestmark = pytest.mark.usefixtures("qapp")


def bump(cells, x, y):
    side = (np.arange(cells) + 0.5) * 8 / cells - 4
    across, up = np.meshgrid(side, side)
    density = np.exp(-((across - x) ** 2 + (up - y) ** 2))
    return density / density.sum() / (8 / cells) ** 2


def entry(panel, text):
    return next(a for a in panel.findChildren(QAction) if a.text() == text)


# --- the difference -------------------------------------------------------------------------------


@pytest.mark.parametrize("cells", [48, 64, 96, 128])
def test_a_perfect_fit_differs_by_nothing_on_any_grid(cells):
    reference = Reference(7.0 * bump(192, 0.5, -1), EXTENT)
    more, limit = reference.compare(Heat(bump(cells, 0.5, -1).astype(np.float32), 1.0, EXTENT))
    assert limit > 0
    assert np.abs(more).max() < 0.03 * limit


def test_resampling_keeps_the_mass_on_grids_of_any_size_and_extent():
    reference = Reference(bump(64, 1, 0), EXTENT)
    for cells, extent in ((17, EXTENT), (50, (-6.0, 5.0, -4.5, 7.0))):
        means = reference.on((cells, cells), extent)
        x_min, x_max, y_min, y_max = extent
        area = (x_max - x_min) * (y_max - y_min) / cells**2
        assert means.sum() * area == pytest.approx(1, abs=1e-6)


def test_the_difference_is_orange_where_there_is_too_much_and_blue_where_too_little():
    film = film_of(heat(bump(64, -2, 0)))
    rasterizer = Rasterizer()
    rasterizer.ground.reference = Reference(bump(64, 2, 0), EXTENT)
    view, picture, light = drawn(film, only("difference"), size=(300, 300), rasterizer=rasterizer)
    colours = {}
    for name, x in (("more", -2), ("less", 2), ("none", 0)):
        column, row = view.pixels(np.array([x, 0.0])).astype(int)
        colours[name] = picture[row + 3, column + 3]  # beside the axis
    (more_b, _, more_r), (less_b, _, less_r) = colours["more"], colours["less"]
    assert more_r > more_b + 60
    assert less_b > less_r + 60
    assert colours["more"].max() > colours["less"].max()  # the sign is in the lightness as well
    column, row = view.pixels(np.array([0.0, 0.0])).astype(int)
    assert light[row + 3, column + 3] < 30


def test_an_empty_reference_is_no_division_by_zero():
    reference = Reference(np.zeros((4, 4)), EXTENT)
    more, limit = reference.compare(Heat(np.ones((4, 4), np.float32), 1.0, EXTENT))
    assert limit > 0
    assert np.isfinite(more).all()


def test_the_difference_takes_the_densitys_place(qtbot):
    panel = FlowPanel("discrete")
    qtbot.addWidget(panel)
    told = []
    panel.options_changed.connect(told.append)
    entry(panel, "difference, model − target").trigger()
    assert (panel.shown.difference, panel.shown.density) == (True, False)
    panel.set_shown(Shown(density=True, difference=False))
    assert not entry(panel, "difference, model − target").isChecked()
    assert told[-1].density


@pytest.mark.parametrize("density", [True, False])
def test_without_the_difference_there_is_what_was_there_before(qtbot, density):
    panel = FlowPanel("discrete", Camera())
    qtbot.addWidget(panel)
    panel.set_shown(Shown(density=density, trails=False))
    before = panel.shown
    switch = entry(panel, "difference, model − target")
    switch.trigger()
    assert not panel.shown.density
    switch.trigger()
    assert panel.shown == before
    switch.trigger()
    density_chip = next(c for c in panel.findChildren(QPushButton) if c.text() == "density")
    density_chip.click()
    assert (panel.shown.density, panel.shown.difference) == (True, False)


@pytest.mark.parametrize("map_", ["difference", "tint"])
def test_signed_maps_tell_the_sign_to_colour_blind_eyes(map_):
    # Deuteranopia and protanopia leave blue against yellow: the ends must differ in it.
    low, high = colormap.bar(map_)[[0, -1]]
    blue_yellow = [colour[2] - (colour[0] + colour[1]) / 2 for colour in (low, high)]
    assert blue_yellow[0] > 0.1 > -0.1 > blue_yellow[1]


# --- fields and paths -----------------------------------------------------------------------------


def exact_film(velocity):
    film = Film("continuous")
    film.take(field(np.zeros((2, 25, 25, 2))), 0.0)
    frames = field(np.broadcast_to(velocity, (2, 25, 25, 2)))
    film._fields["exact"].take(frames, 0.0, at_once=True)
    return film


def test_the_exact_field_stands_beside_the_learned_one_in_dashes():
    film = exact_film([1.0, 0.0])
    _, _, light = drawn(film, only("field"), size=(400, 400))
    assert not light.any()
    _, _, light = drawn(film, only("exact"), size=(400, 400))
    assert light.any()
    row = light[light.max(axis=1).argmax()] > 40
    exact_pieces = np.count_nonzero(np.diff(row.astype(int)) == 1)
    learned = film_of(field(np.broadcast_to([1.0, 0.0], (2, 25, 25, 2))), lane="continuous")
    _, _, light = drawn(learned, only("field"), size=(400, 400))
    row = light[light.max(axis=1).argmax()] > 40
    assert exact_pieces > 1.5 * np.count_nonzero(np.diff(row.astype(int)) == 1)


def test_paths_show_the_whole_way_at_any_moment():
    film = film_of(particles([[[-3, 1.0]], [[0, 2.0]], [[3, 1.0]]]))
    for tau in (0.0, 0.4, 1.0):
        view, _, light = drawn(film, only("paths"), tau=tau)
        for x, y in ((-2, 1 + 1 / 3), (0, 2), (2, 1 + 1 / 3)):
            column, row = view.pixels(np.array([x, y])).astype(int)
            assert light[row - 1 : row + 2, column - 1 : column + 2].max() > 20


# --- what colours mean ----------------------------------------------------------------------------


def test_the_legend_stands_in_the_corner_of_pictures_that_are_large_enough():
    film = film_of(heat(bump(32, 0, 0)))
    corner = (slice(0, 50), slice(-100, None))
    _, _, light = drawn(film, only("density"), size=(400, 400))
    assert light[corner].max() > 60
    _, _, light = drawn(film, NOTHING, size=(400, 400))
    assert not light[corner].any()
    _, _, small = drawn(film, only("density"), size=(150, 150))
    assert small[:20, -60:].max() < 120  # a frame runs there, but no words


def test_nothing_strikes_the_numbers_of_the_axes_through():
    """Over the brightest density they stand on a dark ground, as large as they are."""
    camera = Camera()
    camera.zoom(0.3)  # until the density fills the picture
    view = camera.view(400, 400)
    film = film_of(heat(np.full((32, 32), 0.1)))
    picture = pixels(Ground().image(view, shot_of(film, 0.5, 100.0)))
    _, row = view.pixels(np.array([0.0, 0.5])).astype(int)
    number, beside = picture[row - 4 : row + 5, 3:7], picture[row - 4 : row + 5, 60:64]
    assert beside.max(axis=-1).min() > 200
    assert np.median(number.max(axis=-1)) < 130


def test_the_legend_speaks_the_windows_language():
    ground, view = Ground(), Camera().view(400, 400)
    shot = shot_of(film_of(heat(bump(32, 0, 0))), 0.5, 100.0)
    english = pixels(ground.image(view, shot))
    translator.set_language("vi")
    assert np.abs(pixels(ground.image(view, shot)) - english)[:20, -100:].max() > 30


def test_a_map_can_be_chosen(qtbot):
    panel = FlowPanel("discrete")
    qtbot.addWidget(panel)
    panel.take(heat(bump(32, 0, 0)), 0.0)
    view = Camera().view(200, 200)
    pictures = []
    for name in ("Magma", "Viridis", "Magma"):
        entry(panel, name).trigger()
        pictures.append(pixels(panel.view.picture(view)))
    assert np.abs(pictures[1] - pictures[0]).max() > 60
    np.testing.assert_array_equal(pictures[2], pictures[0])


def test_a_frame_marks_where_the_density_ends():
    """Only while a density is shown, and where its square is, whatever the zoom."""
    camera = Camera()
    camera.zoom(2.0)
    view = camera.view(400, 400)
    film = film_of(heat(np.full((32, 32), 1e-9), lane="continuous"), lane="continuous")
    shown, hidden = (
        pixels(Ground().image(view, Shot(film, 1.0, (1.0,), 100.0, only(part))))
        for part in ("density", "outline")
    )
    below_legend = 60
    framed = np.abs(shown - hidden)[below_legend:].max(axis=-1) > 20
    rows, columns = np.nonzero(framed)
    rows += below_legend
    corner = view.pixels(np.array([[-4.0, 4.0], [4.0, -4.0]]))
    assert len(rows) > 200
    assert (columns.min(), rows.min()) == pytest.approx(tuple(corner[0]), abs=1.5)
    assert (columns.max(), rows.max()) == pytest.approx(tuple(corner[1]), abs=1.5)


def test_a_field_fades_out_where_it_ends():
    camera = Camera()
    camera.zoom(1.5)
    view = camera.view(600, 600)
    wind = field(np.broadcast_to([1.0, 0.0], (2, 25, 25, 2)))
    lines = field_lines(view, film_of(wind, lane="continuous").field(1.0, 100.0))
    light = lines.light[:, 1].reshape(25, 25)
    assert light[0, 12] < 0.25 * light[12, 12]
    assert light[12, -1] < 0.25 * light[12, 12]
    assert np.ptp(light[3:-3, 3:-3]) < 1e-6
    assert np.all(np.diff(light[12, :4]) > 0)


# --- lanes ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("lane", KINDS)
def test_every_lane_has_a_panel_with_its_own_figure(qtbot, lane):
    panel = FlowPanel(lane, Camera())
    qtbot.addWidget(panel)
    panel.resize(420, 560)
    panel.take(still(np.zeros((5, 2)), lane=lane), 0.0)
    panel.set_layers(2 if lane == "discrete" else 0)
    panel.show_moment(0.5, 0.0)
    panel.set_figures(0.5)
    assert panel.place
    assert panel.title
    figure = KINDS[lane].figure.name
    assert f"{figure} 0.500" in [label.text() for label in panel.findChildren(QLabel)]


def test_a_straight_line_is_called_one(qtbot):
    panel = FlowPanel("gan", Camera())
    qtbot.addWidget(panel)
    panel.show_moment(0.32, 0.0)
    assert panel.place == "straight line, 32 %"
    assert panel.measured == "w2"


def test_the_header_asks_for_all_the_room(qtbot):
    panel = FlowPanel("discrete", Camera())
    qtbot.addWidget(panel)
    panel.resize(420, 560)
    panel.show()
    head = panel._head
    with qtbot.waitSignal(panel.enlarged) as asked:
        QTest.mouseDClick(head, Qt.MouseButton.LeftButton)
    assert asked.args == [True]
    panel.set_large(True)
    with qtbot.waitSignal(panel.enlarged) as asked:
        QTest.mouseClick(head.findChild(QToolButton), Qt.MouseButton.LeftButton)
    assert asked.args == [False]


# --- a ground that is kept ------------------------------------------------------------------------


def shot_of(film, tau, now):
    return Shot(film, tau, (tau,), now, only("density"))


@pytest.mark.parametrize("side", [200, 1600])
def test_a_kept_ground_is_exact_once_the_clock_rests(side):
    film = film_of(
        heat(bump(32, -2, 0), index=0, frames=2), heat(bump(32, 2, 0), index=1, frames=2)
    )
    view = Camera().view(side, side)
    for late in (False, True):
        ground, now = Ground(late=late), 100.0
        for k in range(5):
            now += 1 / 60
            ground.image(view, shot_of(film, k / 10, now))
        while now < ground.exact_from:
            now += 1 / 60
            ground.image(view, shot_of(film, 0.5, now))
        shown = pixels(ground.image(view, shot_of(film, 0.5, now)))
        fresh = pixels(Ground().image(view, shot_of(film, 0.5, 500.0)))
        np.testing.assert_array_equal(shown, fresh)


@pytest.mark.parametrize(("side", "every"), [(200, 2), (1600, 3)])
def test_two_grounds_take_turns_and_large_ones_are_drawn_more_seldom(side, every):
    film = film_of(
        heat(bump(32, -2, 0), index=0, frames=2), heat(bump(32, 2, 0), index=1, frames=2)
    )
    view, grounds = Camera().view(side, side), (Ground(), Ground(late=True))
    drawn = [[], []]
    for k in range(13):
        for ground, frames in zip(grounds, drawn, strict=True):
            before = ground._drawn_at
            ground.image(view, shot_of(film, k / 13, 100 + k / 30))
            if ground._drawn_at != before:
                frames.append(k)
    first, late = drawn
    assert first == list(range(0, 13, every))
    assert not set(first[1:]) & set(late)
    assert np.all(np.diff(late[1:]) == every)


@pytest.mark.parametrize("size", [(360, 510), (1001, 1003)])
def test_a_ground_that_has_moved_on_is_as_one_drawn_at_once(size):
    """What is drawn over the backdrop is taken back wholly, and nothing of a density is cut."""
    film = film_of(
        heat(bump(32, -2, 1), index=0, frames=2), heat(bump(32, 2, -1), index=1, frames=2)
    )
    camera, kept, now = Camera(), Ground(), 100.0
    for zoom in (1.0, 0.2, 8.0):
        camera.zoom(zoom, (1.0, 0.5))
        view = camera.view(*size)
        for tau in (0.0, 0.4, 1.0):
            now += 1
            shown = pixels(kept.image(view, shot_of(film, tau, now)))
            np.testing.assert_array_equal(
                shown, pixels(Ground().image(view, shot_of(film, tau, now)))
            )


def test_a_ground_follows_what_arrives_and_is_not_drawn_anew_for_nothing():
    film = film_of(heat(bump(32, -2, 0)))
    view, ground = Camera().view(200, 200), Ground()
    before = pixels(ground.image(view, shot_of(film, 0.5, 100.0)))
    key = ground._drawn_at
    for k in range(1, 9):
        ground.image(view, shot_of(film, 0.5, 100.0 + k))
    assert ground._drawn_at == key
    film.transitions = False
    film.take(heat(bump(32, 2, 0)), 109.0)
    after = pixels(ground.image(view, shot_of(film, 0.5, 110.0)))
    assert np.abs(after - before).max() > 100


# --- less motion ----------------------------------------------------------------------------------


def test_less_motion_is_chosen_told_and_refused_for_nonsense(qtbot):
    with qtbot.waitSignal(motion.changed):
        motion.choose("less")
    assert motion.reduced
    motion.choose("full")
    assert not motion.reduced
    motion.choose("system")
    with pytest.raises(ValueError, match="'none'"):
        motion.choose("none")
