from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtGui import QImage, QPainter

from explorer.panels.backdrop import draw_numbers
from explorer.panels.camera import Camera
from explorer.panels.clock import FrameClock
from explorer.panels.film import Film
from explorer.panels.fineness import BUDGET, Fineness
from explorer.panels.flow_view import FlowView
from explorer.panels.rasterizer import Rasterizer
from explorer.panels.shot import Marker, Shot, Shown
from tests.explorer.film_messages import heat, particles
from tests.explorer.test_rasterizer import pixels

LARGE = Camera().view(1600, 1600)
SMALL = Camera().view(400, 400)


def feed(fineness, view, seconds, pictures):
    """Whether the last of some moving pictures that all take so long is coarse."""
    for k in range(pictures):
        coarse = fineness.wants_coarse(view, (seconds, k))
        fineness.took(seconds, coarse=coarse)
    return coarse


@pytest.fixture
def film(qapp):
    """A bump and a cloud that go from the left to the right."""
    film, rng = Film("discrete"), np.random.default_rng(0)
    cloud = rng.normal(size=(2, 3000, 2)) * 0.5
    cloud[:, :, 0] += np.array([-2, 2])[:, None]
    cells = np.linspace(-4, 4, 32)
    for index, x in enumerate((-2, 2)):
        bump = np.exp(-((cells[None] - x) ** 2) - cells[:, None] ** 2)
        assert film.take(heat(bump, index=index, frames=2), 0.0)
    assert film.take(particles(cloud), 0.0)
    return film


def painted(rasterizer, how, view, shot):
    image = QImage(view.width, view.height, QImage.Format.Format_RGB32)
    painter = QPainter(image)
    getattr(rasterizer, how)(painter, view, shot)
    painter.end()
    return pixels(image)


def test_a_slow_large_picture_that_moves_is_coarse_and_a_resting_one_never():
    fineness = Fineness()
    assert feed(fineness, LARGE, 2 * BUDGET, 20)
    assert not fineness.wants_coarse(LARGE, (2 * BUDGET, 19))
    assert fineness.wants_coarse(LARGE, "moved on")


def test_one_slow_picture_changes_nothing():
    fineness = Fineness()
    assert not feed(fineness, LARGE, 0.5 * BUDGET, 20)
    assert not feed(fineness, LARGE, 9 * BUDGET, 1)
    assert not feed(fineness, LARGE, 0.5 * BUDGET, 20)


@pytest.mark.parametrize(("share", "coarse"), [(0.7, True), (0.2, False)])
def test_it_becomes_fine_again_only_where_there_is_time_for_it(share, coarse):
    """A coarse picture takes about half as long: without a gap it would go to and fro."""
    fineness = Fineness()
    assert feed(fineness, LARGE, 2 * BUDGET, 20)
    assert feed(fineness, LARGE, share * BUDGET, 20) is coarse


def test_a_small_picture_is_fine_however_slow():
    assert not feed(Fineness(), SMALL, 9 * BUDGET, 20)


@pytest.mark.parametrize("size", [(800, 800), (801, 803)])
@pytest.mark.parametrize("ratio", [1.0, 2.0])
def test_half_the_pixels_show_the_same_part_of_the_plane(size, ratio):
    camera = Camera()
    camera.zoom(0.7, (1.0, 2.0))
    view = camera.view(*size, ratio)
    points = np.random.default_rng(0).uniform(-4, 4, (50, 2))
    np.testing.assert_allclose(2 * view.halved.pixels(points), view.pixels(points), atol=1e-3)
    assert 0 <= 2 * view.halved.width - view.width <= 1
    assert 0 <= 2 * view.halved.height - view.height <= 1


@pytest.mark.parametrize("ratio", [1.0, 2.0])
def test_a_coarse_picture_looks_as_a_fine_one_does(film, ratio):
    view = Camera().view(801 / ratio, 803 / ratio, ratio)
    shot = Shot(film, 0.5, (0.4, 0.5), 100.0, Shown(), Marker((1.0, 1.0)))
    fine = painted(Rasterizer(), "paint", view, shot)
    coarse = painted(Rasterizer(), "paint_coarsely", view, shot)
    blocks = [
        picture[:800, :800].reshape(100, 8, 100, 8, 3).mean(axis=(1, 3))
        for picture in (fine, coarse)
    ]
    assert np.abs(blocks[0] - blocks[1]).mean() < 3
    assert np.corrcoef(blocks[0].ravel(), blocks[1].ravel())[0, 1] > 0.98


def test_the_words_of_a_coarse_picture_are_sharp(qapp):
    view = Camera().view(800, 800, 2.0)
    shot = Shot(Film("discrete"), 0.5, (0.5,), 100.0)
    fine, coarse = (painted(Rasterizer(), how, view, shot) for how in ("paint", "paint_coarsely"))
    canvas = QImage(view.width, view.height, QImage.Format.Format_RGB32)
    painter = QPainter(canvas)
    words = draw_numbers(painter, view)
    painter.end()
    assert words.rectCount() > 8
    for place in words:
        part = np.s_[place.top() : place.bottom() + 1, place.left() : place.right() + 1]
        assert np.abs(fine[part] - coarse[part]).mean() < 4


def test_a_view_that_is_slow_moves_coarsely_and_becomes_sharp_when_it_rests(qtbot, film):
    view, clock = FlowView("discrete", Camera()), FrameClock()
    qtbot.addWidget(view)
    view.film = film
    view.resize(1600, 1600)
    with qtbot.waitExposed(view):
        view.show()

    def coarse():
        """Pairs of rows are the same where a pixel is two high; the words of the axes aside."""
        picture = pixels(view.grab().toImage())[200:1400, 200:1400]
        return bool((picture[0::2] == picture[1::2]).all())

    view.fineness.budget = 0.0
    for k in range(30):
        view.show_moment(k / 60, clock.now())
        view.repaint()
    view.show_moment(0.51, clock.now())
    assert coarse()
    qtbot.waitUntil(lambda: not coarse(), timeout=5000)
