"""Documents hold Python's own numbers, whatever they were made of. Loads no torch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

if TYPE_CHECKING:
    from msgspec import Struct


def with_plain_fields(document: Struct) -> None:
    """Put Python's own in the place of NumPy's single numbers; as the `__post_init__` of a Struct.

    They are as good as any in a loop over `numpy.arange`, but a file, or torch, takes none.
    """
    for name in document.__struct_fields__:
        value = getattr(document, name)
        if isinstance(value, np.generic) or type(value) in (tuple, list):
            msgspec.structs.force_setattr(document, name, plain_numbers(value))


def plain_numbers(value: Any) -> Any:  # noqa: ANN401
    """A value, or all that it holds, with NumPy's single numbers as Python's own; arrays stay."""
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, Mapping):
        return {key: plain_numbers(item) for key, item in value.items()}
    if type(value) in (tuple, list):
        return type(value)(map(plain_numbers, value))
    return value
