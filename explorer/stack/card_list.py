"""The list of cards: showing, choosing and opening them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import (
    QEvent,
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    QPoint,
    QRect,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QContextMenuEvent, QHelpEvent, QKeyEvent
from PySide6.QtWidgets import QListView, QToolTip, QWidget

from explorer.stack.commands import command_of
from explorer.stack.layer_card import (
    SPACING,
    CardLayout,
    CardPainter,
    card_height,
    part_hint,
    parts_of,
)
from explorer.stack.layer_form import BaseForm, LayerForm
from explorer.stack.mime import clipboard_data
from explorer.stack.stack_model import BASE_ID, CardRole, StackModel
from explorer.theme import theme
from explorer.widgets.application import running_application
from explorer.widgets.keys import asked_key
from explorer.words.languages import translator

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from PySide6.QtCore import QPersistentModelIndex
    from PySide6.QtGui import QMouseEvent, QResizeEvent

    from explorer.stack.edits import Stack
    from explorer.stack.layer_card import Part
    from flowengine.catalogue import BaseSpec, LayerSpec
    from flowengine.protocol import LayerFact

_PART_COMMANDS: Final = {
    "eye": "bypass_selected",
    "lock": "freeze_selected",
    "settings": "edit_selected",
}
_LIST_KEYS: Final = {Qt.Key.Key_Home, Qt.Key.Key_End, Qt.Key.Key_Escape}
_MINIMUM: Final = QSize(220, 64)
_CHOOSE: Final = QItemSelectionModel.SelectionFlag.ClearAndSelect
_KEEP: Final = QItemSelectionModel.SelectionFlag.NoUpdate
_SEVERAL: Final = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier


class CardList(QListView):
    """The cards of a stack, base first; it shows what it is told and changes nothing itself."""

    layer_activated = Signal(str)
    """A card was clicked, and no further ones are being chosen: the layer's id, or `BASE_ID`."""
    command_requested = Signal(str)
    """A key or a click asks for a command on the chosen layers: its id in `commands.COMMANDS`."""
    layer_edited = Signal(object, str)
    """A setting was changed in the open form: the new layer, the name of the field."""
    base_edited = Signal(object, str)
    """The same of the base; the field is "kind" where another kind was chosen."""
    menu_requested = Signal(QPoint)
    """The context menu was asked for, at a global position."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.cards = StackModel()
        self.painter = CardPainter()
        self._form: LayerForm | None = None
        self._pressed_part: tuple[str, Part] | None = None
        self._choosing_several = False
        self.setModel(self.cards)
        self.setItemDelegate(self.painter)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setEditTriggers(QListView.EditTrigger.NoEditTriggers)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setSelectionMode(QListView.SelectionMode.ExtendedSelection)
        self.setMouseTracking(True)
        self.verticalScrollBar().setSingleStep(24)
        self.clicked.connect(self._activate)
        self.doubleClicked.connect(lambda _index: self.command_requested.emit("edit_selected"))
        theme.changed.connect(self.cards.refresh)
        translator.changed.connect(self.cards.refresh)

    # --- what is shown --------------------------------------------------------------------------

    @property
    def stack(self) -> Stack:
        """The layers as shown, base first."""
        return self.cards.stack

    def set_stack(self, stack: Stack) -> None:
        """Show another stack; the choice and the open form stay with their layers."""
        self.cards.set_stack(stack)
        if self._form is not None and self.painter.open_id != BASE_ID:
            opened = self.cards.layer_at(self.cards.index_of(self.painter.open_id))
            if opened is None:
                self.close_form()
            else:
                self._form.show_layer(opened)

    def set_base(self, base: BaseSpec) -> None:
        """Show another base, on its card and in its form if that is open."""
        self.cards.set_base(base)
        if self._form is not None and self.painter.open_id == BASE_ID:
            self._form.show_layer(base)

    def set_facts(self, facts: Mapping[str, LayerFact]) -> None:
        """Show what an engine has measured, by layer id."""
        self.cards.set_facts(facts)

    def set_active(self, layer_id: str | None, fraction: float) -> None:
        """Light up the layer that acts now, which is `fraction` of its way, from 0 to 1."""
        before, self.painter.active_id = self.painter.active_id, layer_id or ""
        self.painter.fraction = min(1.0, max(0.0, fraction))
        for name in {before, self.painter.active_id} - {""}:
            self.update(self.cards.index_of(name))

    # --- the chosen cards -----------------------------------------------------------------------

    def current_id(self) -> str:
        """The id of the card that was chosen last, `BASE_ID` for the base, "" for none."""
        return self.cards.id_at(self._chosen())

    def current_layer(self) -> LayerSpec | None:
        """The layer that was chosen last, if one is chosen."""
        return self.cards.layer_at(self._chosen())

    def chosen_layers(self) -> Stack:
        """Every layer that is chosen, base first; the base's own card is none."""
        chosen = {index.row() for index in self.selectionModel().selectedIndexes()}
        return tuple(layer for row, layer in enumerate(self.stack, start=1) if row in chosen)

    def select(self, *layer_ids: str) -> None:
        """Choose these layers and no others, and bring the first into view."""
        found = [self.cards.index_of(name) for name in layer_ids]
        rows = [index for index in found if index.isValid()]
        if not rows:
            return
        self.selectionModel().setCurrentIndex(rows[0], _CHOOSE)
        for index in rows[1:]:
            self.selectionModel().select(index, QItemSelectionModel.SelectionFlag.Select)
        self.scrollTo(rows[0])

    def select_all(self) -> None:
        """Choose every layer; the base, which cannot be edited, is left out."""
        if self.stack:
            first, last = self.cards.index(1), self.cards.index(len(self.stack))
            if self.current_layer() is None:
                self.selectionModel().setCurrentIndex(first, _KEEP)
            self.selectionModel().select(QItemSelection(first, last), _CHOOSE)

    # --- the form -------------------------------------------------------------------------------

    @property
    def form(self) -> LayerForm | None:
        """The form that is open, if one is."""
        return self._form

    def toggle_form(self) -> None:
        """Open the form of the chosen layer or of the base, or close it."""
        chosen, opened = self.current_id(), self.painter.open_id
        if opened:
            self.close_form()
        if chosen not in ("", opened):
            self._open_form(chosen)

    def close_form(self) -> None:
        """Close the open form; the keyboard goes back to its card."""
        if self._form is None:
            return
        if self._form.isAncestorOf(self.focusWidget() or self) or self._form.hasFocus():
            self.setFocus(Qt.FocusReason.OtherFocusReason)
        running_application().focusChanged.disconnect(self._reveal)
        self._form.hide()
        self._form.deleteLater()
        self._form = None
        self.painter.open_id = ""
        self.painter.form_height = 0
        self.doItemsLayout()

    def _open_form(self, card_id: str) -> None:
        layer = self.cards.layer_at(self.cards.index_of(card_id))
        if layer is None:
            self._form = BaseForm(self.cards.base, self.viewport())
            self._form.edited.connect(self.base_edited)
        else:
            self._form = LayerForm(layer, self.viewport())
            self._form.edited.connect(self.layer_edited)
        self._form.close_requested.connect(self.close_form)
        self._form.resized.connect(self._fit_form)
        running_application().focusChanged.connect(self._reveal)
        self.painter.open_id = card_id
        self._form.show()
        self._fit_form()
        self.scrollTo(self.cards.index_of(card_id))
        self._form.focus_first()

    def _reveal(self, _before: QWidget | None, now: QWidget | None) -> None:
        """Scroll until the box of the form that has the keyboard can be seen."""
        if now is None or self._form is None or not self._form.isAncestorOf(now):
            return
        top = now.mapTo(self.viewport(), QPoint()).y() - SPACING
        bottom = top + now.height() + 2 * SPACING
        bar = self.verticalScrollBar()
        bar.setValue(bar.value() + min(top, 0) + max(bottom - self.viewport().height(), 0))

    def _fit_form(self) -> None:
        """Give the form's row the height that the form needs at the present width."""
        if self._form is None:
            return
        width = self.visualRect(self.cards.index_of(self.painter.open_id)).width()
        height = self._form.height_at(width - 2 * SPACING)
        if height != self.painter.form_height:
            self.painter.form_height = height
            self.doItemsLayout()
        self._place_form()

    def _place_form(self) -> None:
        if self._form is None:
            return
        row = self.visualRect(self.cards.index_of(self.painter.open_id))
        head = card_height(self.fontMetrics())
        self._form.setGeometry(
            QRect(
                row.left() + SPACING,
                row.top() + head,
                row.width() - 2 * SPACING,
                self.painter.form_height,
            )
        )

    # --- what Qt tells --------------------------------------------------------------------------

    def dataChanged(
        self,
        first: QModelIndex | QPersistentModelIndex,
        last: QModelIndex | QPersistentModelIndex,
        roles: Sequence[int] = (),
    ) -> None:
        """Paint new facts without laying out every row again, as they come many times a second."""
        if list(roles) == [CardRole.FACT]:
            self.viewport().update()
        else:
            super().dataChanged(first, last, roles)

    def updateGeometries(self) -> None:
        """Keep the form under its card whenever the rows are laid out."""
        super().updateGeometries()
        self._place_form()

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        """Keep the form under its card while scrolling."""
        super().scrollContentsBy(dx, dy)
        self._place_form()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Let the form have the height that the new width asks for."""
        super().resizeEvent(event)
        self._fit_form()

    def minimumSizeHint(self) -> QSize:
        """A thumbnail and a name side by side, one card high."""
        return _MINIMUM

    def event(self, event: QEvent) -> bool:
        """Keep the keys of the list from the window's shortcuts while the list has the keyboard."""
        key = asked_key(event)
        if key is not None and self._has_use_for(key):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Carry the keys of the command table; arrows, Home and End choose as in any list."""
        command = command_of(event)
        if command is not None:
            self.command_requested.emit(command.id)
        elif event.key() == Qt.Key.Key_Escape and self._form is not None:
            self.close_form()
        elif event.text().isprintable() and event.text():
            event.ignore()  # letters belong to the window, not to a search in this short list
        else:
            super().keyPressEvent(event)
            chosen = self.selectionModel()
            if not event.modifiers() & _SEVERAL and not chosen.isSelected(self.currentIndex()):
                chosen.select(self.currentIndex(), _CHOOSE)  # it was current before, but not chosen

    def _has_use_for(self, event: QKeyEvent) -> bool:
        if event.key() == Qt.Key.Key_Escape:
            return self._form is not None
        command = command_of(event)
        if command is not None and command.id == "paste_layers":
            return not _holds_a_picture()  # which the window takes as the target
        return event.key() in _LIST_KEYS or command is not None

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Ask for the menu of the chosen card, under the mouse or beside the card."""
        point = event.globalPos()
        if event.reason() == QContextMenuEvent.Reason.Keyboard:
            card = self.visualRect(self.currentIndex())
            point = self.viewport().mapToGlobal(card.center())
        self.menu_requested.emit(point)

    def viewportEvent(self, event: QEvent) -> bool:
        """Explain the parts of a card where the mouse rests on one."""
        if (
            isinstance(event, QHelpEvent)
            and event.type() == QEvent.Type.ToolTip
            and self._explain(event)
        ):
            return True
        return super().viewportEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Choose a card, or take hold of its eye, lock or settings."""
        part = self._part_at(event.position().toPoint())
        self._choosing_several = bool(event.modifiers() & _SEVERAL)
        if part is None or event.button() != Qt.MouseButton.LeftButton:
            super().mousePressEvent(event)
            return
        self._pressed_part = part
        index = self.cards.index_of(part[0])
        one_of_several = self.selectionModel().isSelected(index)
        self.selectionModel().setCurrentIndex(index, _KEEP if one_of_several else _CHOOSE)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Leave moves to Qt, which starts a drag, unless a part of a card is held."""
        if self._pressed_part is None:
            super().mouseMoveEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Use the part of the card that was pressed, if the mouse is still on it."""
        pressed, self._pressed_part = self._pressed_part, None
        if pressed is None:
            super().mouseReleaseEvent(event)
        elif pressed == self._part_at(event.position().toPoint()):
            self.command_requested.emit(_PART_COMMANDS[pressed[1]])

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Open the form, unless it was two quick clicks on an eye or a lock."""
        if self._part_at(event.position().toPoint()) is None:
            super().mouseDoubleClickEvent(event)
        else:
            self.mousePressEvent(event)

    # --- details --------------------------------------------------------------------------------

    def card_layout(self, index: QModelIndex) -> CardLayout:
        """Where the parts of a card lie in the viewport."""
        return CardLayout.of(self.visualRect(index), self.fontMetrics())

    def _activate(self, index: QModelIndex) -> None:
        if not self._choosing_several:
            self.layer_activated.emit(self.cards.id_at(index))

    def _chosen(self) -> QModelIndex:
        # Qt makes the first row current when the list gets the keyboard; nobody chose that.
        current = self.currentIndex()
        if self.selectionModel().isSelected(current):
            return current
        chosen = sorted(self.selectionModel().selectedIndexes(), key=QModelIndex.row)
        return chosen[0] if chosen else QModelIndex()

    def _part_at(self, point: QPoint) -> tuple[str, Part] | None:
        index = self.indexAt(point)
        if not index.isValid():
            return None
        part = self.card_layout(index).part_at(point)
        there = parts_of(self.cards.layer_at(index))
        return (self.cards.id_at(index), part) if part in there else None

    def _explain(self, event: QHelpEvent) -> bool:
        found = self._part_at(event.pos())
        if found is None:
            return False
        layer = self.cards.layer_at(self.cards.index_of(found[0]))
        QToolTip.showText(event.globalPos(), part_hint(found[1], layer), self.viewport())
        return True


def _holds_a_picture() -> bool:
    data = clipboard_data()
    return data.hasImage() and not data.hasText()
