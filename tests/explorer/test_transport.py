from __future__ import annotations

import itertools

import pytest
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QComboBox,
    QLineEdit,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from explorer.i18n import translator
from explorer.panels.clock import SPEEDS, FrameClock
from explorer.panels.scrub_bar import ScrubBar
from explorer.panels.transport import Transport
from explorer.theme import theme

LEFT = Qt.MouseButton.LeftButton


class Time:
    """A time source that stands until it is told to pass."""

    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


class Watcher:
    """Stands for a panel; `until` is the time until which it changes by itself."""

    def __init__(self, until=0.0):
        self.until = until
        self.seen = []

    def show_moment(self, tau, now):
        self.seen.append((tau, now))

    def moving_until(self):
        return self.until


@pytest.fixture
def time():
    return Time()


@pytest.fixture
def clock(qapp, time):
    clock = FrameClock(time_source=time)
    yield clock
    clock.pause()
    clock.tick()


@pytest.fixture
def transport(qtbot, clock):
    transport = Transport(clock)
    qtbot.addWidget(transport)
    transport.resize(600, 110)
    transport.show()
    qtbot.waitExposed(transport)
    return transport


def passes(clock, time, seconds, frame=1 / 60):
    for _ in range(round(seconds / frame)):
        time.now += frame
        clock.tick()


def button(transport, start):
    return next(
        b for b in transport.findChildren(QAbstractButton) if b.accessibleName().startswith(start)
    )


# --- the clock ------------------------------------------------------------------------------------


@pytest.mark.parametrize("frame", [1 / 200, 1 / 60, 1 / 17])
def test_tau_follows_the_time_and_not_the_frames(clock, time, frame):
    clock.play()
    clock.tick()
    passes(clock, time, 3.0, frame)
    assert clock.tau == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize("speed", SPEEDS)
def test_speed(clock, time, speed):
    clock.set_speed(speed)
    clock.play()
    clock.tick()
    passes(clock, time, 1.2)
    assert clock.tau == pytest.approx(1.2 * speed / 6, abs=0.02)


def test_a_speed_must_be_positive(clock):
    with pytest.raises(ValueError, match="got 0"):
        clock.set_speed(0)


def test_it_holds_at_the_end_and_starts_over(clock, time):
    clock.play()
    clock.tick()
    passes(clock, time, 6.1)
    assert clock.tau == 1
    passes(clock, time, 0.9)
    assert clock.tau == 1
    passes(clock, time, 0.5)
    assert clock.tau < 0.1


def test_normalize_runs_from_the_target_to_the_base(clock, time):
    clock.play()
    clock.set_direction("normalize")
    assert clock.tau == 1
    clock.tick()
    passes(clock, time, 3.0)
    assert clock.tau == pytest.approx(0.5, abs=0.02)
    passes(clock, time, 3.2)
    assert clock.tau == 0
    passes(clock, time, 1.3)
    assert clock.tau > 0.9


@pytest.mark.parametrize("tau", [0.0, 0.3, 1.0])
def test_a_clock_that_stands_keeps_its_moment_in_the_other_direction(clock, time, tau):
    clock.seek(tau)
    clock.set_direction("normalize")
    assert (clock.tau, clock.playing, clock.resting) == (tau, False, False)
    clock.play()
    clock.tick()
    passes(clock, time, 0.6)
    assert clock.tau == pytest.approx((tau or 1.0) - 0.1, abs=0.02)  # from the base it starts over


def test_playing_at_the_end_starts_over_at_once(clock, time):
    clock.seek(1)
    clock.play()
    clock.tick()
    passes(clock, time, 0.5)
    assert 0 < clock.tau < 0.2


def test_a_stall_does_not_make_it_leap(clock, time):
    clock.play()
    clock.tick()
    time.now += 30
    clock.tick()
    assert clock.tau < 0.05


def test_everything_is_driven_in_one_tick(clock, time):
    panels = [Watcher(), Watcher()]
    for panel in panels:
        clock.drive(panel)
    clock.play()
    passes(clock, time, 0.5)
    assert panels[0].seen == panels[1].seen
    assert len(panels[0].seen) == 30


def test_it_rests_when_nothing_moves(clock, time):
    panel = Watcher()
    clock.drive(panel)
    assert not clock.resting
    clock.tick()
    assert clock.resting
    panel.until = time.now + 0.3
    clock.wake()
    passes(clock, time, 0.2)
    assert not clock.resting
    passes(clock, time, 0.2)
    assert clock.resting
    clock.play()
    passes(clock, time, 1.0)
    assert not clock.resting
    clock.pause()
    clock.tick()
    assert clock.resting


def test_rest_does_not_count_as_a_frame(clock, time):
    clock.play()
    clock.tick()
    passes(clock, time, 0.5)
    clock.pause()
    clock.tick()
    time.now += 60
    clock.play()
    clock.tick()
    passes(clock, time, 0.5, 1 / 50)
    statistics = clock.frame_statistics()
    assert statistics.longest == pytest.approx(20, abs=0.1)
    assert 16 < statistics.median < 20.1
    assert statistics.per_second == pytest.approx(1000 / statistics.median)


def test_no_statistics_before_there_are_frames(clock):
    assert clock.frame_statistics() is None


def test_the_real_timer_drives_about_sixty_frames_a_second(qtbot):
    clock = FrameClock()
    panel = Watcher()
    clock.drive(panel)
    clock.play()
    qtbot.waitUntil(lambda: len(panel.seen) >= 20, timeout=5000)
    clock.pause()
    qtbot.waitUntil(lambda: clock.resting)
    taus, times = zip(*panel.seen, strict=True)
    assert times[-1] - times[0] > 0.014 * (len(times) - 1)
    assert taus[-1] > 0


# --- the transport --------------------------------------------------------------------------------


def test_the_play_button_plays_and_pauses(qtbot, transport, clock):
    with qtbot.waitSignal(transport.playing_changed) as changed:
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


def test_the_ends(qtbot, transport, clock):
    clock.play()
    with qtbot.waitSignal(transport.scrubbed) as scrubbed:
        QTest.mouseClick(button(transport, "To the target"), LEFT)
    assert scrubbed.args == [1.0]
    assert not clock.playing
    QTest.mouseClick(button(transport, "To the base"), LEFT)
    assert clock.tau == 0


def test_the_direction_is_a_choice_of_two(qtbot, transport, clock):
    generate, normalize = button(transport, "generate"), button(transport, "normalize")
    assert generate.isChecked()
    with qtbot.waitSignal(transport.direction_changed) as changed:
        QTest.mouseClick(normalize, LEFT)
    assert changed.args == ["normalize"]
    assert clock.direction == "normalize"
    assert not generate.isChecked()
    with qtbot.assertNotEmitted(transport.direction_changed):
        QTest.mouseClick(normalize, LEFT)
    clock.set_direction("generate")
    assert generate.isChecked()


def test_speeds_are_chosen_by_keyboard(transport, clock):
    box = transport.findChild(QComboBox)
    QTest.keyClick(box, Qt.Key.Key_Down)
    assert clock.speed == 2
    clock.set_speed(0.25)
    assert box.currentText() == "0.25×"


def test_dragging_the_line_scrubs(qtbot, transport, clock):
    bar = transport.findChild(ScrubBar)
    told = []
    transport.scrubbed.connect(told.append)
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
    with qtbot.assertNotEmitted(transport.scrubbed):
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
