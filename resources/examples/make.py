"""Make the trained projects that ship with the program: `python -m resources.examples.make`.

Each is trained from its seed in a known number of steps, so that a second run on the same kind of
machine gives the same files. The film that a panel shows before an engine is up comes from the
same pictures that an engine would send.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import torch

from explorer.panels.film import Film
from flowengine.project import LaneState, Project
from flowengine.protocol import SetView
from flowengine.snapshots import Display
from flowengine.trainer import Trainer
from flowengine.training import train

if TYPE_CHECKING:
    from flowengine.project import Lane

FOLDER = Path(__file__).parent
STEPS = {"discrete": 3000, "continuous": 12_000}
PARTICLES = 3000
SPLINES = [{"kind": "linear"}, *[{"kind": "spline_coupling"}] * 4]
EXAMPLES = {
    "star": {"target": {"name": "star"}, "stack": SPLINES},
    "two-moons": {
        "target": {"name": "moons"},
        "stack": [{"kind": "actnorm"}, *[{"kind": "affine_coupling"}] * 8],
    },
}


def main(names: list[str]) -> None:
    """Make the examples of these names, or all of them."""
    torch.set_num_threads(1)
    for name in names or EXAMPLES:
        project = Project.from_dict({"name": name, **EXAMPLES[name]})
        lanes = {lane: trained(project, lane) for lane in STEPS}
        msgspec.structs.replace(project, lanes=lanes).save(FOLDER / f"{name}.flow")


def trained(project: Project, lane: Lane) -> LaneState:
    """Train one lane and keep what its panel shows."""
    trainer = Trainer(project, lane)
    report = train(trainer, steps=STEPS[lane])
    sys.stdout.write(f"{project.name} {lane}: KL {report.kl:.4f} in {report.seconds:.1f} s\n")
    trace = film(trainer, lane)  # first: it measures W₂, which belongs to the history
    return msgspec.structs.replace(trainer.state(), trace=trace)


def film(trainer: Trainer, lane: Lane) -> bytes:
    """All pictures of a lane at rest, as a panel and the cards would keep them."""
    kept = Film(lane)
    kept.transitions = False
    display = Display(trainer, 0, SetView(particles=PARTICLES))
    while display.pending(training=False):
        event = display.advance(training=False)
        if event is not None:
            kept.take(event, 0.0)
    return kept.to_npz_bytes()


if __name__ == "__main__":
    main(sys.argv[1:])
