"""The window in use: what holds up the hand, how soon it answers, and the memory that it takes.

    SESSION_S=600 python -m tests.benchmarks.session

Real events (strokes, clicks, keys) go to the real window with an engine for each lane, while both
train. A second thread watches the one that draws: whenever that has not come back to its event loop
for longer than `LATE_S`, it notes where it was, and how much of the time it ran at all: on two
processors with two engines it also waits for its turn. Prints one line of JSON.
"""

from __future__ import annotations

import json
import os
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtCore import QKeyCombination, QObject, QPoint, QSettings, Qt, QTimer
from PySide6.QtGui import QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget

from explorer import app as program
from explorer import dialogs
from explorer.theme import theme
from flowengine import protocol

if TYPE_CHECKING:
    from explorer.window.main_window import MainWindow

LATE_S = 0.05
SAMPLE_S = 0.004
START_S = 8.0
PAUSE_MS = (150, 900)  # between two things that a person does
WORST = 8
WEIGHED = 12  # how often the window's memory is noted
MOVES, MOVE_MS, STRIDE = 12, 16, 40  # of a stroke; the stride in pixels, a quick hand's
LONG_MOVES = 180  # of a stroke that takes some seconds
MOST_LAYERS = 9
FULL = 0.4  # of the canvas: what is full is cleared, as no stroke changes it any more
CONTROL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
KEYS = (
    (Qt.Key.Key_Z, CONTROL),
    (Qt.Key.Key_Z, CONTROL | SHIFT),
    (Qt.Key.Key_Space, Qt.KeyboardModifier.NoModifier),
    (Qt.Key.Key_D, Qt.KeyboardModifier.NoModifier),
    (Qt.Key.Key_Home, Qt.KeyboardModifier.NoModifier),
    (Qt.Key.Key_M, Qt.KeyboardModifier.NoModifier),
    (Qt.Key.Key_S, CONTROL),
    (Qt.Key.Key_L, CONTROL | SHIFT),
    (Qt.Key.Key_Backspace, CONTROL | SHIFT),
)


class Late(NamedTuple):
    """A time for which the drawing thread stayed away from its event loop, in milliseconds."""

    wall: float
    cpu: float  # what of it the thread was running, and not waiting for a processor
    places: Counter[str]  # where it was, every few milliseconds
    doing: str  # what was done last


class Watchdog(threading.Thread):
    """Notes how long the drawing thread stays away from its event loop, and where it was."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.late: list[Late] = []
        self.stopping = False
        self.doing = ""
        self._watched = threading.main_thread().ident or 0
        self._clock = time.pthread_getcpuclockid(self._watched)
        self.beat()

    def beat(self) -> None:
        """Say that the drawing thread is back at its event loop."""
        self._last = time.perf_counter(), time.clock_gettime(self._clock)

    def run(self) -> None:
        while not self.stopping:
            last, places = self._last, Counter[str]()
            while self._last is last and not self.stopping:
                time.sleep(SAMPLE_S)
                if time.perf_counter() - last[0] > 2 * SAMPLE_S:
                    places[self._place()] += 1
            wall, cpu = (now - then for now, then in zip(self._last, last, strict=True))
            if wall > LATE_S:
                self.late.append(Late(1000 * wall, 1000 * cpu, places, self.doing))

    def _place(self) -> str:
        """The innermost function of the program that the drawing thread is in."""
        frame = sys._current_frames().get(self._watched or 0)
        while frame is not None:
            path = Path(frame.f_code.co_filename)
            if "explorer" in path.parts[-3:-1]:
                return f"{path.name}: {frame.f_code.co_name}"
            frame = frame.f_back
        return "no function of the program"


class Session(QObject):
    """Does one thing after the other, as a person would, and times the answers."""

    def __init__(self, window: MainWindow, watchdog: Watchdog) -> None:
        super().__init__(window)
        self._watchdog = watchdog
        self._window = window
        self._random = random.Random(7)
        self._asked: dict[str, float] = {}
        self._at = QPoint()
        self.answers: dict[str, list[float]] = {"ledger": [], "snapshot": []}
        self._seen: Counter[str] | None = None  # while a long stroke is drawn
        self.seen_a_second: dict[str, list[float]] = {"discrete": [], "continuous": []}
        self.done = 0
        window.controller.message.connect(self._note)

    def act(self) -> None:
        """Do something now, and something else a little later."""
        if not self._window.controller.training:
            self._window.controller.train()
        self.done += 1
        acts = (
            (8, self._stroke), (1, self._long_stroke), (8, self._click), (4, self._key),
            (2, self._size_brush), (1, self._add_or_take_a_layer),
            (1, self._move_a_layer),
        )  # fmt: skip
        weights, actions = zip(*acts, strict=True)
        act = self._random.choices(actions, weights)[0]
        self._watchdog.doing = act.__name__.strip("_")
        act()

    def _rest(self) -> None:
        QTimer.singleShot(self._random.randint(*PAUSE_MS), self, self.act)

    def _long_stroke(self) -> None:
        self._seen, began = Counter(), time.perf_counter()
        self._stroke(LONG_MOVES)

        def count() -> None:
            assert self._seen is not None
            for lane, rates in self.seen_a_second.items():
                rates.append(self._seen[lane] / (time.perf_counter() - began))
            self._seen = None

        QTimer.singleShot(LONG_MOVES * MOVE_MS, self, count)

    def _stroke(self, moves: int = MOVES) -> None:
        canvas = self._window.target.canvas
        if canvas.density().mean() > FULL:
            QTest.keyClick(canvas, Qt.Key.Key_Delete)
        self._at = self._place(canvas)
        QTest.mousePress(canvas, Qt.MouseButton.LeftButton, pos=self._at)
        self._move(moves)

    def _move(self, left: int) -> None:
        """Move the mouse on, as often as a screen shows it, and lift it at the end."""
        canvas = self._window.target.canvas
        if left:
            self._at += QPoint(
                self._random.randint(-STRIDE, STRIDE), self._random.randint(-STRIDE, STRIDE)
            )
            QTest.mouseMove(canvas, self._at)
            QTimer.singleShot(MOVE_MS, self, lambda: self._move(left - 1))
            return
        before = self._window.store.project
        released = time.perf_counter()
        QTest.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=self._at)
        if self._window.store.project is not before:
            self._asked["snapshot"] = released
        self._rest()

    def _click(self) -> None:
        view = self._random.choice(list(self._window.area.panels.values())).view
        if view.isVisible():
            self._asked["ledger"] = time.perf_counter()
            middle = QPoint(view.width() // 2, view.height() // 2)
            QTest.mouseClick(view, Qt.MouseButton.LeftButton, pos=middle)
        self._rest()

    def _key(self) -> None:
        key = self._random.choice(KEYS)
        self._watchdog.doing = QKeySequence(QKeyCombination(key[1], key[0])).toString()
        QTest.keyClick(self._window, *key)
        self._rest()

    def _size_brush(self) -> None:
        key = self._random.choice((Qt.Key.Key_BracketLeft, Qt.Key.Key_BracketRight))
        QTest.keyClick(self._window.target.canvas, key)
        self._rest()

    def _add_or_take_a_layer(self) -> None:
        stack = self._window.models.stack
        if len(self._window.store.project.stack) < MOST_LAYERS:
            chip = self._random.choice(stack.palette_view.chips)
            QTest.mouseClick(chip, Qt.MouseButton.LeftButton)
        else:
            QTest.keyClick(stack.list, Qt.Key.Key_End)
            QTest.keyClick(stack.list, Qt.Key.Key_Delete)
        self._rest()

    def _move_a_layer(self) -> None:
        cards = self._window.models.stack.list
        QTest.keyClick(cards, Qt.Key.Key_End)
        QTest.keyClick(cards, Qt.Key.Key_Up, Qt.KeyboardModifier.AltModifier)
        self._rest()

    def _place(self, widget: QWidget) -> QPoint:
        return QPoint(
            self._random.randrange(widget.width() // 5, widget.width() * 4 // 5),
            self._random.randrange(widget.height() // 5, widget.height() * 4 // 5),
        )

    def _note(self, lane: str, message: object) -> None:
        if self._seen is not None and isinstance(message, protocol.ParticleFrames):
            self._seen[lane] += 1
        # the controller passes on no picture that is older than the last edit
        kinds = {"ledger": protocol.Ledger, "snapshot": protocol.ParticleFrames}
        for what, kind in kinds.items():
            if not isinstance(message, kind) or what not in self._asked:
                continue
            took = time.perf_counter() - self._asked.pop(what)
            self.answers[what].append(1000 * took)


def resident_mib(pid: int) -> float:
    """What a process holds of memory, in MiB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return float("nan")


def percentile(values: list[float], part: float) -> float | None:
    """Of the sorted values, the one below which the part lies; None without values."""
    return sorted(values)[min(len(values) - 1, int(part * len(values)))] if values else None


def measure(seconds: float) -> dict:
    """Use the window for so long."""
    folder = tempfile.TemporaryDirectory()
    QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, folder.name)
    dialogs.ask = lambda *_: "discard"  # type: ignore[assignment]
    dialogs.ask_save = lambda *_: Path(folder.name) / "session.flow"  # type: ignore[assignment]
    app = program.application()
    theme.apply(app)
    window = program.open_window(None)
    watchdog = Watchdog()
    session = Session(window, watchdog)
    beat = QTimer(window, interval=5)
    beat.timeout.connect(watchdog.beat)
    result: dict = {}
    weights: list[int] = []

    def begin() -> None:
        window.controller.train()
        beat.start()
        weighing.start()
        watchdog.beat()
        watchdog.start()
        session.act()
        QTimer.singleShot(round(1000 * seconds), window, end)

    weighing = QTimer(window, interval=round(1000 * seconds / WEIGHED))
    weighing.timeout.connect(lambda: weights.append(round(resident_mib(os.getpid()))))

    def end() -> None:
        weighing.stop()
        watchdog.stopping = True
        watchdog.join()
        pids = [pid for pid in window.controller.engine_pids().values() if pid]
        result["memory_mib"] = {
            "window": resident_mib(os.getpid()),
            "window_from_time_to_time": weights,
            "engines": [resident_mib(pid) for pid in pids],
        }
        window.hide()  # which ends a stroke that is being drawn
        window.controller.stop()
        app.exit()

    QTimer.singleShot(round(1000 * START_S), window, begin)
    app.exec()
    folder.cleanup()
    late = sorted(watchdog.late, key=lambda late: -late.cpu)
    worst = [
        (one.doing, round(one.wall), round(one.cpu), dict(one.places.most_common(3)))
        for one in late[:WORST]
    ]
    return result | {
        "seconds": seconds,
        "done": session.done,
        "late": len(late),
        "longest_ms": max((one.wall for one in late), default=None),
        "late_by_own_work": sum(one.cpu > 1000 * LATE_S for one in late),
        "worst": worst,
        "ledger_ms": [percentile(session.answers["ledger"], part) for part in (0.5, 0.95)],
        "pictures_a_second_while_drawing": {
            lane: [percentile(rates, part) for part in (0.05, 0.5)]
            for lane, rates in session.seen_a_second.items()
        },
        "snapshot_ms": [percentile(session.answers["snapshot"], part) for part in (0.5, 0.95)],
    }


def main() -> None:
    """Print the measurements as JSON."""
    print(json.dumps(measure(float(os.environ.get("SESSION_S", "600")))))


if __name__ == "__main__":
    main()
