"""The catalogue as a searchable list: a heading for each group, a row for each kind of layer."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, Any, Final, get_args

from PySide6.QtCore import QAbstractListModel, QMimeData, QModelIndex, QPersistentModelIndex, Qt

from explorer.stack.mime import LAYER_MIME, to_mime
from explorer.stack.names import about
from explorer.words.languages import mark, tr
from flowengine.catalogue import LAYER_SPECS, Group, LayerSpec, kind_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


Index = QModelIndex | QPersistentModelIndex
Row = type[LayerSpec] | str

_GROUP_TITLES: Final = {
    "elementwise": mark("Element-wise"),
    "linear": mark("Linear"),
    "coupling": mark("Coupling"),
    "autoregressive": mark("Autoregressive"),
    "residual": mark("Residual"),
}


class PaletteRole(IntEnum):
    """What the painter asks for beyond the text."""

    SPEC = Qt.ItemDataRole.UserRole + 1


class PaletteModel(QAbstractListModel):
    """The kinds of layers that match what has been typed, by group."""

    def __init__(self) -> None:
        super().__init__()
        self._query = ""
        self._rows = _rows("")

    def search(self, query: str) -> None:
        """Show only the kinds whose names, or else whose description, hold every word typed."""
        self._query = query
        self.refresh()

    def refresh(self) -> None:
        """Search again, after a change of language."""
        self.beginResetModel()
        self._rows = _rows(self._query)
        self.endResetModel()

    def spec_at(self, index: Index) -> LayerSpec | None:
        """A new layer of the row's kind; None for a heading."""
        row = self._rows[index.row()] if index.isValid() else ""
        return None if isinstance(row, str) else row()

    def first(self) -> QModelIndex:
        """The first row that is a layer; an invalid index where nothing matches."""
        rows = (n for n, row in enumerate(self._rows) if not isinstance(row, str))
        return self.index(next(rows, -1))

    # --- what Qt asks ---------------------------------------------------------------------------

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        """How many headings and layers there are."""
        return 0 if parent.isValid() else len(self._rows)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:  # noqa: ANN401
        """The title, what the layer does, and for the painter its class."""
        if not index.isValid():
            return None
        row = self._rows[index.row()]
        if isinstance(row, str):  # a heading
            return tr(_GROUP_TITLES[row]) if role == Qt.ItemDataRole.DisplayRole else None
        if role == Qt.ItemDataRole.DisplayRole:
            return tr(row.title)
        if role == PaletteRole.SPEC:
            return row
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleDescriptionRole):
            return palette_tip(row)
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        """Layers can be chosen and dragged, headings cannot."""
        if self.data(index, PaletteRole.SPEC) is None:
            return Qt.ItemFlag.NoItemFlags
        return super().flags(index) | Qt.ItemFlag.ItemIsDragEnabled

    def mimeTypes(self) -> list[str]:
        """What a drag carries."""
        return [LAYER_MIME]

    def mimeData(self, indexes: Sequence[QModelIndex]) -> QMimeData:
        """A new layer of the kind that is dragged."""
        spec = self.spec_at(indexes[0])
        return QMimeData() if spec is None else to_mime(spec)

    def supportedDragActions(self) -> Qt.DropAction:
        """The palette keeps what it gives."""
        return Qt.DropAction.CopyAction


def palette_tip(cls: type[LayerSpec]) -> str:
    """A kind of layer in four lines: its name, formula and deed, and where it comes from."""
    return f"{tr(cls.title)}\n{cls.formula}\n{tr(about(cls))}\n{cls.reference}"


def _rows(query: str) -> list[Row]:
    words = query.casefold().split()
    # "plan" means Planar, not every layer that does something to the plane.
    found = _matching(words, _names) or _matching(words, _names_and_description)
    rows: list[Row] = []
    for group in get_args(Group):
        members = [cls for cls in found if cls.group == group]
        rows += [group, *members] if members else []
    return rows


def _matching(words: list[str], texts: Callable[[type[LayerSpec]], str]) -> list[type[LayerSpec]]:
    return [cls for cls in LAYER_SPECS if all(word in texts(cls).casefold() for word in words)]


def _names(cls: type[LayerSpec]) -> str:
    return f"{kind_of(cls)} {cls.title} {tr(cls.title)} {tr(_GROUP_TITLES[cls.group])}"


def _names_and_description(cls: type[LayerSpec]) -> str:
    return f"{_names(cls)} {about(cls)} {tr(about(cls))}"
