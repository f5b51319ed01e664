from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QObject, QPoint, QPointF, QRect, Qt
from PySide6.QtGui import QImage, QMouseEvent, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QPushButton

from explorer.i18n import translator
from explorer.panels.camera import HOME_HALF_SPAN, Camera
from explorer.panels.film import Film
from explorer.panels.flow_panel import FlowPanel
from explorer.panels.head_line import HeadLine
from explorer.panels.pace import acting_layer, trail_moments, with_rests
from explorer.panels.rasterizer import Shown
from explorer.theme import theme
from tests.explorer.film_messages import EXTENT, heat, particles, still
from tests.explorer.screens import run_at_scale

LEFT, NO_KEYS = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier


@pytest.fixture
def camera(qapp):
    return Camera()


@pytest.fixture
def panel(qtbot, camera):
    return shown(qtbot, FlowPanel("discrete", camera))


def shown(qtbot, panel, size=(420, 560)):
    qtbot.addWidget(panel)
    panel.resize(*size)
    panel.show()
    qtbot.waitExposed(panel)
    return panel


def texts(panel):
    return [label.text() for label in panel.findChildren(QLabel) if label.isVisibleTo(panel)]


def chip(panel, text):
    return next(b for b in panel.findChildren(QPushButton) if b.text() == text)


def press(view, position, kind=QEvent.Type.MouseButtonPress, button=LEFT, buttons=LEFT):
    """Mouse events at positions between pixels, which QTest cannot make."""
    at = QPointF(*position)
    event = QMouseEvent(kind, at, view.mapToGlobal(at), button, buttons, NO_KEYS)
    QApplication.sendEvent(view, event)


def drag(view, start, *stops):
    press(view, start)
    for stop in stops:
        press(view, stop, QEvent.Type.MouseMove, Qt.MouseButton.NoButton)
    press(view, stops[-1], QEvent.Type.MouseButtonRelease, LEFT, Qt.MouseButton.NoButton)


def turn_wheel(view, position, notches):
    at = QPointF(*position)
    event = QWheelEvent(
        at, view.mapToGlobal(at), QPoint(), QPoint(0, round(120 * notches)),
        Qt.MouseButton.NoButton, NO_KEYS, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(view, event)


def middle(view):
    return QPointF(view.width() / 2, view.height() / 2)


def bright(widget):
    """How many pixels of a grab are bright: the empty plane is near black."""
    image = widget.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    words = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), -1)
    return int(
        np.count_nonzero(words[:, : 4 * image.width()].reshape(-1, 4)[:, :3].max(axis=1) > 150)
    )


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


# --- what it says ---------------------------------------------------------------------------------


def test_the_discrete_panel_says_which_layer_acts(panel):
    panel.set_layers(4, ["Swap", "Linear", "Spline", "Planar"])
    said, acting = [], []
    panel.layer_changed.connect(acting.append)
    for tau in (0.0, 0.125, 0.25, 0.6, 1.0):
        panel.set_clock(tau)
        said.append(panel.place)
    assert said == [
        "base",
        "layer 1 of 4 · Swap",
        "after layer 1 of 4",
        "layer 3 of 4 · Spline",
        "after layer 4 of 4",
    ]
    assert acting == [0, -1, 2, -1]


def test_a_title_for_every_layer_or_none(panel):
    with pytest.raises(ValueError, match="4 layers, got 1"):
        panel.set_layers(4, ["Swap"])


def test_the_continuous_panel_says_t(qtbot, camera):
    panel = shown(qtbot, FlowPanel("continuous", camera))
    panel.set_clock(0.656)
    assert panel.place == "t = 0.66"


def test_figures_have_digits_units_and_a_dash_for_none(panel):
    panel.set_figures(0.02134, "in 0.8 s")
    assert {"KL 0.0213", "nats", "in 0.8 s"} <= set(texts(panel))
    panel.set_figures(None)
    assert "KL –" in texts(panel)
    panel.set_figures(float("nan"))
    assert "KL –" in texts(panel)


def test_a_bound_that_is_not_known_yet_is_a_dash_alone(qtbot, camera):
    panel = shown(qtbot, FlowPanel("vae", camera))
    assert "KL –" in texts(panel)
    panel.set_figures(2.75)
    assert "KL ≤ 2.75" in texts(panel)


def test_a_sentence_lies_over_the_picture_while_it_is_needed(panel):
    sentence = "The stack is empty: drag a layer into it"
    panel.set_message(sentence)
    label = next(label for label in panel.findChildren(QLabel) if label.text() == sentence)
    assert label.isVisible()
    assert panel.view.rect().contains(label.geometry())
    panel.set_message("")
    assert not label.isVisible()


@pytest.mark.parametrize("size", [(260, 330), (420, 330), (900, 700)])
def test_sentences_over_the_picture_are_never_cut(qtbot, camera, size):
    panel = FlowPanel("gan", camera)
    qtbot.addWidget(panel)
    panel.resize(*size)
    panel.show()
    places = []
    for message, label in (("The engine is starting …", panel._message), ("", panel._caption)):
        panel.set_message(message)
        assert label.isVisible()
        assert label.text()
        assert panel.view.rect().contains(label.geometry())
        assert label.height() >= label.heightForWidth(label.width())
        places.append(label.geometry())
    middle, low = places
    assert abs(middle.center().y() - panel.view.rect().center().y()) <= 1
    assert low.bottom() == panel.view.rect().bottom()


def test_one_sentence_at_a_time_lies_over_a_picture(qtbot, camera):
    panel = shown(qtbot, FlowPanel("gan", camera), size=(240, 200))
    panel.set_message("The engine is starting …")
    assert (panel._message.isVisible(), panel._caption.isVisible()) == (True, False)
    translator.set_language("vi")
    assert not panel._caption.isVisible()
    panel.set_message("")
    assert (panel._message.isVisible(), panel._caption.isVisible()) == (False, True)


def test_a_low_panel_keeps_its_switches_in_the_menu(qtbot, camera):
    panel = shown(qtbot, FlowPanel("continuous", camera), size=(260, 420))
    panel.set_hindrance("trails", "None here")
    high = panel.height() - panel.view.height()
    panel.resize(260, 220)
    assert not any(chip(panel, name).isVisible() for name in ("density", "points", "target"))
    qtbot.waitUntil(lambda: high - (panel.height() - panel.view.height()) >= 20)
    entries = {entry.text(): entry for entry in panel._chips._menu.actions() if entry.isVisible()}
    assert entries["field"].isChecked()
    assert not entries["trails"].isEnabled()
    entries["field"].trigger()
    assert not panel.shown.field
    panel.resize(260, 420)
    assert chip(panel, "field").isVisible()
    assert not chip(panel, "field").isChecked()
    assert "field" not in [
        entry.text() for entry in panel._chips._menu.actions() if entry.isVisible()
    ]


def test_the_switches_hide_and_show_and_tell(qtbot, panel):
    film = Film("discrete")
    film.take(still(np.random.default_rng(0).normal(size=(500, 2))), 0.0)
    panel.set_film(film)
    lit = bright(panel.view)
    with qtbot.waitSignal(panel.options_changed) as changed:
        QTest.mouseClick(chip(panel, "points"), LEFT)
    assert changed.args[0] == panel.shown
    assert not panel.shown.points
    assert bright(panel.view) < lit / 10
    QTest.keyClick(chip(panel, "points"), Qt.Key.Key_Space)
    assert bright(panel.view) == lit


def test_switching_from_outside_presses_the_buttons_once(qtbot, panel):
    told = []
    panel.options_changed.connect(told.append)
    wanted = Shown(density=False, grid=False, field=False)
    panel.set_shown(wanted)
    panel.set_shown(wanted)
    assert told == [wanted]
    assert [chip(panel, name).isChecked() for name in ("density", "points", "grid", "trails")] == [
        False, True, False, True,
    ]  # fmt: skip


def test_every_control_has_a_name_and_a_tooltip(qtbot, panel):
    for button in panel.findChildren(QPushButton):
        assert button.accessibleName() == (button.text() or button.toolTip())
        assert button.toolTip()
        assert button.focusPolicy() & Qt.FocusPolicy.TabFocus
    assert panel.view.accessibleName()
    assert panel.view.focusPolicy() & Qt.FocusPolicy.TabFocus


def test_the_panel_speaks_the_windows_language(panel):
    panel.set_title("Continuous")
    panel.set_layers(3)
    english = [panel.title, panel.place, chip(panel, "points").toolTip(), *texts(panel)]
    translator.set_language("vi")
    vietnamese = [panel.title, panel.place, *texts(panel)]
    assert vietnamese != english[:2] + english[3:]
    translator.set_language("en")
    again = [panel.title, panel.place, chip(panel, "points").toolTip(), *texts(panel)]
    assert again == english


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


@pytest.mark.parametrize("scale", ["1.25", "1.5", "1.75"])
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


# --- pace -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("layers", [1, 3, 8])
def test_the_discrete_lane_rests_at_every_layers_end(layers):
    taus = np.linspace(0, 1, 4001)
    shown_at = np.array([with_rests(float(tau), layers) for tau in taus])
    assert (np.diff(shown_at) >= -1e-12).all()
    for k in range(layers + 1):
        assert with_rests(k / layers, layers) == pytest.approx(k / layers)
        beside = min(max(k / layers + 0.05 / layers, 0), 1)
        assert with_rests(beside, layers) == pytest.approx(min(k, layers) / layers)
    assert np.mean(np.diff(shown_at) == 0) > 0.15


def test_without_layers_the_clock_runs_evenly():
    assert [with_rests(tau, 0) for tau in (0.0, 0.3, 1.0)] == [0.0, 0.3, 1.0]


@pytest.mark.parametrize(("tau", "layer"), [(0, None), (0.1, 0), (0.25, None), (0.9, 3), (1, None)])
def test_the_acting_layer(tau, layer):
    assert acting_layer(tau, 4) == layer


def test_trails_lag_behind_in_either_direction():
    assert trail_moments(0.5, back=0.2, corners=3) == pytest.approx([0.3, 0.4, 0.5])
    assert trail_moments(0.5, back=-0.2, corners=3) == pytest.approx([0.7, 0.6, 0.5])
    assert trail_moments(0.0, back=0.2, corners=3) == [0.0]
    assert trail_moments(1.0, back=-0.2, corners=3) == [1.0]


# --- the line over the picture --------------------------------------------------------------------


def test_the_place_never_lays_the_window_out_anew(qtbot, panel):
    panel.set_layers(8, ["A layer with a name"] * 8)
    requests = []

    class Watch(QObject):
        def eventFilter(self, watched, event):  # noqa: N802
            if event.type() == QEvent.Type.LayoutRequest:
                requests.append(watched)
            return False

    watch = Watch()
    qtbot.waitUntil(lambda: panel.view.width() > 0)
    QApplication.processEvents()
    panel.installEventFilter(watch)
    for tau in np.linspace(0, 1, 40):
        panel.show_moment(float(tau), 0.0)
        QApplication.processEvents()
    assert requests == []


def test_a_narrow_panel_shortens_its_title_before_the_place(qtbot):
    head = HeadLine("discrete", "after layer 8 of 8")
    qtbot.addWidget(head)
    head.set_title("A title of quite some length")
    head.set_place("layer 3 of 8 · Spline coupling", "layer 3 of 8")
    head.resize(600, 20)
    head.show()
    wide = head.grab()
    head.resize(180, 20)
    assert head.grab().toImage() != wide.toImage().copy(0, 0, 180, 20)
    assert (head.title, head.place) == (
        "A title of quite some length",
        "layer 3 of 8 · Spline coupling",
    )
    assert head.minimumSizeHint().width() < 180


def test_a_narrow_panel_names_its_lane_whole(qtbot):
    head = HeadLine("discrete", "layer 4 of 5")
    qtbot.addWidget(head)
    head.set_title("Discrete · layer by layer")
    head.resize(420, 24)
    head.show()
    assert head._title.shown == "Discrete · layer by layer"
    head.resize(250, 24)
    qtbot.waitUntil(lambda: head._title.shown == "Discrete")
    assert head.title == "Discrete · layer by layer"
