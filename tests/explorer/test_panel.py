from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, QRect, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel

from explorer.panels.camera import HOME_HALF_SPAN
from explorer.panels.film import Film
from explorer.panels.flow_panel import FlowPanel
from explorer.panels.shot import Shown
from explorer.theme import theme
from tests.explorer.film_messages import EXTENT, heat, particles, still
from tests.explorer.panel_probe import (
    LEFT,
    NO_KEYS,
    bright,
    chip,
    drag,
    middle,
    press,
    shown,
    turn_wheel,
)
from tests.explorer.screens import run_at_scale

# --- clicks and coordinates -----------------------------------------------------------------------


def test_a_click_gives_data_coordinates(qtbot, panel):
    panel.show_moment(1.0, 0.0)
    view = panel.view
    width, height = view.width(), view.height()
    scale = min(width, height) / (2 * HOME_HALF_SPAN)
    with qtbot.waitSignal(panel.point_picked) as picked:
        QTest.mouseClick(view, LEFT, NO_KEYS, QPoint(width // 2, height // 2))
    assert picked.args == pytest.approx([0, 0], abs=1 / scale)
    with qtbot.waitSignal(panel.point_picked) as picked:
        place = QPoint(round(width / 2 + 2 * scale), round(height / 2 - scale))
        QTest.mouseClick(view, LEFT, NO_KEYS, place)
    assert picked.args == pytest.approx([2, 1], abs=1 / scale)


@pytest.mark.parametrize("half_span", [0.1, 1.0, 20.0])
@pytest.mark.parametrize("centre", [(0, 0), (1.5, -2)])
def test_a_click_gives_data_coordinates_at_any_zoom(qtbot, camera, panel, half_span, centre):
    panel.show_moment(1.0, 0.0)
    camera.zoom(half_span / HOME_HALF_SPAN)
    camera.pan(*centre)
    width, height = panel.view.width(), panel.view.height()
    unit = min(width, height) / (2 * half_span)
    with qtbot.waitSignal(panel.point_picked) as picked:
        QTest.mouseClick(panel.view, LEFT, NO_KEYS, QPoint(30, 40))
    x = centre[0] + (30 - width / 2) / unit
    y = centre[1] - (40 - height / 2) / unit
    assert picked.args == pytest.approx([x, y], abs=1.0 / unit)


@pytest.mark.parametrize("ratio", [1.0, 1.25, 2.0, 3.0])
def test_pictures_and_clicks_agree_at_any_raster_of_the_screen(camera, ratio):
    camera.zoom(0.5, (1, 1))
    fine = camera.view(400, 300, ratio)
    coarse = camera.view(400, 300)
    point = np.array([0.7, 1.3])
    x, y = coarse.pixels(point).tolist()
    assert coarse.data(x, y) == pytest.approx(tuple(point), abs=1e-5)
    assert fine.pixels(point).tolist() == pytest.approx([x * ratio, y * ratio], abs=0.6)


def test_a_click_between_base_and_target_follows_the_particle(qtbot, panel):
    film = Film("discrete")
    film.take(particles([[[0, 0], [1, 1]], [[2, 2], [-3, 1]]]), 0.0)
    panel.set_film(film)
    panel.show_moment(0.5, 100.0)
    at = panel.view._camera.view(panel.view.width(), panel.view.height()).pixels(np.array([1, 1.0]))
    with qtbot.waitSignal(panel.point_picked) as picked:
        QTest.mouseClick(panel.view, LEFT, NO_KEYS, QPoint(*at.round().astype(int).tolist()))
    assert picked.args == pytest.approx([2, 2])


def test_only_a_click_without_a_drag_picks(qtbot, panel, camera):
    with qtbot.assertNotEmitted(panel.point_picked):
        drag(panel.view, (100, 100), (140, 90), (180, 120))
        QTest.mouseClick(panel.view, Qt.MouseButton.RightButton)
    assert (camera.x, camera.y) != (0, 0)


def test_hovering_tells_where(qtbot, panel):
    view = panel.view
    with qtbot.waitSignal(panel.hovered) as hovered:
        QTest.mouseMove(view, view.rect().center() + QPoint(10, 0))
        press(
            view, (20, 30), QEvent.Type.MouseMove, Qt.MouseButton.NoButton, Qt.MouseButton.NoButton
        )
    assert len(hovered.args) == 2
    with qtbot.waitSignal(panel.left):
        QApplication.sendEvent(view, QEvent(QEvent.Type.Leave))


# --- one camera for both --------------------------------------------------------------------------


def test_dragging_moves_the_plane_with_the_mouse(panel, camera):
    grabbed = panel.view.to_data(QPointF(100, 120))
    drag(panel.view, (100, 120), (130, 100), (160, 170))
    assert panel.view.to_data(QPointF(160, 170)) == pytest.approx(grabbed, abs=1e-9)


def test_the_wheel_zooms_about_the_mouse(panel, camera):
    before = panel.view.to_data(QPointF(90, 60))
    turn_wheel(panel.view, (90, 60), 3)
    assert camera.half_span < HOME_HALF_SPAN
    assert panel.view.to_data(QPointF(90, 60)) == pytest.approx(before, abs=1e-9)
    turn_wheel(panel.view, (90, 60), -3)
    assert camera.half_span == pytest.approx(HOME_HALF_SPAN)


def test_panels_of_one_camera_zoom_and_pan_together(qtbot, panel, camera):
    other = shown(qtbot, FlowPanel("continuous", camera))
    film = Film("continuous")
    film.take(still([[3.5, 0]], lane="continuous"), 0.0)
    other.set_film(film)
    other.set_shown(Shown(outline=False))
    assert bright(other.view) > 0
    drag(panel.view, (100, 120), (390, 120))
    QTest.mouseDClick(panel.view, LEFT)
    assert (camera.x, camera.y, camera.half_span) == (0, 0, HOME_HALF_SPAN)
    turn_wheel(panel.view, (10, 10), 5)
    assert other.view.to_data(middle(other.view)) == pytest.approx(
        panel.view.to_data(middle(panel.view)), abs=1e-9
    )
    assert bright(other.view) == 0


def test_the_keyboard_zooms_picks_and_comes_home(qtbot, panel, camera):
    view = panel.view
    panel.show_moment(1.0, 0.0)
    QTest.keyClick(view, Qt.Key.Key_Plus)
    closer = camera.half_span
    assert closer < HOME_HALF_SPAN
    QTest.keyClick(view, Qt.Key.Key_Minus)
    assert camera.half_span == pytest.approx(HOME_HALF_SPAN)
    QTest.keyClick(view, Qt.Key.Key_Plus)
    QTest.keyClick(view, Qt.Key.Key_0)
    assert camera.half_span == HOME_HALF_SPAN
    with qtbot.waitSignal(panel.point_picked) as picked:
        QTest.keyClick(view, Qt.Key.Key_Return)
    assert picked.args == pytest.approx([0, 0], abs=1e-9)


def test_the_keyboard_pans_to_a_point_which_is_told_marked_and_picked(qtbot, panel, camera):
    view = panel.view
    panel.show_moment(1.0, 0.0)
    view.clearFocus()
    bare = view.grab().toImage()
    with qtbot.waitSignal(panel.hovered) as told:
        view.setFocus(Qt.FocusReason.TabFocusReason)
    assert told.args == pytest.approx([0, 0], abs=1e-9)
    middle = view.rect().center()
    assert view.grab().toImage().pixelColor(middle) != bare.pixelColor(middle)
    shift = Qt.KeyboardModifier.ShiftModifier
    for key, times in ((Qt.Key.Key_Right, 3), (Qt.Key.Key_Up, 2), (Qt.Key.Key_Left, 1)):
        for _ in range(times):
            with qtbot.waitSignal(panel.hovered) as told:
                QTest.keyClick(view, key, shift)
    step = 0.1 * camera.half_span
    assert (camera.x, camera.y) == pytest.approx((2 * step, 2 * step))
    assert told.args == pytest.approx([2 * step, 2 * step])
    with qtbot.waitSignal(panel.point_picked) as picked:
        QTest.keyClick(view, Qt.Key.Key_Return)
    assert picked.args == pytest.approx([2 * step, 2 * step])
    QTest.keyClick(view, Qt.Key.Key_Down, shift)
    assert camera.y == pytest.approx(step)
    with qtbot.waitSignal(panel.left):
        view.clearFocus()
    QTest.keyClick(view, Qt.Key.Key_0)
    view.setFocus(Qt.FocusReason.TabFocusReason)
    QTest.mouseClick(view, Qt.MouseButton.LeftButton, pos=middle)
    assert view.grab().toImage().pixelColor(middle) == bare.pixelColor(middle)


def test_the_whole_picture_holds_the_target_wherever_it_lies(qtbot, panel, camera):
    camera.set_home((-7.0, 9.0, -7.0, 9.0))
    (left, bottom), (right, top) = corners(panel)
    assert left <= -7
    assert bottom <= -7
    assert right >= 9
    assert top >= 9
    camera.set_home((0.0, 1.0, 0.0, 1.0))  # a small target is seen beside its base
    assert (camera.x, camera.y, camera.half_span) == (0, 0, HOME_HALF_SPAN)
    camera.zoom(0.5)
    camera.set_home((-7.0, 9.0, -7.0, 9.0))
    assert camera.half_span == HOME_HALF_SPAN / 2  # whoever has zoomed stays there
    QTest.keyClick(panel.view, Qt.Key.Key_0)
    assert camera.half_span > 8


def corners(panel):
    view = panel.view
    lowest = view.to_data(QPointF(0, view.height()))
    return lowest, view.to_data(QPointF(view.width(), 0))


def test_the_camera_stays_within_reason(camera):
    for _ in range(200):
        camera.zoom(0.5)
    assert camera.half_span > 0
    for _ in range(400):
        camera.zoom(2.0)
        camera.pan(1e9, -1e9)
    assert np.isfinite([camera.x, camera.y, camera.half_span]).all()
    assert np.isfinite(camera.view(10, 10).scale)


# --- pictures -------------------------------------------------------------------------------------


def test_the_outline_shows_where_the_target_is(panel):
    side = np.linspace(-4, 4, 64)
    density = np.exp(-np.add.outer(side**2, side**2))
    panel.set_shown(Shown(density=False, points=False, grid=False, trails=False, field=False))
    assert bright(panel.view) == 0
    panel.set_target_outline(density, EXTENT)
    assert bright(panel.view) > 100
    panel.set_target_outline(None, EXTENT)
    assert bright(panel.view) == 0


def test_the_marker_comes_and_goes(panel):
    panel.set_marker((1, 1), (1, 0, 0, 1))
    assert bright(panel.view) > 20
    panel.set_marker(None)
    assert bright(panel.view) == 0


def test_the_picture_is_never_blank_across_generations_and_directions(qtbot, panel):
    film = panel.film
    rng = np.random.default_rng(0)
    cloud = rng.normal(size=(400, 2))
    panel.take(still(cloud), 0.0)
    panel.take(heat(np.ones((8, 8))), 0.0)
    panel.show_moment(0.5, 100.0)
    lit = bright(panel.view)
    assert lit > 200
    film.want(generation=1, direction="normalize")
    now = 100.0
    for first in (0, 100, 200, 300):
        for _ in range(5):
            panel.show_moment(0.5, now)
            assert bright(panel.view) > lit / 2
            now += 0.05
        part = still(
            cloud[first : first + 100] + 0.5, frames=4,
            first=first, total=400, generation=1, direction="normalize",
        )  # fmt: skip
        assert panel.take(part, now)
        panel.show_moment(0.5, now)
        assert bright(panel.view) > lit / 2
    assert panel.moving_until() > now


@pytest.mark.parametrize("size", [(1, 1), (60, 60), (160, 90), (90, 700), (1600, 200)])
def test_any_size_is_drawn(qtbot, camera, size):
    panel = FlowPanel("continuous", camera)
    qtbot.addWidget(panel)
    panel.take(still(np.zeros((5, 2)), lane="continuous"), 0.0)
    panel.take(heat(np.ones((4, 4)), lane="continuous"), 0.0)
    panel.set_message("The engine is starting …")
    panel.resize(*size)
    assert not panel.grab().isNull()
    panel.view.resize(*size)
    assert not panel.view.grab().isNull()


_BETWEEN_PIXELS = """
from PySide6.QtCore import QPoint
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QApplication, QWidget
from explorer.panels.camera import Camera
from explorer.panels.flow_view import FlowView

app = QApplication([])
window = QWidget()
view = FlowView("discrete", Camera())
view.setParent(window)
window.show()
window.resize(300, 300)
for place in range(4):
    for size in range(200, 204):
        view.setGeometry(place, place, size, size)
        ratio = window.devicePixelRatioF()
        picture = QImage(window.size() * ratio, QImage.Format.Format_RGB32)
        picture.setDevicePixelRatio(ratio)
        former = QColor("magenta")
        picture.fill(former)
        window.render(picture, QPoint(0, 0))
        for x in range(picture.width()):
            pixels = picture.pixelColor(x, 150), picture.pixelColor(150, x)
            assert former not in pixels, (place, size, x)
"""


@pytest.mark.parametrize("scale", ["1.25", "1.5", "1.75", "2.5"])
def test_a_picture_reaches_the_edges_of_its_panel_at_every_scale(scale):
    run_at_scale(_BETWEEN_PIXELS, scale)


def test_narrow_panels_set_their_switches_below_the_figure(qtbot, panel):
    panel.set_figures(0.021)
    figure = next(label for label in panel.findChildren(QLabel) if "KL" in label.text())
    panel.resize(900, 500)

    def place(name):
        button = chip(panel, name)
        return QRect(button.mapTo(panel, QPoint()), button.size())

    qtbot.waitUntil(lambda: place("density").left() > figure.geometry().right())
    assert place("density").top() < figure.geometry().bottom()
    panel.resize(260, 500)
    qtbot.waitUntil(lambda: place("density").left() == 0)
    assert place("density").top() >= figure.geometry().bottom()
    assert all(panel.rect().contains(place(name)) for name in ("density", "grid", "target"))


def test_another_theme_shows_at_once(panel):
    before = panel.view.grab().toImage()
    theme.set_theme("light")
    assert panel.view.grab().toImage() != before
