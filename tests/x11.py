"""A virtual screen with a window manager, and hands on it: a real mouse and a real keyboard."""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

TOOLS = ("Xvfb", "openbox", "xdotool")
ROOT = Path(__file__).parents[1]
PATIENCE_S = 90  # much more than anything takes, for machines with much else to do

# Of the desktop that the tests run on, nothing may reach the programs on the virtual screen.
_DESKTOP = ("XDG_", "DBUS_", "QT_", "WAYLAND_", "GTK_")
_POLL_S = 0.05
_MOVES = 12  # of the mouse between two points: Qt sees a drag only in many small ones

NEEDS_X11 = [
    pytest.mark.x11,
    pytest.mark.skipif(
        any(shutil.which(tool) is None for tool in TOOLS), reason=f"needs {', '.join(TOOLS)}"
    ),
]


def wait_until(condition: Callable[[], Any], what: str, patience_s: float = PATIENCE_S) -> Any:
    """Ask again and again until the answer is true, and give it back."""
    deadline = time.monotonic() + patience_s
    while not (answer := condition()):
        assert time.monotonic() < deadline, f"{what}: not in {patience_s:.0f} s"
        time.sleep(_POLL_S)
    return answer


class VirtualScreen:
    """An X server without a monitor; programs are started on it and used by mouse and keyboard.

    Args:
        size: Width and height in pixels, "1600x1000".
        home: The home folder of every program on the screen.
    """

    def __init__(self, size: str, home: Path) -> None:
        self._processes: list[subprocess.Popen[Any]] = []
        self._home = home
        display = self._start_server(size)
        self.environment = {
            name: value for name, value in os.environ.items() if not name.startswith(_DESKTOP)
        } | {
            "DISPLAY": display,
            "HOME": str(home),
            "PYTHONPATH": str(ROOT),
            "QT_QPA_PLATFORM": "xcb",
        }
        self.start(["openbox"])
        wait_until(self._is_managed, "a window manager")

    def start(self, command: Sequence[str], **options: Any) -> subprocess.Popen[Any]:
        """Start a program on the screen; it ends with the screen at the latest."""
        process = subprocess.Popen(command, env=self.environment, **options)
        self._processes.append(process)
        return process

    def processes(self) -> set[int]:
        """The process numbers of all that runs on the screen, whoever started it."""
        mine = f"HOME={self._home}\0".encode()
        return {
            int(folder.name)
            for folder in Path("/proc").iterdir()
            if folder.name.isdigit() and mine in _environment_of(folder)
        }

    def close(self) -> None:
        """End what was started on the screen, then the screen."""
        for process in reversed(self._processes):
            process.terminate()
            process.wait(PATIENCE_S)
            for stream in (process.stdin, process.stdout):
                if stream is not None:
                    stream.close()

    # --- hands ----------------------------------------------------------------------------------

    def mouse(self, *words: object) -> None:
        """Let xdotool act; its own `sleep` paces the moves as a hand would."""
        self._hands(*words)

    def drag(self, *points: tuple[float, float], before_release: Sequence[object] = ()) -> None:
        """Press at the first point, go along the others in small moves, rest, and let go."""
        moves: list[object] = []
        for start, end in itertools.pairwise(points):
            for step in range(1, _MOVES + 1):
                x, y = (a + (b - a) * step / _MOVES for a, b in zip(start, end, strict=True))
                moves += ["mousemove", round(x), round(y), "sleep", 0.06]
        x, y = points[0]
        press = ["mousemove", round(x), round(y), "sleep", 0.2, "mousedown", 1, "sleep", 0.1]
        self._hands(*press, *moves)
        self._hands("sleep", 0.4, *before_release, "mouseup", 1)

    def key(self, *names: str) -> None:
        """Press keys one after the other: "ctrl+s", "Return"."""
        self._hands("key", "--delay", 30, *names)

    def write(self, text: str) -> None:
        """Type a text."""
        self._hands("type", "--delay", 30, text)

    # --- inside ---------------------------------------------------------------------------------

    def server(self, display_to: int, size: str) -> list[str]:
        """The command of an X server that writes the number of its display to a pipe."""
        return ["Xvfb", "-displayfd", str(display_to), "-screen", "0", f"{size}x24"]

    def _start_server(self, size: str) -> str:
        read, write = os.pipe()
        server = subprocess.Popen(
            self.server(write, size),
            pass_fds=[write],
            stderr=subprocess.DEVNULL,
        )
        self._processes.append(server)
        os.close(write)
        with os.fdopen(read) as pipe:
            number = pipe.readline().strip()
        assert number, "the X server did not start"
        return f":{number}"

    def _is_managed(self) -> bool:
        asked = subprocess.run(
            ["xdotool", "get_num_desktops"],
            env=self.environment,
            capture_output=True,
            timeout=PATIENCE_S,
        )
        return asked.returncode == 0

    def _hands(self, *words: object) -> None:
        command = ["xdotool", *map(str, words)]
        subprocess.run(command, env=self.environment, check=True, timeout=PATIENCE_S)


def _environment_of(process: Path) -> bytes:
    try:
        return (process / "environ").read_bytes()
    except OSError:  # it has just ended, or is somebody else's
        return b""
