"""Layers on their way: how a drag carries one, and what comes out at the other end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec
from PySide6.QtCore import QMimeData

from flowengine.catalogue import AnyLayer

if TYPE_CHECKING:
    from flowengine.catalogue import LayerSpec

LAYER_MIME: Final = "application/x-flow-layer+json"
MAX_BYTES: Final = 16_384
_layers = msgspec.json.Decoder(AnyLayer)


def to_mime(layer: LayerSpec) -> QMimeData:
    """A layer as a drag carries it; one from a stack has its id, one from the palette none."""
    data = QMimeData()
    data.setData(LAYER_MIME, msgspec.json.encode(layer))
    return data


def from_mime(data: QMimeData) -> LayerSpec | None:
    """The layer that a drag carries, or None where it carries none that the catalogue admits."""
    raw = data.data(LAYER_MIME).data() if data.hasFormat(LAYER_MIME) else b""
    if not 0 < len(raw) <= MAX_BYTES:
        return None
    try:
        return _layers.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
