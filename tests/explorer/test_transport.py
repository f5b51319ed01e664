from __future__ import annotations

import itertools

import pytest
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtGui import QHelpEvent, QKeyEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QComboBox,
    QLineEdit,
    QToolButton,
    QToolTip,
    QVBoxLayout,
    QWidget,
)

from explorer.panels.scrub_bar import ScrubBar
from explorer.panels.transport import Transport
from explorer.theme import theme
from explorer.words.languages import translator

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def transport(qtbot, clock):
    transport = Transport(clock)
    qtbot.addWidget(transport)
    transport.resize(600, 110)
    transport.show()
    qtbot.waitExposed(transport)
    return transport


def button(transport, start):
    return next(
        b for b in transport.findChildren(QAbstractButton) if b.accessibleName().startswith(start)
    )


def test_the_play_button_plays_and_pauses(qtbot, transport, clock):
    with qtbot.waitSignal(clock.playing_changed) as changed:
        QTest.mouseClick(button(transport, "Play"), LEFT)
    assert changed.args == [True]
    assert clock.playing
    QTest.mouseClick(button(transport, "Pause"), LEFT)
    assert not clock.playing


def test_steps_go_from_mark_to_mark(transport, clock):
    transport.set_layers(4)
    clock.seek(0.3)
    forward, back = button(transport, "On to"), button(transport, "Back to")
    seen = []
    for step in (forward, forward, forward, forward, back, back):
        QTest.mouseClick(step, LEFT)
        seen.append(clock.tau)
    assert seen == [0.5, 0.75, 1.0, 1.0, 0.75, 0.5]


def test_the_ends(transport, clock):
    clock.play()
    QTest.mouseClick(button(transport, "To the target"), LEFT)
    assert clock.tau == 1
    assert not clock.playing
    QTest.mouseClick(button(transport, "To the base"), LEFT)
    assert clock.tau == 0


def test_the_direction_is_a_choice_of_two(qtbot, transport, clock):
    generate, normalize = button(transport, "generate"), button(transport, "normalize")
    assert generate.isChecked()
    with qtbot.waitSignal(clock.direction_changed) as changed:
        QTest.mouseClick(normalize, LEFT)
    assert changed.args == ["normalize"]
    assert clock.direction == "normalize"
    assert not generate.isChecked()
    with qtbot.assertNotEmitted(clock.direction_changed):
        QTest.mouseClick(normalize, LEFT)
    clock.set_direction("generate")
    assert generate.isChecked()


def test_speeds_are_chosen_by_keyboard(transport, clock):
    box = transport.findChild(QComboBox)
    QTest.keyClick(box, Qt.Key.Key_Down)
    assert clock.speed == 2
    clock.set_speed(0.25)
    assert box.currentText() == "0.25×"


def test_dragging_the_line_scrubs(transport, clock):
    bar = transport.findChild(ScrubBar)
    told = []
    clock.tau_changed.connect(told.append)
    QTest.mousePress(bar, LEFT, pos=QPoint(bar.width() // 2, 10))
    assert clock.tau == pytest.approx(0.5, abs=0.01)
    QTest.mouseMove(bar, QPoint(bar.width() - 2, 10))
    QTest.mouseRelease(bar, LEFT, pos=QPoint(bar.width() - 2, 10))
    QTest.mousePress(bar, LEFT, pos=QPoint(1, 10))
    QTest.mouseRelease(bar, LEFT, pos=QPoint(1, 10))
    assert clock.tau == 0
    assert told[0] == pytest.approx(0.5, abs=0.01)
    assert told[-1] == 0


def test_the_line_follows_the_clock_without_answering(qtbot, transport, clock):
    bar = transport.findChild(ScrubBar)
    with qtbot.assertNotEmitted(bar.scrubbed):
        clock.seek(0.25)
    assert bar.value() == pytest.approx(0.25 * bar.maximum())


def test_the_line_scrubs_by_page_keys(transport, clock):
    transport.set_layers(8)
    bar = transport.findChild(ScrubBar)
    QTest.keyClick(bar, Qt.Key.Key_PageUp)
    assert clock.tau == pytest.approx(0.125)


@pytest.mark.parametrize(
    ("key", "tau"),
    [
        (Qt.Key.Key_Right, 0.75),
        (Qt.Key.Key_Left, 0.25),
        (Qt.Key.Key_Home, 0.0),
        (Qt.Key.Key_End, 1.0),
    ],
)
@pytest.mark.parametrize("focus", ["transport", "line", "panel"])
def test_keys_step(qtbot, transport, clock, key, tau, focus):
    transport.set_layers(4)
    panel = QWidget()
    qtbot.addWidget(panel)
    transport.listen_to(panel)
    widget = {"transport": transport, "line": transport.findChild(ScrubBar), "panel": panel}[focus]
    clock.seek(0.5)
    QTest.keyClick(widget, key)
    assert clock.tau == tau


@pytest.mark.parametrize(("key", "tau"), [(Qt.Key.Key_PageDown, 0.75), (Qt.Key.Key_PageUp, 0.25)])
def test_a_presenter_s_remote_steps(qtbot, transport, clock, key, tau):
    transport.set_layers(4)
    panel = QWidget()
    qtbot.addWidget(panel)
    transport.listen_to(panel)
    clock.seek(0.5)
    QTest.keyClick(panel, key)
    assert clock.tau == tau


def test_space_plays_but_not_from_a_text_field(qtbot, clock):
    window = QWidget()
    qtbot.addWidget(window)
    layout, field, transport = QVBoxLayout(window), QLineEdit(), Transport(clock)
    layout.addWidget(field)
    layout.addWidget(transport)
    window.show()
    qtbot.waitExposed(window)
    field.setFocus()
    QTest.keyClick(field, Qt.Key.Key_Space)
    assert field.text() == " "
    assert not clock.playing
    QTest.keyClick(transport, Qt.Key.Key_Space)
    assert clock.playing


def test_space_that_is_held_plays_once_and_an_arrow_goes_on(qtbot, transport, clock):
    transport.set_layers(4)
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Space):
        for repeated in (False, True, True):
            held = QKeyEvent(
                QEvent.Type.KeyPress, key, Qt.KeyboardModifier.NoModifier, " ", repeated
            )
            QApplication.sendEvent(transport, held)
        if key == Qt.Key.Key_Right:
            assert clock.tau == 0.75
    assert clock.playing


def test_keys_with_modifiers_are_left_to_others(transport, clock):
    clock.seek(0.5)
    QTest.keyClick(transport, Qt.Key.Key_Home, Qt.KeyboardModifier.ControlModifier)
    assert clock.tau == 0.5


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        (0, ["base", "target"]),
        (1, ["base", "target"]),
        (3, ["base", "1", "2", "target"]),
        (8, ["base", *"1234567", "target"]),
    ],
)
def test_labels_name_the_marks(transport, layers, expected):
    bar = transport.findChild(ScrubBar)
    bar.set_layers(layers)
    assert [text for text, _ in bar.labels()] == expected


@pytest.mark.parametrize("layers", [0, 8, 40, 128])
@pytest.mark.parametrize("width", [120, 320, 900])
def test_labels_thin_out_before_they_touch(transport, layers, width):
    bar = transport.findChild(ScrubBar)
    bar.setFixedWidth(width)
    bar.set_layers(layers)
    labels = bar.labels()
    metrics = bar.fontMetrics()
    ends = [(x - metrics.horizontalAdvance(t) / 2, x + metrics.horizontalAdvance(t) / 2)
            for t, x in labels[1:-1]]  # fmt: skip
    assert all(a[1] < b[0] for a, b in itertools.pairwise(ends))
    assert labels[0][0] == "base"
    assert labels[-1][0] == "target"
    assert not bar.grab().isNull()


@pytest.mark.qt_log_ignore("This plugin does not support", extend=True)
def test_hovering_the_line_tells_the_moment(transport):
    bar = transport.findChild(ScrubBar)
    transport.set_layers(4)
    (_, left), *_, (_, right) = bar.labels()
    place = QPoint(round(left + 0.625 * (right - left)), 10)
    event = QHelpEvent(QEvent.Type.ToolTip, place, bar.mapToGlobal(place))
    QApplication.sendEvent(bar, event)
    assert QToolTip.text().splitlines()[0] == "t = 0.62, layer 3 of 4"
    QToolTip.hideText()
    assert [bar.words(tau) for tau in (0, 0.5)] == [
        "t = 0.00, base",
        "t = 0.50, after layer 2 of 4",
    ]
    transport.set_layers(0)
    assert bar.words(1) == "t = 1.00"


def test_marks_are_the_ends_of_layers(transport):
    bar = transport.findChild(ScrubBar)
    transport.set_layers(2)
    assert bar.marks == [0, 0.5, 1]
    transport.set_layers(0)
    assert bar.marks == [0, 0.25, 0.5, 0.75, 1]


def test_every_control_has_a_name_and_is_reached_by_keyboard(transport):
    controls = transport.findChildren(QAbstractButton) + transport.findChildren(ScrubBar)
    for control in [*controls, transport.findChild(QComboBox)]:
        assert control.accessibleName()
        assert control.toolTip()
        assert control.focusPolicy() & Qt.FocusPolicy.TabFocus


def test_the_transport_speaks_the_windows_language(transport, clock):
    translator.set_language("vi")
    translator.set_language("en")
    clock.play()
    assert button(transport, "Pause")


@pytest.mark.parametrize("language", ["en", "vi"])
@pytest.mark.parametrize("width", [484, 540, 580, 900])
def test_the_words_of_the_directions_are_never_cut(transport, qtbot, qapp, width, language):
    theme.apply(qapp)
    translator.set_language(language)
    transport.add_control(QToolButton())
    transport.setMinimumWidth(1)  # a window squeezes its parts below what they ask for
    transport.resize(width, 110)
    qtbot.waitUntil(lambda: transport.width() == width)
    for chip in transport._directions.values():
        assert chip.width() >= chip.sizeHint().width()
        assert "z" in chip.text()
    texts = [chip.text() for chip in transport._directions.values()]
    if width in (484, 900):  # as in the smallest window, and where there is room
        assert (texts == ["z → x", "x → z"]) == (width == 484)
