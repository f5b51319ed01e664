"""The stack as a list of cards: the base, then every layer up to the target."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, Qt

from explorer.stack.mime import LAYER_MIME, to_mime
from explorer.stack.names import (
    about,
    base_line,
    base_name,
    card_name,
    changed_coordinate,
    weights_text,
)
from explorer.words.languages import signed, tr
from flowengine.catalogue import AutoregressiveSpec, CouplingSpec, StandardNormal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from PySide6.QtCore import QMimeData

    from explorer.stack.edits import Stack
    from flowengine.catalogue import BaseSpec, LayerSpec
    from flowengine.protocol import LayerFact

BASE_ID = "base"
"""The id of the base's card, as in a ledger's first row."""


class CardRole(IntEnum):
    """What a card's painter asks for beyond the text."""

    LAYER = Qt.ItemDataRole.UserRole + 1
    FACT = Qt.ItemDataRole.UserRole + 2
    ID = Qt.ItemDataRole.UserRole + 3
    BASE = Qt.ItemDataRole.UserRole + 4


class StackModel(QAbstractListModel):
    """A read-only list: row 0 is the base, row k the k-th layer.

    Edits are not made here; they go out as intentions and come back through `set_stack`, which
    turns the difference into rows moved, removed and inserted, so that selection and focus stay
    with their layers.
    """

    def __init__(self) -> None:
        super().__init__()
        self._layers: list[LayerSpec] = []
        self._facts: dict[str, LayerFact] = {}
        self._base: BaseSpec = StandardNormal()

    @property
    def stack(self) -> Stack:
        """The layers as shown, base first."""
        return tuple(self._layers)

    @property
    def base(self) -> BaseSpec:
        """The distribution that the first card stands for."""
        return self._base

    def set_base(self, base: BaseSpec) -> None:
        """Show another base."""
        if base != self._base:
            self._base = base
            self.dataChanged.emit(self.index(0), self.index(0))

    def set_stack(self, stack: Stack) -> None:
        """Show another stack."""
        wanted = {layer.id for layer in stack}
        for row in reversed(range(len(self._layers))):
            if self._layers[row].id not in wanted:
                self._remove(row)
        for row, layer in enumerate(stack):
            self._bring(layer, row)

    def set_facts(self, facts: Mapping[str, LayerFact]) -> None:
        """Take up what an engine has measured; a layer without news keeps its last facts."""
        self._facts.update(facts)
        shown = {layer.id for layer in self._layers}
        for name in self._facts.keys() - shown:
            del self._facts[name]
        if self._layers:
            last = self.index(len(self._layers))
            self.dataChanged.emit(self.index(1), last, [CardRole.FACT])

    def forget_facts(self) -> None:
        """Another document: its layers may be called as those of the former were."""
        self._facts.clear()
        self.set_facts({})

    def fact(self, layer_id: str) -> LayerFact | None:
        """What is known of a layer, if anything is."""
        return self._facts.get(layer_id)

    def layer_at(self, index: QModelIndex | QPersistentModelIndex) -> LayerSpec | None:
        """The layer of a row; None for the base and for no row at all."""
        return self._layers[index.row() - 1] if index.row() > 0 else None

    def id_at(self, index: QModelIndex | QPersistentModelIndex) -> str:
        """The layer's id, `BASE_ID` for the base, "" for no row at all."""
        layer = self.layer_at(index)
        return layer.id if layer else (BASE_ID if index.isValid() else "")

    def index_of(self, layer_id: str) -> QModelIndex:
        """The row of a layer, or of `BASE_ID`; an invalid index where there is none."""
        if layer_id == BASE_ID:
            return self.index(0)
        rows = (row for row, layer in enumerate(self._layers, 1) if layer.id == layer_id)
        return self.index(next(rows, -1))

    def refresh(self) -> None:
        """Have every card painted anew, after a change of language or theme."""
        self.dataChanged.emit(self.index(0), self.index(self.rowCount() - 1))

    # --- what Qt asks ---------------------------------------------------------------------------

    def rowCount(self, parent: QModelIndex | QPersistentModelIndex = QModelIndex()) -> int:  # noqa: B008
        """How many cards there are, with the base."""
        return 0 if parent.isValid() else 1 + len(self._layers)

    def data(
        self, index: QModelIndex | QPersistentModelIndex, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:  # noqa: ANN401
        """Name, description and, for the painter, the layer and its facts."""
        if not index.isValid():
            return None
        layer = self.layer_at(index)
        if role == Qt.ItemDataRole.DisplayRole:
            return card_name(layer) if layer else base_name(self._base)
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._tooltip(layer) + self._now(layer)
        if role == Qt.ItemDataRole.AccessibleDescriptionRole:
            return self._spoken(layer)
        if role == CardRole.LAYER:
            return layer
        if role == CardRole.FACT:
            return self._facts.get(layer.id) if layer else None
        if role == CardRole.ID:
            return self.id_at(index)
        if role == CardRole.BASE:
            return None if layer else self._base
        return None

    def flags(self, index: QModelIndex | QPersistentModelIndex) -> Qt.ItemFlag:
        """Every card can be chosen; all but the base can be dragged."""
        flags = super().flags(index)
        if index.isValid() and index.row() > 0:
            flags |= Qt.ItemFlag.ItemIsDragEnabled
        return flags

    def mimeTypes(self) -> list[str]:
        """What a drag carries."""
        return [LAYER_MIME]

    def mimeData(self, indexes: Sequence[QModelIndex]) -> QMimeData:
        """The layers that are dragged, with their ids, base first."""
        rows = sorted(index.row() for index in indexes)
        layers = (self.layer_at(self.index(row)) for row in rows)
        return to_mime(*(layer for layer in layers if layer is not None))

    def supportedDragActions(self) -> Qt.DropAction:
        """Move, or copy while Ctrl is held."""
        return Qt.DropAction.MoveAction | Qt.DropAction.CopyAction

    # --- details --------------------------------------------------------------------------------

    def _bring(self, layer: LayerSpec, row: int) -> None:
        """Make `layer` stand in `row`; the rows before it are right already."""
        old = next(
            (r for r in range(row, len(self._layers)) if self._layers[r].id == layer.id), None
        )
        if old is None:
            self.beginInsertRows(QModelIndex(), row + 1, row + 1)
            self._layers.insert(row, layer)
            self.endInsertRows()
            return
        if old != row:
            self.beginMoveRows(QModelIndex(), old + 1, old + 1, QModelIndex(), row + 1)
            self._layers.insert(row, self._layers.pop(old))
            self.endMoveRows()
        if self._layers[row] != layer:
            self._layers[row] = layer
            self.dataChanged.emit(self.index(row + 1), self.index(row + 1))

    def _remove(self, row: int) -> None:
        self.beginRemoveRows(QModelIndex(), row + 1, row + 1)
        del self._layers[row]
        self.endRemoveRows()

    def _tooltip(self, layer: LayerSpec | None) -> str:
        if layer is None:
            start = tr("Where generation starts, in both flows")
            about_base = tr(about(type(self._base)))
            return "\n".join([base_name(self._base), about_base, self._base.formula, start])
        lines = [card_name(layer), tr(about(type(layer))), layer.formula]
        if isinstance(layer, CouplingSpec) and layer.keeps != "auto":
            words = tr("Keeps {kept}, changes {changed}")
            lines.append(words.format(kept=layer.keeps, changed=changed_coordinate(layer)))
        if isinstance(layer, AutoregressiveSpec) and layer.first != "auto":
            second = "y" if layer.first == "x" else "x"
            words = tr("{first} moves by itself and steers {second}")
            lines.append(words.format(first=layer.first, second=second))
        return "\n".join(lines)

    def _now(self, layer: LayerSpec | None) -> str:
        """What an engine has measured of a layer, as a further line of its tooltip."""
        fact = self._facts.get(layer.id) if layer else None
        if fact is None:
            return ""
        words = tr("Now: {weights}, mean log|det J| {change} nats")
        weights = weights_text(fact.weights)
        return "\n" + words.format(weights=weights, change=signed(fact.mean_log_det))

    def _spoken(self, layer: LayerSpec | None) -> str:
        """What a screen reader says after the name."""
        if layer is None:
            return base_line(self._base)
        fact = self._facts.get(layer.id)
        parts = [tr("bypassed")] if not layer.enabled else []
        parts += [tr("weights frozen")] if layer.frozen else []
        if fact:
            parts += [weights_text(fact.weights), f"log|det| {signed(fact.mean_log_det)}"]
        return ", ".join(parts)
