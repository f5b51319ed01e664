"""What an action is, and the actions of a window made of such records."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction, QActionGroup, QKeySequence

from explorer.icons import icon
from explorer.theme import theme
from explorer.words.languages import mark, tr, translator

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from PySide6.QtWidgets import QMenu, QMenuBar, QWidget

Reach = TypeVar("Reach")


@dataclass(frozen=True)
class ActionSpec(Generic[Reach]):
    """One action: all that is said of it.

    Attributes:
        do: What it does, of those things that an action can reach.
        menu: The menu it stands in.
        group: Actions of one group exclude each other; "" for none.
        words: Others that it is found by, see `explorer.help.command_palette`.
        repeats: Whether it goes on from step to step while its key is held down. A switch that is
            held would flicker, and leave the window with changes to make long after the key is up.
    """

    id: str
    menu: str
    text: str
    key: str
    icon: str
    do: Callable[[Reach], object]
    tip: str
    group: str = ""
    separated: bool = False
    words: str = ""
    repeats: bool = False


FILE: Final = mark("&File")
EDIT: Final = mark("&Edit")
TRAIN: Final = mark("&Train")
PLAY: Final = mark("&Play")
PICTURE: Final = mark("Pi&cture")
VIEW: Final = mark("&View")
HELP: Final = mark("&Help")
MENUS: Final = (FILE, EDIT, TRAIN, PLAY, PICTURE, VIEW, HELP)


class Actions(QObject):
    """The actions of some records, made for one window.

    Attributes:
        specs: The records, as they stand in the menus.

    Args:
        specs: Likewise.
        window: Where their keys work.
    """

    def __init__(self, specs: Sequence[ActionSpec[Any]], window: QWidget) -> None:
        super().__init__(window)
        self.specs = specs
        self._groups: dict[str, QActionGroup] = {}
        self._menus: dict[str, QMenu] = {}
        self._edits: dict[str, str] = {}
        self._actions = {spec.id: self._make(spec, window) for spec in specs}
        self.retint()
        self.retranslate()
        theme.changed.connect(self.retint)
        translator.changed.connect(self.retranslate)

    def __getitem__(self, name: str) -> QAction:
        return self._actions[name]

    def connect_to(self, reach: object) -> None:
        """Let every action do what its record says, once there is something to do it to."""
        for spec in self.specs:
            self._actions[spec.id].triggered.connect(lambda _checked=False, do=spec.do: do(reach))

    def ids(self, prefix: str) -> list[str]:
        """The actions whose id begins with `prefix`, as they stand in the menus."""
        return [spec.id for spec in self.specs if spec.id.startswith(prefix)]

    def places(self) -> list[tuple[str, QAction]]:
        """Every action, with the name of the menu in which it stands."""
        return [(tr(spec.menu).replace("&", ""), self._actions[spec.id]) for spec in self.specs]

    def keys(self) -> list[tuple[str, list[tuple[str, str]]]]:
        """The key and the words of every action that has a key, under the title of its menu."""
        found = []
        for menu in MENUS:
            specs = (spec for spec in self.specs if spec.menu == menu and spec.key)
            found.append((tr(menu).replace("&", ""), [_key_and_words(spec) for spec in specs]))
        return [(title, keys) for title, keys in found if keys]

    def fill(self, bar: QMenuBar) -> dict[str, QMenu]:
        """Lay the menus out in a menu bar, and give them back by the name of `MENUS`."""
        for name in MENUS:
            self._menus[name] = menu = bar.addMenu(tr(name))
            for spec in (s for s in self.specs if s.menu == name):
                if spec.separated:
                    menu.addSeparator()
                menu.addAction(self._actions[spec.id])
        return self._menus

    def retint(self) -> None:
        """Draw every icon in the colours of the theme."""
        for spec in self.specs:
            if spec.icon:  # a menu shows either an icon or whether an action is on
                self._actions[spec.id].setIcon(icon(spec.icon))

    def retranslate(self) -> None:
        """Say every action and menu in the language of the window."""
        for name, menu in self._menus.items():
            menu.setTitle(tr(name))
        for spec in self.specs:
            action = self._actions[spec.id]
            action.setText(tr(spec.text))
            self._say_tip(spec)
            action.setData(tr(spec.words) if spec.words else "")

    def name_undo(self, edit: str) -> None:
        """Say in a tip which edit would be taken back; "" for none."""
        self._name_edit("undo", edit)

    def name_redo(self, edit: str) -> None:
        """Say in a tip which edit would be made again; "" for none."""
        self._name_edit("redo", edit)

    def _name_edit(self, name: str, edit: str) -> None:
        self._edits[name] = edit
        self._say_tip(next(spec for spec in self.specs if spec.id == name))

    def _say_tip(self, spec: ActionSpec[Any]) -> None:
        action, edit = self._actions[spec.id], self._edits.get(spec.id)
        tip = f"{tr(spec.tip)}: {edit}" if edit else tr(spec.tip)
        action.setToolTip(_with_key(tip, action.shortcut()))
        action.setStatusTip(tip)

    def _make(self, spec: ActionSpec[Any], window: QWidget) -> QAction:
        action = QAction(window)
        action.setObjectName(spec.id)
        action.setShortcut(QKeySequence(spec.key))
        action.setAutoRepeat(spec.repeats)
        if spec.group:
            group = self._groups.setdefault(spec.group, QActionGroup(self))
            action.setCheckable(True)
            group.addAction(action)
        window.addAction(action)  # the key works even where no menu bar shows the action
        return action


def _key_and_words(spec: ActionSpec[Any]) -> tuple[str, str]:
    key = QKeySequence(spec.key).toString(QKeySequence.SequenceFormat.NativeText)
    return key, tr(spec.text).replace("…", "")


def _with_key(tip: str, key: QKeySequence) -> str:
    shown = key.toString(QKeySequence.SequenceFormat.NativeText)
    return f"{tip} ({shown})" if shown else tip
