"""After an edit the first picture comes before training goes on, and training does go on."""

from __future__ import annotations

import queue

import pytest

from flowengine import protocol
from flowengine.lane_worker import Worker
from flowengine.project import FLOW_LANES, Project, TargetSpec
from tests.engine.test_snapshots import SMALL

PICTURES = (protocol.ParticleFrames, protocol.HeatFrame)


def run(lane: str, view: protocol.SetView, edit: protocol.Command, until) -> list[protocol.Event]:
    """What a lane says that trains, from the moment of an edit until a condition holds."""
    commands: queue.SimpleQueue[protocol.Command | None] = queue.SimpleQueue()
    said: list[protocol.Event] = []
    edited = []

    def hear(event: protocol.Event) -> None:
        said.append(event)
        if not edited and getattr(event, "step", 0) >= 50:
            edited.append(len(said))
            commands.put(edit)
        elif edited and until(said[edited[0] :]):
            commands.put(None)

    commands.put(view)
    project = Project.from_dict(SMALL)
    commands.put(protocol.Load(lane=lane, project=project, training=True))
    Worker(hear).run(commands)
    return said[edited[0] :]


@pytest.mark.parametrize("lane", FLOW_LANES)
def test_the_first_picture_after_an_edit_waits_for_no_step(lane):
    edit = protocol.ReplaceTarget(target=TargetSpec(name="star"), generation=1)

    def is_new(event):
        return isinstance(event, PICTURES) and event.generation == 1

    def trained(said):
        return any(is_new(event) and event.step > first_step(said) + 20 for event in said)

    def first_step(said):
        return next((event.step for event in said if is_new(event)), 10**9)

    said = run(lane, protocol.SetView(particles=200), edit, trained)
    status = [e for e in said if isinstance(e, protocol.LaneStatus) and e.generation == 1]
    assert first_step(said) == status[0].step  # which is said as soon as it is edited
    assert trained(said)


@pytest.mark.parametrize("lane", FLOW_LANES)
def test_training_goes_on_where_there_is_nothing_to_show(lane):
    edit = protocol.ReplaceTarget(target=TargetSpec(name="star"), generation=1)

    def measured_twice(said):
        measured = [e for e in said if isinstance(e, protocol.Metrics) and e.generation == 1]
        return len({event.step for event in measured}) > 1

    said = run(lane, protocol.SetView(visible=False), edit, measured_twice)
    assert measured_twice(said)
