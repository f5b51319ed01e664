"""The pace of pictures: a share of the training, none of it owed for what was shown at rest."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
import torch

from flowengine import pacing, snapshots
from flowengine.continuous import exact_field
from flowengine.errors import NumericsError
from flowengine.meshes import cell_centres
from flowengine.pacing import CREDIT_S, FRESH_SHARE, SHARE, share_after
from flowengine.project import FLOW_LANES as LANES
from flowengine.project import Project
from flowengine.protocol import FieldFrames, HeatFrame, Metrics, ParticleFrames, SetView
from flowengine.snapshots import Display
from flowengine.targets.sources import spec_from_formula
from flowengine.trainer import Trainer

SMALL = {
    "target": {"name": "moons"},
    "stack": [{"kind": "affine_coupling", "width": 8}] * 2,
    "continuous": {"kind": "flow_matching", "width": 8, "depth": 1},
}

ASIDE = "exp(-(x-2)^2/0.5-(y+0.5)^2/2)"
LINE = "exp(-((y-x/2-1)/0.2)^4 - ((x+0.5)/1.5)^8)"
WAVES = "exp(-(y - 1.5 - 1.5 * cos(4 * x))^2 / 0.05 - (x / 1.3)^6)"


def display_of(lane: str) -> Display:
    return Display(Trainer(Project.from_dict(SMALL), lane), 0, SetView(particles=400))


def show_all(display: Display) -> list:
    """Everything that a resting lane shows."""
    events = []
    while display.pending(training=False):
        events.append(display.advance(training=False))
    return [event for event in events if event is not None]


@pytest.mark.parametrize("lane", LANES)
def test_a_resting_lane_shows_everything_once(lane):
    display = display_of(lane)
    events = show_all(display)
    heat = [event.index for event in events if isinstance(event, HeatFrame)]
    assert sorted(heat) == list(range(events_frames(events)))
    assert sum(isinstance(event, Metrics) for event in events) == 1
    assert show_all(display) == []


def events_frames(events: list) -> int:
    return next(event.frames for event in events if isinstance(event, HeatFrame))


@pytest.mark.parametrize("lane", LANES)
def test_a_long_rest_is_not_paid_for_when_training_goes_on(lane):
    display = display_of(lane)
    for _ in range(5):
        show_all(display)
        display.trainer.step()  # a step by hand: everything is to be shown anew
    display.earn(CREDIT_S / SHARE)  # as much training as one full credit costs
    display.renew(1)
    assert display.pending(training=True)
    before = display._spent
    show_all(display)
    assert display._spent == before


@pytest.mark.parametrize(("direction", "start"), [("generate", 0), ("normalize", -1)])
def test_both_flows_follow_the_same_particles(direction, start):
    starts = {}
    for lane in LANES:
        trainer = Trainer(Project.from_dict(SMALL), lane)
        view = SetView(particles=64, direction=direction)
        events = show_all(Display(trainer, 0, view))
        frames = [event for event in events if isinstance(event, ParticleFrames)]
        starts[lane] = np.concatenate([frame.positions[start] for frame in frames])
    assert len(starts["discrete"]) == 64
    np.testing.assert_array_equal(starts["discrete"], starts["continuous"])


def test_the_exact_field_comes_once_and_only_on_request():
    display = display_of("continuous")
    assert not any(getattr(event, "exact", False) for event in show_all(display))
    display.renew(1, SetView(particles=400, exact_field=True))
    events = show_all(display)
    (frames,) = [event for event in events if getattr(event, "exact", False)]
    (learned,) = [e for e in events if isinstance(e, FieldFrames) and not e.exact]
    assert frames.extent == (-4, 4, -4, 4)
    assert learned.velocity.shape == (17, 41, 41, 2)
    assert learned.extent == pytest.approx((-6.56, 6.56, -6.56, 6.56))
    velocity = display.trainer.average.velocity  # its nodes are as close, and lie farther out
    node = torch.tensor([[-3.84 - 8 * 0.32, -3.84]])
    np.testing.assert_allclose(
        learned.velocity[8, 8, 0], velocity(node, 0.5)[0].detach(), rtol=1e-4, atol=1e-6
    )
    field = exact_field(display.trainer.target, display.trainer.project.continuous)
    corner = torch.tensor([[-3.84, -3.84]])  # the centre of the first of 25 cells of [-4, 4]
    np.testing.assert_allclose(frames.velocity[8, 0, 0], field(corner, 0.5)[0], rtol=1e-5)
    display.trainer.step()
    assert not any(getattr(event, "exact", False) for event in show_all(display))


def test_particles_are_shown_where_dopri5_finds_no_way():
    spec = {"kind": "flow_matching", "width": 8, "depth": 1, "solver": "dopri5"}
    plain = Project.from_dict(SMALL | {"continuous": spec})
    display = Display(Trainer(plain, "continuous"), 0, SetView(particles=8, heat=False))
    with torch.no_grad():
        weights = display.trainer.average.network.weights[-1]
        weights.copy_(torch.randn(weights.shape, generator=torch.Generator().manual_seed(0)))
    stiff = sum(isinstance(event, ParticleFrames) for event in show_all(display))
    assert stiff == 4
    with torch.no_grad():
        weights.mul_(1e30)
    with pytest.raises(NumericsError, match="dopri5"):
        display.trainer.average.positions(torch.ones(2, 2))
    display.view = SetView(particles=8, heat=False)
    display._make_tasks()
    del display._tasks["metrics"]  # which a model as wild as this has none of
    events = show_all(display)
    assert sum(isinstance(event, ParticleFrames) for event in events) == 4


def test_pictures_cost_no_more_than_their_share_of_training():
    display = display_of("discrete")
    trainer = display.trainer
    earned = 0.0
    for _ in range(150):
        before = trainer.seconds
        trainer.step()
        display.earn(trainer.seconds - before)
        earned += FRESH_SHARE * (trainer.seconds - before)
        if display.pending(training=True):
            display.advance(training=True)
    dearest = max(task.cost for task in display._tasks.values())
    assert display._spent <= CREDIT_S + earned + dearest


def test_pictures_come_again_and_again_while_training():
    display = display_of("discrete")
    trainer = display.trainer
    seen = []
    while sum(isinstance(event, Metrics) for event in seen) < 2:
        before = trainer.seconds
        trainer.step()
        display.earn(trainer.seconds - before)
        event = display.advance(training=True)
        seen += [event] if event is not None else []
        assert trainer.step_count < 20_000
    assert any(isinstance(event, ParticleFrames) for event in seen)
    assert max(event.step for event in seen) > min(event.step for event in seen)


class Clock:
    """In place of `time`, so that what a picture costs does not depend on the machine."""

    def __init__(self, chunk: float = 0.004) -> None:
        self.now = 100.0
        self._chunk = chunk

    def perf_counter(self) -> float:
        self.now += self._chunk  # the clock is read at both ends of a chunk
        return self.now


def test_on_a_slow_machine_too_no_picture_shows_a_former_model_for_long(monkeypatch):
    clock = Clock(0.1)
    for module in (pacing, snapshots):
        monkeypatch.setattr(module, "time", clock)
    trainer = Trainer(Project.from_dict(SMALL), "continuous")
    display = Display(trainer, 0, SetView(particles=10_000, field=True))
    display.renew(1)
    edited = clock.now
    while any(task.shows is None for task in display._tasks.values()):
        trainer.step()
        clock.now += 0.05
        display.earn(0.05)
        display.advance(training=True)
    assert clock.now - edited < 60  # the pictures alone take 10 s
    spent, trained = display._spent, 0.0
    while trained < 60:  # from now on they take their usual share
        trainer.step()
        trained += 0.05
        clock.now += 0.05
        display.earn(0.05)
        display.advance(training=True)
    assert display._spent - spent < 0.2 * trained


def test_after_an_edit_every_picture_soon_shows_a_later_model(monkeypatch):
    clock = Clock()
    for module in (pacing, snapshots):
        monkeypatch.setattr(module, "time", clock)
    trainer = Trainer(Project.from_dict(SMALL), "continuous")
    display = Display(trainer, 0, SetView(particles=10_000, field=True))
    trainer.edit(Project.from_dict(SMALL | {"target": {"name": "star"}}))
    display.renew(1)
    newest: dict[str, list[int]] = {}
    edited = clock.now
    while clock.now - edited < 4.0:
        trainer.step()
        clock.now += 0.002
        display.earn(0.002)
        event = display.advance(training=True)
        if event is not None:
            part = getattr(event, "first", getattr(event, "index", ""))
            newest.setdefault(f"{type(event).__name__} {part}", []).append(event.step)
    # four parts of the particles, nine moments of the density, field and figures
    assert len(newest) == 4 + 9 + 2, newest
    # the first shows the model as it was; a second must follow the model where it went
    del newest["HeatFrame 0"]  # of the base
    assert all(max(steps) > 300 for steps in newest.values()), newest
    assert min(steps[0] for steps in newest.values()) < 10


def test_the_share_of_pictures_falls_to_its_floor():
    assert share_after(0) == share_after(1) == FRESH_SHARE
    assert SHARE < share_after(10) < share_after(5) < FRESH_SHARE
    assert share_after(1000) == SHARE


@pytest.mark.parametrize(("formula", "steps"), [(ASIDE, 700), (WAVES, 100), (LINE, 120)])
def test_the_density_of_a_model_on_its_way_to_another_target_holds_no_more_than_one(formula, steps):
    """A trained star that turns into another target: far points go back a long way to the base."""
    project = Project.open("resources/examples/star.flow")
    trainer = Trainer(project, "continuous")
    trainer.edit(msgspec.structs.replace(project, target=spec_from_formula(formula), lanes={}))
    display = Display(trainer, 0, SetView(particles=400))
    for _ in range(steps):
        trainer.step()
    event = None
    while not (isinstance(event, HeatFrame) and event.index == event.frames - 1):
        display.earn(1.0)
        event = display.advance(training=True)
    x_min, x_max, y_min, y_max = event.extent
    cell = (x_max - x_min) * (y_max - y_min) / event.density.size
    assert 0.95 < float(event.density.sum()) * cell < 1.03


def test_a_density_without_points_is_not_shown():
    """In a field that has just changed too, no map holds mass where it sends nothing."""
    project = Project.open("resources/examples/star.flow")
    trainer = Trainer(project, "continuous")
    trainer.edit(msgspec.structs.replace(project, target=spec_from_formula(LINE), lanes={}))
    for _ in range(120):
        trainer.step()
    flow = trainer.average
    pixels = cell_centres((-4.0, 4.0, -4.0, 4.0), 96)
    with torch.no_grad():
        own, shown = flow.log_prob(pixels), flow.found_again(pixels, 1.0, 0.0, flow.base.log_prob)
    masses = [float(found.exp().sum()) * (8 / 96) ** 2 for found in (own, shown)]
    assert masses == pytest.approx([1, 1], abs=0.01)
    sent, _ = np.histogramdd(flow.sample(20_000).numpy(), bins=12, range=[(-4, 4)] * 2)
    expected = shown.exp().reshape(12, 8, 12, 8).sum((1, 3)).T * (8 / 96) ** 2
    assert np.abs(sent / 20_000 - expected.numpy()).sum() < 0.1


def test_an_error_of_the_steps_is_told_of_no_other_weights():
    trainer = Trainer(Project.from_dict(SMALL), "continuous")
    display = Display(trainer, 0, SetView())

    def told():
        return display.measured(trainer.evaluate()).steps_error

    assert told() is None
    trainer.step()
    trainer.settle()
    assert told() == trainer.average.accuracy.log_prob_error
    trainer.step()
    assert told() is None
