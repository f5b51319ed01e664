"""Arrays inside a web page: fixed-point numbers, deflated, as letters.

What follows a smooth path is kept by its second differences from key frame to key frame, which are
small; the low and the high bytes stand apart, because the high ones are nearly all zero.
`resources/web/film.js` reads what is written here.
"""

from __future__ import annotations

import base64
import math
import zlib
from typing import TYPE_CHECKING, Final

import numpy as np
from msgspec import Struct

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float32]

_MOST: Final = 32767
_UNKNOWN: Final = -32768


class Steps(Struct, frozen=True, forbid_unknown_fields=True):
    """Numbers as multiples of a step.

    Attributes:
        shape: The first axis is that of the key frames.
        step: The difference between two neighbouring numbers.
        letters: Base64 of the deflated bytes.
    """

    shape: tuple[int, ...]
    step: float
    letters: str


class Bytes(Struct, frozen=True, forbid_unknown_fields=True):
    """Numbers from 0 to 255, each kept as its difference from the one before."""

    shape: tuple[int, ...]
    letters: str


def pack_steps(values: ArrayLike, step: float) -> Steps:
    """Round to multiples of `step`; what lies beyond ±32767 of them is held there.

    NaN stays what it is.
    """
    numbers = np.asarray(values, np.float64)
    held = np.clip(np.rint(numbers / step), -_MOST, _MOST)
    whole = np.where(np.isnan(numbers), _UNKNOWN, held).astype(np.int16)
    for _ in range(2):
        whole = np.diff(whole, axis=0, prepend=np.zeros_like(whole[:1]))
    words = whole.astype("<i2").tobytes()
    return Steps(numbers.shape, step, _letters(words[::2] + words[1::2]))


def unpack_steps(packed: Steps) -> Floats:
    """Read what `pack_steps` wrote.

    Raises:
        ValueError: there are more or fewer numbers than the shape says, or no letters of base64.
    """
    count = math.prod(packed.shape)
    halves = np.frombuffer(_from_letters(packed.letters, 2 * count), np.uint8).reshape(2, count)
    whole = np.ascontiguousarray(halves.T).view("<i2").reshape(packed.shape)
    for _ in range(2):
        whole = np.cumsum(whole, axis=0, dtype=np.int16)
    values = (whole * packed.step).astype(np.float32)
    return np.asarray(np.where(whole == _UNKNOWN, np.float32(np.nan), values))


def pack_bytes(values: ArrayLike) -> Bytes:
    """Pack whole numbers from 0 to 255."""
    numbers = np.asarray(values, np.uint8)
    change = np.diff(numbers.ravel(), prepend=np.uint8(0))
    return Bytes(numbers.shape, _letters(change.tobytes()))


def unpack_bytes(packed: Bytes) -> NDArray[np.uint8]:
    """Read what `pack_bytes` wrote.

    Raises:
        ValueError: there are more or fewer numbers than the shape says, or no letters of base64.
    """
    change = _from_letters(packed.letters, math.prod(packed.shape))
    return np.cumsum(np.frombuffer(change, np.uint8), dtype=np.uint8).reshape(packed.shape)


def fitting_step(values: ArrayLike, finest: float) -> float:
    """The finest step, but no finer than lets all finite values be kept."""
    numbers = np.abs(np.asarray(values, np.float64))
    largest = float(numbers[np.isfinite(numbers)].max(initial=0.0))
    return max(finest, largest / _MOST)


def _letters(data: bytes) -> str:
    return base64.b64encode(zlib.compress(data, 9)).decode("ascii")


def _from_letters(letters: str, size: int) -> bytes:
    try:
        data = zlib.decompress(base64.b64decode(letters, validate=True))
    except zlib.error as error:
        raise ValueError(f"Expected deflated bytes, got damaged ones: {error}") from None
    if len(data) != size:
        raise ValueError(f"Expected {size} bytes, got {len(data)}")
    return data
