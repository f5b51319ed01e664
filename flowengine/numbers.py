"""Whole numbers as people have them: Python's, NumPy's, tensors of one element. Loads no torch."""

from __future__ import annotations

import operator
from typing import SupportsIndex

import numpy as np

from flowengine.errors import SpecError

MAX_SEED = 2**63 - 1


def as_whole(value: SupportsIndex) -> int | None:
    """The whole number that `value` is, of whatever type; None if it is none, or a truth value."""
    if isinstance(value, bool | np.bool_) or str(getattr(value, "dtype", "")) == "torch.bool":
        return None
    try:
        return operator.index(value)
    except (TypeError, ValueError):  # a tensor of several numbers is a ValueError
        return None


def check_seed(seed: SupportsIndex) -> int:
    """Give back a seed as an `int`.

    Raises:
        SpecError: it is no whole number from 0 to 2^63 - 1.
    """
    whole = as_whole(seed)
    if whole is None or not 0 <= whole <= MAX_SEED:
        raise SpecError("A seed is a whole number from 0 to 2^63 - 1, got {seed}", seed=repr(seed))
    return whole
