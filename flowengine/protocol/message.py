"""What every message is."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

Direction = Literal["generate", "normalize"]


class Message(Struct, frozen=True, kw_only=True, tag_field="type"):
    """One frame."""
