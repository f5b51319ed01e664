"""The one clock that both panels run on."""

from __future__ import annotations

import math
import time
from collections import deque
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

import numpy as np
from PySide6.QtCore import QObject, Qt, QTimer, Signal

if TYPE_CHECKING:
    from collections.abc import Callable

    from flowengine.protocol import Direction

SPEEDS: Final = (0.25, 0.5, 1.0, 2.0, 4.0)
_RUN: Final = 6.0  # seconds from end to end at speed 1
_HOLD: Final = 1.2  # seconds at the end, before it starts over
_FRAME: Final = 1000 // 60  # milliseconds
_LONGEST_STEP: Final = 0.1  # seconds; after a stall the picture goes on, it does not leap
_REMEMBERED: Final = 240


class Animated(Protocol):
    """What the clock drives."""

    def show_moment(self, tau: float, now: float) -> None:
        """Draw the moment `tau` of the clock as it is at the time `now`."""

    def moving_until(self) -> float:
        """The time until which the picture changes although the clock stands."""


class FrameStatistics(NamedTuple):
    """Times from one frame to the next, in milliseconds, over the last few seconds."""

    median: float
    p95: float
    longest: float
    frames: int

    @property
    def per_second(self) -> float:
        """Frames per second."""
        return 1000 / self.median


class FrameClock(QObject):
    """Advances `tau` by the time that passes, and asks what it drives to draw, all in one tick.

    It rests when it is paused and nothing is on its way from one snapshot to the next.

    Attributes:
        tau: The moment, from 0 at the base to 1 at the target.
        speed: 1 takes six seconds from end to end.
        direction: "generate" runs from 0 to 1, "normalize" from 1 to 0.

    Args:
        time_source: Gives the time in seconds, which only grows.
    """

    tau_changed = Signal(float)
    playing_changed = Signal(bool)
    direction_changed = Signal(str)
    speed_changed = Signal(float)

    def __init__(
        self,
        parent: QObject | None = None,
        *,
        time_source: Callable[[], float] = time.perf_counter,
    ) -> None:
        super().__init__(parent)
        self.tau = 0.0
        self.speed = 1.0
        self.direction: Direction = "generate"
        self.now = time_source
        self._playing = False
        self._driven: list[Animated] = []
        self._last: float | None = None
        self._held = 0.0
        self._intervals: deque[float] = deque(maxlen=_REMEMBERED)
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(_FRAME)
        self._timer.timeout.connect(self.tick)

    @property
    def playing(self) -> bool:
        """Whether `tau` moves by itself."""
        return self._playing

    @property
    def resting(self) -> bool:
        """Whether no frames are drawn now."""
        return not self._timer.isActive()

    def drive(self, panel: Animated) -> None:
        """Draw this panel with every tick from now on."""
        self._driven.append(panel)
        self.wake()

    def release(self, panel: Animated) -> None:
        """Draw this panel no more."""
        self._driven.remove(panel)

    def wake(self) -> None:
        """Draw at least one more frame: something has changed."""
        if self.resting:
            self._last = None
            self._timer.start()

    def play(self) -> None:
        """Let `tau` move; from the end it starts over."""
        if not self._playing:
            self._playing = True
            if self.tau == self._end:
                self._held = _HOLD
            self.playing_changed.emit(True)
            self.wake()

    def pause(self) -> None:
        """Let `tau` stand."""
        if self._playing:
            self._playing = False
            self.playing_changed.emit(False)

    def toggle(self) -> None:
        """Play or pause."""
        (self.pause if self._playing else self.play)()

    def seek(self, tau: float) -> None:
        """Go to a moment; held within 0 and 1."""
        self._held = 0.0
        self._move(min(max(tau, 0.0), 1.0))
        self.wake()

    def set_speed(self, speed: float) -> None:
        """Run faster or slower.

        Raises:
            ValueError: `speed` is not positive.
        """
        if not speed > 0:
            raise ValueError(f"The speed must be positive, got {speed}")
        if speed != self.speed:
            self.speed = speed
            self.speed_changed.emit(speed)

    def set_direction(self, direction: Direction) -> None:
        """Run towards the target or towards the base, from the beginning of that way.

        A clock that stands stays where it is: the same moment of the flow, come to the other way.
        """
        if direction != self.direction:
            self.direction = direction
            self.direction_changed.emit(direction)
            self.seek(self._begin if self._playing else self.tau)

    def tick(self) -> None:
        """Advance by the time since the last tick and draw; rest if there is nothing to come."""
        now = self.now()
        if self._last is not None:
            passed = now - self._last
            self._intervals.append(passed)
            if self._playing:
                self._advance(min(passed, _LONGEST_STEP))
        self._last = now
        for panel in self._driven:
            panel.show_moment(self.tau, now)
        if not self._playing and now >= max((p.moving_until() for p in self._driven), default=0):
            self._timer.stop()

    def frame_statistics(self) -> FrameStatistics | None:
        """How evenly frames come; None before there are some."""
        if len(self._intervals) < 2:
            return None
        times = np.sort(1000 * np.array(self._intervals))
        # as np.percentile, which would import all of numpy.ma while the panels move
        median, p95 = np.interp([0.5, 0.95], np.linspace(0, 1, len(times)), times)
        return FrameStatistics(float(median), float(p95), float(times[-1]), len(times))

    @property
    def _begin(self) -> float:
        return 0.0 if self.direction == "generate" else 1.0

    @property
    def _end(self) -> float:
        return 1.0 - self._begin

    def _advance(self, passed: float) -> None:
        if self.tau == self._end:
            self._held += passed
            if self._held >= _HOLD:
                self._held = 0.0
                self._move(self._begin)
            return
        step = passed * self.speed / _RUN
        towards = self.tau + math.copysign(step, self._end - self._begin)
        self._move(min(max(towards, 0.0), 1.0))

    def _move(self, tau: float) -> None:
        if tau != self.tau:
            self.tau = tau
            self.tau_changed.emit(tau)
