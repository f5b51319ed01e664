"""An engine whose target changes faster than a picture is made: somebody draws."""

from __future__ import annotations

import queue

import numpy as np
import pytest

from flowengine import protocol
from flowengine.arrays import FrozenArray
from flowengine.lane_worker import Worker
from flowengine.project import Project, TargetSpec

TURNS = 240  # of the worker's loop, each with a new target


def drawing(width: int) -> TargetSpec:
    density = np.zeros((64, 64), np.float32)
    density[20:40, 10 : 11 + width % 50] = 1
    return TargetSpec(source="drawing", density=FrozenArray(density))


class Hand:
    """Commands of one who draws without a pause: with each turn of the loop another target."""

    def __init__(self) -> None:
        self.turn = 0

    def get(self, *, block: bool) -> protocol.Command:
        assert block is False  # a lane that trains has always something to do
        self.turn += 1
        if self.turn > TURNS:
            return protocol.Stop()
        return protocol.ReplaceTarget(target=drawing(self.turn), generation=self.turn)

    def get_nowait(self) -> protocol.Command:
        raise queue.Empty


@pytest.mark.parametrize("lane", ["discrete", "continuous"])
def test_while_somebody_draws_without_a_pause_pictures_come_and_training_goes_on(lane):
    said: list[protocol.Event] = []
    worker = Worker(said.append)
    project = Project.from_dict({"stack": [{"kind": "affine_coupling", "width": 8}] * 2})
    worker.handle(protocol.Load(lane=lane, project=project, training=True))
    worker.run(Hand())
    pictures = [event for event in said if isinstance(event, protocol.ParticleFrames)]
    assert len({picture.generation for picture in pictures}) >= 5
    last = [event.step for event in said if isinstance(event, protocol.LaneStatus)][-1]
    assert last >= TURNS // 20
    steps = [picture.step for picture in pictures]
    assert steps == sorted(steps)
    assert steps[-1] > steps[0]
