"""Streams of points: even, endless, and resumable to the point."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.stats import qmc

from flowengine import targets
from flowengine.errors import SpecError
from flowengine.targets.streams import (
    BLOCK,
    STREAMS,
    IidStream,
    SobolStream,
    derived_seed,
    sobol_points,
)


def batches(stream, count):
    return [stream.next().clone() for _ in range(count)]


@pytest.mark.parametrize("method", STREAMS)
@pytest.mark.parametrize("dim", [1, 2, 5])
def test_batches_have_their_shape_and_lie_strictly_inside_the_cube(method, dim):
    stream = STREAMS[method](dim, 300, seed=0)
    for batch in batches(stream, 60):
        assert batch.shape == (300, dim)
        assert batch.dtype == torch.float32
        assert ((batch > 0) & (batch < 1)).all()


@pytest.mark.parametrize("method", STREAMS)
def test_the_same_seed_gives_the_same_batches(method):
    first, again, other = (batches(STREAMS[method](2, 64, seed), 3) for seed in (1, 1, 2))
    assert all(map(torch.equal, first, again))
    assert not torch.equal(first[0], other[0])


@pytest.mark.parametrize("method", STREAMS)
@pytest.mark.parametrize("taken", [0, 1, 31, 32, 33, 100])
def test_a_stream_goes_on_exactly_where_its_state_was_taken(method, taken):
    stream = STREAMS[method](2, 512, seed=9)
    batches(stream, taken)
    state = stream.state()
    resumed = STREAMS[method](2, 512, seed=9)
    resumed.load_state(state)
    assert all(map(torch.equal, batches(resumed, 40), batches(stream, 40)))


def test_every_block_is_scrambled_anew():
    stream = SobolStream(2, BLOCK, seed=0)
    first, second = batches(stream, 2)
    assert not torch.isclose(first, second).all(1).any()


def test_every_batch_and_every_block_is_even():
    stream = SobolStream(2, 512, seed=3)
    block = batches(stream, BLOCK // 512)
    for batch in block[:8]:
        # each of 512 strips and of 16 x 32 boxes holds exactly one point
        for rows, columns in ((512, 1), (1, 512), (16, 32)):
            cells = (batch * torch.tensor([rows, columns])).long()
            assert (cells[:, 0] * columns + cells[:, 1]).unique().numel() == 512
    whole = torch.cat(block)
    assert qmc.discrepancy(whole[:2048].numpy()) < 1e-6


def test_five_dimensions_are_more_even_than_independent_points():
    sobol, iid = (
        np.mean([qmc.discrepancy(s(5, 512, seed).next().numpy()) for seed in range(4)])
        for s in (SobolStream, IidStream)
    )
    assert sobol < iid / 4


def test_a_batch_may_be_larger_than_a_block():
    stream = SobolStream(2, BLOCK + 1, seed=0)
    first, second = batches(stream, 2)
    assert first.shape == second.shape == (BLOCK + 1, 2)
    assert not torch.equal(first, second)


def test_the_global_generator_is_neither_read_nor_moved():
    torch.manual_seed(1)
    before = torch.get_rng_state()
    first = sobol_points(64, 2, seed=0)
    torch.manual_seed(2)
    assert torch.equal(first, sobol_points(64, 2, seed=0))
    torch.manual_seed(1)
    assert torch.equal(before, torch.get_rng_state())


def test_target_streams_give_target_points():
    target = targets.preset("cat")
    for method in ("sobol", "iid"):
        stream = target.stream(256, seed=0, method=method)
        points = torch.cat(batches(stream, 80))
        assert torch.isfinite(target.log_prob(points)).all()
        assert float(-target.log_prob(points).mean()) == pytest.approx(target.entropy, abs=0.05)


def test_a_transform_sees_whole_blocks_in_float64():
    seen = []

    def transform(u):
        seen.append((u.shape, u.dtype))
        return u.sum(1)

    stream = SobolStream(3, 128, seed=0, transform=transform)
    assert all(batch.shape == (128,) for batch in batches(stream, 20))
    assert seen == [((BLOCK, 3), torch.float64)]


def test_derived_seeds_differ_along_every_path():
    seeds = {derived_seed(s, *path) for s in range(5) for path in [(), (0,), (1,), (0, 1), (1, 0)]}
    assert len(seeds) == 25
    assert all(0 <= seed < 2**63 for seed in seeds)


@pytest.mark.parametrize(("dim", "batch_size"), [(0, 10), (2, 0)])
def test_impossible_streams_are_refused(dim, batch_size):
    with pytest.raises(SpecError, match="dim >= 1 and batch_size >= 1"):
        SobolStream(dim, batch_size, seed=0)


@pytest.mark.parametrize("state", [{"block": -1, "offset": 0}, {"block": 0, "offset": BLOCK + 1}])
def test_impossible_states_are_refused(state):
    with pytest.raises(SpecError, match="A stream stands at"):
        SobolStream(2, 8, seed=0).load_state(state)
