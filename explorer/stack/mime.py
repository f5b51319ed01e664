"""Layers on their way: what a drag and the clipboard carry, and what comes out at the other end."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Annotated, Any, Final

import msgspec
from PySide6.QtCore import QMimeData
from PySide6.QtGui import QGuiApplication

from flowengine.catalogue import LAYER_SPECS, AnyLayer, kind_of
from flowengine.errors import FlowError, SpecError
from flowengine.foreign import words_of
from flowengine.project import MAX_LAYERS, Project
from flowengine.shorthand import parse_stack

if TYPE_CHECKING:
    from flowengine.catalogue import LayerSpec

    Stack = tuple[LayerSpec, ...]

LAYER_MIME: Final = "application/x-flow-layers+json"
MAX_BYTES: Final = 131_072
_layers = msgspec.json.Decoder(
    Annotated[tuple[AnyLayer, ...], msgspec.Meta(min_length=1, max_length=MAX_LAYERS)]
)
_NOTATION: Final = re.compile(r"\s*(\w+)\s*(\*\s*\d+\s*)?(,[\w\s*,]*)?")


def to_mime(*layers: LayerSpec) -> QMimeData:
    """Layers as a drag carries them; those from a stack have their ids, new ones have none."""
    data = QMimeData()
    data.setData(LAYER_MIME, msgspec.json.encode(layers))
    return data


def from_mime(data: QMimeData) -> Stack:
    """The layers that a drag carries; none where it carries any that the catalogue refuses."""
    raw = data.data(LAYER_MIME).data() if data.hasFormat(LAYER_MIME) else b""
    if not 0 < len(raw) <= MAX_BYTES:
        return ()
    try:
        return _layers.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return ()


def clipboard_data() -> QMimeData:
    """What is on the clipboard; Qt has nothing at all to give where it is empty."""
    return QGuiApplication.clipboard().mimeData() or QMimeData()


def to_clipboard(*layers: LayerSpec) -> QMimeData:
    """Layers as they are copied: for another window, and as text for a person, one a line."""
    data = to_mime(*layers)
    plain = [msgspec.to_builtins(layer) for layer in layers]
    lines = [json.dumps({k: v for k, v in layer.items() if k != "id"}) for layer in plain]
    data.setText("[\n  " + ",\n  ".join(lines) + "\n]\n")
    return data


def from_clipboard(data: QMimeData) -> Stack:
    """The layers that were copied in any window, or written out by a person.

    Text may be what `to_clipboard` gives, a project's JSON, or a stack as the command line takes
    it: "actnorm, affine_coupling*8".

    Raises:
        FlowError: there are none, or some that the catalogue refuses; a sentence for a person.
    """
    if layers := from_mime(data):
        return layers
    text = data.text().strip() if data.hasText() else ""
    written = _NOTATION.fullmatch(text)
    try:
        if written and written[1] in {kind_of(cls) for cls in LAYER_SPECS}:
            return parse_stack(text)
        if text[:1] in ("[", "{") and len(text) <= MAX_BYTES:
            return _from_json(text)
    except FlowError as error:
        raise SpecError(
            "What is on the clipboard is no stack of layers: {error}", error=words_of(error)
        ) from None
    raise SpecError("There are no layers on the clipboard.")


def _from_json(text: str) -> Stack:
    """Read layers from JSON: one, a list of them, or a document with a `stack`.

    Raises:
        FlowError: it is no JSON, or the catalogue refuses a layer.
    """
    try:
        found: Any = msgspec.json.decode(text)
        if isinstance(found, dict):
            found = found.get("stack", [found])
        if isinstance(found, list):  # ids are given anew, so that they need not differ
            found = [{**layer, "id": ""} if isinstance(layer, dict) else layer for layer in found]
        stack = Project.from_dict({"stack": found}).stack
    except (msgspec.MsgspecError, RecursionError) as error:
        raise SpecError(words_of(error)) from None
    if not stack:
        raise SpecError("it has no layer")
    return stack
