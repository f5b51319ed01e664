"""Whether trained densities are ones, and how near the truth: a table in Markdown.

    python -m tests.benchmarks.truth [--seconds 10] [--seeds 1] [--kinds flow_matching …]
                                     [--bases standard_normal …] [--targets moons … drawn:3 …]
    python -m tests.benchmarks.truth --whole [--seconds 10]

Every model is trained by the default recipe; `drawn:N` is a density drawn from the seed N, see
`tests.engine.drawn`. Errors are those of the densities that the engine gives, against RK4 in
`DENSE` steps in float64; the mass is over the whole plane.
"""

from __future__ import annotations

import argparse
import copy
import itertools

import msgspec
import torch

from flowengine import Project, Trainer
from flowengine.mass import mass_of
from flowengine.meshes import cell_centres, widened
from flowengine.metrics import kl
from flowengine.targets.presets import PRESETS
from flowengine.training import train
from tests.engine.drawn import drawn_target

DENSE = 640
SAMPLES, NODES = 512, 24
SEEN = -13.8  # log of 1e-6
HEAD = (
    "target", "kind", "base", "seed", "training steps", "KL", "mass", "its error", "steps",
    "error they leave", "largest error of the samples", "of the nodes", "round trip",
)  # fmt: skip


KINDS = ("flow_matching", "rectified_flow", "ffjord")
BASES = ("standard_normal", "uniform", "ring", "gaussian_mixture")


def whole_table():
    """Presets by kind, by base and by seed; drawings by kind and base."""
    plain, normal = KINDS[0], BASES[0]
    yield from itertools.product(PRESETS, KINDS, [normal], [1])
    yield from itertools.product(PRESETS, [plain], BASES[1:], [1])
    yield from itertools.product(PRESETS, [plain], [normal], [2, 3, 4, 5])
    for number in range(1, 13):
        yield f"drawn:{number}", KINDS[(number // 4) % 3], BASES[number % 4], 1


def project_of(name, kind, base, seed):
    """The default project with one thing or other changed."""
    document = {"seed": seed, "continuous": {"kind": kind}, "base": {"kind": base}}
    source, _, number = name.partition(":")
    if source == "drawn":
        return msgspec.structs.replace(
            Project.from_dict(document), target=drawn_target(int(number))
        )
    return Project.from_dict(document | {"target": {"name": name}})


@torch.no_grad()
def measured(trainer):
    """What the table says of a trained lane."""
    flow, target = trainer.average, trainer.target
    samples = target.sample(SAMPLES, seed=77)
    nodes = cell_centres(widened(target.extent, 1.25), NODES)
    nodes = nodes[flow.log_prob(nodes) > SEEN]
    dense = copy.deepcopy(flow).double().with_solver("rk4", DENSE)
    misses = [
        (flow.log_prob(x).double() - dense.log_prob(x.double())).abs() for x in (samples, nodes)
    ]
    back, _ = flow.forward(flow.inverse(samples)[0])
    mass, steps = mass_of(flow, target.extent), flow.accuracy
    return (
        f"{kl(flow, target).value:.4f}",
        "not measured" if mass.value is None else f"{mass.value:.5f}",
        f"{mass.error:.0e}",
        steps.steps,
        f"{steps.log_prob_error:.0e}",
        f"{misses[0].quantile(0.999):.0e}",
        f"{misses[1].max():.0e}",
        f"{(back - samples).norm(dim=1).max():.0e}",
    )


def main():
    """Print the table, a row as soon as it is known."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1])
    parser.add_argument("--kinds", nargs="+", default=KINDS)
    parser.add_argument("--bases", nargs="+", default=["standard_normal"])
    parser.add_argument("--targets", nargs="+", default=[*PRESETS, "drawn:1", "drawn:2"])
    parser.add_argument("--whole", action="store_true", help="the table of the documentation")
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    print("|", " | ".join(HEAD), "|")
    print("|", " | ".join("---" for _ in HEAD), "|")
    asked = itertools.product(chosen.targets, chosen.kinds, chosen.bases, chosen.seeds)
    for row in whole_table() if chosen.whole else asked:
        trainer = Trainer(project_of(*row), "continuous", device="cpu")
        train(trainer, seconds=chosen.seconds)
        cells = (*row, trainer.step_count, *measured(trainer))
        print("|", " | ".join(map(str, cells)), "|", flush=True)


if __name__ == "__main__":
    main()
