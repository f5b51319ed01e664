"""Points of any kind at the public doors of a flow: the answer is of the kind that went in."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
import torch

import flowengine as fe
from flowengine.density import POINT_METHODS
from flowengine.errors import NumericsError, ShapeError
from flowengine.lane import build_flow
from flowengine.project import Project
from tests.engine.models import randomised

PROJECT = Project.from_dict(
    {
        "stack": [{"kind": "affine_coupling", "width": 4}, {"kind": "spline_coupling", "width": 4}],
        "continuous": {"kind": "flow_matching", "width": 4, "depth": 1, "solver_steps": 2},
    }
)
FLOWS = {lane: randomised(build_flow(PROJECT, lane)) for lane in ("discrete", "continuous")}
POINTS = [[0.25, -1.0], [1.5, 0.5], [-0.75, 2.0]]  # exact in every floating type
MORE = {"log_prob_at": (0.4,), "forward_from": (0.4,), "inverse_from": (0.4,)}
TRACES = ("trace", "inverse_trace")
KINDS = {
    "float32 tensor": (torch.tensor(POINTS), torch.Tensor, torch.float32),
    "float64 tensor": (torch.tensor(POINTS, dtype=torch.float64), torch.Tensor, torch.float64),
    "float16 tensor": (torch.tensor(POINTS, dtype=torch.float16), torch.Tensor, torch.float16),
    "float32 array": (np.array(POINTS, np.float32), np.ndarray, np.float32),
    "float64 array": (np.array(POINTS), np.ndarray, np.float64),
    "array by columns": (np.asfortranarray(POINTS), np.ndarray, np.float64),
    "read-only array": (np.broadcast_to(np.array(POINTS), (3, 2)), np.ndarray, np.float64),
    "list": (POINTS, np.ndarray, np.float64),
    "tuple of tuples": (tuple(map(tuple, POINTS)), np.ndarray, np.float64),
    "list of arrays": ([np.array(row) for row in POINTS], np.ndarray, np.float64),
}


def parts(found):
    return found if isinstance(found, tuple) else (found,)


def plain(found):
    """As a float64 array, whatever it is."""
    return torch.as_tensor(found).detach().double().numpy()


def ask(flow, name, points):
    return parts(getattr(flow, name)(points, *MORE.get(name, ())))


@pytest.mark.parametrize("name", POINT_METHODS)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("lane", FLOWS)
def test_an_answer_is_of_the_kind_that_went_in(lane, kind, name):
    given, container, dtype = KINDS[kind]
    expected = ask(FLOWS[lane], name, torch.tensor(POINTS))
    for found, right in zip(ask(FLOWS[lane], name, given), expected, strict=True):
        assert isinstance(found, container)
        assert found.dtype == dtype
        tolerance = 2e-3 if kind.startswith("float16") else 2e-5
        np.testing.assert_allclose(plain(found), plain(right), rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("name", [name for name in POINT_METHODS if name not in TRACES])
@pytest.mark.parametrize("kind", ["float32 tensor", "float64 tensor", "float32 array", "list"])
@pytest.mark.parametrize("lane", FLOWS)
def test_one_point_comes_back_without_a_batch_axis(lane, kind, name):
    given = KINDS[kind][0]
    for one, many in zip(
        ask(FLOWS[lane], name, given[1]), ask(FLOWS[lane], name, given), strict=True
    ):
        assert one.dtype == many.dtype
        assert one.shape == many.shape[1:]
        np.testing.assert_allclose(plain(one), plain(many)[1], rtol=2e-5, atol=2e-5)


@pytest.mark.parametrize("densities", [True, False])
@pytest.mark.parametrize("name", TRACES)
@pytest.mark.parametrize("lane", FLOWS)
def test_the_way_of_one_point_has_frames_and_no_batch_axis(lane, name, densities):
    trace = getattr(FLOWS[lane], name)
    one, many = trace(POINTS[1], densities=densities), trace(POINTS, densities=densities)
    assert one.positions.shape == (len(one.tau), 2)
    np.testing.assert_allclose(one.positions, many.positions[:, 1], atol=2e-5)
    assert one.log_prob.shape == ((len(one.tau),) if densities else (len(one.tau), 0))


@pytest.mark.parametrize("lane", FLOWS)
def test_a_ledger_is_of_a_point_of_any_kind(lane):
    expected = FLOWS[lane].ledger((0.5, -1.0))
    for kind in (list, np.array, np.float32, torch.tensor):
        point = kind((0.5, -1.0))
        assert FLOWS[lane].ledger(point) == expected
        assert FLOWS[lane].ledger((point[0], point[1])) == expected


def test_one_number_is_a_number():
    assert float(FLOWS["discrete"].log_prob([0.0, 0.5])) < 0
    assert isinstance(FLOWS["discrete"].log_prob(np.zeros(2)), np.float64)


@pytest.mark.parametrize("lane", FLOWS)
def test_whole_numbers_in_lists_and_arrays_are_points(lane):
    flow = FLOWS[lane]
    expected = flow.log_prob([[0.0, 1.0]])
    for given in ([[0, 1]], np.array([[0, 1]]), np.array([[0, 1]], np.uint8)):
        found = flow.log_prob(given)
        assert found.dtype == np.float64
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("lane", FLOWS)
def test_a_model_of_float64_answers_float32_as_float32_and_computes_in_its_own(lane):
    flow = copy.deepcopy(FLOWS[lane]).double()
    given = np.array(POINTS) + 1e-9  # lost in float32
    assert flow.log_prob(given).dtype == np.float64
    right = flow.log_prob(torch.from_numpy(given))
    np.testing.assert_array_equal(flow.log_prob(given), right.detach())
    assert flow.log_prob(np.array(POINTS, np.float32)).dtype == np.float32
    assert flow.log_prob(torch.tensor(POINTS)).dtype == torch.float32


def test_a_flow_without_weights_computes_in_the_type_of_the_points():
    """The identity but for a swap: log p is the standard normal's, to the last digit."""
    x = np.array(POINTS) + 1e-9
    right = -(x**2).sum(1) / 2 - np.log(2 * np.pi)
    np.testing.assert_allclose(fe.build("swap").log_prob(x), right, rtol=1e-14)
    np.testing.assert_allclose(fe.build("swap").score(x), -x, rtol=1e-14)


def test_no_points_at_all_are_answered():
    assert FLOWS["discrete"].log_prob(np.empty((0, 2))).shape == (0,)
    assert FLOWS["discrete"].score(torch.empty(0, 2)).shape == (0, 2)


def test_tensors_keep_their_gradients_through_another_type():
    flow = FLOWS["discrete"]
    x = torch.tensor(POINTS, dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(flow.log_prob(x).sum(), x)
    assert slope.dtype == torch.float64
    torch.testing.assert_close(slope, flow.score(x).detach(), rtol=1e-5, atol=1e-5)


def test_given_arrays_are_never_written_to_nor_shared():
    given = np.array(POINTS, np.float32)
    before = given.copy()
    moved, _ = FLOWS["discrete"].inverse(given)
    moved += 1
    np.testing.assert_array_equal(given, before)


BAD = {
    "words": ([["a", "b"]], ShapeError, "must be numbers"),
    "ragged": ([[0.0, 1.0], [2.0]], ShapeError, r"must be points of shape \(batch, 2\)"),
    "truth values": (np.zeros((2, 2), bool), ShapeError, "must be numbers, got bool"),
    "complex": (np.zeros((2, 2), complex), ShapeError, "must be numbers, got complex128"),
    "objects": (np.array([[{}, {}]]), ShapeError, "must be numbers, got object"),
    "none": (None, ShapeError, "must be numbers, got object"),
    "three columns": (np.zeros((4, 3)), ShapeError, r"must have shape \(batch, 2\), got \(4, 3\)"),
    "three numbers": ([1.0, 2.0, 3.0], ShapeError, r"must have shape \(batch, 2\), got \(3,\)"),
    "a number": (1.0, ShapeError, r"must have shape \(batch, 2\), got \(\)"),
    "three axes": (np.zeros((1, 4, 2)), ShapeError, r"must have shape \(batch, 2\)"),
    "whole tensor": (torch.zeros(4, 2).long(), ShapeError, "must be of a floating type"),
    "NaN": ([[0.0, float("nan")]], NumericsError, "must be finite, but 1 of 1 rows"),
    "beyond float32": ([[0.0, 1e300]], NumericsError, "must be finite, but 1 of 1 rows"),
}


@pytest.mark.parametrize("name", [name for name in POINT_METHODS if name != "generate"])
@pytest.mark.parametrize("bad", BAD)
def test_what_is_no_batch_of_points_is_named(bad, name):
    points, error, sentence = BAD[bad]
    with pytest.raises(error, match=sentence):
        ask(FLOWS["discrete"], name, points)


@pytest.mark.parametrize("lane", FLOWS)
def test_the_doors_stand_in_copies_and_under_tracing(lane):
    flow = pickle.loads(pickle.dumps(copy.deepcopy(FLOWS[lane])))
    assert flow.log_prob(POINTS).shape == (3,)
    x = torch.tensor(POINTS)
    exported = torch.export.export(Logged(flow), (x,)).module()
    torch.testing.assert_close(exported(x), flow.log_prob(x))


class Logged(torch.nn.Module):
    """`log_prob` as the forward pass that an export traces."""

    def __init__(self, flow):
        super().__init__()
        self.flow = flow.requires_grad_(False)

    def forward(self, x):
        return self.flow.log_prob(x)
