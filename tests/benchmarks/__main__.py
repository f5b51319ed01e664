"""All figures that docs/figures.md states, in one run.

    python -m tests.benchmarks [window] [engine]

The engine is measured beside other libraries, for which `pip install -e '.[bench]'` is needed.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.benchmarks import steps
from tests.benchmarks.virtual_screen import screen

Row = tuple[str, str, str]
"""What was measured, its goal, and what came out."""
ROOT = Path(__file__).resolve().parents[2]
STARTS = 5
ALONE = os.environ | {"OMP_NUM_THREADS": "1", "QT_QPA_PLATFORM": "offscreen"}


def part(name: str, environment: dict[str, str], *arguments: str) -> str:
    """What one of the benchmarks prints."""
    command = [sys.executable, "-m", f"tests.benchmarks.{name}", *arguments]
    output = subprocess.check_output(command, env=environment, text=True, cwd=ROOT)
    return output.strip().splitlines()[-1]


def start_up(environment: dict[str, str]) -> float:
    """Median of some starts, after one that warms the disk and compiles, as it does for a user."""
    with tempfile.TemporaryDirectory() as compiled:
        environment = environment | {"PYTHONPYCACHEPREFIX": compiled}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        times = [
            float(part("startup", environment | {"STARTED": str(time.time())}))
            for _ in range(STARTS + 1)
        ]
    return statistics.median(times[1:])


def window_rows(program: dict, seconds: float, fit: dict) -> list[Row]:
    """What a person at the window meets."""
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


def engine_rows(race: dict, steps: dict, continuous: dict, growth: dict) -> list[Row]:
    """What somebody who trains flows without the window meets."""
    rows: list[Row] = [
        (f"KL ≤ 0.05 on {r['target']}", f"{r['peer']}: {r['theirs']:.2f} s",
         f"{r['ours']:.2f} s: {r['theirs'] / r['ours']:.1f}×; KL {r['kl']:.4f} after 10 s")
        for r in race["rows"]
    ]  # fmt: skip
    rows += [
        ("The same, geometric mean over the targets", "≥ 10×", f"{race['ratio']:.1f}×"),
        ("KL ≤ 0.01 within 10 s", "≥ 4 of 6 targets", f"{race['good']} of 6"),
    ]
    for stack, rates in steps.items():
        for what, rate in rates.items():
            rows.append((f"{stack}, {what}, against the fastest of three", "≥ 2×", beside(rate)))
    rows += continuous_rows(continuous)
    rows += [
        ("Exponent of cost over layers, points, batch", "1",
         f"{growth['layers']:.2f}, {growth['points']:.2f}, {growth['batch']:.2f}"),
        ("Memory of a trace of 1,000,000 points", "≤ 1 GiB", f"{growth['trace_gib']:.2f} GiB"),
    ]  # fmt: skip
    return rows


def continuous_rows(figures: dict) -> list[Row]:
    """The continuous lane, as `tests.benchmarks.continuous` names its figures."""
    return [(name, "", f"{value:.4g}") for name, value in figures.items()]


def beside(rates: dict[str, float]) -> str:
    """Our rate, that of the fastest other library, and the ratio."""
    others = {name: rate for name, rate in rates.items() if name != steps.OURS}
    best = max(others, key=others.__getitem__)
    return (
        f"{rates[steps.OURS]:,.0f}/s against {others[best]:,.0f}/s ({best}): "
        f"{steps.ratio(rates):.1f}×"
    )


def measure_window() -> list[Row]:
    """Start the real program in a real window, and fit beside zuko."""
    fit = json.loads(part("fit", ALONE))
    with screen() as environment:
        seconds = start_up(environment)
        return window_rows(json.loads(part("program", environment)), seconds, fit)


def measure_engine() -> list[Row]:
    """Run the parts of the engine one after the other."""
    figures = [json.loads(part(name, ALONE)) for name in ("race", "steps")]
    continuous = json.loads(part("continuous", ALONE, "--json"))
    return engine_rows(*figures, continuous, json.loads(part("growth", ALONE)))


def main() -> None:
    """Measure one part after the other and print a Markdown table."""
    measured = {"window": measure_window, "engine": measure_engine}
    names = sys.argv[1:] or list(measured)
    if unknown := [name for name in names if name not in measured]:
        sys.exit(f"There is no part {unknown[0]!r}; there is {', '.join(measured)}")
    print("| what | goal | measured |\n|---|---|---|")
    for name in names:
        for row in measured[name]():
            print("| " + " | ".join(row) + " |", flush=True)


if __name__ == "__main__":
    main()
