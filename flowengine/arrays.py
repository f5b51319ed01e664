"""Arrays that can live inside a frozen document."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


class FrozenArray:
    """A read-only array that compares and hashes by its content: float32, or float64 if `wide`.

    A document that holds one can be compared, undone and sent to an engine like any other value;
    nobody who holds `values` can change it under the others.
    """

    def __init__(self, values: ArrayLike, *, wide: bool = False) -> None:
        kind: Any = np.float64 if wide else np.float32
        array: NDArray[np.float32] = np.array(values, dtype=kind, order="C")
        array.flags.writeable = False
        self.values = array

    @cached_property
    def digest(self) -> str:
        """SHA-256 of shape and bytes, in hexadecimal."""
        import hashlib  # here: it loads OpenSSL, and few documents hold arrays

        head = repr(self.values.shape).encode()
        return hashlib.sha256(head + self.values.tobytes()).hexdigest()

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        return isinstance(other, FrozenArray) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    def __repr__(self) -> str:
        return f"FrozenArray(shape={self.values.shape})"

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:  # noqa: ANN401
        return np.array(self.values, dtype=dtype, copy=copy)
