"""What the engine knows of each lane, one record each. Loads no torch."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from flowengine.schedule import Schedule

if TYPE_CHECKING:
    from flowengine.project import Lane


class LaneTraits(NamedTuple):
    """How a lane is trained, measured and pictured.

    Attributes:
        schedule: How its learning rate moves.
        held_out: Points that its fit is measured on while it trains.
        betas: Decay of the optimizer's first and second moment.
        heat_frames: Key frames between base and target at which its density is pictured.
        heat_nodes: Nodes along a side of such a picture, while it trains and at rest.
    """

    schedule: Schedule
    held_out: int = 1024
    betas: tuple[float, float] = (0.9, 0.99)
    heat_frames: int = 2
    heat_nodes: tuple[int, int] = (48, 96)


# How long large steps pay was measured: of a stack on two spirals and the checkerboard, 2,500 steps
# to the floor leave half and two thirds of the KL after 10 s that 400 do. Between base and target a
# baseline has no density to picture: the straight way there is only drawn. Generator and critic of
# a GAN chase each other: a memory of where either was going leads in circles.
LANES: dict[Lane, LaneTraits] = {
    "discrete": LaneTraits(
        Schedule(warm_up=10, settle=2500, floor=0.03),
        held_out=4096,
        heat_frames=25,
        heat_nodes=(64, 128),
    ),
    "continuous": LaneTraits(Schedule(settle=8000, floor=0.03), heat_frames=9, heat_nodes=(40, 96)),
    "vae": LaneTraits(Schedule(settle=800)),
    "gan": LaneTraits(Schedule(settle=4000), betas=(0.0, 0.99)),
}
