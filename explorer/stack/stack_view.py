"""The stack editor: the palette over the cards of the stack."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QSize, Qt, Signal
from PySide6.QtGui import QGuiApplication, QKeySequence
from PySide6.QtWidgets import QLabel, QMenu, QPushButton, QVBoxLayout, QWidget

from explorer.icons import icon
from explorer.stack import edits
from explorer.stack.commands import COMMANDS, command_of
from explorer.stack.layer_list import LayerList
from explorer.stack.mime import clipboard_data, from_clipboard, to_clipboard
from explorer.stack.names import in_sentence, layers_in_sentence, lowered, weights_text
from explorer.stack.palette import Palette
from explorer.stack.stack_model import BASE_ID
from explorer.stack.why_planar import WhyPlanar, leans_on_planar
from explorer.theme import theme
from explorer.words.languages import tr, tr_sentence, translator
from flowengine.catalogue import fields_of
from flowengine.errors import FlowError
from flowengine.project import resolve_keeps

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from PySide6.QtGui import QKeyEvent

    from explorer.stack.commands import Command
    from explorer.stack.edits import Stack
    from explorer.stack.ready_made import ReadyMade
    from flowengine.catalogue import BaseSpec, LayerSpec
    from flowengine.protocol import LayerFact


class StackEditor(QWidget):
    """Shows a stack and asks for edits of it.

    A stack goes in through `set_stack`; every edit goes out through `stack_edited` as a whole new
    stack that a document may hold. The editor shows it when it comes back.
    """

    stack_edited = Signal(object, str, str)
    """The new stack, what the edit is called for undo, and a key: edits that follow each other with
    the same key are one ("" for an edit that stands alone)."""
    base_edited = Signal(object, str, str)
    """The same for the base: the new spec, what the edit is called, and its key."""
    layer_activated = Signal(str)
    """A card was clicked: the clock should go to this layer's id, or to `BASE_ID`."""
    weights_changed = Signal(str)
    """The weights of all layers together, as text for the title of the editor."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.palette_view = Palette()
        self.list = LayerList(self)
        self.why_button = QPushButton()
        self.why_button.setProperty("role", "chip")
        self.why_button.clicked.connect(self.explain_planar)
        self.why_button.hide()
        self.message = QLabel()
        self.message.setWordWrap(True)
        self.message.hide()
        self._said = ""
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(self.palette_view)
        layout.addWidget(self.message)
        layout.addWidget(self.why_button, 0, Qt.AlignmentFlag.AlignLeft)
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
        self.why_button.setVisible(leans_on_planar(stack))
        self.weights_changed.emit(self.weights_text)

    def set_base(self, base: BaseSpec) -> None:
        """Show the distribution that the stack starts from."""
        self.list.set_base(base)

    def set_facts(self, facts: Mapping[str, LayerFact]) -> None:
        """Show what an engine has measured of each layer, by layer id."""
        self.list.set_facts(facts)
        self.weights_changed.emit(self.weights_text)

    def forget_facts(self) -> None:
        """Show nothing of what was measured of the layers of another document."""
        self.list.cards.forget_facts()
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
        self._say(self._said)
        self.list.setAccessibleName(tr("Stack of layers, base first"))
        self.why_button.setText(tr("Why planar fails here…"))
        self.weights_changed.emit(self.weights_text)

    # --- edits ----------------------------------------------------------------------------------

    def insert_layers(self, layers: Sequence[LayerSpec], gap: int | None = None) -> None:
        """Ask for new layers like these: at a gap, or after the chosen cards."""
        place = self._gap_after_chosen() if gap is None else gap
        text = tr("Add {layer}").format(layer=layers_in_sentence(layers))
        self._propose(lambda: edits.insert(self.stack, place, *layers), text)

    def use_ready_made(self, ready: ReadyMade) -> None:
        """Ask for a ready-made stack in the place of this one."""
        self._propose(ready.stack, tr("Use {stack}").format(stack=tr(ready.name)))

    def move_layers(self, layer_ids: Sequence[str], gap: int) -> None:
        """Ask for layers to be taken to another gap."""
        self._propose_for(
            tr("Move {layer}"), layer_ids, lambda ids: edits.move(self.stack, gap, *ids)
        )

    def remove_layers(self, layer_ids: Sequence[str]) -> None:
        """Ask for layers to be taken away."""
        self._propose_for(
            tr("Remove {layer}"), layer_ids, lambda ids: edits.remove(self.stack, *ids)
        )

    def remove_selected(self) -> None:
        """Ask for the chosen layers to be taken away."""
        self.remove_layers(self._chosen_ids())

    def duplicate_selected(self) -> None:
        """Ask for copies of the chosen layers right after them."""
        self._propose_for(
            tr("Duplicate {layer}"),
            self._chosen_ids(),
            lambda ids: edits.duplicate(self.stack, *ids),
        )

    def move_selected_up(self) -> None:
        """Ask for the chosen layers to go one place towards the base."""
        if rows := self._chosen_rows():
            self.move_layers(self._chosen_ids(), max(rows[0] - 1, 0))

    def move_selected_down(self) -> None:
        """Ask for the chosen layers to go one place towards the target."""
        if rows := self._chosen_rows():
            self.move_layers(self._chosen_ids(), min(rows[-1] + 2, len(self.stack)))

    def bypass_selected(self) -> None:
        """Ask for the chosen layers to be bypassed, or to act again where all are bypassed."""
        act = not any(layer.enabled for layer in self.list.chosen_layers())
        self._propose_for(
            tr("Let {layer} act again") if act else tr("Bypass {layer}"),
            self._chosen_ids(),
            lambda ids: edits.set_enabled(self.stack, act, *ids),
        )

    def freeze_selected(self) -> None:
        """Ask for the weights of the chosen layers to be frozen, or to train where all are."""
        freeze = not all(layer.frozen for layer in self.list.chosen_layers())
        self._propose_for(
            tr("Freeze {layer}") if freeze else tr("Let {layer} train"),
            self._chosen_ids(),
            lambda ids: edits.set_frozen(self.stack, freeze, *ids),
        )

    # --- the clipboard --------------------------------------------------------------------------

    def copy_selected(self) -> None:
        """Put the chosen layers on the clipboard, for this window, another one, or a text."""
        if layers := self.list.chosen_layers():
            QGuiApplication.clipboard().setMimeData(to_clipboard(*layers))

    def cut_selected(self) -> None:
        """Put the chosen layers on the clipboard and ask for them to be taken away."""
        self.copy_selected()
        self.remove_selected()

    def paste_layers(self) -> None:
        """Ask for the layers on the clipboard after the chosen cards, or say why there are none."""
        try:
            layers = from_clipboard(clipboard_data())
        except FlowError as error:
            self._say(error.sentence)
            return
        place = self._gap_after_chosen()
        text = tr("Paste {layer}").format(layer=layers_in_sentence(layers))
        self._propose(lambda: edits.insert(self.stack, place, *layers), text)

    # --- getting about --------------------------------------------------------------------------

    def edit_selected(self) -> None:
        """Open the form of the chosen layer or of the base, or close it."""
        self.list.toggle_form()

    def show_selected(self) -> None:
        """Ask the clock to go to the chosen card."""
        if name := self.list.current_id():
            self.layer_activated.emit(name)

    def select_all(self) -> None:
        """Choose every layer."""
        self.list.select_all()

    def explain_planar(self) -> None:
        """Say why planar layers fail on most targets, and offer what does not."""
        reason = WhyPlanar(self.stack, self.list.cards.fact, self)
        reason.stack_chosen.connect(self.use_ready_made)
        reason.show()

    def focus_search(self) -> None:
        """Open the whole catalogue and put the keyboard into its search box."""
        self.palette_view.focus_search()

    # --- details --------------------------------------------------------------------------------

    def _connect(self) -> None:
        self.palette_view.layer_chosen.connect(lambda layer: self.insert_layers([layer]))
        self.palette_view.stack_chosen.connect(self.use_ready_made)
        self.palette_view.why_planar_asked.connect(self.explain_planar)
        self.palette_view.dismissed.connect(self.list.setFocus)
        self.list.insert_requested.connect(self.insert_layers)
        self.list.move_requested.connect(self.move_layers)
        self.list.removal_requested.connect(self.remove_layers)
        self.list.layer_edited.connect(self._replace_layer)
        self.list.base_edited.connect(self._replace_base)
        self.list.layer_activated.connect(self.layer_activated)
        self.list.command_requested.connect(lambda name: getattr(self, name)())
        self.list.menu_requested.connect(self._show_menu)
        theme.changed.connect(self._retint)
        translator.changed.connect(self.retranslate)

    def _retint(self) -> None:
        self.message.setStyleSheet(f"color: {theme.color('warning').name()};")
        self.why_button.setIcon(icon("circle-help"))

    def _replace_layer(self, layer: LayerSpec, field_name: str) -> None:
        title = next(f.title for f in fields_of(type(layer)) if f.name == field_name)
        text = tr("Change {setting} of {layer}").format(
            setting=lowered(tr(title)), layer=in_sentence(layer)
        )
        key = f"{layer.id}.{field_name}"
        self._propose(lambda: edits.replace(self.stack, layer), text, key)

    def _replace_base(self, base: BaseSpec, field_name: str) -> None:
        title = next((f.title for f in fields_of(type(base)) if f.name == field_name), "")
        if title:
            text = tr("Change {setting} of the base").format(setting=lowered(tr(title)))
            self.base_edited.emit(base, text, f"base.{field_name}")
        else:
            text = tr("Change the base: {base}").format(base=lowered(tr(base.title)))
            self.base_edited.emit(base, text, "")

    def _chosen_ids(self) -> list[str]:
        return [layer.id for layer in self.list.chosen_layers()]

    def _chosen_rows(self) -> list[int]:
        return edits.rows_of(self.stack, self._chosen_ids())

    def _gap_after_chosen(self) -> int:
        if rows := self._chosen_rows():
            return rows[-1] + 1
        return 0 if self.list.current_id() == BASE_ID else len(self.stack)

    def _propose_for(
        self, pattern: str, layer_ids: Sequence[str], edit: Callable[[Sequence[str]], Stack]
    ) -> None:
        # Undo may have taken some of them away while their cards were being dragged.
        layers = [layer for layer in self.stack if layer.id in layer_ids]
        if layers:
            text = pattern.format(layer=layers_in_sentence(layers))
            self._propose(lambda: edit([layer.id for layer in layers]), text)

    def _propose(self, edit: Callable[[], Stack], text: str, merge_key: str = "") -> None:
        """Make an edit, send it, and choose the layers that it has brought."""
        before, chosen = self.stack, self._chosen_ids()
        try:
            after = edit()
        except FlowError as error:
            self._say(error.sentence)
            return
        if after == before:
            return
        self.stack_edited.emit(after, text, merge_key)
        self.list.select(*_to_choose(before, after, chosen))

    def _say(self, text: str) -> None:
        """Say a sentence under the palette; "" takes it away."""
        self._said = text
        self.message.setText(tr_sentence(text))
        self.message.setVisible(bool(text))

    def _show_menu(self, point: QPoint) -> None:
        layers = self.list.chosen_layers()
        menu = QMenu(self)
        for command in COMMANDS:
            at_base = command.on_base and self.list.current_id() == BASE_ID
            if command.on_layers and not layers and not at_base:
                continue
            if command.separated:
                menu.addSeparator()
            self._add_line(menu, command)
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(point)

    def _add_line(self, menu: QMenu, command: Command) -> None:
        layers = self.list.chosen_layers()
        # The key is only written there: the list itself listens for it.
        key = QKeySequence(command.key).toString(QKeySequence.SequenceFormat.NativeText)
        action = menu.addAction(icon(command.icon), f"{tr(command.text)}\t{key}")
        action.setObjectName(command.id)
        action.triggered.connect(getattr(self, command.id))
        if command.id in ("bypass_selected", "freeze_selected"):
            bypassed = not any(layer.enabled for layer in layers)
            frozen = all(layer.frozen for layer in layers)
            action.setCheckable(True)
            action.setChecked(bypassed if command.id == "bypass_selected" else frozen)

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


def _to_choose(before: Stack, after: Stack, chosen: Sequence[str]) -> list[str]:
    """The cards to choose after an edit, by layer id.

    They are the layers that it has brought, but only the first of a stack that is new altogether;
    else those that were chosen; else the neighbour of those that have gone.
    """
    known, there = {layer.id for layer in before}, {layer.id for layer in after}
    added = [layer.id for layer in after if layer.id not in known]
    if added:
        return added if known & there else added[:1]
    if left := [name for name in chosen if name in there]:
        return left
    if not chosen:
        return []
    last = max(row for row, layer in enumerate(before) if layer.id in chosen)
    nearest = [*before[last:], *reversed(before[:last])]
    return [next((layer.id for layer in nearest if layer.id in there), BASE_ID)]
