"""A lane in training, steered in this process: what a pipe cannot be made to do on purpose."""

from __future__ import annotations

import math

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from flowengine import protocol
from flowengine.catalogue import GaussianMixture, Ring
from flowengine.lane_worker import Worker
from flowengine.project import Project, StopRule
from flowengine.trainer import Trainer
from tests.engine.test_bases import LEARNED
from tests.engine.test_bases import project as project_on

OUT_OF_MEMORY = [
    torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB."),
    RuntimeError("MPS backend out of memory (MPS allocated: 18.00 GB)."),
]


def worker(training: bool = True) -> tuple[Worker, list[protocol.Event]]:
    """A worker that trains a small stack, and what it says."""
    said: list[protocol.Event] = []
    lane = Worker(said.append)
    project = Project.from_dict(
        {
            "stack": [{"kind": "affine_coupling", "width": 8}] * 2,
            "training": {"discrete": {"batch_size": 64}},
        }
    )
    lane.handle(protocol.Load(lane="discrete", project=project, training=training))
    return lane, said


def steps(lane: Worker, count: int) -> None:
    for _ in range(count):
        lane._train_a_step()


def on_a_gpu(lane: Worker, monkeypatch, error: Exception) -> Trainer:
    """The worker's trainer, as if it were on a GPU that has no memory left for another step."""
    trainer = lane._trainer

    def fail(_flow):
        raise error

    monkeypatch.setattr(trainer, "device", torch.device("cuda"))
    monkeypatch.setattr(trainer.objective, "backward", fail)
    return trainer


def notices(said: list[protocol.Event]) -> list[str]:
    return [event.text for event in said if isinstance(event, protocol.Notice)]


@pytest.mark.parametrize("error", OUT_OF_MEMORY, ids=["cuda", "mps"])
def test_a_step_without_memory_moves_the_lane_to_the_cpu_and_says_so(monkeypatch, error):
    lane, said = worker()
    steps(lane, 5)
    full = on_a_gpu(lane, monkeypatch, error)
    before = {name: tensor.clone() for name, tensor in full.average.state_dict().items()}
    steps(lane, 1)
    assert lane._trainer is not full
    assert lane._trainer.step_count == 5
    after = lane._trainer.average.state_dict()
    assert all(torch.equal(after[name], before[name]) for name in before)
    assert notices(said)[0].startswith("The cuda device ran out of memory, so the CPU goes on: ")
    assert str(error) in notices(said)[0]
    status = [event for event in said if isinstance(event, protocol.LaneStatus)][-1]
    assert (status.device, status.state) == ("cpu", "training")
    steps(lane, 3)
    assert lane._trainer.step_count == 8
    assert math.isfinite(lane._trainer.loss)


def test_a_picture_without_memory_moves_the_lane_too(monkeypatch):
    lane, said = worker()
    full = on_a_gpu(lane, monkeypatch, OUT_OF_MEMORY[0])

    def fail(**_):
        raise OUT_OF_MEMORY[0]

    monkeypatch.setattr(lane._display, "advance", fail)
    lane._show()
    assert lane._trainer is not full
    assert "ran out of memory" in notices(said)[0]
    lane._show()  # the new display computes on the CPU


def test_a_question_without_memory_moves_the_lane_too(monkeypatch):
    lane, said = worker()
    full = on_a_gpu(lane, monkeypatch, OUT_OF_MEMORY[0])
    monkeypatch.setattr(full.average, "ledger", lambda _: (_ for _ in ()).throw(OUT_OF_MEMORY[0]))
    lane.handle(protocol.Query(request=1, point=(0.0, 0.0)))
    assert "ran out of memory" in notices(said)[0]
    answers = [event for event in said if isinstance(event, protocol.Ledger)]
    assert [answer.request for answer in answers] == [1]  # by the CPU


def test_a_device_without_memory_for_the_lane_is_not_moved_to(monkeypatch):
    lane, said = worker()
    steps(lane, 2)
    before = lane._trainer

    def fail(*_, **__):
        raise OUT_OF_MEMORY[0]

    monkeypatch.setattr("flowengine.lane_worker.Trainer", fail)
    lane.handle(protocol.SetDevice(device="cpu"))
    assert said[-1].error == "DeviceError"
    assert "has no memory for this model" in said[-1].text
    assert lane._trainer is before
    steps(lane, 1)


def test_a_project_that_does_not_fit_on_a_device_is_loaded_on_the_cpu(monkeypatch):
    made = []

    def limited(project, lane, *, device):
        made.append(device)
        if device != "cpu":
            raise OUT_OF_MEMORY[0]
        return Trainer(project, lane, device=device)

    monkeypatch.setattr("flowengine.lane_worker.Trainer", limited)
    monkeypatch.setattr("flowengine.lane_worker.choose_device", lambda _: torch.device("cuda"))
    lane, said = worker()
    assert made == ["auto", "cpu"]
    assert "The cuda device ran out of memory" in notices(said)[0]
    steps(lane, 1)
    assert lane._trainer.step_count == 1


def test_any_other_error_is_not_taken_for_a_lack_of_memory(monkeypatch):
    lane, said = worker()
    on_a_gpu(lane, monkeypatch, RuntimeError("a shape does not fit"))
    with pytest.raises(RuntimeError, match="does not fit"):
        steps(lane, 1)
    lane, said = worker()
    on_a_gpu(lane, monkeypatch, OUT_OF_MEMORY[0]).device = torch.device("cpu")
    with pytest.raises(torch.OutOfMemoryError):  # there is nowhere left to go
        steps(lane, 1)
    assert notices(said) == []


def test_every_hyperparameter_changes_between_two_steps():
    lane, said = worker()
    changes = {
        "learning_rate": 0.03,
        "batch_size": 32,
        "clip_norm": 2.0,
        "sampling": "iid",
        "objective": "mix",
        "reverse_weight": 0.2,
    }
    for count, (name, value) in enumerate(changes.items(), 1):
        steps(lane, 1)
        lane.handle(protocol.SetHyperparameter(name=name, value=value))
        assert getattr(lane._trainer.recipe, name) == value
        assert lane._trainer.step_count == count
    steps(lane, 2)
    assert math.isfinite(lane._trainer.loss)
    assert not [event for event in said if isinstance(event, protocol.Failure)]
    lane.handle(protocol.SetHyperparameter(name="objective", value="neither"))
    assert "training.discrete.objective" in said[-1].text
    assert lane._trainer.recipe.objective == "mix"


def test_a_plateau_ends_training_by_itself():
    lane, said = worker()
    lane.handle(protocol.SetStopRule(rule=StopRule(kind="plateau", value=0.5)))
    trainer = lane._trainer
    trainer.history = [(step, 0.0, 3.0, 0.4, math.nan) for step in range(0, 900, 100)]
    trainer.step_count = 900
    steps(lane, 1)
    status = [event for event in said if isinstance(event, protocol.LaneStatus)][-1]
    assert (status.state, status.reason) == ("stopped", "KL has stopped falling")
    assert not lane.training


class _NoFloat64(TorchDispatchMode):
    """Fails where a tensor of float64 is made: MPS has none."""

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        for tensor in result if isinstance(result, tuple | list) else (result,):
            if isinstance(tensor, torch.Tensor) and tensor.dtype == torch.float64:
                raise AssertionError(f"{func} makes a float64 tensor")
        return result


@pytest.mark.parametrize("objective", ["forward_kl", "reverse_kl", "mix"])
@pytest.mark.parametrize("base", [Ring(), LEARNED, GaussianMixture()], ids=str)
def test_a_step_of_a_stack_computes_in_float32_alone(base, objective):
    recipe = {"discrete": {"objective": objective, "batch_size": 64}}
    trainer = Trainer(project_on(base, training=recipe), "discrete")
    trainer.step()  # draws a block of points, on the CPU and in float64
    with _NoFloat64():
        trainer.step()


@pytest.mark.parametrize("kind", ["flow_matching", "ffjord"])
def test_a_step_of_a_continuous_flow_computes_in_float32_alone(kind):
    spec = {"kind": kind, "width": 8, "depth": 1, "solver_steps": 2}
    trainer = Trainer(project_on(Ring(), continuous=spec), "continuous")
    trainer.step()
    with _NoFloat64():
        trainer.step()


def turns(lane: Worker, said: list[protocol.Event], until) -> protocol.Event:
    """Train and show, as the loop of a worker does, until a new event is as it is wanted."""
    seen = len(said)
    for _ in range(3000):
        if lane.training:
            lane._train_a_step()
        lane._show()
        for event in said[seen:]:
            if until(event):
                return event
        seen = len(said)
    raise AssertionError(f"not among {[type(event).__name__ for event in said]}")


def make_endless(lane: Worker) -> None:
    """Finite weights that send points to infinity."""
    with torch.no_grad():
        for model in (lane._trainer.model, lane._trainer.average):
            for weights in model.parameters():
                weights.fill_(1e30)


def is_notice(event: protocol.Event) -> bool:
    return isinstance(event, protocol.Notice)


def test_a_model_of_which_no_figures_can_be_made_goes_back_and_trains_on():
    lane, said = worker(training=True)
    turns(lane, said, lambda e: isinstance(e, protocol.Metrics) and e.w2 is not None)
    lane.handle(protocol.Pause())
    make_endless(lane)
    lane.handle(protocol.SetView())  # whatever is shown is made anew
    notice = turns(lane, said, is_notice)
    assert "the discrete model went back to its last good weights" in notice.text
    assert notice.remedy == "halve_rate"
    figures = turns(lane, said, lambda e: isinstance(e, protocol.Metrics))
    assert math.isfinite(figures.kl + figures.w2)
    lane.handle(protocol.Resume())
    assert lane.training


def test_a_model_that_could_never_be_measured_rests_in_the_end():
    lane, said = worker(training=False)
    make_endless(lane)
    broken, project = lane._trainer.state(), lane._trainer.project
    said.clear()
    lane.handle(protocol.Load(lane="discrete", project=project, state=broken, training=True))
    notice = turns(lane, said, lambda event: is_notice(event) and "Reset" in event.text)
    assert notice.text.endswith("training of the discrete model rests until you press Reset")
    statuses = [event for event in said if isinstance(event, protocol.LaneStatus)]
    assert statuses[-1].state == "stopped"
    told = len(notices(said))
    for _ in range(100):
        lane._show()
    assert len(notices(said)) == told
    lane.handle(protocol.Reset(seed=0, generation=1))
    turns(lane, said, lambda e: isinstance(e, protocol.Metrics))


def test_what_was_trained_is_handed_over_before_it_is_measured(monkeypatch):
    said: list[protocol.Event] = []
    lane = Worker(said.append)
    lane.handle(protocol.Load(lane="continuous", project=Project(), training=True))
    steps(lane, 3)
    said.clear()
    settle = Trainer.settle
    known = []

    def slow(trainer):
        known.extend(event for event in said if isinstance(event, protocol.CheckpointReply))
        return settle(trainer)

    monkeypatch.setattr(Trainer, "settle", slow)
    lane.handle(protocol.Pause())
    assert [reply.state.state for reply in known] == [lane._trainer.state().state]
    replies = [event for event in said if isinstance(event, protocol.CheckpointReply)]
    assert len(replies) == 2  # the second with what was measured
    assert replies[1].state.weights != replies[0].state.weights
