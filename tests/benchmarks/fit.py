"""Time to a good fit on eight Gaussians, beside zuko's neural spline flow in the same run.

    python -m tests.benchmarks.fit [--seeds N]

All on one thread, training time alone, KL on the same held-out points. The peer gets its best
learning rate of three, and independent points, as its users draw them.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time

import torch
import zuko

from flowengine.project import Project
from flowengine.targets import preset
from flowengine.trainer import Trainer
from flowengine.training import train

TARGET = "eight_gaussians"
GOAL = 0.05
GOAL_CONTINUOUS = 0.10
PATIENCE_S = 40.0
MEASURE_EVERY_S = 0.1
RATES = (2e-3, 5e-3, 1e-2)


def project(seed: int, **changes) -> Project:
    return Project.from_dict(
        {"target": {"name": TARGET}, "seed": seed, "stack": [{"kind": "spline_coupling"}] * 4}
        | changes
    )


def ours(seed: int, lane: str, goal: float) -> float:
    """Seconds of training until KL reaches the goal."""
    trainer = Trainer(project(seed), lane, device="cpu")
    return train(trainer, until_kl=goal, seconds=PATIENCE_S).seconds


def continuous_rate(seed: int) -> float:
    """Steps per second of flow matching at batch 256."""
    batch = {"training": {"continuous": {"batch_size": 256}}}
    trainer = Trainer(project(seed, **batch), "continuous", device="cpu")
    for _ in range(2500):
        trainer.step()
    before, first = trainer.seconds, trainer.step_count
    for _ in range(2000):
        trainer.step()
    return (trainer.step_count - first) / (trainer.seconds - before)


def peer(seed: int, rate: float, passes: int | None) -> float:
    """Seconds of training until zuko's NSF reaches the goal; the patience if it does not."""
    torch.manual_seed(seed)
    target = preset(TARGET)
    held_out = target.sample(4096, seed=10_000 + seed)
    log_p = target.log_prob(held_out)
    flow = zuko.flows.NSF(2, transforms=4, bins=8, hidden_features=(64, 64), passes=passes)
    optimizer = torch.optim.Adam(flow.parameters(), rate)
    seconds, measured = 0.0, 0.0
    while seconds < PATIENCE_S:
        x = target.sample(512, method="iid")
        start = time.perf_counter()
        loss = -flow().log_prob(x).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        seconds += time.perf_counter() - start
        if seconds - measured > MEASURE_EVERY_S:
            measured = seconds
            with torch.no_grad():
                if float((log_p - flow().log_prob(held_out)).mean()) <= GOAL:
                    return seconds
    return PATIENCE_S


def measure(seeds: int) -> dict:
    """Medians over the seeds, taken in turn so that drift of the machine hits all alike."""
    torch.set_num_threads(1)
    best = {p: min(RATES, key=lambda rate, p=p: peer(0, rate, p)) for p in (2, None)}
    rows: dict[str, list[float]] = {
        "ours": [], "coupling": [], "autoregressive": [], "continuous": [], "rate": [],
    }  # fmt: skip
    for seed in range(seeds):
        rows["ours"].append(ours(seed, "discrete", GOAL))
        rows["coupling"].append(peer(seed, best[2], 2))
        rows["autoregressive"].append(peer(seed, best[None], None))
        rows["continuous"].append(ours(seed, "continuous", GOAL_CONTINUOUS))
        rows["rate"].append(continuous_rate(seed))
    return {name: statistics.median(values) for name, values in rows.items()}


def main() -> None:
    """Print the medians as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    print(json.dumps(measure(parser.parse_args().seeds)))


if __name__ == "__main__":
    main()
