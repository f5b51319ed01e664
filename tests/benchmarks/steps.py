"""Training steps, log_prob and sampling of the two common stacks, beside zuko's.

Run with ``python -m tests.benchmarks.steps``. Both sides have the same architecture (couplings with
64-64 conditioners, 8 bins), one thread, no compilation, batches of 512 for training and 20,000
points otherwise. The sides take turns within one process, so that a busy machine is busy for both;
the figure to read is the ratio.
"""

from __future__ import annotations

import statistics
import time
from typing import TYPE_CHECKING, NamedTuple

import torch
import zuko
from msgspec.structs import replace

import flowengine
from flowengine.catalogue import AffineCoupling, SplineCoupling
from flowengine.optimizer import FlatAdam
from flowengine.project import with_ids

if TYPE_CHECKING:
    from collections.abc import Callable

    from flowengine.catalogue import LayerSpec

BATCH = 512
POINTS = 20_000
TURNS = 15
HIDDEN = (64, 64)


class Row(NamedTuple):
    """One line of the table: what was measured, in thousands or units a second."""

    name: str
    unit: str
    peer: float
    ours: float
    ratio: float


def main() -> None:
    """Measure and print the table."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    realnvp = zuko.flows.RealNVP(2, 0, transforms=8, hidden_features=HIDDEN)
    spline = zuko.flows.NSF(2, 0, transforms=4, hidden_features=HIDDEN, bins=8, passes=2)
    rows = [
        *_compare("RealNVP, 8 affine couplings", realnvp, [AffineCoupling()] * 8),
        *_compare("4 spline couplings", spline, [SplineCoupling(bins=8, bound=5.0)] * 4),
    ]
    print(f"{'':44}{'zuko':>12}{'Flow Explorer':>16}{'ratio':>8}")
    for row in rows:
        print(f"{row.name:44}{row.peer:>12,.0f}{row.ours:>16,.0f}{row.ratio:>7.1f}×  {row.unit}")


def _compare(name: str, peer: zuko.flows.Flow, stack: list[LayerSpec]) -> tuple[Row, Row, Row]:
    ours = flowengine.build(with_ids(tuple(replace(spec, width=64, depth=2) for spec in stack)))
    x = torch.randn(POINTS, 2)
    steps = _beside(_peer_step(peer), _our_step(ours), repeats=10)
    with torch.no_grad():
        log_prob = _beside(lambda: peer().log_prob(x), lambda: ours.log_prob(x), repeats=1)
        sample = _beside(lambda: peer().sample((POINTS,)), lambda: ours.sample(POINTS), repeats=1)
    return (
        _row(f"{name}: training", "steps/s", steps, 1),
        _row(f"{name}: log_prob", "thousand points/s", log_prob, POINTS / 1000),
        _row(f"{name}: sampling", "thousand points/s", sample, POINTS / 1000),
    )


def _peer_step(flow: zuko.flows.Flow) -> Callable[[], None]:
    optimizer = torch.optim.Adam(flow.parameters(), lr=1e-3)
    x = torch.randn(BATCH, 2)

    def step() -> None:
        optimizer.zero_grad()
        (-flow().log_prob(x).mean()).backward()
        optimizer.step()

    return step


def _our_step(flow: flowengine.DiscreteFlow) -> Callable[[], None]:
    optimizer = FlatAdam(flow)
    x = torch.randn(BATCH, 2)

    def step() -> None:
        optimizer.zero_grad()
        (-flow.log_prob(x).mean()).backward()
        optimizer.step(1e-3, 10.0)

    return step


def _beside(
    peer: Callable[[], object], ours: Callable[[], object], *, repeats: int
) -> tuple[float, float, float]:
    """Seconds for one call of each, and the median over the turns of how much faster ours was."""
    turns = [(_seconds(peer, repeats), _seconds(ours, repeats)) for _ in range(TURNS + 1)]
    pairs = turns[1:]  # the first one warms up
    ratio = statistics.median(theirs / mine for theirs, mine in pairs)
    return statistics.median(p for p, _ in pairs), statistics.median(o for _, o in pairs), ratio


def _seconds(call: Callable[[], object], repeats: int) -> float:
    start = time.perf_counter()
    for _ in range(repeats):
        call()
    return (time.perf_counter() - start) / repeats


def _row(name: str, unit: str, times: tuple[float, float, float], work: float) -> Row:
    peer, ours, ratio = times
    return Row(name, unit, work / peer, work / ours, ratio)


if __name__ == "__main__":
    main()
