"""The continuous lane in figures: steps, pairing, densities, traces, and the time to a good fit.

    python -m tests.benchmarks.continuous [--seeds N] [--json]

One torch thread, and the processor time it takes: on an idle core that is the time on the clock,
and other work on the machine counts as little as it can. What is compared is measured turn by turn
in one run, the best of many rounds. The time to fit includes everything that a step needs: drawing,
pairing, gradient, optimizer and averaging.
"""

from __future__ import annotations

import argparse
import copy
import functools
import json
import math
import statistics
import time
from typing import TYPE_CHECKING

import torch
from torchdiffeq import odeint, odeint_adjoint

from flowengine.catalogue import FlowMatching
from flowengine.continuous import build_continuous, build_loss
from flowengine.flow import base_log_prob
from flowengine.optimizer import FlatAdam
from flowengine.project import Project
from flowengine.targets import preset
from flowengine.trainer import Trainer

if TYPE_CHECKING:
    from collections.abc import Callable

TARGET = "eight_gaussians"
LEARNING_RATE = 2e-2
CLIP_NORM = 10.0
FIT_STEPS = 1200
FIT_BATCH = 512
PARTICLES = 10_000
POINTS = 4_096
LIKELIHOOD_BATCH = 256
ERROR = 1e-4  # in nats
TRAINED_S = 10.0


def main() -> None:
    """Measure, and print a table or one JSON object."""
    parser = argparse.ArgumentParser(description="Measure the continuous lane.")
    parser.add_argument("--seeds", type=int, default=3, help="runs of the fit (median is shown)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    figures = {
        **steps_per_second(),
        **reading(),
        **likelihood(),
        **honest(),
        **fit(arguments.seeds),
    }
    if arguments.json:
        print(json.dumps(figures))
    else:
        for name, value in figures.items():
            print(f"{name:<48}{value:>12.4g}")


def steps_per_second() -> dict[str, float]:
    """Training steps a second at batch 256, 3x64, for both pairings, and by plain autograd."""
    runs = {
        "steps/s, batch 256": _stepper(FlowMatching()),
        "steps/s, batch 256, optimal transport": _stepper(
            FlowMatching(coupling="optimal_transport")
        ),
        "steps/s, batch 256, transport plan": _stepper(FlowMatching(coupling="transport_plan")),
        "steps/s, batch 256, by autograd": _stepper(FlowMatching(), autograd=True),
    }
    # A round of 64 steps takes up exactly one block of points, so that drawing it is counted.
    seconds = best_of(runs, rounds=20, repeats=64)
    figures = {name: 1 / value for name, value in seconds.items()}
    plain, paired, *_ = figures.values()
    return {**figures, "share of the steps that pairing costs": 1 - paired / plain}


def reading() -> dict[str, float]:
    """Seconds for what the window asks of a trained flow, and the same by torchdiffeq."""
    flow = _trained(0, steps=300).average
    z = torch.randn(PARTICLES, 2, generator=torch.Generator().manual_seed(0))
    x = z[:POINTS]
    with torch.no_grad():
        seconds = best_of(
            {
                f"s, trace of {PARTICLES} particles": lambda: flow.trace(z, densities=False),
                f"s, trace of {PARTICLES} particles with densities": lambda: flow.trace(z),
                f"s, log_prob of {POINTS} points": lambda: flow.log_prob(x),
            },
            rounds=5,
            repeats=1,
        )
    name = f"s, log_prob of {POINTS} points, dopri5 and autograd"
    return {**seconds, **best_of({name: lambda: _adaptive_log_det(flow, x)}, rounds=3, repeats=1)}


def likelihood() -> dict[str, float]:
    """Gradients of the likelihood and log_prob at several errors, ours and as torchcfm does it.

    On a flow that fits, because a field that does nothing is easy to follow. Errors are mean
    absolute errors of log_prob in nats, against 256 steps of RK4 in float64.
    """
    flow = _trained(0, steps=600).average.requires_grad_()
    x = preset(TARGET).sample(LIKELIHOOD_BATCH, seed=5)
    with torch.no_grad():
        truth = copy.deepcopy(flow).double().with_solver("rk4", 256).log_prob(x.double())
    ways: dict[str, Callable[[], torch.Tensor]] = {
        f"{solver} in {n} steps": functools.partial(flow.with_solver(solver, n).log_prob, x)
        for solver, counts in {"adams": (24, 32, 40), "rk4": (8, 20)}.items()
        for n in counts
    }
    for tolerance in (1e-3, 1e-4, 1e-5, 3e-6):
        ways[f"dopri5 to {tolerance:g}"] = functools.partial(_adaptive_log_prob, flow, x, tolerance)
    figures = {}
    for name, way in ways.items():
        with torch.no_grad():
            figures[f"error, {name}"] = float((way().double() - truth).abs().mean())
    steps = {f"gradients/s, {n}": functools.partial(_likelihood_step, w) for n, w in ways.items()}
    reads = {f"log_prob/s, {n}": functools.partial(_without_gradient, w) for n, w in ways.items()}
    seconds = best_of(steps | reads, rounds=9, repeats=1)
    figures |= {name: 1 / value for name, value in seconds.items()}
    for what in ("gradients", "log_prob"):
        ours, theirs = (_rate_at(ERROR, figures, what, solver) for solver in ("adams", "dopri5"))
        figures[f"{what} at {ERROR:g} nats, adams over dopri5"] = ours / theirs
    return figures


def honest() -> dict[str, float]:
    """The densities of three trained flows as the engine gives them, and by dopri5 at 1e-5.

    The same field, after `TRAINED_S` of the default recipe; errors are the largest of the points,
    in nats, against RK4 in 384 steps in float64.
    """
    figures = {}
    for name in ("moons", "two_spirals", "star"):
        trainer = Trainer(Project.from_dict({"target": {"name": name}, "seed": 1}), "continuous")
        while trainer.seconds < TRAINED_S:
            trainer.step()
        flow, x = trainer.average, trainer.target.sample(POINTS, seed=5)
        ways = {
            "as given": functools.partial(flow.log_prob, x),
            "as for means": functools.partial(flow.sketched().log_prob, x),
            "dopri5 at 1e-5": functools.partial(_adaptive_log_prob, flow, x, 1e-5),
        }
        seconds = best_of(
            {n: functools.partial(_without_gradient, w) for n, w in ways.items()},
            rounds=3,
            repeats=1,
        )
        dense = copy.deepcopy(flow).double().with_solver("rk4", 384)
        for way, call in ways.items():
            with torch.no_grad():
                miss = (call()[:512].double() - dense.log_prob(x[:512].double())).abs()
            figures[f"{name}: points/s, {way}"] = POINTS / seconds[way]
            figures[f"{name}: largest error, {way}"] = float(miss.max())
        for way in ("as given", "as for means"):
            figures[f"{name}: {way} over dopri5"] = seconds["dopri5 at 1e-5"] / seconds[way]
    return figures


def _rate_at(error: float, figures: dict[str, float], what: str, solver: str) -> float:
    """Calls a second at an error, on the line through the two measurements on either side of it."""
    names = [n.removeprefix("error, ") for n in figures if n.startswith(f"error, {solver}")]
    points = sorted((figures[f"error, {n}"], figures[f"{what}/s, {n}"]) for n in names)
    above = next(i for i, (found, _) in enumerate(points) if found > error)
    (small, slow), (great, fast) = points[above - 1], points[above]
    share = math.log(error / small) / math.log(great / small)
    return slow * (fast / slow) ** share


def fit(seeds: int) -> dict[str, float]:
    """KL in nats and seconds of training after the same number of steps, median over seeds."""
    target = preset(TARGET)
    results = []
    for seed in range(seeds):
        started = time.process_time()
        flow = _trained(seed, steps=FIT_STEPS).average
        seconds = time.process_time() - started
        x = target.sample(4096, seed=10_000 + seed)
        with torch.no_grad():
            results.append((seconds, float((target.log_prob(x) - flow.log_prob(x)).mean())))
    return {
        f"s, {FIT_STEPS} steps of batch {FIT_BATCH}": statistics.median(s for s, _ in results),
        f"KL (nats) after {FIT_STEPS} steps": statistics.median(kl for _, kl in results),
    }


def best_of(
    runs: dict[str, Callable[[], object]], *, rounds: int, repeats: int
) -> dict[str, float]:
    """Seconds of one call of each, the best round of `repeats` calls, taken turn by turn."""
    best = dict.fromkeys(runs, math.inf)
    for _ in range(rounds):
        for name, run in runs.items():
            started = time.process_time()
            for _ in range(repeats):
                run()
            best[name] = min(best[name], (time.process_time() - started) / repeats)
    return best


def _stepper(spec: FlowMatching, *, autograd: bool = False) -> Callable[[], object]:
    flow = build_continuous(spec, 0)
    optimizer = FlatAdam(flow)
    loss = build_loss(spec, preset(TARGET), seed=0, batch_size=256, sampling="sobol")

    def step() -> None:
        optimizer.zero_grad()
        if autograd:
            loss.loss(flow).backward()
        else:
            loss.backward(flow)
        optimizer.step(LEARNING_RATE / 10, CLIP_NORM)

    return step


def _trained(seed: int, *, steps: int) -> FlatAdam:
    spec = FlowMatching()
    flow = build_continuous(spec, seed)
    optimizer = FlatAdam(flow)
    loss = build_loss(spec, preset(TARGET), seed=seed, batch_size=FIT_BATCH, sampling="sobol")
    for step in range(steps):
        optimizer.zero_grad()
        loss.backward(flow)
        cosine = 0.5 * (1 + math.cos(math.pi * step / steps))
        optimizer.step(LEARNING_RATE * min(1.0, (step + 1) / 20) * cosine, CLIP_NORM)
    return optimizer


def _likelihood_step(log_prob: Callable[[], torch.Tensor]) -> None:
    (-log_prob().mean()).backward()


def _without_gradient(log_prob: Callable[[], torch.Tensor]) -> torch.Tensor:
    with torch.no_grad():
        return log_prob()


class _Augmented(torch.nn.Module):
    """The field and its divergence as FFJORD and torchcfm compute them: by autograd."""

    def __init__(self, velocity: torch.nn.Module) -> None:
        super().__init__()
        self.velocity = velocity

    def forward(self, t: torch.Tensor, state: torch.Tensor) -> torch.Tensor:
        wanted = torch.is_grad_enabled()
        with torch.enable_grad():
            at = state[:, :2] if state.requires_grad else state[:, :2].detach().requires_grad_()
            v = self.velocity(at, t)
            rows = [
                torch.autograd.grad(v[:, i].sum(), at, create_graph=wanted, retain_graph=True)[0]
                for i in (0, 1)
            ]
        return torch.cat([v, rows[0][:, :1] + rows[1][:, 1:]], dim=1)


def _adaptive_log_prob(flow: torch.nn.Module, x: torch.Tensor, tolerance: float) -> torch.Tensor:
    """By dopri5, and with its adjoint equation for the gradient."""
    solve = odeint_adjoint if torch.is_grad_enabled() else odeint
    start = torch.cat([x, torch.zeros(len(x), 1)], dim=1)
    ends = torch.tensor([1.0, 0.0])
    field = _Augmented(flow.velocity)
    end = solve(field, start, ends, method="dopri5", rtol=tolerance, atol=tolerance)[1]
    return base_log_prob(end[:, :2]) + end[:, 2]


def _adaptive_log_det(flow: torch.nn.Module, x: torch.Tensor) -> torch.Tensor:
    """∫ div v dt as torchcfm and FFJORD do it: dopri5, the divergence from two backward passes."""

    def field(t: torch.Tensor, state: torch.Tensor) -> torch.Tensor:
        with torch.enable_grad():
            at = state[:, :2].detach().requires_grad_()
            v = flow.velocity(at, float(t))
            rows = [torch.autograd.grad(v[:, i].sum(), at, retain_graph=i == 0)[0] for i in (0, 1)]
        return torch.cat([v.detach(), (rows[0][:, :1] + rows[1][:, 1:])], dim=1)

    start = torch.cat([x, torch.zeros(len(x), 1)], dim=1)
    ends = torch.tensor([1.0, 0.0])
    return odeint(field, start, ends, method="dopri5", rtol=1e-5, atol=1e-5)[1][:, 2]


if __name__ == "__main__":
    main()
