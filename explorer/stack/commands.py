"""What can be done with the chosen layers: one table for the keys and for the menu."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from PySide6.QtCore import QKeyCombination, Qt
from PySide6.QtGui import QKeySequence

from explorer.words.languages import mark

if TYPE_CHECKING:
    from PySide6.QtGui import QKeyEvent


class Command(NamedTuple):
    """One command.

    Attributes:
        id: Names the method of the stack editor that carries it out.
        on_layers: Whether it needs a chosen layer.
        on_base: Whether the base's card will do as well.
    """

    id: str
    text: str
    icon: str
    key: str
    separated: bool = False
    on_layers: bool = True
    on_base: bool = False


COMMANDS: Final = (
    Command("show_selected", mark("Go there on the clock"), "play", "G", on_base=True),
    Command("edit_selected", mark("Settings"), "settings-2", "Return", on_base=True),
    Command("bypass_selected", mark("Bypass"), "eye-off", "B", separated=True),
    Command("freeze_selected", mark("Freeze weights"), "lock", "L"),
    Command(
        "move_selected_up", mark("Move towards the base"), "arrow-up", "Alt+Up", separated=True
    ),
    Command("move_selected_down", mark("Move towards the target"), "arrow-down", "Alt+Down"),
    Command("cut_selected", mark("Cut"), "scissors", "Ctrl+X", separated=True),
    Command("copy_selected", mark("Copy"), "copy", "Ctrl+C"),
    Command("paste_layers", mark("Paste layers"), "clipboard-paste", "Ctrl+V", on_layers=False),
    Command("duplicate_selected", mark("Duplicate"), "layers", "Ctrl+D"),
    Command("remove_selected", mark("Remove"), "trash-2", "Del"),
    Command(
        "select_all",
        mark("Select all layers"),
        "list-checks",
        "Ctrl+A",
        separated=True,
        on_layers=False,
    ),
    Command("focus_search", mark("Search the layers"), "search", "/", on_layers=False),
)
_ALIASES: Final = {
    Qt.Key.Key_Enter: Qt.Key.Key_Return,
    Qt.Key.Key_F2: Qt.Key.Key_Return,
    Qt.Key.Key_Backspace: Qt.Key.Key_Delete,
}
_IGNORED: Final = Qt.KeyboardModifier.KeypadModifier | Qt.KeyboardModifier.GroupSwitchModifier


def command_of(event: QKeyEvent) -> Command | None:
    """The command that a key asks for, if it asks for one."""
    key = Qt.Key(event.key())
    modifiers = event.modifiers() & ~_IGNORED
    if key == Qt.Key.Key_Slash:  # on many keyboards it is typed with Shift
        modifiers &= ~Qt.KeyboardModifier.ShiftModifier
    pressed = QKeySequence(QKeyCombination(modifiers, _ALIASES.get(key, key)))
    return next((c for c in COMMANDS if QKeySequence(c.key) == pressed), None)
