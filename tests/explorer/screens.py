"""Other screens than the one of the tests."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def run_at_scale(script: str, scale: str) -> None:
    """Run a script in a process of its own, as on a screen with that many pixels to a point."""
    root = Path(__file__).resolve().parents[2]
    environment = os.environ | {"QT_SCALE_FACTOR": scale, "PYTHONPATH": str(root)}
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=environment, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
