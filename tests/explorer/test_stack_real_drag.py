"""A real mouse drags real cards in a real window, on a virtual X server."""

from __future__ import annotations

import json
import os
import selectors
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

TOOLS = ("Xvfb", "openbox", "xdotool")
ROOT = Path(__file__).parents[2]
PATIENCE_S = 60

pytestmark = [
    pytest.mark.x11,
    pytest.mark.skipif(
        any(shutil.which(tool) is None for tool in TOOLS), reason=f"needs {', '.join(TOOLS)}"
    ),
]

# Shows an editor that takes every edit, and says after each where everything now is on the screen.
PROGRAM = textwrap.dedent(
    """
    import json
    from PySide6.QtCore import QPoint, QTimer
    from PySide6.QtWidgets import QApplication
    from explorer.stack.stack_view import StackEditor
    from explorer.theme import theme
    from flowengine.project import resolve_keeps
    from flowengine.shorthand import parse_stack

    app = QApplication([])
    theme.apply(app)
    editor = StackEditor()

    def place(widget, point):
        found = widget.mapToGlobal(point)
        return found.x(), found.y()

    def say(what):
        app.processEvents()
        cards = editor.list
        chips = editor.palette_view.chips
        rows = [cards.cards.index(row) for row in range(cards.cards.rowCount())]
        print(json.dumps({
            "what": what,
            "stack": [layer.id for layer in editor.stack],
            "kinds": [layer.kind for layer in editor.stack],
            "cards": [
                place(cards.viewport(), cards.card_layout(row).name.center()) for row in rows
            ],
            "chips": {chip.kind.__name__: place(chip, chip.rect().center()) for chip in chips},
            "outside": place(editor, QPoint(editor.width() + 200, 200)),
        }), flush=True)

    def take(stack, text, key):
        editor.set_stack(stack)
        QTimer.singleShot(0, lambda: say(text))

    def wait_for_the_screen():
        if editor.windowHandle().isExposed() and editor.isActiveWindow():
            watch.stop()
            say("ready")

    editor.stack_edited.connect(take)
    editor.layer_activated.connect(lambda name: say("clicked"))
    editor.set_stack(resolve_keeps(parse_stack("actnorm,affine_coupling,planar,swap")))
    editor.setGeometry(60, 60, 300, 600)
    editor.show()
    editor.activateWindow()
    watch = QTimer()
    watch.timeout.connect(wait_for_the_screen)
    watch.start(50)
    app.exec()
    """
)


class Screen:
    """A virtual screen with a window manager, and the editor's window on it."""

    def __init__(self) -> None:
        read, write = os.pipe()
        self._processes = [
            subprocess.Popen(
                ["Xvfb", "-displayfd", str(write), "-screen", "0", "800x800x24"],
                pass_fds=[write],
                stderr=subprocess.DEVNULL,
            )
        ]
        os.close(write)
        with os.fdopen(read) as pipe:
            self.display = f":{pipe.readline().strip()}"
        self._environment = {
            **os.environ,
            "DISPLAY": self.display,
            "QT_QPA_PLATFORM": "xcb",
            "PYTHONPATH": str(ROOT),
        }
        self._start(["openbox"])
        self._window = self._start([sys.executable, "-c", PROGRAM])
        self.state = self.next("ready")

    def _start(self, command: list[str]) -> subprocess.Popen:
        process = subprocess.Popen(
            command,
            env=self._environment,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._processes.append(process)
        return process

    def next(self, what: str) -> dict:
        """Wait for the window to say something, and check that it is what was expected."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._window.stdout, selectors.EVENT_READ)
            assert selector.select(PATIENCE_S), f"the window never said {what!r}"
        self.state = json.loads(self._window.stdout.readline())
        assert self.state["what"] == what
        return self.state

    def mouse(self, *words: object) -> None:
        """Let xdotool act; its own `sleep` paces the drag as a hand would."""
        command = ["xdotool", *map(str, words)]
        subprocess.run(command, env=self._environment, check=True, timeout=PATIENCE_S)

    def drag(self, start, end, before_release: tuple = ()) -> None:
        """Press at one place, go to another in small moves, rest, and let go."""
        moves: list[object] = []
        for step in range(1, 13):
            x, y = (round(a + (b - a) * step / 12) for a, b in zip(start, end, strict=True))
            moves += ["mousemove", x, y, "sleep", 0.06]
        self.mouse("mousemove", *start, "sleep", 0.2, "mousedown", 1, "sleep", 0.1, *moves)
        self.mouse("sleep", 0.4, *before_release, "mouseup", 1)

    def close(self) -> None:
        """End the window, the window manager and the screen."""
        for process in reversed(self._processes):
            process.terminate()
            process.wait(PATIENCE_S)
            if process.stdout is not None:
                process.stdout.close()


@pytest.fixture
def screen():
    screen = Screen()
    yield screen
    screen.close()


def test_cards_are_dragged_in_about_and_out(screen):
    state = screen.state
    first, second, third, fourth = state["stack"]

    x, y = state["cards"][3]
    screen.drag(state["chips"]["SplineCoupling"], (x, y - 25))
    state = screen.next("Add spline coupling")
    assert state["kinds"] == ["actnorm", "affine_coupling", "spline_coupling", "planar", "swap"]

    x, y = state["cards"][5]
    screen.drag(state["cards"][1], (x, y + 25))
    state = screen.next("Move ActNorm")
    assert state["stack"][-1] == first

    screen.drag(state["cards"][1], state["outside"])
    state = screen.next("Remove affine coupling")
    assert second not in state["stack"]

    before = state["stack"]
    screen.drag(state["cards"][1], state["outside"], ("key", "Escape", "sleep", 0.3))
    screen.mouse("mousemove", *state["cards"][2], "click", 1)
    state = screen.next("clicked")  # so Escape has removed nothing before it
    assert state["stack"] == before
    assert {third, fourth} < {*before}

    screen.mouse("mousemove", *state["cards"][1], "click", 1)
    state = screen.next("clicked")
    screen.mouse("mousemove", *state["cards"][2], "keydown", "ctrl", "click", 1, "keyup", "ctrl")
    screen.mouse("sleep", 0.8)  # or the press that follows would make it a double click
    x, y = state["cards"][4]
    screen.drag(state["cards"][2], (x, y + 25))
    state = screen.next("Move 2 layers")
    assert state["kinds"] == ["swap", "actnorm", "spline_coupling", "planar"]
