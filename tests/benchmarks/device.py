"""Training steps a second on the processor and on a GPU, step by step and as a CUDA graph.

    python -m tests.benchmarks.device

On a machine with a CUDA device. The processor takes one thread, as the program's engines do.
"""

from __future__ import annotations

import json
import statistics
import time
from typing import TYPE_CHECKING

import torch

from flowengine.cuda_graph import GraphedStep, PlainStep
from flowengine.lane import build_model
from flowengine.objectives import make_objective
from flowengine.optimizer import FlatAdam
from flowengine.project import Project
from flowengine.targets import preset

if TYPE_CHECKING:
    from collections.abc import Callable

    from flowengine.project import Lane

TURNS, TURN_S = 5, 0.3
BATCHES = (512, 8192, 65_536)
MODELS: dict[str, tuple[Lane, dict]] = {
    "8 affine couplings": ("discrete", {"stack": [{"kind": "affine_coupling"}] * 8}),
    "4 spline couplings": ("discrete", {"stack": [{"kind": "spline_coupling"}] * 4}),
    "flow matching": ("continuous", {"continuous": {"kind": "flow_matching"}}),
    "FFJORD": ("continuous", {"continuous": {"kind": "ffjord"}}),
}


def rates(lane: Lane, project: Project) -> dict[str, float]:
    """Steps a second by way; the median of some turns."""
    ways: dict[str, Callable[[], object]] = {}
    for name, device, kind in (
        ("processor", "cpu", PlainStep),
        ("GPU", "cuda", PlainStep),
        ("GPU, graph", "cuda", GraphedStep),
    ):
        loss = make_objective(project, lane, preset("moons").to(device))
        optimizer = FlatAdam(build_model(project, lane).to(device))
        step = kind(optimizer, loss)
        ways[name] = lambda step=step: step(1e-3, 10.0)
    turns = [{name: _rate(step) for name, step in ways.items()} for _ in range(TURNS)]
    return {name: statistics.median(turn[name] for turn in turns[1:]) for name in ways}


def _rate(step: Callable[[], object]) -> float:
    step()  # each gives its loss as a number, so that nothing is left under way
    count, start = 0, time.perf_counter()
    while (seconds := time.perf_counter() - start) < TURN_S or count < 3:
        step()
        count += 1
    return count / seconds


def main() -> None:
    """Print the rates as JSON, a line for each model and batch."""
    torch.set_num_threads(1)
    for name, (lane, changes) in MODELS.items():
        for batch in BATCHES:
            recipe = {"training": {lane: {"batch_size": batch}}}
            found = rates(lane, Project.from_dict(changes | recipe))
            row = {"model": name, "batch": batch, **{k: round(v, 1) for k, v in found.items()}}
            print(json.dumps(row), flush=True)


if __name__ == "__main__":
    main()
