"""Time to a good fit on six targets, beside the best setting of the best other library.

    python -m tests.benchmarks.race [--seeds N]

One thread and the processor time it takes, training alone; KL on the same held-out points. Each
library gets its best learning rate of three, chosen on eight Gaussians, and independent points, as
its users draw them. A run that has not reached the goal when the patience is over counts as having
taken that long, so the ratio is then a lower bound.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from typing import TYPE_CHECKING

import torch

from flowengine.project import Project
from flowengine.targets import preset
from flowengine.trainer import Trainer
from tests.benchmarks.peers import Peer, nflows_flow, normflows_flow, zuko_flow

if TYPE_CHECKING:
    from collections.abc import Callable

TARGETS = ("moons", "eight_gaussians", "pinwheel", "two_spirals", "checkerboard", "star")
GOAL = 0.05
GOOD_GOAL = 0.01
GOOD_S = 10.0
PATIENCE_S = 60.0
MEASURE_EVERY_S = 0.1
RATES = (2e-3, 5e-3, 1e-2)
STACK = "spline coupling-4"
PEERS: dict[str, Callable[[], Peer]] = {
    "zuko": lambda: zuko_flow(STACK),
    "zuko, autoregressive": lambda: zuko_flow(STACK, passes=None),
    "normflows": lambda: normflows_flow(STACK),
    "nflows": lambda: nflows_flow(STACK),
}


def ours(target: str, seed: int) -> dict[str, float]:
    """Seconds until our default stack reaches the goal, and its KL after `GOOD_S`."""
    project = Project.from_dict(
        {"target": {"name": target}, "seed": seed, "stack": [{"kind": "spline_coupling"}] * 4}
    )
    trainer = Trainer(project, "discrete", device="cpu")
    reached, seconds, measured = PATIENCE_S, 0.0, 0.0
    while seconds < GOOD_S:
        start = time.process_time()
        trainer.step()
        seconds += time.process_time() - start
        if reached == PATIENCE_S and seconds - measured > MEASURE_EVERY_S:
            measured = seconds
            if trainer.evaluate().kl <= GOAL:
                reached = seconds
    return {"seconds": reached, "kl": trainer.evaluate().kl}


def theirs(name: str, rate: float, target: str, seed: int) -> float:
    """Seconds until a peer reaches the goal; the patience if it does not."""
    torch.manual_seed(seed)
    density = preset(target)
    held_out = density.sample(4096, seed=10_000 + seed)
    log_p = density.log_prob(held_out)
    peer = PEERS[name]()
    optimizer = torch.optim.Adam(peer.weights, rate)
    seconds, measured = 0.0, 0.0
    while seconds < PATIENCE_S:
        x = density.sample(512, method="iid")
        start = time.process_time()
        optimizer.zero_grad()
        (-peer.log_prob(x).mean()).backward()
        optimizer.step()
        seconds += time.process_time() - start
        if seconds - measured > MEASURE_EVERY_S:
            measured = seconds
            with torch.no_grad():
                if float((log_p - peer.log_prob(held_out)).mean()) <= GOAL:
                    return seconds
    return PATIENCE_S


def row(target: str, rates: dict[str, float], seeds: int) -> dict[str, object]:
    """One line of the table: medians over the seeds, of ours and of the best peer's."""
    first = {name: theirs(name, rate, target, 0) for name, rate in rates.items()}
    best = min(first, key=first.__getitem__)
    others = [theirs(best, rates[best], target, seed) for seed in range(1, seeds)]
    own = [ours(target, seed) for seed in range(seeds)]
    return {
        "target": target,
        "peer": best,
        "theirs": statistics.median([first[best], *others]),
        "ours": statistics.median(run["seconds"] for run in own),
        "kl": statistics.median(run["kl"] for run in own),
    }


def measure(seeds: int) -> dict[str, object]:
    """A row for each target, the geometric mean of the ratios, and how many fits were very good."""
    torch.set_num_threads(1)
    rates = {
        name: min(RATES, key=lambda rate, name=name: theirs(name, rate, "eight_gaussians", 0))
        for name in PEERS
    }
    rows = [row(target, rates, seeds) for target in TARGETS]
    return {
        "rows": rows,
        "ratio": statistics.geometric_mean([r["theirs"] / r["ours"] for r in rows]),
        "good": sum(r["kl"] <= GOOD_GOAL for r in rows),
    }


def main() -> None:
    """Print the result as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    print(json.dumps(measure(parser.parse_args().seeds)))


if __name__ == "__main__":
    main()
