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


def insert(stack: Stack, gap: int, *layers: LayerSpec) -> Stack:
    """Put new layers into the stack, each with an id that no layer has had.

    Args:
        stack: The layers, base first.
        gap: Where: 0 is before the first layer, `len(stack)` after the last.
        layers: What to put there, in this order; their own ids are not used.

    Raises:
        SpecError: the stack is full.
        ProjectError: a setting is out of range.
    """
    settled = resolve_keeps(stack)
    new = [msgspec.structs.replace(layer, id=new_layer_id()) for layer in layers]
    return admitted((*settled[:gap], *new, *settled[gap:]))


def move(stack: Stack, gap: int, *layer_ids: str) -> Stack:
    """Take layers to another place, where they follow each other in the order that they had.

    Args:
        stack: The layers, base first.
        gap: Where, counted while the layers still stand in their old places; see `insert`.
        layer_ids: Which layers.

    Returns:
        The stack itself where this changes nothing.

    Raises:
        SpecError: no layer has one of these ids.
    """
    rows = rows_of(stack, layer_ids)
    before = [row for row in range(gap) if row not in rows]
    after = [row for row in range(gap, len(stack)) if row not in rows]
    order = [*before, *rows, *after]
    if order == sorted(order):
        return stack
    settled = resolve_keeps(stack)
    return admitted(settled[row] for row in order)


def remove(stack: Stack, *layer_ids: str) -> Stack:
    """Take layers out of the stack.

    Raises:
        SpecError: no layer has one of these ids.
    """
    rows = rows_of(stack, layer_ids)
    return admitted(layer for row, layer in enumerate(resolve_keeps(stack)) if row not in rows)


def duplicate(stack: Stack, *layer_ids: str) -> Stack:
    """Put copies of layers, with all their settings, right after the last of them.

    Raises:
        SpecError: no layer has one of these ids, or the stack is full.
    """
    rows = rows_of(stack, layer_ids)
    settled = resolve_keeps(stack)
    return insert(settled, rows[-1] + 1, *(settled[row] for row in rows))


def replace(stack: Stack, layer: LayerSpec) -> Stack:
    """Give the layer that has the id of `layer` these settings.

    Raises:
        SpecError: no layer has this id.
        ProjectError: a setting is out of range.
    """
    row = row_of(stack, layer.id)
    settled = resolve_keeps(stack)
    return admitted((*settled[:row], layer, *settled[row + 1 :]))


def set_enabled(stack: Stack, enabled: bool, *layer_ids: str) -> Stack:
    """Let layers act, or bypass them.

    Raises:
        SpecError: no layer has one of these ids.
    """
    return _switched(stack, layer_ids, enabled=enabled)


def set_frozen(stack: Stack, frozen: bool, *layer_ids: str) -> Stack:
    """Keep the weights of layers as they are, or let them train.

    Raises:
        SpecError: no layer has one of these ids.
    """
    return _switched(stack, layer_ids, frozen=frozen)


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
    raise SpecError("No layer of the stack has the id {layer_id}", layer_id=repr(layer_id))


def rows_of(stack: Stack, layer_ids: Iterable[str]) -> list[int]:
    """Where layers stand, counted from the base and in ascending order.

    Raises:
        SpecError: no layer has one of these ids.
    """
    return sorted({row_of(stack, layer_id) for layer_id in layer_ids})


def admitted(layers: Iterable[LayerSpec]) -> Stack:
    """The layers as a stack that a document may hold, nothing left to "auto".

    Raises:
        SpecError: there are too many layers.
        ProjectError: two layers have one id, or a setting is out of range.
    """
    plain = [msgspec.to_builtins(layer) for layer in layers]
    if len(plain) > MAX_LAYERS:
        raise SpecError(
            "A stack has at most {max_layers} layers; this one would have {plain}",
            max_layers=MAX_LAYERS,
            plain=len(plain),
        )
    return resolve_keeps(Project.from_dict({"stack": plain}).stack)


def _switched(stack: Stack, layer_ids: Iterable[str], **switch: bool) -> Stack:
    rows = rows_of(stack, layer_ids)
    return admitted(
        msgspec.structs.replace(layer, **switch) if row in rows else layer
        for row, layer in enumerate(resolve_keeps(stack))
    )
