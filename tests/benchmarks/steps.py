"""Training steps, log_prob and sampling of the two common stacks, beside three libraries.

    python -m tests.benchmarks.steps

All have the same architecture (couplings with 64-64 conditioners, 8 bins), one thread, no
compilation, batches of 512 for training and 20,000 points otherwise. The sides take turns within
one process, so that a busy machine is busy for all; the figure to read is the ratio to the fastest
of the others.
"""

from __future__ import annotations

import json
import statistics
import time
from typing import TYPE_CHECKING

import torch

import flowengine
from flowengine.catalogue import AffineCoupling, SplineCoupling
from flowengine.optimizer import FlatAdam
from flowengine.project import with_ids
from tests.benchmarks.peers import BINS, BOUND, COUPLINGS, DEPTH, HIDDEN, Peer, peers

if TYPE_CHECKING:
    from collections.abc import Callable

BATCH = 512
POINTS = 20_000
TURNS = 9
STEPS_A_TURN = 10
OURS = "Flow Explorer"
SPECS = {
    "RealNVP-8": AffineCoupling(width=HIDDEN, depth=DEPTH),
    "spline coupling-4": SplineCoupling(width=HIDDEN, depth=DEPTH, bins=BINS, bound=BOUND),
}


def compare(stack: str) -> dict[str, dict[str, float]]:
    """Rates by what is measured and by library: steps or points a second."""
    ours = flowengine.build(with_ids((SPECS[stack],) * COUPLINGS[stack]))
    others = peers(stack)
    x = torch.randn(POINTS, 2)
    steps = {peer.library: _peer_step(peer) for peer in others} | {OURS: _our_step(ours)}
    rates = {"training": _rates(steps, STEPS_A_TURN, 1)}
    with torch.no_grad():
        scores = {peer.library: lambda peer=peer: peer.log_prob(x) for peer in others}
        draws = {peer.library: lambda peer=peer: peer.sample(POINTS) for peer in others}
        rates["log_prob"] = _rates(scores | {OURS: lambda: ours.log_prob(x)}, 1, POINTS)
        rates["sampling"] = _rates(draws | {OURS: lambda: ours.sample(POINTS)}, 1, POINTS)
    return rates


def ratio(rates: dict[str, float]) -> float:
    """How much faster ours is than the fastest of the others."""
    return rates[OURS] / max(rate for name, rate in rates.items() if name != OURS)


def _peer_step(peer: Peer) -> Callable[[], None]:
    optimizer = torch.optim.Adam(peer.weights, lr=1e-3)
    x = torch.randn(BATCH, 2)

    def step() -> None:
        optimizer.zero_grad()
        (-peer.log_prob(x).mean()).backward()
        optimizer.step()

    return step


def _our_step(flow: flowengine.DiscreteFlow) -> Callable[[], None]:
    optimizer = FlatAdam(flow)
    x = torch.randn(BATCH, 2)

    def step() -> None:
        optimizer.zero_grad()
        flow.likelihood_gradient(x)
        optimizer.step(1e-3, 10.0)

    return step


def _rates(calls: dict[str, Callable[[], object]], repeats: int, work: int) -> dict[str, float]:
    """Work done a second by each, median over the turns."""
    turns = [{name: _seconds(call, repeats) for name, call in calls.items()} for _ in range(TURNS)]
    return {name: work / statistics.median(turn[name] for turn in turns[1:]) for name in calls}


def _seconds(call: Callable[[], object], repeats: int) -> float:
    start = time.process_time()
    for _ in range(repeats):
        call()
    return (time.process_time() - start) / repeats


def main() -> None:
    """Print the rates as JSON."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    print(json.dumps({stack: compare(stack) for stack in COUPLINGS}))


if __name__ == "__main__":
    main()
