"""A screen to measure on: the one that is there, or a virtual one."""

from __future__ import annotations

import os
import shutil
import subprocess
from contextlib import contextmanager
from pathlib import Path

SIZE = "1600x1000x24"


@contextmanager
def screen():
    """The environment of a process that opens a real X11 window."""
    if os.environ.get("DISPLAY"):
        yield os.environ | {"QT_QPA_PLATFORM": "xcb"}
        return
    if shutil.which("Xvfb") is None:
        raise SystemExit("The window's figures need a display, or Debian's package xvfb")
    reading, writing = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(writing), "-screen", "0", SIZE],
        pass_fds=[writing],
        stderr=subprocess.DEVNULL,
    )
    os.close(writing)
    try:
        with Path(f"/dev/fd/{reading}").open() as number:
            display = number.readline().strip()
        yield os.environ | {"DISPLAY": f":{display}", "QT_QPA_PLATFORM": "xcb"}
    finally:
        os.close(reading)
        server.terminate()
        server.wait()
