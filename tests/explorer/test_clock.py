"""The one clock that every panel runs on."""

from __future__ import annotations

import pytest

from explorer.panels.clock import SPEEDS, FrameClock


class Watcher:
    """Stands for a panel; `until` is the time until which it changes by itself."""

    def __init__(self, until=0.0):
        self.until = until
        self.seen = []

    def show_moment(self, tau, now):
        self.seen.append((tau, now))

    def moving_until(self):
        return self.until


def passes(clock, time, seconds, frame=1 / 60):
    for _ in range(round(seconds / frame)):
        time.now += frame
        clock.tick()


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
