"""Flow Explorer in a process of its own, as somebody in front of the screen meets it."""

from __future__ import annotations

import json
import selectors
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from tests.x11 import PATIENCE_S, ROOT, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from tests.x11 import VirtualScreen

DRIVER = ROOT / "tests" / "end_to_end" / "driver.py"
WINDOW = "Flow Explorer"  # the title of the window ends with it, and no dialog's does
Seen = dict[str, Any]


class Program:
    """`main.py` with arguments: looked at through the driver, used with mouse and keyboard.

    Attributes:
        seen: What the window showed last; `driver.look` says what that is.
    """

    def __init__(self, screen: VirtualScreen, folder: Path, arguments: Sequence[str]) -> None:
        self._screen = screen
        self._log = folder.with_name("stderr.txt")
        with self._log.open("ab") as log:
            self._process = screen.start(
                [sys.executable, str(DRIVER), *arguments],
                cwd=folder,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        self.seen: Seen = {}
        self.until(lambda seen: seen.get("active", "").endswith(WINDOW), "the window")

    # --- eyes -----------------------------------------------------------------------------------

    def look(self) -> Seen:
        """What the window shows now."""
        ask, answer = self._process.stdin, self._process.stdout
        assert ask is not None
        assert answer is not None
        ask.write("\n")
        ask.flush()
        with selectors.DefaultSelector() as selector:
            selector.register(answer, selectors.EVENT_READ)
            assert selector.select(PATIENCE_S), "the window hangs"
        line = answer.readline()
        assert line, f"the program has ended: {self.complaints()}"
        self.seen = json.loads(line)
        return self.seen

    def until(self, condition: Callable[[Seen], Any], what: str) -> Seen:
        """Look until a condition holds, and give back what was seen then."""
        try:
            wait_until(lambda: condition(self.look()), what)
        except AssertionError as error:
            raise AssertionError(f"{error}; seen: {self.seen}; {self.complaints()}") from None
        return self.seen

    def until_further(self, steps: dict[str, int]) -> Seen:
        """Look until both lanes have been trained beyond what they had been."""
        return self.until(
            lambda seen: all(seen["steps"][lane] > steps[lane] for lane in steps),
            f"both lanes beyond {steps}",
        )

    def until_ended(self) -> int:
        """Wait for the program to end, and give back its exit status."""
        return self._process.wait(PATIENCE_S)

    def complaints(self) -> str:
        """All that the program has written to its standard error."""
        return self._log.read_text()

    # --- hands ----------------------------------------------------------------------------------

    def draw(self, *points: tuple[float, float]) -> None:
        """Draw a stroke on the target's canvas through points of the plane."""
        (x, y), (right, top) = self.seen["canvas"]["centre"], self.seen["canvas"]["corner"]
        self._screen.drag(*((x + a * (right - x), y + b * (top - y)) for a, b in points))

    def drag(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        """Carry what lies at one place of the screen to another."""
        self._screen.drag(start, end)

    def press(self, *keys: str) -> None:
        """Press keys one after the other: "ctrl+s", "Return"."""
        self._screen.key(*keys)

    def call(self, key: str, dialog: str) -> Seen:
        """Press a key and wait for the dialog that it opens."""
        self._screen.key(key)
        return self.until(lambda seen: seen["active"] == dialog, dialog)

    def answer(self, text: str) -> None:
        """Type over what stands in the field with the focus, press Return, see the dialog go."""
        self._screen.key("ctrl+a")
        self._screen.write(text)
        self._screen.key("Return")
        self.until(lambda seen: seen["active"].endswith(WINDOW), "the window again")

    def tab_to(self, control: str) -> None:
        """Press Tab until a control has the focus."""
        visited: list[str] = []
        while self.seen["focus"] != control:
            assert visited.count(self.seen["focus"]) < 2, f"no {control} among {visited}"
            visited.append(self.seen["focus"])
            self._screen.key("Tab")
            self.until(lambda seen: seen["focus"] != visited[-1], "the next control")
