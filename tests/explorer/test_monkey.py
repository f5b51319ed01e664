"""Rough handling: random real events on the real window with real engines, by seed.

MONKEY_ACTS=10000 python -m pytest tests/explorer/test_monkey.py
"""

from __future__ import annotations

import os
import random
import signal
from contextlib import suppress

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QTimer, QUrl
from PySide6.QtGui import QDropEvent, QGuiApplication, QImage, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QWidget

from explorer import dialogs
from explorer.export import exporter
from explorer.session.store import Store
from explorer.theme import theme
from explorer.training.controller import Controller
from explorer.window.main_window import SMALLEST, MainWindow
from explorer.words.languages import translator
from flowengine import protocol
from flowengine.project import Project, default_stack
from tests.explorer.warm_engines import use_warm_engines

ACTS = int(os.environ.get("MONKEY_ACTS", "400"))
PATIENCE_MS = 60_000
KEYS = (
    Qt.Key.Key_Space, Qt.Key.Key_Tab, Qt.Key.Key_Escape, Qt.Key.Key_Home, Qt.Key.Key_End,
    Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Delete,
    Qt.Key.Key_Return, Qt.Key.Key_Slash, Qt.Key.Key_BracketLeft, Qt.Key.Key_BracketRight,
    Qt.Key.Key_B, Qt.Key.Key_E, Qt.Key.Key_D, Qt.Key.Key_Comma, Qt.Key.Key_Period,
    Qt.Key.Key_F5, Qt.Key.Key_F6, Qt.Key.Key_1, Qt.Key.Key_9, Qt.Key.Key_Minus,
)  # fmt: skip
CHORDS = (
    (Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier),
    (Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier),
    (Qt.Key.Key_D, Qt.KeyboardModifier.ControlModifier),
    (Qt.Key.Key_R, Qt.KeyboardModifier.ControlModifier),
    (Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier),
    (Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier),
    (Qt.Key.Key_E, Qt.KeyboardModifier.ControlModifier),
    (Qt.Key.Key_N, Qt.KeyboardModifier.ControlModifier),
    (Qt.Key.Key_Backspace, Qt.KeyboardModifier.ControlModifier),
    (Qt.Key.Key_L, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier),
    (Qt.Key.Key_P, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier),
    (Qt.Key.Key_T, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier),
    (Qt.Key.Key_Up, Qt.KeyboardModifier.AltModifier),
    (Qt.Key.Key_Down, Qt.KeyboardModifier.AltModifier),
)
HELD = (
    (Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier),
    (Qt.Key.Key_Period, Qt.KeyboardModifier.ControlModifier),
    (Qt.Key.Key_Right, Qt.KeyboardModifier.NoModifier),
    (Qt.Key.Key_Left, Qt.KeyboardModifier.ShiftModifier),
    (Qt.Key.Key_Down, Qt.KeyboardModifier.NoModifier),
    (Qt.Key.Key_Plus, Qt.KeyboardModifier.NoModifier),
    (Qt.Key.Key_Space, Qt.KeyboardModifier.NoModifier),
)
HELD_TIMES = 30
BUTTONS = (Qt.MouseButton.LeftButton, Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton)
TURNS = (-480, -120, 120, 480)


class Monkey:
    """Does one random thing after the other to a window."""

    def __init__(self, window: MainWindow, seed: int, folder) -> None:
        self.window = window
        self.random = random.Random(seed)
        self.folder = folder
        self.log: list[str] = []
        self._closer = QTimer(window)  # a menu takes the event loop until it is closed
        self._closer.timeout.connect(self._close_popup)
        self._closer.start(20)

    def act(self) -> None:
        """Do something."""
        acts = (
            (8, self.stroke), (6, self.key), (5, self.chord), (5, self.press_button),
            (3, self.drag_somewhere), (2, self.wheel), (2, self.drop_files), (2, self.paste),
            (2, self.hold), (1, self.resize), (1, self.language), (1, self.kill_an_engine),
        )  # fmt: skip
        weights, actions = zip(*acts, strict=True)
        act = self.random.choices(actions, weights)[0]
        self.log.append(act.__name__)
        act()
        QApplication.processEvents()

    def stroke(self) -> None:
        self._drag(self.window.target.canvas)

    def drag_somewhere(self) -> None:
        widgets = [w for w in self.window.findChildren(QWidget) if w.isVisible()]
        self._drag(self.random.choice(widgets))

    def key(self) -> None:
        QTest.keyClick(self._focus(), self.random.choice(KEYS))

    def chord(self) -> None:
        key, modifiers = self.random.choice(CHORDS)
        QTest.keyClick(self._focus(), key, modifiers)

    def press_button(self) -> None:
        buttons = [
            b for b in QApplication.allWidgets()
            if isinstance(b, QAbstractButton) and b.isVisible() and b.isEnabled()
        ]  # fmt: skip
        if buttons:
            QTest.mouseClick(self.random.choice(buttons), Qt.MouseButton.LeftButton)

    def hold(self) -> None:
        """Press a key again and again before it is let go, as one that is held does."""
        key, modifiers = self.random.choice(HELD)
        focus = self._focus()
        for _ in range(HELD_TIMES):
            QTest.keyPress(focus, key, modifiers)
            focus = self._focus()  # which the key may have moved
        QTest.keyRelease(focus, key, modifiers)

    def wheel(self) -> None:
        view = self.random.choice(list(self.window.area.panels.values())).view
        at = QPointF(self._place(view))
        event = QWheelEvent(
            at, view.mapToGlobal(at), QPoint(), QPoint(0, self.random.choice(TURNS)),
            Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier,
            Qt.ScrollPhase.NoScrollPhase, False,
        )  # fmt: skip
        QApplication.sendEvent(view, event)

    def drop_files(self) -> None:
        paths = self.random.sample(self.folder, k=self.random.choice((1, 1, len(self.folder))))
        data = QMimeData()
        data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
        event = QDropEvent(
            QPointF(10, 10), Qt.DropAction.CopyAction, data,
            Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier,
        )  # fmt: skip
        QApplication.sendEvent(self.window, event)

    def paste(self) -> None:
        clipboard = QGuiApplication.clipboard()
        if self.random.random() < 0.5:
            clipboard.setText(self.random.choice(("", "nonsense", "{}", "1,2\n3,4", "[" * 5000)))
        else:
            size = self.random.choice(((64, 48), (64, 48), (64, 48), (20_000, 40)))
            picture = QImage(*size, QImage.Format.Format_RGB32)
            picture.fill(self.random.choice((Qt.GlobalColor.white, Qt.GlobalColor.black)))
            clipboard.setImage(picture)
        QTest.keyClick(self._focus(), Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)

    def resize(self) -> None:
        self.window.resize(
            self.random.randint(SMALLEST[0], 1900), self.random.randint(SMALLEST[1], 1050)
        )

    def language(self) -> None:
        translator.set_language(self.random.choice(("en", "vi")))

    def kill_an_engine(self) -> None:
        pids = [pid for pid in self.window.controller.engine_pids().values() if pid]
        if pids and self.log.count("kill_an_engine") <= 2:
            with suppress(ProcessLookupError):
                os.kill(self.random.choice(pids), signal.SIGKILL)

    def _drag(self, widget: QWidget) -> None:
        button = self.random.choice(BUTTONS)
        QTest.mousePress(widget, button, pos=self._place(widget))
        for _ in range(self.random.randint(0, 6)):
            QTest.mouseMove(widget, self._place(widget))
        if self.random.random() < 0.2:  # whatever is drawn or carried, something else comes
            self.random.choice((self.chord, self.language, self.resize, self.key))()
            QTest.mouseMove(widget, self._place(widget))
        QTest.mouseRelease(widget, button, pos=self._place(widget))

    def _place(self, widget: QWidget) -> QPoint:
        return QPoint(
            self.random.randrange(max(1, widget.width())),
            self.random.randrange(max(1, widget.height())),
        )

    def _focus(self) -> QWidget:
        return QApplication.focusWidget() or self.window

    @staticmethod
    def _close_popup() -> None:
        popup = QApplication.activePopupWidget()
        if popup is not None:
            popup.close()


@pytest.fixture
def files(tmp_path):
    """Ten files that are dropped: most are not what they say."""
    contents = {
        "words.csv": b"a,b\nc,d\n", "points.csv": b"0,0\n1,1\n0.5,-1\n", "empty.csv": b"",
        "broken.png": b"\x89PNG\r\n\x1a\nno", "broken.npy": b"\x93NUMPY", "text.npy": b"hello",
        "broken.flow": b"PK\x03\x04", "empty.flow": b"", "picture.jpg": b"\xff\xd8\xff",
        "x.txt": b"?",
    }  # fmt: skip
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    return sorted(tmp_path.iterdir())


@pytest.fixture
def window(qtbot, qapp, monkeypatch, tmp_path):
    use_warm_engines(monkeypatch)
    theme.apply(qapp)
    monkeypatch.setattr(dialogs, "ask", lambda *_: "discard")
    monkeypatch.setattr(dialogs, "ask_open", lambda *_: None)
    monkeypatch.setattr(dialogs, "ask_save", lambda *_: None)
    monkeypatch.setattr(dialogs, "ask_folder", lambda *_: None)
    monkeypatch.setattr(exporter, "_documents_folder", lambda: tmp_path)
    window = MainWindow(Store(Project(name="star", stack=default_stack())), Controller())
    qtbot.addWidget(window)
    window.show()
    qtbot.waitExposed(window)
    window.start_engines()
    yield window
    window.presentation.leave()
    window.exporter.finish()
    window.controller.stop()
    translator.set_language("en")
    theme.set_theme("dark")


@pytest.mark.qt_log_ignore("This plugin does not support")  # offscreen: no grabs, no raising
@pytest.mark.timeout(180 + ACTS + PATIENCE_MS / 1000)
@pytest.mark.parametrize("seed", [1, 2])
def test_random_events_break_block_and_lose_nothing(window, qtbot, files, seed):
    monkey = Monkey(window, seed, files)
    for _ in range(ACTS):
        monkey.act()
    # A known document again, and both engines answer questions about it.
    window.store.replace(Project(name="star", stack=default_stack()))
    answered: list[str] = []
    window.controller.message.connect(
        lambda lane, message: (
            answered.append(lane) if isinstance(message, protocol.Ledger) else None
        )
    )
    window.controller.query(0.0, 0.0)
    qtbot.waitUntil(lambda: {"discrete", "continuous"} <= set(answered), timeout=PATIENCE_MS)
