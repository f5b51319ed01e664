"""How cost grows with layers, points and batch, and what a trace of a million points takes.

    python -m tests.benchmarks.growth

One thread and its processor time. An exponent is the slope of log(seconds) over log(size): 1 is
linear growth, less is growth that a fixed cost still hides.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import numpy as np
import torch

import flowengine
from flowengine.optimizer import FlatAdam
from flowengine.shorthand import parse_stack

if TYPE_CHECKING:
    from collections.abc import Callable

LAYERS = (8, 16, 32, 64)
POINTS = (16_384, 32_768, 65_536, 131_072)
BATCHES = (2048, 4096, 8192, 16_384)
TURNS = 3
TRACED = 1_000_000
GIB_KIB = 1024**2


def exponent(calls: dict[int, Callable[[], object]]) -> float:
    """The fitted exponent of seconds over size, each size at its best of some turns."""
    best = dict.fromkeys(calls, float("inf"))
    for _ in range(TURNS):
        for size, call in calls.items():
            start = time.process_time()
            call()
            best[size] = min(best[size], time.process_time() - start)
    return float(np.polyfit(np.log(list(best)), np.log(list(best.values())), 1)[0])


def by_layers() -> dict[int, Callable[[], object]]:
    """Densities of as many points through longer and longer stacks."""
    x = torch.randn(16_384, 2)
    flows = {n: flowengine.build(parse_stack(f"spline_coupling*{n}")) for n in LAYERS}
    return {n: lambda flow=flow: flow.log_prob(x) for n, flow in flows.items()}


def by_points() -> dict[int, Callable[[], object]]:
    """Densities of more and more points."""
    flow = flowengine.build(parse_stack("spline_coupling*4"))
    batches = {n: torch.randn(n, 2) for n in POINTS}
    return {n: lambda x=x: flow.log_prob(x) for n, x in batches.items()}


def by_batch() -> dict[int, Callable[[], object]]:
    """Training steps on larger and larger batches."""
    flow = flowengine.build(parse_stack("spline_coupling*4"))
    optimizer = FlatAdam(flow)

    def step(x: torch.Tensor) -> None:
        optimizer.zero_grad()
        (-flow.log_prob(x).mean()).backward()
        optimizer.step(1e-3, 10.0)

    batches = {n: torch.randn(n, 2) for n in BATCHES}
    return {n: lambda x=x: step(x) for n, x in batches.items()}


def trace_memory() -> float:
    """What the trace of `TRACED` points needs on top of the process that makes it, in GiB."""
    flow = flowengine.build(parse_stack("spline_coupling*4"))
    z = torch.randn(TRACED, 2)
    flow.trace(z[:1000])
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    flow.trace(z)
    return (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / GIB_KIB


def measure() -> dict[str, float]:
    """All figures; the memory in a process of its own, whose peak nothing else has raised."""
    torch.set_num_threads(1)
    with torch.no_grad():
        figures = {"layers": exponent(by_layers()), "points": exponent(by_points())}
    figures["batch"] = exponent(by_batch())
    command = [sys.executable, "-m", "tests.benchmarks.growth", "--memory"]
    figures["trace_gib"] = float(subprocess.check_output(command, text=True))
    return figures


def main() -> None:
    """Print the figures as JSON."""
    print(trace_memory() if "--memory" in sys.argv else json.dumps(measure()))


if __name__ == "__main__":
    main()
