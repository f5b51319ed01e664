"""An engine gives back what it has freed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

PIECE, PIECES = 100_000, 2_000  # bytes: smaller than what glibc asks the system for one by one
FREED_MIB = PIECE * PIECES / 2**20

FREE_AND_GIVE_BACK = f"""
from pathlib import Path
from flowengine.memory import give_back

def resident_mib():
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024

pieces = [bytes([1]) * {PIECE} for _ in range({PIECES})]
full = resident_mib()
pieces = pieces[::50]  # scattered all over the heap
freed = resident_mib()
give_back()
print(full - freed, freed - resident_mib())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there is nothing to give back")
def test_what_lies_free_between_blocks_in_use_is_given_back():
    root = Path(__file__).parents[2]
    told = subprocess.run(
        [sys.executable, "-c", FREE_AND_GIVE_BACK], cwd=root, capture_output=True, text=True
    )
    by_itself, given_back = map(float, told.stdout.split())
    assert by_itself < 0.2 * FREED_MIB, told
    assert given_back > 0.6 * FREED_MIB, told
