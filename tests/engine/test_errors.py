"""Errors come back whole from another process, and from a copy."""

from __future__ import annotations

import copy
import multiprocessing
import pickle

import pytest

import explorer.session.store  # noqa: F401  the window's own errors
import flowengine.export  # noqa: F401  and those of exports
from flowengine.errors import FlowError, FormulaError
from flowengine.targets.sources import spec_from_formula


def all_kinds(kind=FlowError):
    return {kind}.union(*map(all_kinds, kind.__subclasses__()))


def made(kind):
    error = kind("what and where", 3) if kind is FormulaError else kind("what and where")
    error.step = 7
    error.add_note("and why")
    return error


@pytest.mark.parametrize(
    "copied",
    [copy.copy, copy.deepcopy]
    + [lambda error, n=n: pickle.loads(pickle.dumps(error, n)) for n in range(6)],
    ids=["copy", "deepcopy", *(f"pickle {n}" for n in range(6))],
)
@pytest.mark.parametrize("kind", sorted(all_kinds(), key=lambda kind: kind.__name__))
def test_an_error_stays_what_it_is(kind, copied):
    error = made(kind)
    again = copied(error)
    assert type(again) is kind
    assert (str(again), again.args) == (str(error), error.args)
    assert vars(again) == vars(error)
    assert again.__notes__ == ["and why"]


def test_a_formulas_place_is_kept():
    with pytest.raises(FormulaError) as caught:
        spec_from_formula("exp(-r^2")
    assert pickle.loads(pickle.dumps(caught.value)).at == caught.value.at > 0


@pytest.mark.timeout(60)
def test_a_pool_hands_the_error_on_and_does_not_wait_for_ever():
    with multiprocessing.get_context("spawn").Pool(1) as pool, pytest.raises(FormulaError) as found:
        pool.apply(spec_from_formula, ("exp(",))
    assert found.value.at == 4
