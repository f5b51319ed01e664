"""What can be done with the chosen layer: one table for the keys and for the menu."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from PySide6.QtCore import QKeyCombination, Qt
from PySide6.QtGui import QKeySequence

from explorer.i18n import mark

if TYPE_CHECKING:
    from PySide6.QtGui import QKeyEvent


class Command(NamedTuple):
    """One command; `id` names the method of the stack editor that carries it out."""

    id: str
    text: str
    icon: str
    key: str
    separated: bool = False


COMMANDS: Final = (
    Command("show_selected", mark("Go there on the clock"), "play", "G"),
    Command("edit_selected", mark("Settings"), "settings-2", "Return"),
    Command("bypass_selected", mark("Bypass"), "eye-off", "B", separated=True),
    Command("freeze_selected", mark("Freeze weights"), "lock", "L"),
    Command(
        "move_selected_up", mark("Move towards the base"), "arrow-up", "Alt+Up", separated=True
    ),
    Command("move_selected_down", mark("Move towards the target"), "arrow-down", "Alt+Down"),
    Command("duplicate_selected", mark("Duplicate"), "copy", "Ctrl+D"),
    Command("remove_selected", mark("Remove"), "trash-2", "Del", separated=True),
    Command("focus_search", mark("Search the layers"), "search", "/", separated=True),
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
