"""Whole numbers, seeds and devices as people have them."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
import torch

import flowengine as fe
from flowengine.bases import build_base
from flowengine.catalogue import BASE_SPECS, FlowMatching, GanSpec, VaeSpec, kind_of
from flowengine.devices import choose_device
from flowengine.errors import DeviceError, SpecError
from flowengine.numbers import as_whole, check_seed
from flowengine.targets.streams import STREAMS


def drawn_from(base, n):
    return base.sample(n, generator=torch.Generator().manual_seed(0))


WHOLE = [
    *(np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint16, np.uint32, np.uint64),
    *(np.array, torch.tensor),
]
FLOW = fe.build("affine_coupling")
TARGET = fe.targets.preset("moons")
PLACES = {
    "flow.sample(n)": lambda n: FLOW.sample(n, seed=0),
    "flow.sample(seed)": lambda n: FLOW.sample(4, seed=n),
    "flow.rsample(n)": lambda n: FLOW.rsample(n, seed=0).detach(),
    "flow.draw(n)": lambda n: FLOW.draw(n, generator=torch.Generator().manual_seed(0)),
    "target.sample(n)": lambda n: TARGET.sample(n, seed=0),
    "target.sample(seed)": lambda n: TARGET.sample(4, seed=n),
    "target.sample(seed), iid": lambda n: TARGET.sample(4, seed=n, method="iid"),
    "target.stream(batch)": lambda n: TARGET.stream(n, 0).next(),
    "target.stream(seed)": lambda n: TARGET.stream(4, n).next(),
    "build(seed)": lambda n: fe.build("affine_coupling", seed=n).layers["layer-1"].state_dict(),
    "Project.new(seed)": lambda n: fe.Project.new(seed=n).seed,
    "flow.spread(n, seed)": lambda n: FLOW.spread(n, n),
    **{f"{kind_of(cls)}.sample(n)": partial(drawn_from, build_base(cls())) for cls in BASE_SPECS},
}


def same(found, expected):
    if isinstance(expected, dict):
        return all(torch.equal(found[name], expected[name]) for name in expected)
    return torch.equal(torch.as_tensor(found), torch.as_tensor(expected))


@pytest.mark.parametrize("place", PLACES)
def test_every_whole_number_counts(place):
    expected = PLACES[place](6)
    for kind in WHOLE:
        assert same(PLACES[place](kind(6)), expected), kind


@pytest.mark.parametrize("bad", [True, np.True_, 2.5, "six", None, np.array([6, 7]), -6])
@pytest.mark.parametrize("place", [place for place in PLACES if "seed)" not in place])
def test_truth_values_and_fractions_are_no_counts(place, bad):
    with pytest.raises(SpecError):
        PLACES[place](bad)


@pytest.mark.parametrize("bad", [True, np.False_, torch.tensor(True), 2.5, "six", -1, 2**63])
def test_no_seeds(bad):
    with pytest.raises(SpecError, match="A seed is a whole number"):
        check_seed(bad)


def test_no_whole_number_is_none():
    assert as_whole(np.int64(3)) == 3
    assert type(as_whole(np.uint8(3))) is int
    assert as_whole(torch.tensor([1, 2])) is None
    assert as_whole(torch.tensor(True)) is None


@pytest.mark.parametrize("method", STREAMS)
def test_a_stream_of_numpys_numbers_goes_on_alike(method):
    streams = [STREAMS[method](2, kind(300), kind(7)) for kind in (int, np.int64)]
    for _ in range(3):
        assert torch.equal(*(stream.next() for stream in streams))


@pytest.mark.parametrize(
    "name", ["cpu", "auto", torch.device("cpu"), "cpu:0", torch.device("cpu", 0)]
)
def test_a_device_by_name_or_by_torchs_object(name):
    trainer = fe.Trainer(fe.Project.new(stack="swap, scale_shift"), "discrete", device=name)
    trainer.step()
    assert trainer.step_count == 1
    assert name == "auto" or trainer.device.type == "cpu"


@pytest.mark.parametrize(
    "name", ["abacus", "", torch.device("meta"), "cuda:99", torch.device("cuda", 99), "cpu:x"]
)
def test_a_device_that_is_not_here(name):
    with pytest.raises(DeviceError, match="device here; this machine has cpu"):
        choose_device(name)


def test_a_documents_numbers_may_be_numpys(tmp_path):
    data = {
        "seed": np.int64(4),
        "stack": [{"kind": "affine_coupling", "width": np.int32(8)}],
        "training": {"discrete": {"learning_rate": np.float32(0.5), "batch_size": np.int64(64)}},
    }
    project = fe.Project.from_dict(data)
    assert type(project.seed) is int
    assert project.stack[0].width == 8
    assert project.training.discrete.learning_rate == 0.5
    grid = {"source": "array", "name": "a", "density": np.ones((4, 4))}
    placed = fe.Project.from_dict({"target": grid | {"extent": list(np.array([0, 2, 0, 1]))}})
    assert placed.target.extent == (0, 2, 0, 1)
    by_hand = fe.Project(seed=np.int64(4), stack=(fe.layers.AffineCoupling(width=np.int64(8)),))
    assert type(by_hand.seed) is type(by_hand.stack[0].width) is int
    assert fe.Project.from_dict(by_hand.to_dict()) == fe.Project.from_dict(
        fe.Project(seed=4, stack=(fe.layers.AffineCoupling(width=8),)).to_dict()
    )
    by_hand.save(tmp_path / "p.flow")
    assert fe.Project.open(tmp_path / "p.flow").seed == 4
    with pytest.raises(fe.ProjectError, match="got `bool`"):
        fe.Project.from_dict({"seed": np.True_})


@pytest.mark.parametrize("lane", ["discrete", "continuous", "vae", "gan"])
def test_a_project_of_numpys_numbers_trains_like_any_other(lane):
    def trained(kind):
        size = {"width": kind(8), "depth": kind(1)}
        project = fe.Project(
            seed=kind(3),
            stack=(fe.layers.AffineCoupling(**size),),
            continuous=FlowMatching(**size, solver_steps=kind(4)),
            vae=VaeSpec(**size),
            gan=GanSpec(**size),
        )
        return fe.train(project, lane, steps=kind(3)).project.lanes[lane].weights

    assert trained(int) == trained(np.int64) == trained(np.uint16)
