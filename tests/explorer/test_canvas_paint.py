"""What the canvas paints, and how much of it anew."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QObject, QPoint, QRect
from PySide6.QtGui import QPaintEvent, QRegion
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from explorer.target.brush import Brush
from explorer.target.canvas import TargetCanvas
from explorer.theme import theme
from explorer.words.languages import translator
from tests.explorer.canvas_probe import LEFT, NO_KEY, SQUARE, drag, move, pixel, value
from tests.explorer.screens import run_at_scale


class PaintLog(QObject):
    """Collects the regions that a widget paints."""

    def __init__(self, widget):
        super().__init__(widget)
        self.regions = []
        widget.installEventFilter(self)

    def eventFilter(self, watched, event):  # noqa: N802 Qt's own name
        if isinstance(event, QPaintEvent):
            self.regions.append(QRegion(event.region()))
        return super().eventFilter(watched, event)


@pytest.fixture
def painted(canvas, qtbot):
    """What the canvas paints from now on because of `act`, as one region."""

    def painted_by(act):
        canvas.repaint()
        log = PaintLog(canvas)
        act()
        qtbot.waitUntil(lambda: log.regions != [])
        canvas.removeEventFilter(log)
        whole = QRegion()
        for region in log.regions:
            whole = whole.united(region)
        return whole

    return painted_by


def brightness(canvas, x, y):
    return canvas.grab().toImage().pixelColor(pixel(canvas, x, y)).lightness()


@pytest.mark.parametrize("size", [10, 60])
def test_a_stroke_shows_and_repaints_only_its_surroundings(canvas, painted, size):
    canvas.set_brush(Brush(size))
    drag(canvas, (-2.0, 1.0), release=False)
    region = painted(lambda: move(canvas, -1.7, 1.0))
    assert region.contains(pixel(canvas, -1.85, 1.0))
    around = region.boundingRect()
    assert around.width() <= size + 10 + 16  # the brush, its way, the rim of its footprint
    assert around.height() <= size + 16
    assert brightness(canvas, -1.85, 1.0) > 150
    QTest.mouseRelease(canvas, LEFT, NO_KEY, pixel(canvas, -1.7, 1.0))


def test_mirrored_strokes_do_not_repaint_what_lies_between(canvas, painted):
    canvas.set_brush(Brush(10, symmetry=2))
    drag(canvas, (-3.0, 1.0), release=False)
    region = painted(lambda: move(canvas, -2.9, 1.0))
    assert region.contains(pixel(canvas, 2.9, 1.0))
    assert not region.contains(pixel(canvas, 0.0, 1.0))
    QTest.mouseRelease(canvas, LEFT, NO_KEY, pixel(canvas, -2.9, 1.0))


def test_what_is_painted_bit_by_bit_is_what_a_full_repaint_shows(canvas, qtbot):
    drag(canvas, (-2.0, -1.0), (0.3, 1.7), (2.0, -1.5))
    QApplication.sendEvent(canvas, QEvent(QEvent.Type.Leave))
    in_steps = canvas.grab().toImage()
    fresh = TargetCanvas()
    qtbot.addWidget(fresh)
    fresh.resize(canvas.size())
    fresh.set_density(canvas.density(), SQUARE, clears=False)
    at_once = fresh.grab().toImage()
    inside = QRect(2, 2, 254, 254)
    assert in_steps.copy(inside) == at_once.copy(inside)


def test_the_canvas_is_square_in_data_units(canvas):
    canvas.set_density(np.ones((32, 64)), (0.0, 4.0, 0.0, 2.0), clears=True)
    assert value(canvas, 2.0, 1.0) == 1.0
    corner, opposite = pixel(canvas, 0.0, 0.0), pixel(canvas, 4.0, 2.0)
    assert opposite.x() - corner.x() == pytest.approx(2 * (corner.y() - opposite.y()), abs=1)
    assert brightness(canvas, 2.0, 1.0) > 150
    assert brightness(canvas, 2.0, 2.5) < 40


def test_an_empty_canvas_invites_and_a_stroke_takes_the_words_away(canvas):
    def words():
        image = canvas.grab(QRect(60, 110, 138, 38)).toImage()
        return len({image.pixel(x, y) for x in range(138) for y in range(38)}) > 4

    assert words()
    drag(canvas, (-3.0, 3.0), (-2.8, 3.0))
    QApplication.sendEvent(canvas, QEvent(QEvent.Type.Leave))
    assert not words()


@pytest.mark.parametrize("side", [140, 258])
@pytest.mark.parametrize("language", ["en", "vi"])
def test_the_invitation_to_draw_over_an_example_stays_within_the_canvas(canvas, side, language):
    translator.set_language(language)
    canvas.resize(side, side)
    canvas.set_density(np.eye(256, dtype=np.float32), SQUARE, clears=True)
    canvas.invite(True)
    asked = canvas.grab().toImage()
    canvas.invite(False)
    bare = canvas.grab().toImage()
    changed = [
        (x, y) for x in range(side) for y in range(side) if asked.pixel(x, y) != bare.pixel(x, y)
    ]
    xs, ys = zip(*changed, strict=True)
    assert 4 <= min(xs) < max(xs) < side - 4
    assert max(ys) < side - 4


def test_the_footprint_is_as_large_as_what_it_paints(canvas):
    canvas.set_brush(Brush(100, softness=0.0))
    QTest.mouseMove(canvas, pixel(canvas, 0.0, 0.0))
    row = canvas.grab().toImage()  # above the words in the middle, on the rim's widest part
    bright = [x for x in range(2, 256) if row.pixelColor(x, 129 - 12).lightness() > 120]
    half = (50**2 - 12**2) ** 0.5
    assert bright[0] == pytest.approx(129 - half, abs=2)
    assert bright[-1] == pytest.approx(129 + half, abs=2)


def test_the_grounds_stay_dark_in_both_themes(canvas):
    drag(canvas, (-1.0, 0.0), (1.0, 0.0))
    for name in ("light", "dark"):
        theme.set_theme(name)
        assert brightness(canvas, 2.0, 2.0) < 40
        assert brightness(canvas, 0.0, 0.0) > 150


def test_it_says_what_it_is_in_the_language_of_the_window(canvas):
    assert canvas.accessibleName() == "Target canvas"
    assert "Space" in canvas.accessibleDescription()
    translator.set_language("vi")
    assert canvas.accessibleName()


_ON_A_DENSE_SCREEN = """
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from explorer.target.brush import Brush
from explorer.target.canvas import TargetCanvas

app = QApplication([])
canvas = TargetCanvas()
canvas.resize(258, 258)
canvas.set_brush(Brush(3, softness=0.0))
canvas.show()
QTest.mouseClick(canvas, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, QPoint(65, 65))
assert canvas.density()[192, 64] > 0.5, canvas.density().nonzero()
picture = canvas.grab().toImage()
assert picture.devicePixelRatio() == 2.0 and picture.width() == 516
assert picture.pixelColor(131, 131).lightness() > 120
rim = [x for x in range(516) if picture.pixelColor(x, 131 - 1).lightness() > 120]
assert len(rim) < 24, rim
"""


_ON_A_FRACTIONAL_SCREEN = """
from PySide6.QtWidgets import QApplication, QWidget
from explorer.target.canvas import TargetCanvas
from explorer.theme import theme

app = QApplication([])
window = QWidget()
canvas = TargetCanvas(window)
for top in range(4):
    for size in range(240, 244):
        canvas.setGeometry(7, top, size, size)
        window.resize(300, 300)
        window.show()
        picture = window.grab().toImage()
        centre = canvas.geometry().center() * picture.devicePixelRatio()
        border = theme.color("control").rgb()
        across = [picture.pixel(x, centre.y()) == border for x in range(picture.width())]
        down = [picture.pixel(centre.x(), y) == border for y in range(picture.height())]
        assert (sum(across), sum(down)) == (2, 2), (top, size, sum(across), sum(down))
"""


def test_on_a_dense_screen_the_mouse_and_the_picture_agree():
    run_at_scale(_ON_A_DENSE_SCREEN, "2")


@pytest.mark.parametrize("scale", ["1", "1.25", "1.5", "1.75"])
def test_the_frame_has_four_sides_of_one_pixel_at_every_scale(scale):
    run_at_scale(_ON_A_FRACTIONAL_SCREEN, scale)


def test_the_frame_tells_where_the_keyboard_is(canvas):
    def frame():
        return canvas.grab().toImage().pixelColor(QPoint(0, 100))

    canvas.setFocus()
    assert frame() == theme.color("text")
    canvas.clearFocus()
    assert frame() == theme.color("control")
