"""Every edit of a stack, as a pure function from the stack before to the stack after.

An edit first writes out what `keeps="auto"` stands for: a coupling keeps the coordinate it has had
since it was added, whatever is later put before it or taken away. Every result has passed the one
door for documents, so it can go to the store and to the engines as it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from flowengine.errors import SpecError
from flowengine.project import MAX_LAYERS, Project, new_layer_id, resolve_keeps

if TYPE_CHECKING:
    from collections.abc import Iterable

    from flowengine.catalogue import LayerSpec

Stack = tuple["LayerSpec", ...]


def insert(stack: Stack, gap: int, layer: LayerSpec) -> Stack:
    """Put a new layer into the stack, with an id that no layer has had.

    Args:
        stack: The layers, base first.
        gap: Where: 0 is before the first layer, `len(stack)` after the last.
        layer: What to put there; its own id is not used.

    Raises:
        SpecError: the stack is full.
        ProjectError: a setting is out of range.
    """
    settled = resolve_keeps(stack)
    new = msgspec.structs.replace(layer, id=new_layer_id())
    return admitted((*settled[:gap], new, *settled[gap:]))


def move(stack: Stack, layer_id: str, gap: int) -> Stack:
    """Take a layer to another place.

    Args:
        stack: The layers, base first.
        layer_id: Which layer.
        gap: Where, counted while the layer still stands in its old place; see `insert`.

    Returns:
        The stack itself where this changes nothing.

    Raises:
        SpecError: no layer has this id.
    """
    row = row_of(stack, layer_id)
    if gap in (row, row + 1):
        return stack
    settled = list(resolve_keeps(stack))
    settled.insert(gap, settled[row])
    del settled[row + 1 if gap <= row else row]
    return admitted(settled)


def remove(stack: Stack, layer_id: str) -> Stack:
    """Take a layer out of the stack.

    Raises:
        SpecError: no layer has this id.
    """
    row = row_of(stack, layer_id)
    settled = resolve_keeps(stack)
    return admitted((*settled[:row], *settled[row + 1 :]))


def duplicate(stack: Stack, layer_id: str) -> Stack:
    """Put a copy of a layer, with all its settings, right after it.

    Raises:
        SpecError: no layer has this id, or the stack is full.
    """
    row = row_of(stack, layer_id)
    settled = resolve_keeps(stack)
    return insert(settled, row + 1, settled[row])


def replace(stack: Stack, layer: LayerSpec) -> Stack:
    """Give the layer that has the id of `layer` these settings.

    Raises:
        SpecError: no layer has this id.
        ProjectError: a setting is out of range.
    """
    row = row_of(stack, layer.id)
    settled = resolve_keeps(stack)
    return admitted((*settled[:row], layer, *settled[row + 1 :]))


def set_enabled(stack: Stack, layer_id: str, enabled: bool) -> Stack:
    """Let a layer act, or bypass it.

    Raises:
        SpecError: no layer has this id.
    """
    layer = stack[row_of(stack, layer_id)]
    return replace(stack, msgspec.structs.replace(layer, enabled=enabled))


def set_frozen(stack: Stack, layer_id: str, frozen: bool) -> Stack:
    """Keep the weights of a layer as they are, or let them train.

    Raises:
        SpecError: no layer has this id.
    """
    layer = stack[row_of(stack, layer_id)]
    return replace(stack, msgspec.structs.replace(layer, frozen=frozen))


def fresh(layers: Iterable[LayerSpec]) -> Stack:
    """A whole new stack of these layers, each with an id that no layer has had.

    Raises:
        SpecError: there are too many layers.
        ProjectError: a setting is out of range.
    """
    return admitted(msgspec.structs.replace(layer, id=new_layer_id()) for layer in layers)


def row_of(stack: Stack, layer_id: str) -> int:
    """Where a layer stands, counted from the base.

    Raises:
        SpecError: no layer has this id.
    """
    for row, layer in enumerate(stack):
        if layer.id == layer_id:
            return row
    raise SpecError(f"No layer of the stack has the id {layer_id!r}")


def admitted(layers: Iterable[LayerSpec]) -> Stack:
    """The layers as a stack that a document may hold, nothing left to "auto".

    Raises:
        SpecError: there are too many layers.
        ProjectError: two layers have one id, or a setting is out of range.
    """
    plain = [msgspec.to_builtins(layer) for layer in layers]
    if len(plain) > MAX_LAYERS:
        raise SpecError(
            f"A stack has at most {MAX_LAYERS} layers; this one would have {len(plain)}"
        )
    return resolve_keeps(Project.from_dict({"stack": plain}).stack)
