"""The stack editor: the palette over the cards of the stack."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QSize, Signal
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QLabel, QMenu, QVBoxLayout, QWidget

from explorer.i18n import tr, translator
from explorer.resources import icon
from explorer.stack import edits
from explorer.stack.commands import COMMANDS, command_of
from explorer.stack.layer_list import LayerList
from explorer.stack.names import in_sentence, weights_text
from explorer.stack.palette import Palette
from explorer.stack.stack_model import BASE_ID
from explorer.theme import theme
from flowengine.catalogue import fields_of
from flowengine.errors import FlowError
from flowengine.project import resolve_keeps

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from PySide6.QtGui import QKeyEvent

    from explorer.stack.edits import Stack
    from explorer.stack.ready_made import ReadyMade
    from flowengine.catalogue import LayerSpec
    from flowengine.protocol import LayerFact


class StackEditor(QWidget):
    """Shows a stack and asks for edits of it.

    A stack goes in through `set_stack`; every edit goes out through `stack_edited` as a whole new
    stack that a document may hold. The editor shows it when it comes back.
    """

    stack_edited = Signal(object, str, str)
    """The new stack, what the edit is called for undo, and a key: edits that follow each other with
    the same key are one ("" for an edit that stands alone)."""
    layer_activated = Signal(str)
    """A card was clicked: the clock should go to this layer's id, or to `BASE_ID`."""
    weights_changed = Signal(str)
    """The weights of all layers together, as text for the title of the editor."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.palette_view = Palette()
        self.list = LayerList(self)
        self.message = QLabel()
        self.message.setWordWrap(True)
        self.message.hide()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(self.palette_view)
        layout.addWidget(self.message)
        layout.addWidget(self.list, 1)
        self._connect()
        self._retint()
        self.retranslate()

    def set_stack(self, stack: Stack) -> None:
        """Show a stack, base first; the chosen card and the open form stay with their layers.

        What is left to "auto" is shown as the coordinate that it stands for.
        """
        self.list.set_stack(resolve_keeps(stack))
        self._say("")
        self.weights_changed.emit(self.weights_text)

    def set_facts(self, facts: Mapping[str, LayerFact]) -> None:
        """Show what an engine has measured of each layer, by layer id."""
        self.list.set_facts(facts)
        self.weights_changed.emit(self.weights_text)

    def set_active_layer(self, layer_id: str | None, fraction: float) -> None:
        """Light up the layer that acts now and how far it is, from 0 to 1; None for no layer."""
        self.list.set_active(layer_id, fraction)

    @property
    def stack(self) -> Stack:
        """The stack as shown, base first."""
        return self.list.stack

    @property
    def weights_text(self) -> str:
        """The weights of all layers that act, "35,344 weights"; "" until an engine has said."""
        acting = [layer.id for layer in self.stack if layer.enabled]
        facts = [fact for name in acting if (fact := self.list.cards.fact(name)) is not None]
        return weights_text(sum(fact.weights for fact in facts)) if facts else ""

    def retranslate(self) -> None:
        """Say every word in the language of the window."""
        self.list.setAccessibleName(tr("Stack of layers, base first"))
        self.weights_changed.emit(self.weights_text)

    # --- edits ----------------------------------------------------------------------------------

    def insert_layer(self, layer: LayerSpec, gap: int | None = None) -> None:
        """Ask for a new layer like this one: at a gap, or after the chosen card."""
        place = self._gap_after_selected() if gap is None else gap
        text = tr("Add {layer}").format(layer=in_sentence(layer))
        self._propose(lambda: edits.insert(self.stack, place, layer), text)

    def use_ready_made(self, ready: ReadyMade) -> None:
        """Ask for a ready-made stack in the place of this one."""
        self._propose(ready.stack, tr("Use {stack}").format(stack=tr(ready.name)))

    def move_layer(self, layer_id: str, gap: int) -> None:
        """Ask for a layer to be taken to another gap."""
        self._propose_for(
            tr("Move {layer}"), layer_id, lambda: edits.move(self.stack, layer_id, gap)
        )

    def remove_layer(self, layer_id: str) -> None:
        """Ask for a layer to be taken away."""
        self._propose_for(
            tr("Remove {layer}"), layer_id, lambda: edits.remove(self.stack, layer_id)
        )

    def remove_selected(self) -> None:
        """Ask for the chosen layer to be taken away."""
        if layer := self.list.current_layer():
            self.remove_layer(layer.id)

    def duplicate_selected(self) -> None:
        """Ask for a copy of the chosen layer right after it."""
        if layer := self.list.current_layer():
            self._propose_for(
                tr("Duplicate {layer}"), layer.id, lambda: edits.duplicate(self.stack, layer.id)
            )

    def move_selected_up(self) -> None:
        """Ask for the chosen layer to go one place towards the base."""
        self._move_selected(-1)

    def move_selected_down(self) -> None:
        """Ask for the chosen layer to go one place towards the target."""
        self._move_selected(1)

    def bypass_selected(self) -> None:
        """Ask for the chosen layer to be bypassed, or to act again."""
        if layer := self.list.current_layer():
            text = tr("Bypass {layer}") if layer.enabled else tr("Let {layer} act again")
            self._propose_for(
                text, layer.id, lambda: edits.set_enabled(self.stack, layer.id, not layer.enabled)
            )

    def freeze_selected(self) -> None:
        """Ask for the weights of the chosen layer to be frozen, or to train again."""
        if layer := self.list.current_layer():
            text = tr("Let {layer} train") if layer.frozen else tr("Freeze {layer}")
            self._propose_for(
                text, layer.id, lambda: edits.set_frozen(self.stack, layer.id, not layer.frozen)
            )

    # --- getting about --------------------------------------------------------------------------

    def edit_selected(self) -> None:
        """Open the form of the chosen layer, or close it."""
        self.list.toggle_form()

    def show_selected(self) -> None:
        """Ask the clock to go to the chosen card."""
        if name := self.list.current_id():
            self.layer_activated.emit(name)

    def focus_search(self) -> None:
        """Open the whole catalogue and put the keyboard into its search box."""
        self.palette_view.focus_search()

    # --- details --------------------------------------------------------------------------------

    def _connect(self) -> None:
        self.palette_view.layer_chosen.connect(self.insert_layer)
        self.palette_view.stack_chosen.connect(self.use_ready_made)
        self.palette_view.dismissed.connect(self.list.setFocus)
        self.list.insert_requested.connect(self.insert_layer)
        self.list.move_requested.connect(self.move_layer)
        self.list.removal_requested.connect(self.remove_layer)
        self.list.layer_edited.connect(self._replace_layer)
        self.list.layer_activated.connect(self.layer_activated)
        self.list.command_requested.connect(lambda name: getattr(self, name)())
        self.list.menu_requested.connect(self._show_menu)
        theme.changed.connect(self._retint)
        translator.changed.connect(self.retranslate)

    def _retint(self) -> None:
        self.message.setStyleSheet(f"color: {theme.color('warning').name()};")

    def _replace_layer(self, layer: LayerSpec, field_name: str) -> None:
        title = next(f.title for f in fields_of(type(layer)) if f.name == field_name)
        text = tr("Change {setting} of {layer}").format(
            setting=tr(title)[:1].lower() + tr(title)[1:], layer=in_sentence(layer)
        )
        key = f"{layer.id}.{field_name}"
        self._propose(lambda: edits.replace(self.stack, layer), text, key)

    def _move_selected(self, step: int) -> None:
        layer = self.list.current_layer()
        if layer is None:
            return
        row = edits.row_of(self.stack, layer.id)
        gap = row - 1 if step < 0 else row + 2
        if 0 <= gap <= len(self.stack):
            self.move_layer(layer.id, gap)

    def _gap_after_selected(self) -> int:
        chosen = self.list.current_id()
        if chosen == BASE_ID:
            return 0
        return edits.row_of(self.stack, chosen) + 1 if chosen else len(self.stack)

    def _propose_for(self, pattern: str, layer_id: str, edit: Callable[[], Stack]) -> None:
        layer = next((layer for layer in self.stack if layer.id == layer_id), None)
        if layer is not None:  # else undo has taken it away while its card was being dragged
            self._propose(edit, pattern.format(layer=in_sentence(layer)))

    def _propose(self, edit: Callable[[], Stack], text: str, merge_key: str = "") -> None:
        """Make an edit, send it, and choose the layer that it has brought."""
        before = self.stack
        try:
            after = edit()
        except FlowError as error:
            self._say(str(error))
            return
        if after == before:
            return
        self.stack_edited.emit(after, text, merge_key)
        known = {layer.id for layer in before}
        added = [layer.id for layer in after if layer.id not in known]
        self.list.select(added[0] if added else self.list.current_id())

    def _say(self, text: str) -> None:
        self.message.setText(text)
        self.message.setVisible(bool(text))

    def _show_menu(self, point: QPoint) -> None:
        layer = self.list.current_layer()
        if layer is None:
            return
        menu = QMenu(self)
        for command in COMMANDS:
            if command.separated:
                menu.addSeparator()
            # The key is only written there: the list itself listens for it.
            key = QKeySequence(command.key).toString(QKeySequence.SequenceFormat.NativeText)
            action = menu.addAction(icon(command.icon), f"{tr(command.text)}\t{key}")
            action.setObjectName(command.id)
            action.triggered.connect(getattr(self, command.id))
            if command.id in ("bypass_selected", "freeze_selected"):
                action.setCheckable(True)
                bypassed = command.id == "bypass_selected"
                action.setChecked(not layer.enabled if bypassed else layer.frozen)
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(point)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Search from anywhere in the editor where the key has no other use."""
        command = command_of(event)
        if command is not None and command.id == "focus_search":
            self.focus_search()
        else:
            super().keyPressEvent(event)

    def sizeHint(self) -> QSize:
        """Wide enough for every name, high enough for a handful of cards."""
        return QSize(300, 420)
