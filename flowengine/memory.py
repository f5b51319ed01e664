"""Memory that a long-running engine has freed, but that the C library still holds."""

from __future__ import annotations

import ctypes
import functools
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def give_back() -> None:
    """Let the system have what lies free between blocks that are in use; some milliseconds.

    Where tensors of many sizes come and go, glibc's heap else grows for as long as edits come, by
    a quarter in ten minutes. Does nothing where the C library is another one.
    """
    trim = _trim()
    if trim is not None:
        trim(0)


@functools.lru_cache(maxsize=1)
def _trim() -> Callable[[int], int] | None:
    return getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
