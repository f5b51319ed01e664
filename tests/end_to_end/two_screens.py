"""Two screens side by side, one of which can be taken away, as by pulling its cable."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.x11 import NEEDS_X11, PATIENCE_S, VirtualScreen

TOOLS = ("Xorg", "xrandr")
WIDTH, HEIGHT = 1440, 900
MODE = f"{WIDTH}x{HEIGHT}"

# What the X server itself allows only to root, or to somebody who sits in front of it.
NEEDS_TWO_SCREENS = [
    *NEEDS_X11,
    pytest.mark.skipif(
        any(shutil.which(tool) is None for tool in TOOLS) or os.geteuid() != 0,
        reason=f"needs {', '.join(TOOLS)} with its dummy driver, and root",
    ),
]

_SERVER = f"""
Section "ServerFlags"
  Option "AutoAddDevices" "false"
  Option "AutoAddGPU" "false"
EndSection
Section "Device"
  Identifier "none"
  Driver "dummy"
  VideoRam 64000
EndSection
Section "Monitor"
  Identifier "monitor"
  HorizSync 1-1000
  VertRefresh 1-500
  Modeline "{MODE}" 106.50 1440 1528 1672 1904 900 903 909 934
EndSection
Section "Screen"
  Identifier "screen"
  Device "none"
  Monitor "monitor"
  DefaultDepth 24
EndSection
"""


class TwoScreens(VirtualScreen):
    """The screens DUMMY0 and, to its right, DUMMY1."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        super().__init__(MODE, folder)
        self._xrandr("--output", "DUMMY0", "--mode", MODE)
        self._xrandr("--addmode", "DUMMY1", MODE)
        self._xrandr("--output", "DUMMY1", "--mode", MODE, "--right-of", "DUMMY0")

    def unplug_second(self) -> None:
        """Take the right one away."""
        self._xrandr("--output", "DUMMY1", "--off")

    def move_window(self, x: int, y: int) -> None:
        """Move the window that is used now."""
        self.mouse("getactivewindow", "windowmove", x, y)

    def server(self, display_to: int, _size: str) -> list[str]:
        """The command of an X server with several outputs."""
        config, log = self._folder / "xorg.conf", self._folder / "xorg.log"
        config.write_text(_SERVER)
        files = ["-config", str(config), "-logfile", str(log)]
        return ["Xorg", "-displayfd", str(display_to), *files, "-noreset", "-nolisten", "tcp"]

    def _xrandr(self, *words: str) -> None:
        command = ["xrandr", *words]
        subprocess.run(command, env=self.environment, check=True, timeout=PATIENCE_S)
