"""A mean of parts that are measured one at a time while all of them change."""

import numpy as np
import pytest

from flowengine.live import LiveMean

OFFSETS = (0.5, -0.2, 0.1, -0.4)  # of the parts from their mean, which is 0


def followed(course, spacing):
    """What is told, and what is so, of parts that follow one course at offsets of their own."""
    live, told, true = LiveMean(len(OFFSETS)), [], []
    for offset in OFFSETS:
        live.take(course(0) + offset, 0)
    assert live.complete
    step = 0
    for apart in spacing:
        step += apart
        told.append(live.take(course(step) + OFFSETS[live.due], step))
        true.append(course(step))
    return np.array(told), np.array(true)


def test_all_parts_at_one_step_are_the_plain_mean():
    live = LiveMean(4)
    assert not live.complete
    values = [live.take(mean, 7) for mean in (1.0, 2.0, 3.0, 6.0)]
    assert values[-1] == 3.0
    assert live.complete


@pytest.mark.parametrize("spacing", [[10] * 12, [3, 40, 1, 25, 7, 90, 2, 2, 13]])
def test_an_even_change_is_followed_without_error_whatever_the_parts_differ_by(spacing):
    told, true = followed(lambda step: 3.0 - 0.01 * step, spacing)
    np.testing.assert_allclose(told, true, atol=1e-12)


def test_a_curve_that_flattens_is_followed_by_far_closer_than_its_parts_differ():
    told, true = followed(lambda step: 10 / (10 + step), [10] * 40)
    assert np.abs(told - true).max() < 0.2
    assert np.abs(told - true)[12:].max() < 0.01


def test_what_is_not_finite_is_told():
    live = LiveMean(2)
    live.take(1.0, 0)
    live.take(1.0, 0)
    assert not np.isfinite(live.take(float("inf"), 5))
