"""All figures that the README states, in one run: `python -m tests.benchmarks`."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

from tests.benchmarks.virtual_screen import screen

ROOT = Path(__file__).resolve().parents[2]
STARTS = 5


def part(name: str, environment: dict[str, str], *arguments: str) -> str:
    """What one of the benchmarks prints."""
    command = [sys.executable, "-m", f"tests.benchmarks.{name}", *arguments]
    output = subprocess.check_output(command, env=environment, text=True, cwd=ROOT)
    return output.strip().splitlines()[-1]


def start_up(environment: dict[str, str]) -> float:
    """Median of some starts, after one that warms the disk."""
    times = [
        float(part("startup", environment | {"STARTED": str(time.time())}))
        for _ in range(STARTS + 1)
    ]
    return statistics.median(times[1:])


def rows(program: dict, seconds: float, fit: dict) -> list[tuple[str, str, str]]:
    """The table: what, its goal, and what was measured."""
    both = program["discrete+continuous"]
    one = [program[lane]["rates"][lane] / program["headless"][lane] for lane in program["headless"]]
    two = [both["rates"][lane] / program["headless"][lane] for lane in program["headless"]]
    peer = min(fit["coupling"], fit["autoregressive"])
    return [
        ("Frames while both lanes train, median", "≥ 50 fps", f"{both['fps']:.0f} fps"),
        ("95th percentile frame", "≤ 25 ms", f"{both['p95_ms']:.1f} ms"),
        ("Longest frame", "≤ 100 ms", f"{both['longest_ms']:.0f} ms"),
        ("One lane training in the window, of its speed alone", "≥ 85 %",
         f"discrete {one[0]:.0%}, continuous {one[1]:.0%}"),
        ("Both lanes training in the window, each of its speed alone", "≥ 45 %",
         f"discrete {two[0]:.0%}, continuous {two[1]:.0%}"),
        ("`python main.py` to the first moving frame", "≤ 1.5 s", f"{seconds:.2f} s"),
        ("4 spline couplings to KL ≤ 0.05, against zuko's NSF", "≤ 1/5",
         f"{fit['ours']:.2f} s against {peer:.2f} s: 1/{peer / fit['ours']:.1f}"),
        ("Flow matching to KL ≤ 0.10", "≤ 3 s", f"{fit['continuous']:.2f} s"),
        ("Flow matching at batch 256", "≥ 1,000 steps/s", f"{fit['rate']:,.0f} steps/s"),
    ]  # fmt: skip


def main() -> None:
    """Measure one part after the other and print a Markdown table."""
    alone = os.environ | {"OMP_NUM_THREADS": "1", "QT_QPA_PLATFORM": "offscreen"}
    fit = json.loads(part("fit", alone))
    with screen() as environment:
        seconds = start_up(environment)
        program = json.loads(part("program", environment))
    print("| what | goal | measured |\n|---|---|---|")
    for row in rows(program, seconds, fit):
        print("| " + " | ".join(row) + " |")


if __name__ == "__main__":
    main()
